/* Life of a VM; vm/life.h tells who does what.
 *
 * Owns the state of each VM. A request moves RUNNING to STOPPING or RESTARTING by one
 * compare-exchange, so that of several requests the first wins; the count of CPUs still to
 * report is written before any of them is told. Only the VM's boot CPU leaves those two states
 * again. INV-VCPU-CPU, INV-LOAD-INSIDE and INV-LOAD-ONCE are relied on.
 *
 * @req CPU-4 */
#include "vm/life.h"

#include <stdatomic.h>

#include "arch/memory.h"
#include "core/log.h"
#include "core/mailbox.h"
#include "core/percpu.h"
#include "lib/loop.h"
#include "vm/stage2.h"

enum life_state { LIFE_OFF, LIFE_RUNNING, LIFE_STOPPING, LIFE_RESTARTING };

static _Atomic uint8_t life_states[CFG_VM_COUNT];
static _Atomic uint16_t life_unreported[CFG_VM_COUNT]; /* CPUs that have yet to leave the guest */
static _Atomic uint16_t life_not_off;                  /* VMs in any state but LIFE_OFF */

/* How far the loading of a VM's memory has come. Its boot CPU's. */
struct loading {
    uint16_t load; /* of the VM's loads, the one under way */
    uint64_t done; /* bytes of it */
    uint64_t ticks;
};
static struct loading loadings[CFG_VM_COUNT];

bool life_is_running(uint16_t vm)
{
    return atomic_load_explicit(&life_states[vm], memory_order_acquire) == LIFE_RUNNING;
}

unsigned life_running_count(void)
{
    return atomic_load_explicit(&life_not_off, memory_order_acquire);
}

/* The next chunk of the VM's loads; false when all of them are done. */
static bool load_more(uint16_t vm)
{
    const uint64_t before = SYSREG_READ(CNTPCT_EL0);
    const struct cfg_vm *cfg = &cfg_vms[vm];
    struct loading *l = &loadings[vm];

    if (l->load == cfg->load_count) {
        return false;
    }
    const struct cfg_load *load = &cfg_loads[cfg->first_load + l->load];
    const uint64_t left = load->size - l->done;
    const uint64_t part = (left < MEMORY_CHUNK_BYTES) ? left : MEMORY_CHUNK_BYTES;

    if (load->src_pa == 0U) {
        memory_clear(pa_make(load->dst_pa + l->done), part);
    } else {
        memory_copy(pa_make(load->dst_pa + l->done), pa_make(load->src_pa + l->done), part);
    }
    l->done += part;
    if (l->done == load->size) {
        l->load++;
        l->done = 0;
    }
    l->ticks += SYSREG_READ(CNTPCT_EL0) - before;
    return true;
}

void life_start_vcpu(struct vcpu *v, uint64_t entry, uint64_t context)
{
    stage2_activate(v->vm);
    vcpu_reset(v, entry, context);
    for (unsigned i = 0; i < life_feature_count; i++) {
        LOOP_BOUND(LIFE_FEATURES_MAX);
        LOOP_EACH_ONCE();
        if (life_features[i].vcpu_start != NULL) {
            life_features[i].vcpu_start(v);
        }
    }
    this_cpu()->guest_runs = true;
    LOG_DBG("%s: vCPU %u starts at 0x%llx", cfg_vms[v->vm].name, v->index,
            (unsigned long long)entry);
}

/* Its memory is as the description says: vCPU 0 is made ready. */
static void start_loaded(uint16_t vm)
{
    const struct cfg_vm *cfg = &cfg_vms[vm];
    struct vcpu *boot_vcpu = &vcpus[cfg->first_vcpu];
    const uint64_t ticks = loadings[vm].ticks;

    loadings[vm] = (struct loading){0};
    memory_sync_instructions();
    for (unsigned i = 0; i < life_feature_count; i++) {
        LOOP_BOUND(LIFE_FEATURES_MAX);
        LOOP_EACH_ONCE();
        if (life_features[i].vm_reset != NULL) {
            life_features[i].vm_reset(vm);
        }
    }
    life_start_vcpu(boot_vcpu, cfg->entry_ipa, cfg->boot_x[0]);
    for (unsigned i = 1; i < ARRAY_COUNT(cfg->boot_x); i++) {
        LOOP_BOUND(ARRAY_COUNT(cfg->boot_x));
        boot_vcpu->x[i] = cfg->boot_x[i];
    }
    atomic_store_explicit(&life_states[vm], LIFE_RUNNING, memory_order_release);
    LOG_INF("%s: starts at tick %llu, %llu of them for loading its memory", cfg->name,
            (unsigned long long)SYSREG_READ(CNTPCT_EL0), (unsigned long long)ticks);
}

void life_start(uint16_t vm)
{
    if (atomic_load_explicit(&life_states[vm], memory_order_relaxed) == LIFE_OFF) {
        atomic_fetch_add_explicit(&life_not_off, 1, memory_order_relaxed);
    }
    const uint64_t before = SYSREG_READ(CNTPCT_EL0);

    while (load_more(vm)) {
    }
    loadings[vm].ticks = SYSREG_READ(CNTPCT_EL0) - before;
    start_loaded(vm);
}

void life_request(uint16_t vm, enum life_request what)
{
    const struct cfg_vm *cfg = &cfg_vms[vm];
    uint8_t running = LIFE_RUNNING;

    if (!atomic_compare_exchange_strong(&life_states[vm], &running,
                                        (what == LIFE_STOP) ? LIFE_STOPPING : LIFE_RESTARTING)) {
        return;
    }
    LOG_DBG("%s: is asked to %s", cfg->name, (what == LIFE_STOP) ? "stop" : "restart");
    atomic_store_explicit(&life_unreported[vm], cfg->vcpu_count, memory_order_relaxed);
    for (unsigned i = 0; i < cfg->vcpu_count; i++) {
        LOOP_BOUND(CFG_VM_VCPU_MAX);
        mailbox_post(cfg_vcpus[cfg->first_vcpu + i].cpu, MSG_STOP);
    }
}

void life_leave(struct vcpu *v)
{
    if (!this_cpu()->guest_runs) {
        return;
    }
    this_cpu()->guest_runs = false;
    for (unsigned i = life_feature_count; i > 0U; i--) {
        LOOP_BOUND(LIFE_FEATURES_MAX);
        LOOP_EACH_ONCE();
        if (life_features[i - 1U].vcpu_stop != NULL) {
            life_features[i - 1U].vcpu_stop(v);
        }
    }
    LOG_DBG("%s: vCPU %u has stopped", cfg_vms[v->vm].name, v->index);
}

void life_stop_vcpu(struct vcpu *v)
{
    life_leave(v);
    /* Acquire and release: the last to report sees what all the others left behind. */
    if (atomic_fetch_sub_explicit(&life_unreported[v->vm], 1, memory_order_acq_rel) == 1U) {
        mailbox_post(cfg_vcpus[vcpu_cfg_vm(v)->first_vcpu].cpu, MSG_VM);
    }
}

/* One chunk at a time: the message that this CPU sends to itself lets whatever else is pending on
 * it be served in between. */
static void restart(uint16_t vm)
{
    if (loadings[vm].load == 0U && loadings[vm].done == 0U) {
        LOG_INF("%s: restarts from its pristine image", cfg_vms[vm].name);
    }
    if (load_more(vm)) {
        mailbox_post(this_cpu()->id, MSG_VM);
    } else {
        start_loaded(vm);
    }
}

void life_finish(uint16_t vm)
{
    if (atomic_load_explicit(&life_states[vm], memory_order_relaxed) == LIFE_RESTARTING) {
        restart(vm);
        return;
    }
    for (unsigned i = 0; i < life_feature_count; i++) {
        LOOP_BOUND(LIFE_FEATURES_MAX);
        LOOP_EACH_ONCE();
        if (life_features[i].vm_reset != NULL) {
            life_features[i].vm_reset(vm);
        }
    }
    atomic_store_explicit(&life_states[vm], LIFE_OFF, memory_order_release);
    atomic_fetch_sub_explicit(&life_not_off, 1, memory_order_acq_rel);
    LOG_INF("%s: off", cfg_vms[vm].name);
}
