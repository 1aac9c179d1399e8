/* Life of a VM; vm/life.h tells who does what.
 *
 * Owns the state of each VM: one byte, which changes by compare-exchange alone, by the table of
 * what a request makes of it or by the VM's boot vCPU when something is finished. MSG_LIFE says
 * "look at the state", no more: one that comes late finds a later state, and nothing is lost or
 * done twice. Only a report has to be made once: who asks for it marks each vCPU that owes one. Of
 * MSG_VM there is at most one on its way for each VM: who starts the loading of a VM that is off
 * posts it, or the last vCPU to report; it is then the boot vCPU's until the VM runs or is off.
 * INV-VCPU-CPU and INV-FOLLOWER are relied on.
 *
 * @req CPU-4, CPU-6 */
#include "vm/life.h"

#include <stdatomic.h>

#include "arch/memory.h"
#include "core/log.h"
#include "core/mailbox.h"
#include "core/percpu.h"
#include "lib/bits.h"
#include "lib/loop.h"
#include "vm/health.h"
#include "vm/loading.h"
#include "vm/sched.h"
#include "vm/stage2.h"
#include "vm/vcpu_context.h"

static _Atomic uint8_t life_states[CFG_VM_COUNT];      /* enum life_state */
static _Atomic uint16_t life_unreported[CFG_VM_COUNT]; /* vCPUs that have yet to leave the guest */
static _Atomic bool life_owes_report[CFG_VCPU_COUNT];
static _Atomic uint32_t life_starts[CFG_VM_COUNT];
static _Atomic bool life_ready[CFG_VM_COUNT];
static _Atomic uint8_t life_happened[CFG_VM_COUNT]; /* events of the VM, by enum cfg_event */
static _Atomic uint16_t life_met[CFG_VM_COUNT];     /* events that the VM waits for, and happened */

/* Without orders no VM is suspended, nor started once it is off; without followers none waits. */
#define HAS_ORDERS (CFG_CONTROL_COUNT > 0U)
#define HAS_FOLLOWERS (CFG_FOLLOWER_COUNT > 0U)
/* Where nobody asks about another VM before that one runs, each VM's first state is written by its own
 * boot CPU, and a start costs the same whatever others there are. */
#define FIRST_STATES_ARE_ASKED_FOR (HAS_ORDERS || HAS_FOLLOWERS)

/* VMs that do or will run by themselves; never too low. */
static _Atomic uint16_t life_active = FIRST_STATES_ARE_ASKED_FOR ? 0U : CFG_AUTOSTART_COUNT;

/* What a request makes of each state, in the order of enum life_state; NO: it is refused. */
#define NO 0xFFU
#define OFF LIFE_OFF
#define LOAD LIFE_LOADING
#define RUN LIFE_RUNNING
#define PAUSE LIFE_SUSPENDED
#define STOP LIFE_STOPPING
#define AGAIN LIFE_RESTARTING
static const uint8_t own_outcomes[LIFE_ORDER_START][LIFE_STATE_COUNT] = {
    /* OFF, WAITING, LOADING, RUNNING, SUSPENDED, STOPPING, RESTARTING */
    [LIFE_STOP] = {NO, NO, STOP, STOP, STOP, STOP, NO},
    [LIFE_RESTART] = {NO, NO, AGAIN, AGAIN, AGAIN, NO, AGAIN},
};
#define ORDER(what) ((unsigned)(what)-LIFE_ORDER_START)
static const uint8_t order_outcomes[ORDER(LIFE_REQUEST_COUNT)][LIFE_STATE_COUNT] = {
    [ORDER(LIFE_ORDER_START)] = {LOAD, LOAD, LOAD, RUN, NO, AGAIN, AGAIN},
    [ORDER(LIFE_ORDER_STOP)] = {OFF, OFF, STOP, STOP, STOP, STOP, STOP},
    [ORDER(LIFE_ORDER_RESTART)] = {NO, NO, AGAIN, AGAIN, AGAIN, AGAIN, AGAIN},
    [ORDER(LIFE_ORDER_SUSPEND)] = {NO, NO, NO, PAUSE, PAUSE, NO, NO},
    [ORDER(LIFE_ORDER_RESUME)] = {NO, NO, NO, RUN, RUN, NO, NO},
};

static const uint8_t *outcomes_of(enum life_request what)
{
    return (HAS_ORDERS && what >= LIFE_ORDER_START) ? order_outcomes[ORDER(what)]
                                                    : own_outcomes[what];
}

enum life_state life_state_of(uint16_t vm)
{
    return (enum life_state)atomic_load_explicit(&life_states[vm], memory_order_acquire);
}

bool life_is_running(uint16_t vm)
{
    return life_state_of(vm) == LIFE_RUNNING;
}

uint32_t life_start_count(uint16_t vm)
{
    return atomic_load_explicit(&life_starts[vm], memory_order_relaxed);
}

/* --- changes of the state -------------------------------------------------------------- */

/* Does a VM in this state come to run, or to be off, with nobody's help? */
static bool is_active(uint8_t state)
{
    return state != LIFE_OFF && (!HAS_FOLLOWERS || state != LIFE_WAITING) &&
           (!HAS_ORDERS || state != LIFE_SUSPENDED);
}

void life_report_left(void)
{
    for (uint16_t vm = 0; vm < CFG_VM_COUNT; vm++) {
        LOOP_BOUND(CFG_VM_COUNT);
        if (life_state_of(vm) == LIFE_WAITING) {
            LOG_WRN("%s: has not started, since what it waits for has not happened",
                    cfg_vms[vm].name);
        } else if (life_state_of(vm) == LIFE_SUSPENDED) {
            LOG_WRN("%s: is still suspended", cfg_vms[vm].name);
        }
    }
}

/* Whoever changes a state counts as active meanwhile, so that the count is never too low. */
static void change_begins(void)
{
    atomic_fetch_add_explicit(&life_active, 1, memory_order_relaxed);
}

/* `from` is `to` where nothing has changed. When nobody runs, nobody can start, resume or be ready:
 * the machine has ended. */
static void change_ends(uint8_t from, uint8_t to)
{
    const bool rises = !is_active(from) && is_active(to);
    const bool falls = is_active(from) && !is_active(to);
    const uint16_t gone = rises ? 0U : (falls ? 2U : 1U);

    if (gone > 0U && atomic_fetch_sub_explicit(&life_active, gone, memory_order_acq_rel) == gone) {
        mailbox_post_end(MSG_POWER_OFF);
    }
}

/* False: the state is another one by now, and stays so. */
APART static bool change(uint16_t vm, enum life_state from, enum life_state to)
{
    uint8_t found = (uint8_t)from;

    change_begins();
    const bool is_changed = atomic_compare_exchange_strong(&life_states[vm], &found, (uint8_t)to);

    change_ends((uint8_t)from, is_changed ? (uint8_t)to : (uint8_t)from);
    return is_changed;
}

static void tell_boot_vcpu(uint16_t vm)
{
    mailbox_post_vcpu(cfg_vms[vm].first_vcpu, MSG_VM);
}

/* The count stands before anybody owes a report, and that before anybody is told. */
static void ask_for_reports(uint16_t vm)
{
    const struct cfg_vm *const cfg = &cfg_vms[vm];

    atomic_store_explicit(&life_unreported[vm], cfg->vcpu_count, memory_order_relaxed);
    for (unsigned i = 0; i < cfg->vcpu_count; i++) {
        LOOP_BOUND(CFG_VM_VCPU_MAX);
        atomic_store_explicit(&life_owes_report[cfg->first_vcpu + i], true, memory_order_release);
    }
}

static void tell_vcpus(uint16_t vm)
{
    const struct cfg_vm *const cfg = &cfg_vms[vm];

    for (unsigned i = 0; i < cfg->vcpu_count; i++) {
        LOOP_BOUND(CFG_VM_VCPU_MAX);
        mailbox_post_vcpu((unsigned)cfg->first_vcpu + i, MSG_LIFE);
    }
}

static bool has_vcpus_on(uint8_t state)
{
    return state == LIFE_RUNNING || (HAS_ORDERS && state == LIFE_SUSPENDED);
}

/* Of a VM that is being loaded, or whose vCPUs leave already, nobody needs to be told. */
static void announce(uint16_t vm, uint8_t from, uint8_t to)
{
    if (has_vcpus_on(from)) {
        if (!HAS_ORDERS || !has_vcpus_on(to)) {
            ask_for_reports(vm);
        }
        tell_vcpus(vm);
    } else if (HAS_ORDERS && to == LIFE_LOADING) {
        tell_boot_vcpu(vm);
    }
}

bool life_request(uint16_t vm, enum life_request what)
{
    uint8_t from = (uint8_t)life_state_of(vm);
    const uint8_t *const outcomes = outcomes_of(what);
    uint8_t to;

    change_begins();
    do {
        LOOP_BOUND(CFG_CPU_COUNT); /* once more for each change that another CPU made meanwhile */
        to = outcomes[from];
    } while (to != NO && to != from &&
             !atomic_compare_exchange_strong(&life_states[vm], &from, to));
    change_ends(from, (to == NO) ? from : to);
    if (to == NO || to == from) {
        return to != NO;
    }
    LOG_DBG("%s: request %u, state %u becomes %u", cfg_vms[vm].name, (unsigned)what, from, to);
    announce(vm, from, to);
    return true;
}

/* --- the vCPUs ------------------------------------------------------------------------- */

void life_start_vcpu(struct vcpu *v, uint64_t entry, uint64_t context)
{
    if (CFG_SCHEDULED) {
        vcpu_context_stop_walks(); /* of whoever was here before */
    }
    stage2_activate(v->vm);
    vcpu_reset(v, entry, context);
    for (unsigned i = 0; i < life_feature_count; i++) {
        LOOP_BOUND(LIFE_FEATURES_MAX);
        LOOP_EACH_ONCE();
        if (life_features[i].vcpu_start != NULL) {
            life_features[i].vcpu_start(v);
        }
    }
    v->is_on = true;
    v->is_waiting = false;
    v->is_paused = false;
    v->is_loaded = true;
    this_cpu()->guest_runs = true;
    if (CFG_SCHEDULED) {
        sched_started(v);
    }
    LOG_DBG("%s: vCPU %u starts at 0x%llx", cfg_vms[v->vm].name, v->index,
            (unsigned long long)entry);
}

void life_leave(struct vcpu *v)
{
    if (!v->is_on) {
        return;
    }
    this_cpu()->guest_runs = false;
    if ((CFG_VM_FLAGS_ANY & CFG_VM_SME) != 0U) {
        vcpu_leave(v);
    }
    for (unsigned i = life_feature_count; i > 0U; i--) {
        LOOP_BOUND(LIFE_FEATURES_MAX);
        LOOP_EACH_ONCE();
        if (life_features[i - 1U].vcpu_stop != NULL) {
            life_features[i - 1U].vcpu_stop(v);
        }
    }
    v->is_on = false;
    v->is_loaded = false;
    LOG_DBG("%s: vCPU %u has stopped", cfg_vms[v->vm].name, v->index);
}

/* Acquire and release: the last to report sees what all the others left behind. */
static void report(struct vcpu *v)
{
    if (atomic_exchange_explicit(&life_owes_report[v->id], false, memory_order_acquire) &&
        atomic_fetch_sub_explicit(&life_unreported[v->vm], 1, memory_order_acq_rel) == 1U) {
        tell_boot_vcpu(v->vm);
    }
}

static void go_on(struct vcpu *v)
{
    v->is_paused = false;
    this_cpu()->guest_runs = v->is_on && !v->is_waiting;
}

static void suspend(struct vcpu *v)
{
    v->is_paused = true;
    this_cpu()->guest_runs = false;
    LOG_DBG("%s: vCPU %u is suspended", cfg_vms[v->vm].name, v->index);
}

void life_follow(struct vcpu *v)
{
    switch (life_state_of(v->vm)) {
    case LIFE_RUNNING:
        if (HAS_ORDERS) {
            go_on(v);
        }
        break;
    case LIFE_SUSPENDED:
        if (HAS_ORDERS) {
            suspend(v);
        }
        break;
    case LIFE_STOPPING:
    case LIFE_RESTARTING:
        life_leave(v);
        report(v);
        break;
    case LIFE_OFF:
    case LIFE_WAITING:
    case LIFE_LOADING:
    default:
        break; /* a message that was overtaken: the vCPU has left */
    }
}

/* --- what VMs wait for ----------------------------------------------------------------- */

/* Each event counts once: a VM that has started stays so for those that wait for it. */
static void happen(uint16_t vm, enum cfg_event event)
{
    const uint8_t bit = (uint8_t)(1U << event);

    if ((atomic_fetch_or(&life_happened[vm], bit) & bit) != 0U) {
        return;
    }
    for (unsigned i = 0; i < cfg_vms[vm].follower_count; i++) {
        LOOP_BOUND(CFG_FOLLOWER_COUNT);
        const struct cfg_follower *const follower = &cfg_followers[cfg_vms[vm].first_follower + i];

        if (follower->event == event &&
            atomic_fetch_add(&life_met[follower->vm], 1) + 1U ==
                cfg_vms[follower->vm].awaited_count &&
            change(follower->vm, LIFE_WAITING, LIFE_LOADING)) {
            tell_boot_vcpu(follower->vm);
        }
    }
}

void life_set_ready(uint16_t vm)
{
    atomic_store_explicit(&life_ready[vm], true, memory_order_release);
    if (HAS_FOLLOWERS) {
        happen(vm, CFG_EVENT_READY);
    }
}

bool life_is_ready(uint16_t vm)
{
    return atomic_load_explicit(&life_ready[vm], memory_order_acquire);
}

/* --- the boot vCPU: loading, start, end ------------------------------------------------ */

static void reset_features(uint16_t vm)
{
    for (unsigned i = 0; i < life_feature_count; i++) {
        LOOP_BOUND(LIFE_FEATURES_MAX);
        LOOP_EACH_ONCE();
        if (life_features[i].vm_reset != NULL) {
            life_features[i].vm_reset(vm);
        }
    }
}

/* Its memory is as the description says: vCPU 0 is made ready. From the change on a stop is asked
 * of the vCPUs; one that came before is found here, and nothing has started: false. */
static bool start_loaded(uint16_t vm)
{
    const struct cfg_vm *cfg = &cfg_vms[vm];
    struct vcpu *boot_vcpu = &vcpus[cfg->first_vcpu];

    memory_sync_instructions();
    reset_features(vm);
    if (HAS_ORDERS) { /* nobody else asks for it, nor for how often it has started */
        atomic_store_explicit(&life_ready[vm], false, memory_order_relaxed);
    }
    if (!change(vm, LIFE_LOADING, LIFE_RUNNING)) {
        return false;
    }
    life_start_vcpu(boot_vcpu, cfg->entry_ipa, cfg->boot_x[0]);
    if (CFG_SCHEDULED) {
        sched_excuse(boot_vcpu);
    }
    for (unsigned i = 1; i < ARRAY_COUNT(cfg->boot_x); i++) {
        LOOP_BOUND(ARRAY_COUNT(cfg->boot_x));
        boot_vcpu->x[i] = cfg->boot_x[i];
    }
    if (HAS_ORDERS) {
        atomic_fetch_add_explicit(&life_starts[vm], 1, memory_order_relaxed);
    }
    LOG_INF("%s: starts at tick %llu, %llu of them for loading its memory", cfg->name,
            (unsigned long long)SYSREG_READ(CNTPCT_EL0), (unsigned long long)loading_ticks(vm));
    loading_begin(vm);
    if (HAS_FOLLOWERS) {
        happen(vm, CFG_EVENT_STARTED);
    }
    return true;
}

static void image_is_wrong(uint16_t vm)
{
    LOG_ERR("%s: its image in memory is not what was packed: its SHA-256 is another",
            cfg_vms[vm].name);
    (void)health_report(vm, CFG_FAULT_IMAGE, 0, 0); /* whatever else that does, it does not start */
    (void)life_request(vm, LIFE_STOP);
}

/* False: the VM runs. */
static bool load(uint16_t vm)
{
    const enum loading_step step = loading_step(vm);

    if (step == LOADING_WRONG) {
        image_is_wrong(vm);
    }
    return step != LOADING_DONE || !start_loaded(vm);
}

/* The next step towards what the state says; false: it is reached. */
static bool step_on(uint16_t vm)
{
    switch (life_state_of(vm)) {
    case LIFE_LOADING:
        return load(vm);
    case LIFE_STOPPING:
        loading_begin(vm);
        reset_features(vm);
        LOG_INF("%s: off", cfg_vms[vm].name);
        return !change(vm, LIFE_STOPPING, LIFE_OFF);
    case LIFE_RESTARTING:
        LOG_INF("%s: restarts from its pristine image", cfg_vms[vm].name);
        loading_begin(vm);
        (void)change(vm, LIFE_RESTARTING, LIFE_LOADING);
        return true;
    case LIFE_OFF:
    case LIFE_WAITING:
    case LIFE_RUNNING:
    case LIFE_SUSPENDED:
    default:
        return false;
    }
}

/* One step at a time: the message that the vCPU gets from itself lets whatever else is pending here
 * be served in between. */
void life_finish(uint16_t vm)
{
    if (step_on(vm)) {
        tell_boot_vcpu(vm);
    }
}

/* --- boot ------------------------------------------------------------------------------ */

static bool starts_at_once(uint16_t vm)
{
    return cfg_vm_has(vm, CFG_VM_AUTOSTART) && (!HAS_FOLLOWERS || cfg_vms[vm].awaited_count == 0U);
}

void life_init(void)
{
    if (!FIRST_STATES_ARE_ASKED_FOR) {
        return;
    }
    change_begins(); /* nobody is the last before all are known */
    for (uint16_t vm = 0; vm < CFG_VM_COUNT; vm++) {
        if (cfg_vm_has(vm, CFG_VM_AUTOSTART)) {
            (void)change(vm, LIFE_OFF, starts_at_once(vm) ? LIFE_LOADING : LIFE_WAITING);
        }
    }
    change_ends(LIFE_OFF, LIFE_OFF);
}

/* False: it does not start now. */
static bool begin_start(uint16_t vm)
{
    if (starts_at_once(vm) && !FIRST_STATES_ARE_ASKED_FOR) {
        atomic_store_explicit(&life_states[vm], LIFE_LOADING, memory_order_relaxed);
    }
    return starts_at_once(vm);
}

void life_start(uint16_t vm)
{
    if (!begin_start(vm)) {
        return;
    }
    if (loading_all(vm) == LOADING_WRONG) {
        image_is_wrong(vm);
    }
    while (step_on(vm)) {
    }
}

void life_start_in_turn(uint16_t vm)
{
    if (begin_start(vm)) {
        tell_boot_vcpu(vm);
    }
}
