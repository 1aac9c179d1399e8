/* sources: core/timer.c fake/percpu.c */
/* Deadlines per client and CPU on the EL2 physical timer.
 * @req IRQ-5 */
#include "core/timer.h"

#include "arch/sysreg.h"
#include "config/config.h"
#include "gic/gic.h"
#include "test.h"

static unsigned console_calls;
static unsigned alarm_calls;
static bool sets_again;
static unsigned ppi_enables;

void gic_ppi_enable(uint32_t intid, bool enable)
{
    CHECK_EQ(intid, 26);
    CHECK(enable);
    ppi_enables++;
}

static void console_handler(void)
{
    console_calls++;
    if (sets_again) {
        timer_set(TIMER_CONSOLE, timer_now() + 100U);
    }
}

static void alarm_handler(void)
{
    alarm_calls++;
}

void (*const timer_handlers[TIMER_CLIENT_COUNT])(void) = {
    [TIMER_CONSOLE] = console_handler,
    [TIMER_PL031] = alarm_handler,
};

TEST_SETUP()
{
    for (fake_cpu = 0; fake_cpu < CFG_CPU_COUNT; fake_cpu++) {
        timer_cancel(TIMER_CONSOLE);
        timer_cancel(TIMER_PL031);
    }
    fake_cpu = 0;
    fake_sysreg_set_all("CNTFRQ_EL0", 1000);
    console_calls = 0;
    alarm_calls = 0;
    sets_again = false;
    ppi_enables = 0;
}

static bool is_on(void)
{
    return fake_sysreg_get("CNTHP_CTL_EL2") == 1U;
}

static uint64_t compare(void)
{
    return fake_sysreg_get("CNTHP_CVAL_EL2");
}

TEST(the_earliest_deadline_is_programmed)
{
    timer_set(TIMER_PL031, 500);
    CHECK(is_on());
    CHECK_EQ(compare(), 500);
    timer_set(TIMER_CONSOLE, 300);
    CHECK_EQ(compare(), 300);
    timer_set(TIMER_CONSOLE, 700);
    CHECK_EQ(compare(), 500);
    timer_cancel(TIMER_PL031);
    CHECK_EQ(compare(), 700);
    timer_cancel(TIMER_CONSOLE);
    CHECK(!is_on());
}

TEST(the_interrupt_calls_what_has_expired)
{
    timer_set(TIMER_PL031, 500);
    timer_set(TIMER_CONSOLE, 300);
    fake_sysreg_set_all("CNTPCT_EL0", 300);
    timer_interrupt();
    CHECK_EQ(console_calls, 1);
    CHECK_EQ(alarm_calls, 0);
    CHECK_EQ(compare(), 500);
    fake_sysreg_set_all("CNTPCT_EL0", 501);
    timer_interrupt();
    CHECK_EQ(alarm_calls, 1);
    CHECK_EQ(console_calls, 1);
    CHECK(!is_on());
}

TEST(a_spurious_interrupt_does_nothing)
{
    timer_interrupt();
    timer_set(TIMER_CONSOLE, 300);
    timer_interrupt();
    CHECK_EQ(console_calls, 0);
    CHECK_EQ(compare(), 300);
}

TEST(a_handler_may_set_its_client_again)
{
    sets_again = true;
    timer_set(TIMER_CONSOLE, 10);
    fake_sysreg_set_all("CNTPCT_EL0", 10);
    timer_interrupt();
    CHECK(is_on());
    CHECK_EQ(compare(), 110);
}

TEST(cpus_are_apart)
{
    timer_set(TIMER_CONSOLE, 10);
    fake_cpu = 1;
    CHECK(!is_on());
    timer_set(TIMER_PL031, 20);
    CHECK_EQ(compare(), 20);
    fake_sysreg_set_all("CNTPCT_EL0", 100);
    timer_interrupt();
    CHECK_EQ(console_calls, 0);
    CHECK_EQ(alarm_calls, 1);
    fake_cpu = 0;
    CHECK_EQ(compare(), 10);
}

TEST(frequency_is_never_zero)
{
    CHECK_EQ(timer_frequency(), 1000);
    fake_sysreg_set_all("CNTFRQ_EL0", 0);
    CHECK_EQ(timer_frequency(), 1);
}
