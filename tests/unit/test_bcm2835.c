/* sources: platform/bcm2835/power.c */
/* The power management block of BCM2835: every write has its password, and the reset is asked for
 * last, when the block already knows that it is to stay off.
 * @req PLAT-1 */
#include "arch/mmio.h"
#include "platform/firmware.h"
#include "test.h"

#define BASE 0xFE100000U

static uint32_t rstc, rsts, wdog;
static bool is_off;
static bool is_reset;

static uint64_t on_read(uint64_t pa, unsigned bytes)
{
    CHECK_EQ(bytes, 4);
    return (pa == BASE + 0x1CU) ? rstc : rsts;
}

static void on_write(uint64_t pa, unsigned bytes, uint64_t value)
{
    CHECK_EQ(bytes, 4);
    CHECK_EQ(value >> 24, 0x5A);
    value &= 0xFFFFFFU;
    if (pa == BASE + 0x20U) {
        rsts = (uint32_t)value;
    } else if (pa == BASE + 0x24U) {
        wdog = (uint32_t)value;
    } else {
        CHECK_EQ(pa, BASE + 0x1CU);
        rstc = (uint32_t)value;
        is_reset = (value & 0x30U) == 0x20U && wdog != 0;
        is_off = is_reset && (rsts & 0x555U) == 0x555U;
    }
}

TEST(off_and_not_reset)
{
    rstc = 0x102 | 0x10; /* another kind of reset was set up */
    rsts = 0x1000;
    fake_mmio_on_read = on_read;
    fake_mmio_on_write = on_write;
    firmware_power_off(pa_make(BASE));
    CHECK(is_off);
    CHECK_EQ(rstc, 0x122);
    CHECK_EQ(rsts, 0x1555);
}

TEST(reset_and_not_off)
{
    rstc = 0x102 | 0x10;
    rsts = 0x1000;
    is_off = false;
    is_reset = false;
    fake_mmio_on_read = on_read;
    fake_mmio_on_write = on_write;
    firmware_reset(pa_make(BASE));
    CHECK(is_reset);
    CHECK(!is_off);
    CHECK_EQ(rsts, 0x1000);
}
