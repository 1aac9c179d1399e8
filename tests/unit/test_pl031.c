/* sources: vdev/pl031.c core/timer.c fake/percpu.c */
/* The emulated PL031 on the EL2 timer [DDI0224]. VMs 0 and 1 have one each, on CPUs 0 and 2; VM 0
 * has a second vCPU on CPU 1.
 * @req DEV-2 */
#include "arch/sysreg.h"
#include "config/config.h"
#include "core/console.h"
#include "core/timer.h"
#include "gic/gic.h"
#include "fake/access.h"
#include "test.h"
#include "vdev/vdev.h"
#include "vgic/vgic.h"

#define DR 0x00
#define MR 0x04
#define LR 0x08
#define CR 0x0C
#define IMSC 0x10
#define RIS 0x14
#define MIS 0x18
#define ICR 0x1C
#define HZ 62500000U

static uint64_t ticks;
static bool lines[CFG_VM_COUNT];

void gic_ppi_enable(uint32_t intid, bool enable)
{
    (void)intid;
    (void)enable;
}

static void no_console(void)
{
}

void (*const timer_handlers[TIMER_CLIENT_COUNT])(void) = {
    [TIMER_CONSOLE] = no_console,
    [TIMER_PL031] = pl031_alarm,
};

void vgic_set_line(uint16_t vm, uint16_t vcpu_index, uint16_t intid, bool high)
{
    (void)vcpu_index;
    CHECK_EQ(intid, 34);
    CHECK(lines[vm] != high);
    lines[vm] = high;
}

static uint64_t read_counter(uint64_t stored)
{
    (void)stored;
    return ticks;
}

TEST_SETUP()
{
    ticks = 0;
    fake_sysreg_set_all("CNTFRQ_EL0", HZ);
    fake_sysreg_find("CNTPCT_EL0")->on_read = read_counter;
    for (fake_cpu = 0; fake_cpu < CFG_CPU_COUNT; fake_cpu++) {
        timer_cancel(TIMER_PL031);
    }
    fake_cpu = 0;
    pl031_reset(0);
    pl031_reset(1);
}

static uint32_t get(uint16_t instance, uint64_t offset)
{
    struct mmio_access a = {.offset = offset, .size_bytes = 4};
    CHECK(pl031_access(instance, &a));
    return (uint32_t)a.value;
}

static void set(uint16_t instance, uint64_t offset, uint32_t value)
{
    struct mmio_access a = {.offset = offset, .value = value, .size_bytes = 4, .is_write = true};
    CHECK(pl031_access(instance, &a));
}

/* Lets time pass; each CPU takes its timer interrupt when it is due. */
static void pass(uint64_t seconds)
{
    const unsigned cpu = fake_cpu;
    ticks += seconds * HZ;
    for (fake_cpu = 0; fake_cpu < CFG_CPU_COUNT; fake_cpu++) {
        if (fake_sysreg_get("CNTHP_CTL_EL2") == 1U && fake_sysreg_get("CNTHP_CVAL_EL2") <= ticks) {
            timer_interrupt();
        }
    }
    fake_cpu = cpu;
}

TEST(counts_seconds)
{
    CHECK_EQ(get(0, DR), 0);
    ticks += HZ - 1U;
    CHECK_EQ(get(0, DR), 0);
    ticks += 1;
    CHECK_EQ(get(0, DR), 1);
    pass(3600);
    CHECK_EQ(get(0, DR), 3601);
    CHECK_EQ(get(0, CR), 1);
    set(0, CR, 0);
    pass(1);
    CHECK_EQ(get(0, DR), 3602);
}

TEST(counts_from_power_on_and_goes_on_over_a_restart)
{
    pass(5);
    CHECK_EQ(get(0, DR), 5);
    set(0, LR, 1700000000);
    pass(1);
    CHECK_EQ(get(0, DR), 1700000001);
    pl031_reset(0);
    CHECK_EQ(get(0, DR), 6);
}

TEST(the_guest_sets_its_own_time)
{
    set(0, LR, 5000);
    CHECK_EQ(get(0, DR), 5000);
    CHECK_EQ(get(0, LR), 5000);
    pass(10);
    CHECK_EQ(get(0, DR), 5010);
    CHECK_EQ(get(0, LR), 5000);
    CHECK_EQ(get(1, DR), 10);
    set(0, LR, UINT32_MAX);
    pass(2);
    CHECK_EQ(get(0, DR), 1);
}

TEST(the_alarm_comes_without_being_asked)
{
    set(0, IMSC, 1);
    set(0, MR, get(0, DR) + 5U);
    CHECK(!lines[0]);
    pass(4);
    CHECK(!lines[0]);
    pass(1);
    CHECK(lines[0]);
    CHECK_EQ(get(0, RIS), 1);
    CHECK_EQ(get(0, MIS), 1);
    set(0, ICR, 0);
    CHECK(lines[0]);
    set(0, ICR, 1);
    CHECK(!lines[0]);
    CHECK_EQ(get(0, RIS), 0);
    pass(100);
    CHECK(!lines[0]);
    CHECK(!lines[1]);
}

TEST(a_masked_alarm_stays_pending)
{
    set(0, MR, 3);
    pass(4);
    CHECK(!lines[0]);
    CHECK_EQ(get(0, RIS), 1);
    CHECK_EQ(get(0, MIS), 0);
    set(0, IMSC, 1);
    CHECK(lines[0]);
    set(0, IMSC, 0);
    CHECK(!lines[0]);
}

TEST(a_match_with_the_present_second_is_at_once)
{
    set(0, IMSC, 1);
    pass(7);
    set(0, MR, 7);
    CHECK(lines[0]);
}

TEST(an_alarm_that_is_moved)
{
    set(0, IMSC, 1);
    set(0, MR, 10);
    set(0, MR, 20);
    pass(15);
    CHECK(!lines[0]);
    set(0, LR, 19);
    CHECK(!lines[0]);
    pass(1);
    CHECK(lines[0]);
}

/* Another vCPU of the VM moves the alarm: the old CPU's timer may come in vain, never too late. */
TEST(an_alarm_set_on_two_cpus)
{
    set(0, IMSC, 1);
    set(0, MR, 10);
    fake_cpu = 1;
    set(0, MR, 5);
    fake_cpu = 0;
    pass(5);
    CHECK(lines[0]);
    set(0, ICR, 1);
    pass(5);
    CHECK(!lines[0]);
}

TEST(a_past_time_matches_when_the_clock_wraps)
{
    set(0, IMSC, 1);
    set(0, LR, 100);
    set(0, MR, 99);
    pass(UINT32_MAX - 1U);
    CHECK(!lines[0]);
    pass(1);
    CHECK(lines[0]);
}

TEST(clocks_of_vms_are_apart)
{
    fake_cpu = 2;
    set(1, IMSC, 1);
    set(1, MR, 5);
    fake_cpu = 0;
    pass(5);
    CHECK(lines[1]);
    CHECK(!lines[0]);
    CHECK_EQ(get(0, RIS), 0);
    pl031_reset(1);
    CHECK(!lines[1]);
}

TEST(extreme_counters)
{
    ticks = UINT64_MAX - 10U;
    (void)get(0, DR);
    set(0, MR, 0);
    fake_sysreg_set_all("CNTFRQ_EL0", 1);
    set(0, LR, 1);
    set(0, MR, 0);
    fake_sysreg_set_all("CNTFRQ_EL0", 0);
    set(0, MR, 7);
    (void)get(0, DR);
}

TEST(identification_and_every_offset)
{
    static const uint8_t ids[8] = {0x31, 0x10, 0x14, 0x00, 0x0D, 0xF0, 0x05, 0xB1};
    for (unsigned i = 0; i < 8U; i++) {
        CHECK_EQ(get(0, 0xFE0 + 4U * i), ids[i]);
    }
    for (uint64_t offset = 0; offset < 0x1000U; offset++) {
        for (uint8_t size = 1; size <= 8U; size = (uint8_t)(2U * size)) {
            struct mmio_access a = {.offset = offset, .value = UINT64_MAX, .size_bytes = size, .is_write = true};
            const bool allowed = size <= 4U && offset % size == 0U;
            CHECK_EQ(pl031_access(0, &a), allowed);
            a = (struct mmio_access){.offset = offset, .size_bytes = size};
            CHECK_EQ(pl031_access(0, &a), allowed);
            CHECK(!allowed || offset <= ICR || offset >= 0xFE0 || a.value == 0U);
        }
    }
}
