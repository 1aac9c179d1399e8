/* sources: vm/health.c health/heartbeat.c health/health_calls.c health/storm.c core/timer.c fake/percpu.c */
/* The health monitor by the table of fake/config.c: linux0 ignores, linux1 restarts and stops, rt has
 * the usual. Restarts are counted over a sliding time; nobody's faults cover another's.
 * @req OPS-6 */
#include "vm/health.h"

#include "core/mailbox.h"
#include "core/percpu.h"
#include "core/timer.h"
#include "fake/core.h"
#include "gic/gic.h"
#include "health/health_calls.h"
#include "health/storm.h"
#include "smccc/smccc.h"
#include "test.h"
#include "vm/sched.h"

#define HZ 1000000U
#define SECOND UINT64_C(1000000)

static uint64_t ticks = 1000;
static bool runs[CFG_VM_COUNT];
static char requests[128];

bool life_is_running(uint16_t vm)
{
    return runs[vm];
}

bool life_request(uint16_t vm, enum life_request what)
{
    char word[16];
    snprintf(word, sizeof(word), "%s%u ", (what == LIFE_STOP) ? "stop" : "restart", vm);
    strcat(requests, word);
    return true;
}

static uint16_t requested_mode = CFG_NONE;
static bool mode_can_change = true;

static uint16_t mode_now;

bool sched_request_mode(uint16_t mode)
{
    requested_mode = mode;
    return mode_can_change;
}

uint16_t sched_mode(void)
{
    return mode_now;
}

enum exit_action smccc_forward_allowed(struct vcpu *v)
{
    return smccc_return(v, SMCCC_NOT_SUPPORTED);
}

void gic_ppi_enable(uint32_t intid, bool enable)
{
    (void)intid;
    (void)enable;
}

static void nothing(void)
{
}

void (*const timer_handlers[TIMER_CLIENT_COUNT])(void) = {
    [TIMER_CONSOLE] = nothing,
    [TIMER_PL031] = nothing,
    [TIMER_SP805] = nothing,
    [TIMER_HEARTBEAT] = heartbeat_alarm,
};

static uint64_t read_counter(uint64_t stored)
{
    (void)stored;
    return ticks;
}

TEST_SETUP()
{
    fake_sysreg_set_all("CNTFRQ_EL0", HZ);
    fake_sysreg_find("CNTPCT_EL0")->on_read = read_counter;
    ticks += 1000 * SECOND; /* what a test before left behind is long ago */
    requests[0] = 0;
    for (unsigned vm = 0; vm < CFG_VM_COUNT; vm++) {
        runs[vm] = true;
    }
    for (fake_cpu = 0; fake_cpu < CFG_CPU_COUNT; fake_cpu++) {
        timer_cancel(TIMER_HEARTBEAT);
    }
    fake_cpu = 0;
}

static enum health_answer report(uint16_t vm, enum cfg_fault fault)
{
    return health_report(vm, fault, 0x40001000, 0xDE7A11);
}

TEST(what_is_usual_needs_no_table)
{
    static const enum health_answer usual[CFG_FAULT_COUNT] = {
        HEALTH_INJECT, HEALTH_INJECT, HEALTH_LEAVE, HEALTH_INJECT, HEALTH_IGNORE,
        HEALTH_IGNORE, HEALTH_IGNORE, HEALTH_LEAVE, HEALTH_IGNORE, HEALTH_IGNORE};

    for (unsigned fault = 0; fault < CFG_FAULT_COUNT; fault++) {
        CHECK_EQ(health_usual(2, (enum cfg_fault)fault), usual[fault]);
    }
    CHECK_STR(requests, "stop2 "); /* the SError; an image is left off by who reports it */
}

TEST(each_action_has_its_answer)
{
    CHECK_EQ(report(0, CFG_FAULT_MEMORY), HEALTH_IGNORE);
    CHECK_EQ(report(2, CFG_FAULT_MEMORY), HEALTH_INJECT);
    CHECK_STR(requests, "");
    CHECK_EQ(report(1, CFG_FAULT_DEVICE), HEALTH_LEAVE);
    CHECK_STR(requests, "stop1 ");
    CHECK_EQ(report(1, CFG_FAULT_IMAGE), HEALTH_LEAVE);
    CHECK_STR(requests, "stop1 ");
    CHECK_EQ(fake_mailbox[cfg_system.console_cpu], 0);
    CHECK_EQ(report(2, CFG_FAULT_PANIC), HEALTH_LEAVE);
    CHECK_STR(requests, "stop1 stop2 ");
    CHECK_EQ(fake_mailbox[cfg_system.console_cpu], MSG_RESET);
}

TEST(a_mode_is_switched_and_the_vm_goes_on)
{
    requested_mode = CFG_NONE;
    CHECK_EQ(report(2, CFG_FAULT_STORM), HEALTH_IGNORE); /* no instruction of it is at fault */
    CHECK_EQ(requested_mode, 1);
    CHECK_STR(requests, "");
    mode_can_change = false;
    CHECK_EQ(report(2, CFG_FAULT_STORM), HEALTH_IGNORE);
    mode_can_change = true;
    mode_now = 1; /* or on its way: nothing more is asked for */
    requested_mode = CFG_NONE;
    CHECK_EQ(report(2, CFG_FAULT_STORM), HEALTH_IGNORE);
    CHECK_EQ(requested_mode, CFG_NONE);
    mode_now = 0;
}

TEST(restarts_are_counted_over_a_sliding_second)
{
    CHECK_EQ(report(1, CFG_FAULT_MEMORY), HEALTH_LEAVE);
    ticks += SECOND / 2;
    (void)report(1, CFG_FAULT_MEMORY);
    CHECK_STR(requests, "restart1 restart1 ");
    ticks += SECOND / 2; /* the first is a second ago, the second is not */
    (void)report(1, CFG_FAULT_MEMORY);
    CHECK_STR(requests, "restart1 restart1 restart1 ");
    ticks += SECOND / 2 - 1U;
    CHECK_EQ(report(1, CFG_FAULT_MEMORY), HEALTH_LEAVE);
    CHECK_STR(requests, "restart1 restart1 restart1 stop1 ");
    ticks += 1;
    (void)report(1, CFG_FAULT_MEMORY);
    CHECK_STR(requests, "restart1 restart1 restart1 stop1 restart1 ");
}

TEST(each_class_has_its_own_count_and_its_own_end)
{
    for (unsigned i = 0; i < 2; i++) {
        (void)report(1, CFG_FAULT_MEMORY);
    }
    for (unsigned i = 0; i < 3; i++) {
        (void)report(1, CFG_FAULT_WATCHDOG);
    }
    CHECK_STR(requests, "restart1 restart1 restart1 restart1 restart1 ");
    requests[0] = 0;
    (void)report(1, CFG_FAULT_WATCHDOG);
    CHECK_STR(requests, "stop1 ");
    CHECK_EQ(fake_mailbox[cfg_system.console_cpu], MSG_RESET);
}

/* Two vCPUs fault at once: the second finds the VM on its way. */
TEST(a_vm_on_its_way_down_costs_no_restart)
{
    (void)report(1, CFG_FAULT_MEMORY);
    runs[1] = false;
    for (unsigned i = 0; i < 5; i++) {
        CHECK_EQ(report(1, CFG_FAULT_MEMORY), HEALTH_LEAVE);
    }
    runs[1] = true;
    requests[0] = 0;
    (void)report(1, CFG_FAULT_MEMORY);
    CHECK_STR(requests, "restart1 ");
    (void)report(1, CFG_FAULT_MEMORY);
    CHECK_STR(requests, "restart1 stop1 ");
}

/* --- the record ------------------------------------------------------------------------- */

static uint64_t next_number(uint16_t vm)
{
    struct health_event event;
    uint64_t number = 0;

    while (health_read_event(vm, number, &event)) {
        number = event.number + 1U;
    }
    return number;
}

TEST(events_are_kept_by_vm_and_gaps_show_what_is_lost)
{
    const uint64_t first = next_number(2);
    const uint64_t other = next_number(0);
    struct health_event event;

    (void)report(0, CFG_FAULT_SMC);
    for (unsigned i = 0; i < 20; i++) {
        ticks++;
        (void)health_report(2, CFG_FAULT_INSTRUCTION, i, 100U + i);
    }
    CHECK(health_read_event(2, first, &event));
    CHECK_EQ(event.number, first + 20U - HEALTH_EVENTS_KEPT);
    CHECK_EQ(event.pc, 20U - HEALTH_EVENTS_KEPT);
    CHECK_EQ(event.detail, 100U + 20U - HEALTH_EVENTS_KEPT);
    CHECK_EQ(event.fault, CFG_FAULT_INSTRUCTION);
    CHECK_EQ(event.action, CFG_ACTION_INJECT);
    CHECK(health_read_event(2, first + 19U, &event));
    CHECK_EQ(event.ticks, ticks);
    CHECK(!health_read_event(2, first + 20U, &event));
    CHECK(!health_read_event(2, UINT64_MAX, &event));
    CHECK(health_read_event(0, other, &event)); /* covered by nothing of rt's */
    CHECK_EQ(event.number, other);
    CHECK_EQ(event.action, CFG_ACTION_IGNORE);
}

/* What was done, not what is described: here the end in place of a restart. */
TEST(the_record_says_what_was_done)
{
    struct health_event event = {0};

    for (unsigned i = 0; i < 3; i++) {
        (void)report(1, CFG_FAULT_MEMORY);
    }
    CHECK(health_read_event(1, next_number(1) - 2U, &event));
    CHECK_EQ(event.action, CFG_ACTION_RESTART);
    CHECK(health_read_event(1, next_number(1) - 1U, &event));
    CHECK_EQ(event.action, CFG_ACTION_STOP);
}

/* --- calls ------------------------------------------------------------------------------ */

static struct vcpu caller;

static uint64_t call(uint16_t vm, uint32_t id, uint64_t x1, uint64_t x2)
{
    caller.vm = vm;
    caller.x[0] = id;
    caller.x[1] = x1;
    caller.x[2] = x2;
    CHECK_EQ(health_call(&caller), EXIT_SKIP);
    return caller.x[0];
}

TEST(only_who_may_reads)
{
    CHECK_EQ(call(0, HEALTH_READ_EVENT, 0, 0), -3);
    CHECK_EQ(call(0, HEALTH_READ_EVENT, UINT64_MAX, 0), -3);
    CHECK_EQ(call(1, HEALTH_COUNT, 1, CFG_FAULT_SMC), -3);
    CHECK_EQ(call(2, HEALTH_READ_EVENT, CFG_VM_COUNT, 0), -2);
    CHECK_EQ(call(2, HEALTH_READ_EVENT, UINT64_C(0x100000000), 0), -2);
    CHECK_EQ(call(2, HEALTH_COUNT, CFG_VM_COUNT, 0), -2);
    CHECK_EQ(call(2, HEALTH_COUNT, 0, CFG_FAULT_COUNT), -2);
    CHECK_EQ(call(2, 0xC600FF3F, 0, 0), -1);
    CHECK_EQ(call(2, HEALTH_READ_EVENT, 1, next_number(1)), -4);
}

TEST(an_event_in_registers)
{
    const uint64_t number = next_number(0);
    CHECK_EQ(call(2, HEALTH_COUNT, 0, CFG_FAULT_DEVICE), 0);
    const uint64_t before = caller.x[1];

    (void)report(0, CFG_FAULT_DEVICE);
    CHECK_EQ(call(2, HEALTH_READ_EVENT, 0, number), 0);
    CHECK_EQ(caller.x[1], number);
    CHECK_EQ(caller.x[2], ticks);
    CHECK_EQ(caller.x[3], CFG_FAULT_DEVICE | CFG_ACTION_IGNORE << 8);
    CHECK_EQ(caller.x[4], 0x40001000);
    CHECK_EQ(caller.x[5], 0xDE7A11);
    CHECK_EQ(call(2, HEALTH_COUNT, 0, CFG_FAULT_DEVICE), 0);
    CHECK_EQ(caller.x[1], before + 1U);
}

/* --- heartbeat -------------------------------------------------------------------------- */

/* Lets time pass on the CPUs of rt (3) and linux1 (2). */
static void pass(uint64_t us)
{
    for (uint64_t i = 0; i < us; i += 500) {
        ticks += 500;
        for (fake_cpu = 0; fake_cpu < CFG_CPU_COUNT; fake_cpu++) {
            if (fake_sysreg_get("CNTHP_CTL_EL2") == 1U &&
                fake_sysreg_get("CNTHP_CVAL_EL2") <= ticks) {
                timer_interrupt();
            }
        }
    }
    fake_cpu = 0;
}

static void start(uint16_t vm, unsigned cpu)
{
    struct vcpu v = {.vm = vm, .cpu = (uint16_t)cpu};

    fake_cpu = cpu;
    heartbeat_vcpu_start(&v);
    fake_cpu = 0;
}

static void end(uint16_t vm, unsigned cpu)
{
    fake_cpu = cpu;
    heartbeat_vm_reset(vm);
    fake_cpu = 0;
}

static uint64_t watchdogs(uint16_t vm)
{
    return health_count(vm, CFG_FAULT_WATCHDOG);
}

TEST(a_heartbeat_in_time_is_no_fault_and_one_that_stays_away_is)
{
    const uint64_t before = watchdogs(2);

    CHECK_EQ(call(0, HEALTH_HEARTBEAT, 0, 0), -1);
    start(2, 3);
    for (unsigned i = 0; i < 20; i++) {
        pass(9500);
        CHECK_EQ(call(2, HEALTH_HEARTBEAT, 0, 0), 0);
    }
    CHECK_EQ(watchdogs(2), before);
    pass(9500);
    CHECK_EQ(watchdogs(2), before);
    pass(1000);
    CHECK_EQ(watchdogs(2), before + 1U);
    pass(20000); /* and once more in each period */
    CHECK_EQ(watchdogs(2), before + 3U);
    end(2, 3);
    pass(20000);
    CHECK_EQ(watchdogs(2), before + 3U);
}

TEST(who_never_calls_is_found_and_who_does_not_run_need_not)
{
    const uint64_t before = watchdogs(1);

    start(1, 2);
    runs[1] = false;
    pass(250000);
    CHECK_EQ(watchdogs(1), before);
    runs[1] = true;
    pass(40000);
    CHECK_EQ(watchdogs(1), before);
    pass(60000);
    CHECK_EQ(watchdogs(1), before + 1U);
    CHECK_STR(requests, "restart1 ");
    end(1, 2);
}

TEST(a_second_vcpu_changes_nothing)
{
    struct vcpu second = {.vm = 2, .index = 1};
    const uint64_t before = watchdogs(2);

    fake_cpu = 3;
    heartbeat_vcpu_start(&second);
    pass(50000);
    CHECK_EQ(watchdogs(2), before);
}

/* --- storms ----------------------------------------------------------------------------- */

TEST(ten_in_less_than_a_millisecond_are_a_storm)
{
    const uint64_t before = health_count(2, CFG_FAULT_STORM);
    static const uint64_t gaps[] = {1000, 100, 101, 99};
    static const uint64_t storms[] = {0, 0, 0, 1};

    for (unsigned g = 0; g < ARRAY_COUNT(gaps); g++) {
        for (unsigned i = 0; i < 10; i++) {
            ticks += gaps[g];
            storm_note(2);
        }
        CHECK_EQ(health_count(2, CFG_FAULT_STORM) - before, storms[g]);
    }
    for (unsigned i = 0; i < 100; i++) {
        storm_note(0); /* no limit */
        storm_note(1);
    }
    CHECK_EQ(health_count(0, CFG_FAULT_STORM) + health_count(1, CFG_FAULT_STORM), 0);
}
