/* The health monitor; vm/health.h.
 *
 * The table says for each class of fault in each VM what is done (INV-HEALTH-EVERY). A restart is
 * allowed when the one `restart_count` before it is further back than the period: the times of the
 * last so many are kept in a ring for each row that restarts (INV-HEALTH-RESTARTS), and nothing is
 * searched. Of several vCPUs that fault at once, the first that takes the lock is answered; the
 * others find their VM on its way down, are recorded, and cost no restart.
 * Lock: one per VM, held for one fault or one look at the record; under it are taken those that a
 * request for the VM's life, and the log, take.
 *
 * @req OPS-6 */
#include "vm/health.h"

#include "arch/spinlock.h"
#include "core/log.h"
#include "core/mailbox.h"
#include "core/timer.h"
#include "vm/sched.h"

#define READERS ((CFG_VM_FLAGS_ANY & CFG_VM_MAY_READ_EVENTS) != 0U)

struct health {
    struct spinlock lock;
    uint64_t counts[CFG_FAULT_COUNT];
    uint64_t event_count;
};

static struct health healths[CFG_VM_COUNT];
static struct health_event events[READERS ? CFG_VM_COUNT : 1][HEALTH_EVENTS_KEPT];
/* By row of the table: of its slice of the latest restarts the oldest, which the next one replaces,
 * and whether each place of it has been used. */
struct restarts {
    uint16_t oldest;
    bool is_full;
};
static struct restarts restarts[CFG_HEALTH_COUNT + 1U];
static uint64_t restart_ticks[CFG_HEALTH_RESTART_COUNT + 1U];

static const char *const fault_texts[CFG_FAULT_COUNT] = {
    [CFG_FAULT_MEMORY] = "memory",   [CFG_FAULT_INSTRUCTION] = "instruction",
    [CFG_FAULT_SERROR] = "serror",   [CFG_FAULT_DEVICE] = "device",
    [CFG_FAULT_SMC] = "smc",         [CFG_FAULT_WATCHDOG] = "watchdog",
    [CFG_FAULT_OVERRUN] = "overrun", [CFG_FAULT_IMAGE] = "image",
    [CFG_FAULT_PANIC] = "panic",     [CFG_FAULT_STORM] = "storm",
};

static const char *const action_texts[CFG_ACTION_RESET_SYSTEM + 1] = {
    [CFG_ACTION_IGNORE] = "it is ignored",
    [CFG_ACTION_RESTART] = "the VM restarts",
    [CFG_ACTION_STOP] = "the VM is stopped",
    [CFG_ACTION_SWITCH_MODE] = "the mode is switched",
    [CFG_ACTION_RESET_SYSTEM] = "the system is reset",
};

static const struct cfg_health *row_of(uint16_t vm, enum cfg_fault fault)
{
    return &cfg_healths[(unsigned)vm * CFG_FAULT_COUNT + (unsigned)fault];
}

static bool is_possible(enum cfg_action action)
{
    return (CFG_HEALTH_ACTIONS_ANY & (1U << action)) != 0U;
}

/* A restart now: is it allowed? Then it is remembered. */
static bool take_restart(const struct cfg_health *row, uint64_t now)
{
    struct restarts *const r = &restarts[row - cfg_healths];
    uint64_t *const ticks = &restart_ticks[row->first_restart + r->oldest];

    if (r->is_full && now - *ticks < timer_ticks(row->period_ns)) {
        return false;
    }
    *ticks = now;
    r->oldest++;
    if (r->oldest == row->restart_count) {
        r->oldest = 0;
        r->is_full = true;
    }
    return true;
}

static enum cfg_action action_now(uint16_t vm, enum cfg_fault fault, uint64_t now)
{
    const struct cfg_health *const row = row_of(vm, fault);

    if (is_possible(CFG_ACTION_RESTART) && row->action == CFG_ACTION_RESTART &&
        life_is_running(vm) && !take_restart(row, now)) {
        return (enum cfg_action)row->then;
    }
    return (enum cfg_action)row->action;
}

static void record(uint16_t vm, const struct health_event *event)
{
    struct health *const h = &healths[vm];

    h->counts[event->fault]++;
    if (READERS) {
        struct health_event *const kept = &events[vm][h->event_count % HEALTH_EVENTS_KEPT];

        *kept = *event;
        kept->number = h->event_count;
        h->event_count++;
    }
}

/* A vCPU whose VM is to stop leaves at once; the VM of a damaged image does not run yet, and it is
 * for vm/life.c to leave it off. */
static enum health_answer leave(uint16_t vm, enum cfg_fault fault, enum life_request what)
{
    if (fault != CFG_FAULT_IMAGE) {
        (void)life_request(vm, what);
    }
    return HEALTH_LEAVE;
}

/* The VM goes on, and takes an exception for what an instruction of it caused. After an SError
 * nobody goes on, and as what is done in place of one more restart, this stops the VM as well. */
static enum health_answer switch_mode(uint16_t vm, enum cfg_fault fault)
{
    const struct cfg_health *const row = row_of(vm, fault);

    if (is_possible(CFG_ACTION_SWITCH_MODE) && sched_mode() != row->mode &&
        !sched_request_mode(row->mode)) {
        LOG_WRN("%s: the mode is not switched, since another switch is under way",
                cfg_vms[vm].name);
    }
    if (row->action == CFG_ACTION_RESTART || fault == CFG_FAULT_IMAGE ||
        fault == CFG_FAULT_SERROR) {
        return leave(vm, fault, LIFE_STOP);
    }
    return (fault <= CFG_FAULT_SMC) ? HEALTH_INJECT : HEALTH_IGNORE;
}

static enum health_answer apply(uint16_t vm, enum cfg_fault fault, enum cfg_action action)
{
    switch (action) {
    case CFG_ACTION_IGNORE:
        return HEALTH_IGNORE;
    case CFG_ACTION_INJECT:
        return HEALTH_INJECT;
    case CFG_ACTION_RESTART:
        return leave(vm, fault, LIFE_RESTART);
    case CFG_ACTION_SWITCH_MODE:
        return switch_mode(vm, fault);
    case CFG_ACTION_RESET_SYSTEM: /* by health_decide() */
    case CFG_ACTION_STOP:
    default:
        return leave(vm, fault, LIFE_STOP);
    }
}

/* What is left to the guest has been told by who found it; what is ignored is worth a line at
 * times, the rest always. */
static void say(uint16_t vm, enum cfg_fault fault, enum cfg_action action)
{
    if (action == CFG_ACTION_IGNORE) {
        log_guest(vm, "fault of class %s: %s", fault_texts[fault], action_texts[action]);
    } else if (action != CFG_ACTION_INJECT) {
        LOG_WRN("%s: fault of class %s: %s", cfg_vms[vm].name, fault_texts[fault],
                action_texts[action]);
    }
}

SLOW_PATH enum health_answer health_decide(uint16_t vm, enum cfg_fault fault, uint64_t pc,
                                           uint64_t detail)
{
    struct health_event event = {
        .ticks = timer_now(), .pc = pc, .detail = detail, .fault = (uint8_t)fault};

    spin_lock(&healths[vm].lock);
    const enum cfg_action action = action_now(vm, fault, event.ticks);
    const enum health_answer answer = apply(vm, fault, action);

    event.action = (uint8_t)action;
    record(vm, &event);
    spin_unlock(&healths[vm].lock);
    say(vm, fault, action);
    if (is_possible(CFG_ACTION_RESET_SYSTEM) && action == CFG_ACTION_RESET_SYSTEM) {
        mailbox_post_end(MSG_RESET); /* after its reason has been told */
    }
    return answer;
}

bool health_read_event(uint16_t vm, uint64_t first, struct health_event *event)
{
    struct health *const h = &healths[vm];

    spin_lock(&h->lock);
    const uint64_t count = h->event_count;
    const uint64_t oldest = (count > HEALTH_EVENTS_KEPT) ? count - HEALTH_EVENTS_KEPT : 0U;
    const uint64_t number = (first > oldest) ? first : oldest;
    const bool is_there = number < count;

    if (is_there) {
        *event = events[vm][number % HEALTH_EVENTS_KEPT];
    }
    spin_unlock(&h->lock);
    return is_there;
}

uint64_t health_count(uint16_t vm, enum cfg_fault fault)
{
    struct health *const h = &healths[vm];

    spin_lock(&h->lock);
    const uint64_t count = h->counts[fault];

    spin_unlock(&h->lock);
    return count;
}
