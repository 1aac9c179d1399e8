/* sources: vdev/sp805.c vdev/pvpanic.c core/timer.c fake/percpu.c */
/* The emulated SP805 on the EL2 timer [DDI0270], and pvpanic. VMs 0 and 1 have a watchdog each, VM 1
 * a pvpanic. The counter runs at 48 MHz: two ticks for each clock of the watchdog.
 * @req OPS-6 */
#include "core/timer.h"
#include "fake/access.h"
#include "fake/core.h"
#include "gic/gic.h"
#include "test.h"
#include "vgic/vgic.h"
#include "vm/health.h"

#define LOAD 0x000
#define VALUE 0x004
#define CONTROL 0x008
#define INTCLR 0x00C
#define RIS 0x010
#define MIS 0x014
#define LOCK 0xC00
#define INTEN 1U
#define RESEN 2U
#define KEY 0x1ACCE551U
#define MS 24000U /* clocks of the watchdog */

static uint64_t ticks;
static bool lines[CFG_VM_COUNT];
static unsigned bites[CFG_VM_COUNT], panics, rises, alarms;
static bool runs;

bool life_is_running(uint16_t vm)
{
    (void)vm;
    return runs;
}

enum health_answer health_decide(uint16_t vm, enum cfg_fault fault, uint64_t pc, uint64_t detail)
{
    (void)pc;
    (void)detail;
    if (fault == CFG_FAULT_PANIC) {
        CHECK_EQ(vm, 1);
        panics++;
    } else {
        CHECK_EQ(fault, CFG_FAULT_WATCHDOG);
        bites[vm]++;
    }
    return HEALTH_IGNORE;
}

bool life_request(uint16_t vm, enum life_request what)
{
    (void)vm;
    (void)what;
    return true;
}

void gic_ppi_enable(uint32_t intid, bool enable)
{
    (void)intid;
    (void)enable;
}

static void nothing(void)
{
}

static void alarm_counted(void)
{
    alarms++;
    sp805_alarm();
}

void (*const timer_handlers[TIMER_CLIENT_COUNT])(void) = {
    [TIMER_CONSOLE] = nothing,
    [TIMER_PL031] = nothing,
    [TIMER_SP805] = alarm_counted,
    [TIMER_HEARTBEAT] = nothing,
};

void vgic_set_line(uint16_t vm, uint16_t vcpu_index, uint16_t intid, bool high)
{
    (void)vcpu_index;
    CHECK_EQ(intid, 42);
    CHECK(lines[vm] != high);
    lines[vm] = high;
    rises += high;
}

static uint64_t read_counter(uint64_t stored)
{
    (void)stored;
    return ticks;
}

TEST_SETUP()
{
    ticks = 1000;
    runs = true;
    bites[0] = bites[1] = panics = rises = alarms = 0;
    fake_sysreg_set_all("CNTFRQ_EL0", 48000000);
    fake_sysreg_find("CNTPCT_EL0")->on_read = read_counter;
    for (fake_cpu = 0; fake_cpu < CFG_CPU_COUNT; fake_cpu++) {
        timer_cancel(TIMER_SP805);
    }
    fake_cpu = 0;
    sp805_reset(0);
    sp805_reset(1);
}

static bool sp805_access(uint16_t instance, struct mmio_access *a)
{
    return fake_access(sp805_read, sp805_write, instance, a);
}

static uint32_t get(uint16_t instance, uint64_t offset)
{
    struct mmio_access a = {.offset = offset, .size_bytes = 4};
    CHECK(sp805_access(instance, &a));
    return (uint32_t)a.value;
}

static void set(uint16_t instance, uint64_t offset, uint32_t value)
{
    struct mmio_access a = {.offset = offset, .value = value, .size_bytes = 4, .is_write = true};
    CHECK(sp805_access(instance, &a));
}

/* Lets `clocks` of the watchdog pass; each CPU takes its timer interrupt when it is due. */
static void pass(uint64_t clocks)
{
    const unsigned cpu = fake_cpu;

    for (uint64_t i = 0; i < clocks; i++) {
        ticks += 2;
        for (fake_cpu = 0; fake_cpu < CFG_CPU_COUNT; fake_cpu++) {
            if (fake_sysreg_get("CNTHP_CTL_EL2") == 1U &&
                fake_sysreg_get("CNTHP_CVAL_EL2") <= ticks) {
                timer_interrupt();
            }
        }
    }
    fake_cpu = cpu;
}

TEST(registers_after_reset)
{
    static const uint8_t ids[8] = {0x05, 0x18, 0x14, 0x00, 0x0D, 0xF0, 0x05, 0xB1};

    CHECK_EQ(get(0, LOAD), 0xFFFFFFFF);
    CHECK_EQ(get(0, VALUE), 0xFFFFFFFF);
    CHECK_EQ(get(0, CONTROL), 0);
    CHECK_EQ(get(0, LOCK), 0);
    for (unsigned i = 0; i < 8; i++) {
        CHECK_EQ(get(0, 0xFE0 + 4U * i), ids[i]);
    }
    pass(10);
    CHECK_EQ(get(0, VALUE), 0xFFFFFFFF);
    CHECK_EQ(alarms, 0);
}

TEST(first_the_interrupt_then_the_bite)
{
    set(0, LOAD, 99);
    set(0, CONTROL, INTEN | RESEN);
    pass(40);
    CHECK_EQ(get(0, VALUE), 60); /* of 99 it takes 100 clocks to the end */
    pass(59);
    CHECK(!lines[0]);
    pass(1);
    CHECK(lines[0]);
    CHECK_EQ(get(0, RIS), 1);
    CHECK_EQ(get(0, MIS), 1);
    CHECK_EQ(bites[0], 0);
    pass(99);
    CHECK_EQ(bites[0], 0);
    pass(1);
    CHECK_EQ(bites[0], 1);
    CHECK_EQ(bites[1], 0);
    CHECK(lines[0]);
    pass(MS - 1);
    CHECK_EQ(bites[0], 1);
    pass(1);
    CHECK_EQ(bites[0], 2); /* as long as nobody clears it */
}

TEST(a_guest_that_clears_it_is_never_bitten)
{
    set(0, LOAD, 99);
    set(0, CONTROL, INTEN | RESEN);
    for (unsigned i = 0; i < 50; i++) {
        pass(180);
        CHECK(lines[0]);
        set(0, INTCLR, 1);
        CHECK(!lines[0]);
        CHECK_EQ(get(0, VALUE), 99);
    }
    CHECK_EQ(bites[0], 0);
    CHECK_EQ(rises, 50);
}

/* As the driver of Linux pings: the load is written again. */
TEST(a_load_starts_it_anew)
{
    set(0, LOAD, 99);
    set(0, CONTROL, INTEN | RESEN);
    for (unsigned i = 0; i < 50; i++) {
        pass(90);
        set(0, LOAD, 99);
    }
    CHECK_EQ(bites[0] + rises, 0);
}

TEST(both_ends_are_found_when_nobody_looked_in_between)
{
    set(0, LOAD, 99);
    set(0, CONTROL, INTEN | RESEN);
    ticks += 2U * 250U;
    CHECK_EQ(get(0, VALUE), 50); /* 250 clocks: the third period has 50 left */
    CHECK_EQ(bites[0], 1);
    CHECK(lines[0]);
}

/* Without RESEN, and with the interrupt up, there is nothing to wake up for. */
TEST(a_short_load_is_no_storm)
{
    set(0, LOAD, 0);
    set(0, CONTROL, INTEN);
    pass(1000);
    CHECK(lines[0]);
    CHECK_EQ(bites[0], 0);
    CHECK(alarms <= 2);
}

/* The CPU may be another VM's meanwhile. */
TEST(nor_is_one_that_bites_on_and_on)
{
    set(0, LOAD, 0);
    set(0, CONTROL, INTEN | RESEN);
    pass(10 * MS);
    CHECK(bites[0] >= 10 && bites[0] <= 11);
    CHECK(alarms <= 13);
    runs = false;
    alarms = 0;
    pass(10 * MS);
    CHECK(alarms <= 11);
    runs = true;
    set(0, INTCLR, 1);
    alarms = 0;
    pass(10);
    CHECK(alarms >= 2); /* the first ends are told at once */
}

TEST(disabled_it_stands_and_enabled_it_begins_anew)
{
    set(0, LOAD, 99);
    set(0, CONTROL, INTEN | RESEN);
    pass(30);
    set(0, CONTROL, RESEN);
    pass(500);
    CHECK_EQ(get(0, VALUE), 70);
    CHECK_EQ(rises, 0);
    set(0, CONTROL, INTEN | RESEN);
    CHECK_EQ(get(0, VALUE), 99);
    pass(100);
    CHECK(lines[0]);
    set(0, CONTROL, RESEN); /* its mask goes with it */
    CHECK(!lines[0]);
    CHECK_EQ(get(0, RIS), 1);
    CHECK_EQ(get(0, MIS), 0);
}

TEST(a_locked_watchdog_changes_nothing_but_its_lock)
{
    set(0, LOAD, 99);
    set(0, LOCK, 0);
    CHECK_EQ(get(0, LOCK), 1);
    set(0, LOAD, 5);
    set(0, CONTROL, INTEN);
    CHECK_EQ(get(0, LOAD), 99);
    CHECK_EQ(get(0, CONTROL), 0);
    set(0, LOCK, KEY);
    CHECK_EQ(get(0, LOCK), 0);
    set(0, CONTROL, 0xFFFFFFFFU);
    CHECK_EQ(get(0, CONTROL), 3);
}

/* A VM that is suspended cannot clear it: time begins anew when it goes on. */
TEST(while_the_vm_does_not_run_it_does_not_bite)
{
    set(0, LOAD, 2 * MS - 1);
    set(0, CONTROL, INTEN | RESEN);
    runs = false;
    pass(21 * MS);
    CHECK_EQ(rises + bites[0], 0);
    runs = true;
    pass(2 * MS);
    CHECK_EQ(rises, 1);
    CHECK_EQ(bites[0], 0);
}

/* Set on one CPU of the VM, then on the other: the alarm goes along; and a reset ends it. */
TEST(it_is_found_on_the_cpu_that_set_it_last)
{
    set(0, LOAD, 99);
    set(0, CONTROL, INTEN | RESEN);
    fake_cpu = 1;
    set(0, LOAD, 199);
    fake_cpu = 0;
    pass(150);
    CHECK_EQ(rises, 0);
    pass(50);
    CHECK_EQ(rises, 1);
    sp805_reset(0);
    CHECK(!lines[0]);
    pass(1000);
    CHECK_EQ(bites[0], 0);
    CHECK_EQ(get(0, CONTROL), 0);
}

TEST(two_watchdogs_on_one_cpu)
{
    set(0, LOAD, 99);
    set(1, LOAD, 149);
    set(0, CONTROL, INTEN | RESEN);
    set(1, CONTROL, INTEN | RESEN);
    pass(120);
    CHECK(lines[0] && !lines[1]);
    pass(30);
    CHECK(lines[1]);
    pass(50);
    CHECK_EQ(bites[0], 1);
    CHECK_EQ(bites[1], 0);
    pass(100);
    CHECK_EQ(bites[1], 1);
}

TEST(accesses_that_it_refuses)
{
    struct mmio_access wide = {.offset = 0, .size_bytes = 8};
    struct mmio_access crooked = {.offset = 2, .size_bytes = 4};

    CHECK(!sp805_access(0, &wide));
    CHECK(!sp805_access(0, &crooked));
    wide.is_write = crooked.is_write = true;
    CHECK(!sp805_access(0, &wide));
    CHECK(!sp805_access(0, &crooked));
}

/* --- pvpanic ---------------------------------------------------------------------------- */

TEST(pvpanic_says_what_it_understands_and_hears_a_panic)
{
    uint64_t value = 99;

    CHECK_EQ(pvpanic_read(0, 0, 1, &value), MMIO_DONE);
    CHECK_EQ(value, 3);
    CHECK_EQ(pvpanic_read(0, 4, 4, &value), MMIO_DONE);
    CHECK_EQ(value, 0);
    CHECK_EQ(pvpanic_read(0, 0, 8, &value), MMIO_REFUSED);
    CHECK_EQ(pvpanic_write(0, 0, 8, 1), MMIO_REFUSED);
    (void)pvpanic_write(0, 0, 1, 0);
    (void)pvpanic_write(0, 1, 1, 1);
    CHECK_EQ(panics + fake_log_guest_count, 0);
    (void)pvpanic_write(0, 0, 1, 2);
    CHECK_EQ(panics, 0);
    CHECK_EQ(fake_log_guest_count, 1);
    (void)pvpanic_write(0, 0, 1, 1);
    CHECK_EQ(panics, 1);
}
