/* The power management block of BCM2835 and its successors; platform/firmware.h
 * [Linux drivers/watchdog/bcm2835_wdt.c, Documentation/devicetree/bindings/soc/bcm].
 *
 * It can only reset. Firmware looks at the partition number that PM_RSTS has kept over a reset: 63,
 * one bit in every second place, means to stay off.
 *
 * @req PLAT-1 */
#include "platform/firmware.h"

#include "arch/mmio.h"
#include "lib/bits.h"

enum { PM_RSTC = 0x1C, PM_RSTS = 0x20, PM_WDOG = 0x24 };

#define PM_PASSWORD UINT32_C(0x5A000000)
#define PM_RSTC_WRCFG FIELD(5, 4)
#define PM_RSTC_WRCFG_FULL_RESET UINT32_C(0x20)
#define PM_RSTS_PARTITION_HALT UINT32_C(0x555)
#define WATCHDOG_TICKS 10U /* of about 15 us */
#define RESET_POLLS 1000000U

static uint32_t pm_read(pa_t controller, uint64_t offset)
{
    return mmio_read32(pa_make(controller.pa + offset));
}

static void pm_write(pa_t controller, uint64_t offset, uint32_t value)
{
    mmio_write32(pa_make(controller.pa + offset), PM_PASSWORD | value);
}

void firmware_reset(pa_t controller)
{
    const uint32_t control = pm_read(controller, PM_RSTC) & ~(uint32_t)PM_RSTC_WRCFG;

    pm_write(controller, PM_WDOG, WATCHDOG_TICKS);
    pm_write(controller, PM_RSTC, control | PM_RSTC_WRCFG_FULL_RESET);
    for (unsigned i = 0; i < RESET_POLLS; i++) {
        (void)pm_read(controller, PM_RSTS); /* the reset comes in the middle of this */
    }
}

void firmware_power_off(pa_t controller)
{
    pm_write(controller, PM_RSTS, pm_read(controller, PM_RSTS) | PM_RSTS_PARTITION_HALT);
    firmware_reset(controller);
}
