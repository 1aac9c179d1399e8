/* sources: vtimer/vtimer.c */
/* Guest timers: each VM counts from its own start; both timers are off at reset and stop.
 * @req IRQ-5 */
#include "arch/sysreg.h"
#include "test.h"
#include "vtimer/vtimer.h"

static uint64_t get(const char *name)
{
    return fake_sysreg_get(name);
}

TEST(virtual_counter_begins_at_the_vms_start)
{
    fake_sysreg_set_all("CNTPCT_EL0", 1000);
    vtimer_vm_reset(0);
    fake_sysreg_set_all("CNTPCT_EL0", 5000);
    vtimer_vm_reset(1);
    vtimer_vcpu_reset(&vcpus[0]);
    CHECK_EQ(get("CNTVOFF_EL2"), 1000);
    fake_cpu = 1;
    vtimer_vcpu_reset(&vcpus[1]); /* the same VM, started later on another CPU */
    CHECK_EQ(get("CNTVOFF_EL2"), 1000);
    fake_cpu = 2;
    vtimer_vcpu_reset(&vcpus[2]);
    CHECK_EQ(get("CNTVOFF_EL2"), 5000);
}

static void let_timers_run(void)
{
    fake_sysreg_set("CNTV_CTL_EL0", 1);
    fake_sysreg_set("CNTP_CTL_EL0", 1);
    fake_sysreg_set("CNTV_CVAL_EL0", 7);
    fake_sysreg_set("CNTP_CVAL_EL0", 7);
}

static void check_timers_off(void)
{
    CHECK_EQ(get("CNTV_CTL_EL0"), 0);
    CHECK_EQ(get("CNTP_CTL_EL0"), 0);
    CHECK_EQ(get("CNTV_CVAL_EL0"), 0);
    CHECK_EQ(get("CNTP_CVAL_EL0"), 0);
}

TEST(reset_grants_the_physical_timer_and_leaves_nothing_running)
{
    let_timers_run();
    vtimer_vcpu_reset(&vcpus[0]);
    check_timers_off();
    CHECK_EQ(get("CNTHCTL_EL2"), 3); /* EL1PCTEN, EL1PCEN; no event stream */
}

TEST(stop_leaves_nothing_running)
{
    let_timers_run();
    vtimer_vcpu_stop(&vcpus[0]);
    check_timers_off();
}
