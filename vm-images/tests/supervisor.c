/* Group health: every class of fault that a guest can cause, with every action. The supervisor tells
 * its victims (vm-images/tests/victim.c), whose faults are answered in four ways, what to do, and
 * finds in the hypervisor's record what was done, in the victim's word how it went on, and in its
 * state whether it did. Their ids follow those of the bystanders in systems/test-health.yaml, and in
 * systems/test-health-turns.yaml, where all of them share a CPU and none has exceptions injected.
 * @req OPS-6 */
#include "health.h"
#include "exception.h"
#include "gic.h"
#include "result.h"
#include "schedule.h"
#include "sleep.h"
#include "timer.h"
#include "uart.h"

#define FIRST_VICTIM 3U
#define PATIENCE_MS 20000U
#define UART_FR 0x18U
#define UART_FR_RXFE (1U << 4)

enum victim { IGNORING, RESTARTING, STOPPING, INJECTING, VICTIM_COUNT };

static const char *const victim_names[VICTIM_COUNT] = {"ignoring", "restarting", "stopping",
                                                       "injecting"};
static const char *const class_names[] = {"memory", "instruction", "serror",  "device",
                                          "smc",    "watchdog",    "overrun", "image",
                                          "panic",  "storm",       "heartbeat", "flood"};

void guest_main(uint64_t role);

static void interrupt(unsigned intid)
{
    (void)sleep_interrupt(intid);
}

static uint32_t slot_read(enum victim v, unsigned offset)
{
    return mmio_read32(ORDERS + (unsigned)v * SLOT_BYTES + offset);
}

static void slot_write(enum victim v, unsigned offset, uint32_t value)
{
    mmio_write32(ORDERS + (unsigned)v * SLOT_BYTES + offset, value);
}

static int64_t call(struct smccc_regs *r, uint64_t id, enum victim v, uint64_t a2)
{
    r->x[0] = id;
    r->x[1] = FIRST_VICTIM + (unsigned)v;
    r->x[2] = a2;
    smccc_hvc(r);
    return (int64_t)r->x[0];
}

static uint64_t state_of(enum victim v)
{
    struct smccc_regs r;
    return (call(&r, VM_STATE, v, 0) == 0) ? r.x[1] : 99U;
}

static uint64_t count_of(enum victim v, unsigned fault)
{
    struct smccc_regs r;
    return (call(&r, HEALTH_COUNT, v, fault) == 0) ? r.x[1] : UINT64_MAX;
}

static uint64_t next_event(enum victim v)
{
    struct smccc_regs r;
    uint64_t next = 0;
    while (call(&r, HEALTH_READ_EVENT, v, next) == 0) {
        next = r.x[1] + 1U;
    }
    return next;
}

/* The event with this number or a later one. */
static bool wait_for_event(enum victim v, uint64_t number, struct smccc_regs *r)
{
    uint64_t start = timer_now();
    while (call(r, HEALTH_READ_EVENT, v, number) != 0) {
        if (timer_elapsed_ms(start) > PATIENCE_MS) {
            return false;
        }
        sleep_us(1000);
    }
    return true;
}

static bool wait_for_life(enum victim v, uint32_t lives)
{
    uint64_t start = timer_now();
    while (slot_read(v, SLOT_LIVES) < lives || state_of(v) != VM_RUNS) {
        if (timer_elapsed_ms(start) > PATIENCE_MS) {
            return false;
        }
        sleep_us(1000);
    }
    return true;
}

static bool wait_for_off(enum victim v)
{
    uint64_t start = timer_now();
    while (state_of(v) != VM_IS_OFF) {
        if (timer_elapsed_ms(start) > PATIENCE_MS) {
            return false;
        }
        sleep_us(1000);
    }
    return true;
}

static uint32_t wait_for_result(enum victim v)
{
    uint64_t start = timer_now();
    while (slot_read(v, SLOT_RESULT) == RESULT_NONE && timer_elapsed_ms(start) < PATIENCE_MS) {
        sleep_us(1000);
    }
    return slot_read(v, SLOT_RESULT);
}

static uint64_t detail_of(unsigned what)
{
    switch (what) {
    case FAULT_MEMORY:
        return NOWHERE;
    case FAULT_DEVICE:
        return UART_BASE;
    default:
        return REFUSED_SMC;
    }
}

static void order(enum victim v, unsigned what)
{
    slot_write(v, SLOT_CLASS, what);
    slot_write(v, SLOT_RESULT, RESULT_NONE);
    slot_write(v, SLOT_ORDER, slot_read(v, SLOT_ORDER) + 1U);
}

/* One row: the fault, and what the record says of it. */
static bool break_it(enum victim v, unsigned what, enum fault_action action)
{
    const unsigned fault = (what == FAULT_HEARTBEAT) ? (unsigned)FAULT_WATCHDOG : what;
    const uint64_t number = next_event(v);
    const uint64_t count = count_of(v, fault);
    struct smccc_regs r;

    order(v, what);
    if (!wait_for_event(v, number, &r)) {
        test_fail(class_names[what], "%s: no event", victim_names[v]);
        return false;
    }
    const bool is_told = what == FAULT_MEMORY || what == FAULT_DEVICE || what == FAULT_SMC;
    const bool is_right = r.x[1] == number && r.x[3] == (fault | (unsigned)action << 8) &&
                          (!is_told || (r.x[5] == detail_of(what) && r.x[4] != 0U)) &&
                          count_of(v, fault) > count;
    test_check(is_right, class_names[what],
               "%s: event %lu at %lu, class and action %lx, PC %lx, detail %lx, count %lu to %lu",
               victim_names[v], r.x[1], r.x[2], r.x[3], r.x[4], r.x[5], count, count_of(v, fault));
    return is_right;
}

static void check_goes_on(enum victim v, unsigned what, enum fault_action action)
{
    const uint32_t lives = slot_read(v, SLOT_LIVES);
    if (break_it(v, what, action)) {
        const uint32_t wanted = (action == ACTION_INJECT) ? RESULT_EXCEPTION : RESULT_PASSED_OVER;
        const uint32_t result = wait_for_result(v);
        test_check(result == wanted, "goes-on", "%s: %s: result %u", victim_names[v],
                   class_names[what], result);
        test_check(slot_read(v, SLOT_LIVES) == lives && state_of(v) == VM_RUNS, "lives-on",
                   "%s: %s", victim_names[v], class_names[what]);
    }
}

static void check_restarts(enum victim v, unsigned what)
{
    const uint32_t lives = slot_read(v, SLOT_LIVES);
    if (break_it(v, what, ACTION_RESTART)) {
        test_check(wait_for_life(v, lives + 1U), "restarts", "%s: %s", victim_names[v],
                   class_names[what]);
        test_check(slot_read(v, SLOT_RESULT) == RESULT_NONE, "went-no-further", "%s: %s: result %u",
                   victim_names[v], class_names[what], slot_read(v, SLOT_RESULT));
    }
}

static void check_stops(enum victim v, unsigned what)
{
    const uint32_t lives = slot_read(v, SLOT_LIVES);
    struct smccc_regs r;
    if (break_it(v, what, ACTION_STOP)) {
        test_check(wait_for_off(v), "stops", "%s: %s: state %lu", victim_names[v],
                   class_names[what], state_of(v));
        test_check(slot_read(v, SLOT_LIVES) == lives, "stays-off", "%s: %s", victim_names[v],
                   class_names[what]);
        TEST_EQUAL("is-started-again", call(&r, VM_START, v, 0), 0);
        test_check(wait_for_life(v, lives + 1U), "lives-again", "%s: %s", victim_names[v],
                   class_names[what]);
    }
}

/* A thousand faults of one VM cover its own events, and no other's. */
static void check_flood(void)
{
    struct smccc_regs r;
    const uint64_t kept = next_event(STOPPING) - 1U;
    const uint64_t count = count_of(IGNORING, FAULT_MEMORY);

    order(IGNORING, FAULT_FLOOD);
    TEST_EQUAL("flood-ends", wait_for_result(IGNORING), RESULT_PASSED_OVER);
    TEST_EQUAL("flood-is-counted", count_of(IGNORING, FAULT_MEMORY), count + FLOOD);
    TEST_EQUAL("gap-shows-what-is-lost", call(&r, HEALTH_READ_EVENT, IGNORING, 0), 0);
    TEST_EQUAL("sixteen-are-kept", next_event(IGNORING) - r.x[1], 16);
    TEST_EQUAL("others-are-kept", call(&r, HEALTH_READ_EVENT, STOPPING, kept), 0);
    TEST_EQUAL("as-they-were", r.x[1], kept);
}

static void check_rights(void)
{
    struct smccc_regs r;
    order(IGNORING, READ_EVENTS);
    TEST_EQUAL("denied-without-the-right", wait_for_result(IGNORING), RESULT_PASSED_OVER);
    TEST_EQUAL("nothing-yet", call(&r, HEALTH_READ_EVENT, IGNORING, next_event(IGNORING)),
               CALL_NOTHING_YET);
    TEST_EQUAL("no-such-vm", call(&r, HEALTH_READ_EVENT, (enum victim)99, 0), -2);
    TEST_EQUAL("no-such-class", call(&r, HEALTH_COUNT, IGNORING, FAULT_COUNT), -2);
}

/* What is ignored is counted by the schedule alone. */
static void check_overrun_is_ignored(void)
{
    const unsigned vcpu = FIRST_VICTIM + (unsigned)IGNORING; /* each VM has one */
    const uint64_t overruns = sched_times(vcpu).overruns;
    const uint64_t events = next_event(IGNORING);

    order(IGNORING, FAULT_OVERRUN);
    TEST_EQUAL("overrun-goes-on", wait_for_result(IGNORING), RESULT_PASSED_OVER);
    test_check(sched_times(vcpu).overruns > overruns, "overrun-is-counted", "%lu",
               sched_times(vcpu).overruns);
    TEST_EQUAL("overrun-is-no-event", next_event(IGNORING), events);
    TEST_EQUAL("overrun-is-no-fault", count_of(IGNORING, FAULT_OVERRUN), 0);
}

/* Each in its time windows, one after the other: what one does to itself is none of the next one's
 * business. */
static void check_turns(void)
{
    check_goes_on(IGNORING, FAULT_STORM, ACTION_IGNORE);
    check_overrun_is_ignored();
    check_restarts(RESTARTING, FAULT_OVERRUN);
    check_stops(RESTARTING, FAULT_OVERRUN); /* in place of a second restart */
    check_stops(STOPPING, FAULT_STORM);
    check_stops(STOPPING, FAULT_OVERRUN);
    TEST_EQUAL("ignoring-lived-once", slot_read(IGNORING, SLOT_LIVES), 1);
    TEST_EQUAL("restarting-lived-thrice", slot_read(RESTARTING, SLOT_LIVES), 3);
    TEST_EQUAL("stopping-lived-thrice", slot_read(STOPPING, SLOT_LIVES), 3);
}

static void check_all(void)
{
    static const unsigned synchronous[] = {FAULT_MEMORY, FAULT_INSTRUCTION, FAULT_DEVICE, FAULT_SMC};
    static const unsigned others[] = {FAULT_WATCHDOG, FAULT_PANIC};

    for (unsigned i = 0; i < 4U; i++) {
        check_goes_on(IGNORING, synchronous[i], ACTION_IGNORE);
        check_goes_on(INJECTING, synchronous[i], ACTION_INJECT);
        check_restarts(RESTARTING, synchronous[i]);
        check_stops(RESTARTING, synchronous[i]); /* in place of a second restart */
        check_stops(STOPPING, synchronous[i]);
    }
    for (unsigned i = 0; i < 2U; i++) {
        check_goes_on(IGNORING, others[i], ACTION_IGNORE);
        check_restarts(RESTARTING, others[i]);
        check_stops(RESTARTING, others[i]);
        check_stops(STOPPING, others[i]);
    }
    check_goes_on(INJECTING, FAULT_HEARTBEAT, ACTION_IGNORE);
    check_restarts(RESTARTING, FAULT_STORM);
    check_stops(RESTARTING, FAULT_STORM);
    check_flood();
    check_rights();
}

void guest_main(uint64_t role)
{
    const bool is_in_turns = role == IN_TURNS;

    test_begin("health");
    gic_init();
    gic_enable(TIMER_PPI_VIRTUAL);
    irq_hook = interrupt;
    while ((mmio_read32(UART_BASE + UART_FR) & UART_FR_RXFE) != 0U) {
        sleep_us(10000); /* a key says that the bystanders are at work */
    }
    for (enum victim v = IGNORING; v < (is_in_turns ? INJECTING : VICTIM_COUNT); v++) {
        test_check(wait_for_life(v, 1), "starts", "%s", victim_names[v]);
    }
    if (is_in_turns) {
        check_turns();
    } else {
        check_all();
    }
    test_done();
}
