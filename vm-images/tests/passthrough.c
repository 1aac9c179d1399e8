/* Group passthrough: the board's PL031 and PL061, mapped through, with their SPIs HW-linked
 * [DDI0224 3.3, DDI0190 3.3]. Whatever the guest does, its interrupt arrives once for each alarm,
 * an alarm raised while it is disabled is kept, and its deactivation is the physical one's.
 * @req DESC-4, IRQ-3 */
#include "exception.h"
#include "gic.h"
#include "psci.h"
#include "result.h"
#include "timer.h"

#define RTC_BASE 0x09010000UL
#define RTC_DR 0x00U
#define RTC_MR 0x04U
#define RTC_IMSC 0x10U
#define RTC_RIS 0x14U
#define RTC_ICR 0x1cU
#define RTC_PERIPHID0 0xfe0U
#define RTC_SPI_INTID 34U
#define GPIO_BASE 0x09030000UL
#define GPIO_PERIPHID0 0xfe0U
#define PATIENCE_MS 60000U

static volatile unsigned taken;
static volatile unsigned strangers;
static volatile bool was_active_in_handler;

void guest_main(uint64_t devicetree);

static void rtc_interrupt(unsigned intid)
{
    if (intid != RTC_SPI_INTID) {
        strangers++;
        return;
    }
    was_active_in_handler = gic_is_active(intid);
    taken++;
    /* The line drops here, before the end of the interrupt. */
    mmio_write32(RTC_BASE + RTC_ICR, 1);
    (void)mmio_read32(RTC_BASE + RTC_RIS);
}

static void rtc_alarm_in_a_second(void)
{
    mmio_write32(RTC_BASE + RTC_MR, mmio_read32(RTC_BASE + RTC_DR) + 1U);
}

static bool wait_for_alarm_line(void)
{
    uint64_t start = timer_now();
    while (mmio_read32(RTC_BASE + RTC_RIS) == 0U) {
        if (timer_elapsed_ms(start) > PATIENCE_MS) {
            return false;
        }
    }
    return true;
}

static bool wait_for_count(unsigned count)
{
    uint64_t start = timer_now();
    while (taken < count) {
        if (timer_elapsed_ms(start) > PATIENCE_MS) {
            return false;
        }
    }
    return true;
}

static void check_registers(void)
{
    TEST_EQUAL("rtc-id", mmio_read32(RTC_BASE + RTC_PERIPHID0) & 0xffU, 0x31U);
    TEST_EQUAL("gpio-id", mmio_read32(GPIO_BASE + GPIO_PERIPHID0) & 0xffU, 0x61U);
    uint32_t first = mmio_read32(RTC_BASE + RTC_DR);
    test_check(first > 1600000000U, "rtc-is-the-board's", "says %u", first);
}

static void check_interrupts(void)
{
    for (unsigned i = 1; i <= 3U; i++) {
        rtc_alarm_in_a_second();
        test_check(wait_for_count(i), "alarm-arrives", "%u of %u", taken, i);
    }
    test_check(was_active_in_handler, "active-in-handler", "GICD_ISACTIVER says no");
    test_check(!gic_is_active(RTC_SPI_INTID), "inactive-after-it", "GICD_ISACTIVER says yes");
    TEST_EQUAL("once-for-each-alarm", taken, 3);
    TEST_EQUAL("nothing-else", strangers, 0);
}

/* Raised while disabled: nothing arrives until it is enabled, then once. */
static void check_kept_while_disabled(void)
{
    unsigned before = taken;
    gic_disable(RTC_SPI_INTID);
    rtc_alarm_in_a_second();
    test_check(wait_for_alarm_line(), "alarm-line-rises", "RTCRIS stays 0");
    isb();
    TEST_EQUAL("silent-while-disabled", taken, before);
    gic_enable(RTC_SPI_INTID);
    test_check(wait_for_count(before + 1U), "kept-and-delivered", "did not arrive");
    TEST_EQUAL("delivered-once", taken, before + 1U);
}

/* Priority drop and deactivation apart: nothing new before the deactivation. */
static void check_eoimode_1(void)
{
    unsigned before = taken;
    gic_split_end(true);
    rtc_alarm_in_a_second();
    test_check(wait_for_count(before + 1U), "eoimode1-first", "did not arrive");
    if (gic_is_active(RTC_SPI_INTID)) { /* the library ended it without a deactivation */
        rtc_alarm_in_a_second();
        test_check(wait_for_alarm_line(), "eoimode1-line-rises", "RTCRIS stays 0");
        TEST_EQUAL("eoimode1-held-while-active", taken, before + 1U);
        gic_deactivate(RTC_SPI_INTID);
    } else {
        rtc_alarm_in_a_second();
    }
    test_check(wait_for_count(before + 2U), "eoimode1-second", "did not arrive");
    gic_deactivate(RTC_SPI_INTID);
    gic_split_end(false);
}

void guest_main(uint64_t devicetree)
{
    (void)devicetree;
    test_begin("passthrough");
    check_registers();
    gic_init();
    irq_hook = rtc_interrupt;
    mmio_write32(RTC_BASE + RTC_ICR, 1);
    mmio_write32(RTC_BASE + RTC_IMSC, 1);
    gic_enable(RTC_SPI_INTID);
    irq_enable();
    check_interrupts();
    check_kept_while_disabled();
    check_eoimode_1();
    mmio_write32(RTC_BASE + RTC_IMSC, 0);
    test_done();
}
