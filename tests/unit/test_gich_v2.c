/* sources: gic/v2/virtual.c */
/* The virtual interface control of a GICv2: list registers are converted without loss, and each
 * access goes to its register [IHI0048 5.3; IHI0069 12.4.6].
 * @req IRQ-2 */
#include "gic/v2/gic_virtual.h"

#include "arch/barrier.h"
#include "test.h"

#define GICH_BASE 0x08030000U

const struct cfg_system cfg_system = {.gich_base = GICH_BASE};

static uint32_t registers[0x200 / 4];

static uint64_t on_read(uint64_t pa, unsigned bytes)
{
    CHECK_EQ(bytes, 4);
    CHECK(pa >= GICH_BASE && pa < GICH_BASE + sizeof(registers));
    return registers[(pa - GICH_BASE) / 4];
}

static void on_write(uint64_t pa, unsigned bytes, uint64_t value)
{
    CHECK_EQ(bytes, 4);
    CHECK(pa >= GICH_BASE && pa < GICH_BASE + sizeof(registers));
    registers[(pa - GICH_BASE) / 4] = (uint32_t)value;
}

TEST_SETUP()
{
    memset(registers, 0, sizeof(registers));
    fake_mmio_on_read = on_read;
    fake_mmio_on_write = on_write;
}

TEST(list_registers_by_field)
{
    static const struct {
        uint64_t ich;
        uint32_t gich;
    } cases[] = {
        {0, 0},
        {BIT(62) | 45, 1U << 28 | 45},                       /* pending */
        {BIT(63) | 45, 2U << 28 | 45},                       /* active */
        {BIT(63) | BIT(62) | BIT(60) | 1019, 7U << 28 | 1019}, /* both, Group 1 */
        {BIT(62) | UINT64_C(0xF8) << 48 | 32, 1U << 28 | 31U << 23 | 32},
        {BIT(62) | UINT64_C(0x08) << 48 | 32, 1U << 28 | 1U << 23 | 32},
        {BIT(62) | BIT(41) | 33, 1U << 28 | 1U << 19 | 33},  /* EOI */
        {BIT(62) | 7 << 10 | 15, 1U << 28 | 7U << 10 | 15},  /* SGI 15 of CPU 7 */
        {BIT(62) | BIT(61) | UINT64_C(1019) << 32 | 40, 1U << 28 | 1U << 31 | 1019U << 10 | 40},
        {BIT(63) | BIT(61) | UINT64_C(27) << 32 | 27, 2U << 28 | 1U << 31 | 27U << 10 | 27},
    };

    for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        CHECK_EQ(gich_lr_of_ich(cases[i].ich), cases[i].gich);
        CHECK_EQ(gich_lr_to_ich(cases[i].gich), cases[i].ich);
    }
}

/* Whatever the hardware holds survives the way to the common format and back. */
TEST(every_list_register_survives_the_round_trip)
{
    uint32_t seed = 1;

    for (unsigned i = 0; i < 100000; i++) {
        seed = seed * 1664525U + 1013904223U;
        uint32_t lr = seed & ~(7U << 20); /* reserved */
        if ((lr >> 31) == 0U) {
            lr &= ~(0x3FU << 13); /* between CPUID and EOI */
        }
        CHECK_EQ(gich_lr_of_ich(gich_lr_to_ich(lr)), lr);
    }
}

TEST(each_register_is_where_it_is)
{
    for (unsigned i = 0; i < GICH_LR_MAX; i++) {
        gich_lr_write(i, BIT(62) | (32 + i));
        CHECK_EQ(registers[0x100 / 4 + i], 1U << 28 | (32 + i));
        CHECK_EQ(gich_lr_read(i), BIT(62) | (32 + i));
    }
    gich_lr_write_low(2, BIT(63) | 50);
    CHECK_EQ(gich_lr_read_low(2), BIT(63) | 50);
    CHECK_EQ(registers[0x108 / 4], 2U << 28 | 50);
    gich_hcr_write(1);
    gich_vmcr_write(0x20);
    CHECK_EQ(registers[0], 1);
    CHECK_EQ(registers[2], 0x20);
    registers[0x10 / 4] = 3;
    registers[0x20 / 4] = 4;
    registers[0x30 / 4] = 5;
    CHECK_EQ(gich_hcr_read(), 1);
    CHECK_EQ(gich_vmcr_read(), 0x20);
    CHECK_EQ(gich_misr_read(), 3);
    CHECK_EQ(gich_eisr_read(), 4);
    CHECK_EQ(gich_elrsr_read(), 5);
}

TEST(what_the_interface_implements)
{
    registers[1] = 4U << 29 | 4U << 26 | 3;
    CHECK_EQ(gich_lr_count(), 4);
    CHECK_EQ(gich_priority_bits(), 5);
    CHECK(!gich_can_trap_dir());
    registers[1] = 4U << 29 | 4U << 26 | 63; /* more than are used */
    CHECK_EQ(gich_lr_count(), GICH_LR_MAX);
}

TEST(reset)
{
    memset(registers, 0xFF, sizeof(registers));
    registers[1] = 4U << 29 | 4U << 26 | 3;
    gich_reset();
    CHECK_EQ(registers[0] | registers[2] | registers[0xF0 / 4], 0);
    for (unsigned i = 0; i < 4; i++) {
        CHECK_EQ(registers[0x100 / 4 + i], 0);
    }
    CHECK_EQ(registers[0x110 / 4], UINT32_MAX); /* not one of the four */
    CHECK_EQ(fake_barriers.dsb, 1);
}
