/* sources: vtimer/vtimer.c vtimer/turn.c */
/* The timers of a vCPU that shares its CPU: off between its turns, due when they would be, and with a
 * clock that may stand.
 * @req IRQ-5, CPU-2, CPU-3 */
#include "arch/barrier.h"
#include "arch/sysreg.h"
#include "test.h"
#include "vtimer/vtimer.h"

#define NEVER UINT64_MAX
enum { ENABLE = 1, IMASK = 2, ISTATUS = 4 };

static struct vcpu *const v = &vcpus[0];     /* of VM 0 */
static struct vcpu *const other = &vcpus[2]; /* of VM 1 */

static uint64_t get(const char *name)
{
    return fake_sysreg_get(name);
}

static void set_timers(uint64_t virtual_ctl, uint64_t virtual_cval, uint64_t physical_ctl,
                       uint64_t physical_cval)
{
    fake_sysreg_set("CNTV_CTL_EL0", virtual_ctl);
    fake_sysreg_set("CNTV_CVAL_EL0", virtual_cval);
    fake_sysreg_set("CNTP_CTL_EL0", physical_ctl);
    fake_sysreg_set("CNTP_CVAL_EL0", physical_cval);
}

static uint64_t due(uint64_t virtual_ctl, uint64_t virtual_cval, uint64_t physical_ctl,
                    uint64_t physical_cval)
{
    set_timers(virtual_ctl, virtual_cval, physical_ctl, physical_cval);
    vtimer_vcpu_park(v);
    return vtimer_vcpu_due(v);
}

static void begin_at(uint64_t ticks)
{
    fake_sysreg_set_all("CNTPCT_EL0", ticks);
    vtimer_vm_reset(0);
}

/* A comparator is written only while its timer is off: it could be due for a moment. */
static uint64_t cval_write(uint64_t value)
{
    CHECK_EQ(get("CNTV_CTL_EL0") | get("CNTP_CTL_EL0"), 0);
    return value;
}

TEST(timers_are_off_between_turns_and_go_on_after)
{
    begin_at(1000);
    set_timers(ENABLE | ISTATUS, 111, ENABLE | IMASK, 222);
    vtimer_vcpu_park(v);
    CHECK_EQ(get("CNTV_CTL_EL0"), 0);
    CHECK_EQ(get("CNTP_CTL_EL0"), 0);
    CHECK(fake_barriers.isb > 0);
    fake_sysreg_set_all("CNTPCT_EL0", 3000);
    vtimer_vm_reset(1);
    vtimer_vcpu_reset(other);
    CHECK_EQ(get("CNTVOFF_EL2"), 3000);
    set_timers(ENABLE, 5, ENABLE, 6);
    vtimer_vcpu_park(other);
    fake_sysreg_find("CNTV_CVAL_EL0")->on_write = cval_write;
    fake_sysreg_find("CNTP_CVAL_EL0")->on_write = cval_write;
    vtimer_vcpu_load(v);
    CHECK_EQ(get("CNTVOFF_EL2"), 1000);
    CHECK_EQ(get("CNTHCTL_EL2"), 3);
    CHECK_EQ(get("CNTV_CTL_EL0") & 3, ENABLE);
    CHECK_EQ(get("CNTV_CVAL_EL0"), 111);
    CHECK_EQ(get("CNTP_CTL_EL0") & 3, ENABLE | IMASK);
    CHECK_EQ(get("CNTP_CVAL_EL0"), 222);
}

TEST(the_first_that_would_interrupt_is_due)
{
    begin_at(1000);
    CHECK_EQ(due(ENABLE, 50, 0, 0), 1050);
    CHECK_EQ(due(0, 50, ENABLE, 700), 700);
    CHECK_EQ(due(ENABLE, 50, ENABLE, 700), 700);
    CHECK_EQ(due(ENABLE, 50, ENABLE, 1051), 1050);
    CHECK_EQ(due(ENABLE | ISTATUS, 50, 0, 0), 1050);
}

TEST(one_that_is_off_or_masked_is_not)
{
    begin_at(1000);
    CHECK_EQ(due(0, 50, 0, 50), NEVER);
    CHECK_EQ(due(ENABLE | IMASK, 50, IMASK, 50), NEVER);
    CHECK_EQ(due(ENABLE | IMASK | ISTATUS, 50, ENABLE, 2000), 2000);
}

TEST(what_the_counter_never_reaches_is_never)
{
    begin_at(1000);
    CHECK_EQ(due(ENABLE, NEVER, 0, 0), NEVER);
    CHECK_EQ(due(ENABLE, NEVER - 999, 0, 0), NEVER); /* it would be 0 */
    CHECK_EQ(due(ENABLE, NEVER - 1001, 0, 0), NEVER - 1);
    CHECK_EQ(due(ENABLE, 0, 0, 0), 1000);
}

TEST(a_clock_stands_between_windows)
{
    begin_at(1000);
    vtimer_clock_window(0, true, 1100); /* the first: it has not stood yet */
    vtimer_vcpu_reset(v);
    CHECK_EQ(get("CNTVOFF_EL2"), 1000);
    CHECK_EQ(due(ENABLE, 500, ENABLE, 9000), 1500);
    vtimer_clock_window(0, false, 1200);
    vtimer_clock_window(0, true, 1900);
    CHECK_EQ(vtimer_vcpu_due(v), 2200);
    vtimer_vcpu_load(v);
    CHECK_EQ(get("CNTVOFF_EL2"), 1700);
    vtimer_clock_window(0, false, 2000);
    vtimer_clock_window(0, true, 2000); /* one window behind the other */
    vtimer_vcpu_load(v);
    CHECK_EQ(get("CNTVOFF_EL2"), 1700);
    CHECK_EQ(get("CNTP_CVAL_EL0"), 9000); /* the physical counter does not stand */
    vtimer_vcpu_load(other);
    CHECK_EQ(get("CNTVOFF_EL2"), 3000);
}

TEST(a_start_begins_at_0_though_the_clock_has_stood)
{
    begin_at(1000);
    vtimer_clock_window(0, false, 1200);
    vtimer_clock_window(0, true, 1900);
    begin_at(2000);
    vtimer_vcpu_reset(v);
    CHECK_EQ(get("CNTVOFF_EL2"), 2000);
    vtimer_clock_window(0, false, 2100);
    vtimer_clock_window(0, true, 2300);
    vtimer_vcpu_load(v);
    CHECK_EQ(get("CNTVOFF_EL2"), 2200);
}
