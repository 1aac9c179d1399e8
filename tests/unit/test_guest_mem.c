/* sources: vm/guest_mem.c */
/* Windows, reads by IPA, and the walk of the guest's stage-1 tables against tables that the test
 * builds from the manual's picture of them [DDI0487 D8.2].
 * @req CORE-7 */
#include "vm/guest_mem.h"

#include "arch/memory.h"
#include "lib/bits.h"
#include "test.h"

#define RAM_IPA 0x40000000U
#define RAM_PA 0x50000000U
#define RAM_BYTES 0x10000U
#define M BIT(0)
#define EE BIT(25)

static uint64_t ram[RAM_BYTES / 8U];
static uint64_t image[0x1000 / 8];
static uint64_t shared[0x1000 / 8];
static const struct vcpu *const vcpu = &vcpus[0];

/* Space for tables of 64 KiB needs more RAM than the common tables give. */
#define BIG_RAM_IPA 0x80000000U
#define BIG_RAM_PA 0x60000000U
#define BIG_RAM_BYTES 0x80000U
static uint64_t big_ram[BIG_RAM_BYTES / 8U];

const struct cfg_window cfg_windows[CFG_WINDOW_COUNT] = {
    {RAM_IPA, RAM_PA, RAM_BYTES, CFG_R | CFG_W | CFG_X, CFG_WINDOW_RAM, "ram"},
    {RAM_IPA + RAM_BYTES, 0x48000000, 0x1000, CFG_R | CFG_X, CFG_WINDOW_IMAGE, "image"},
    {0x70000000, 0x58000000, 0x1000, CFG_R | CFG_W, CFG_WINDOW_SHARED, "frames"},
    {0x09040000, 0x09040000, 0x1000, CFG_R | CFG_W, CFG_WINDOW_DEVICE, "gpio"},
    {0x70000000, 0x58000000, 0x1000, CFG_W, CFG_WINDOW_SHARED, "mailbox"},
    {BIG_RAM_IPA, BIG_RAM_PA, BIG_RAM_BYTES, CFG_R | CFG_W, CFG_WINDOW_RAM, "ram"},
};

TEST_SETUP()
{
    memset(ram, 0, sizeof(ram));
    memset(image, 0, sizeof(image));
    memset(big_ram, 0, sizeof(big_ram));
    fake_memory_add(RAM_PA, ram, sizeof(ram));
    fake_memory_add(0x48000000, image, sizeof(image));
    fake_memory_add(0x58000000, shared, sizeof(shared));
    fake_memory_add(BIG_RAM_PA, big_ram, sizeof(big_ram));
}

TEST(windows_and_their_edges)
{
    CHECK_STR(guest_window(0, ipa_make(RAM_IPA))->name, "ram");
    CHECK_STR(guest_window(0, ipa_make(RAM_IPA + RAM_BYTES - 1U))->name, "ram");
    CHECK_STR(guest_window(0, ipa_make(RAM_IPA + RAM_BYTES))->name, "image");
    CHECK_STR(guest_window(0, ipa_make(0x70000fff))->name, "frames");
    CHECK(guest_window(0, ipa_make(0x70001000)) == NULL);
    CHECK(guest_window(0, ipa_make(RAM_IPA - 1U)) == NULL);
    CHECK(guest_window(0, ipa_make(UINT64_MAX)) == NULL);
    CHECK(guest_window(0, ipa_make(0)) == NULL);
    CHECK(guest_window(0, ipa_make(BIG_RAM_IPA)) == NULL);
    CHECK_STR(guest_window(2, ipa_make(BIG_RAM_IPA))->name, "ram");
}

TEST(reads_across_windows)
{
    uint8_t bytes[4];
    ((uint8_t *)ram)[RAM_BYTES - 2U] = 1;
    ((uint8_t *)ram)[RAM_BYTES - 1U] = 2;
    ((uint8_t *)image)[0] = 3;
    ((uint8_t *)image)[1] = 4;
    CHECK(guest_read_ipa(0, ipa_make(RAM_IPA + RAM_BYTES - 2U), bytes, 4));
    CHECK_EQ(bytes[0] | bytes[1] << 8 | bytes[2] << 16 | bytes[3] << 24, 0x04030201);
}

TEST(what_is_not_readable_memory_is_refused)
{
    uint8_t bytes[8];
    CHECK(!guest_read_ipa(0, ipa_make(RAM_IPA - 4U), bytes, 8));
    CHECK(!guest_read_ipa(0, ipa_make(RAM_IPA + RAM_BYTES + 0xffcU), bytes, 8));
    CHECK(!guest_read_ipa(1, ipa_make(0x09040000), bytes, 4));
    CHECK(!guest_read_ipa(1, ipa_make(0x70000000), bytes, 4));
    CHECK(!guest_read_ipa(0, ipa_make(UINT64_MAX - 3U), bytes, 8));
    CHECK(guest_read_ipa(0, ipa_make(0x70000000), bytes, 8));
}

/* --- stage 1 ---------------------------------------------------------------------------- */

static uint64_t *table_at(uint64_t ipa)
{
    return &big_ram[(ipa - BIG_RAM_IPA) / 8U];
}

static bool walk(uint64_t va, uint64_t *ipa)
{
    ipa_t result = {0};
    const bool translated = guest_va_to_ipa(&vcpus[3], va_make(va), &result);
    *ipa = result.ipa;
    return translated;
}

/* TCR_EL1 with the same granule (shift 12, 14, 16) and size offset on both sides. */
static uint64_t tcr(unsigned page_shift, unsigned tsz)
{
    const uint64_t tg0 = (page_shift == 12U) ? 0U : (page_shift == 14U) ? 2U : 1U;
    const uint64_t tg1 = (page_shift == 12U) ? 2U : (page_shift == 14U) ? 1U : 3U;
    return tsz | (uint64_t)tsz << 16 | tg0 << 14 | tg1 << 30;
}

TEST(mmu_off_is_identity)
{
    uint64_t ipa;
    CHECK(walk(0x40001234, &ipa));
    CHECK_EQ(ipa, 0x40001234);
}

/* One mapping, built by the recursive definition, at any granule, size and final level. */
static void map_and_check(unsigned page_shift, unsigned tsz, unsigned leaf_level, bool upper)
{
    const unsigned va_bits = 64U - tsz;
    const unsigned stride = page_shift - 3U;
    unsigned levels = 1;
    while (page_shift + levels * stride < va_bits) {
        levels++;
    }
    const unsigned first = 4U - levels;
    if (leaf_level < first) {
        return;
    }
    memset(big_ram, 0, sizeof(big_ram));
    const uint64_t va_low = test_random() & ((UINT64_C(1) << va_bits) - 1U) & ~UINT64_C(7);
    const uint64_t va = upper ? va_low | (UINT64_MAX << va_bits) : va_low;
    const unsigned leaf_shift = page_shift + (3U - leaf_level) * stride;
    const uint64_t output =
        (test_random() & ((UINT64_C(1) << 48) - 1U)) >> leaf_shift << leaf_shift;
    uint64_t table = BIG_RAM_IPA;

    for (unsigned level = first; level <= leaf_level; level++) {
        const unsigned shift = page_shift + (3U - level) * stride;
        const unsigned bits = (level == first) ? va_bits - shift : stride;
        const uint64_t index = (va >> shift) & ((UINT64_C(1) << bits) - 1U);
        const uint64_t next = table + (UINT64_C(1) << page_shift);
        if (level < leaf_level) {
            table_at(table)[index] = next | 3U | UINT64_C(0x8000000000000000);
        } else {
            table_at(table)[index] =
                output | ((level == 3U) ? 3U : 1U) | UINT64_C(0x0060000000000400);
        }
        table = next;
    }
    fake_cpu = 0;
    fake_sysreg_set("SCTLR_EL1", M);
    fake_sysreg_set("TCR_EL1", tcr(page_shift, tsz));
    fake_sysreg_set("TTBR0_EL1", upper ? 0 : BIG_RAM_IPA | 1U | UINT64_C(0x0012) << 48);
    fake_sysreg_set("TTBR1_EL1", upper ? BIG_RAM_IPA : 0);

    uint64_t ipa;
    CHECK_MSG(walk(va, &ipa), "granule %u, T%uSZ %u, level %u", page_shift, upper, tsz, leaf_level);
    CHECK_EQ(ipa, output | (va & ((UINT64_C(1) << leaf_shift) - 1U)));
    CHECK(!walk(va ^ (UINT64_C(1) << (va_bits - 1U)), &ipa) || va_bits - 1U < leaf_shift);
    CHECK(!walk(va ^ (UINT64_C(1) << 60), &ipa));
}

TEST(every_granule_size_and_level)
{
    for (unsigned tsz = 16; tsz <= 39U; tsz++) {
        for (unsigned side = 0; side < 2U; side++) {
            for (unsigned leaf = 0; leaf <= 3U; leaf++) {
                if (leaf >= 1U) {
                    map_and_check(12, tsz, leaf, side == 1U);
                }
                if (leaf >= 2U) {
                    map_and_check(14, tsz, leaf, side == 1U);
                    map_and_check(16, tsz, leaf, side == 1U);
                }
            }
        }
    }
}

static void map_one_page(void)
{
    fake_sysreg_set("SCTLR_EL1", M);
    fake_sysreg_set("TCR_EL1", tcr(12, 25)); /* 39 bits: levels 1 to 3 */
    fake_sysreg_set("TTBR0_EL1", BIG_RAM_IPA);
    fake_sysreg_set("TTBR1_EL1", BIG_RAM_IPA);
    table_at(BIG_RAM_IPA)[0] = (BIG_RAM_IPA + 0x1000U) | 3U;
    table_at(BIG_RAM_IPA)[511] = (BIG_RAM_IPA + 0x1000U) | 3U;
    table_at(BIG_RAM_IPA + 0x1000U)[0] = (BIG_RAM_IPA + 0x2000U) | 3U;
    table_at(BIG_RAM_IPA + 0x2000U)[1] = UINT64_C(0x123456000) | 3U;
}

TEST(invalid_descriptors_do_not_translate)
{
    uint64_t ipa;
    map_one_page();
    CHECK(walk(0x1008, &ipa));
    CHECK_EQ(ipa, 0x123456008);
    CHECK(!walk(0x2000, &ipa));
    table_at(BIG_RAM_IPA + 0x2000U)[1] &= ~UINT64_C(2); /* 0b01 at level 3 is reserved */
    CHECK(!walk(0x1008, &ipa));
    table_at(BIG_RAM_IPA + 0x1000U)[0] &= ~UINT64_C(1);
    CHECK(!walk(0x1008, &ipa));
}

TEST(a_table_outside_the_vm_is_not_followed)
{
    uint64_t ipa;
    map_one_page();
    table_at(BIG_RAM_IPA + 0x1000U)[0] = 0x48000000U | 3U;
    CHECK(!walk(0x1008, &ipa));
    fake_sysreg_set("TTBR0_EL1", 0x50000000);
    CHECK(!walk(0x1008, &ipa));
}

/* A table that names itself ends with the levels. */
TEST(a_loop_of_tables_ends)
{
    uint64_t ipa;
    map_one_page();
    table_at(BIG_RAM_IPA)[0] = BIG_RAM_IPA | 3U;
    CHECK(walk(0, &ipa));
    CHECK_EQ(ipa, BIG_RAM_IPA);
}

TEST(top_byte_and_disabled_halves)
{
    uint64_t ipa;
    const uint64_t tagged = UINT64_C(0xAB00000000001008);
    map_one_page();
    CHECK(!walk(tagged, &ipa));
    fake_sysreg_set("TCR_EL1", tcr(12, 25) | BIT(37));
    CHECK(walk(tagged, &ipa));
    CHECK(walk(UINT64_C(0xFFFFFFFFC0001008), &ipa));
    fake_sysreg_set("TCR_EL1", tcr(12, 25) | BIT(7));
    CHECK(!walk(0x1008, &ipa));
    CHECK(walk(UINT64_C(0xFFFFFFFFC0001008), &ipa));
    fake_sysreg_set("TCR_EL1", tcr(12, 25) | BIT(23));
    CHECK(walk(0x1008, &ipa));
    CHECK(!walk(UINT64_C(0xFFFFFFFFC0001008), &ipa));
}

TEST(unusable_controls_do_not_translate)
{
    uint64_t ipa;
    map_one_page();
    for (unsigned tsz = 0; tsz < 64U; tsz++) {
        fake_sysreg_set("TCR_EL1", tcr(12, tsz));
        (void)walk(test_random(), &ipa);
        CHECK((tsz >= 16U && tsz < 52U) || !walk(0, &ipa));
    }
    fake_sysreg_set("TCR_EL1", tcr(12, 25) | UINT64_C(3) << 14);
    CHECK(!walk(0x1008, &ipa));
    fake_sysreg_set("TCR_EL1", tcr(12, 25) | BIT(59));
    CHECK(!walk(0x1008, &ipa));
}

TEST(big_endian_tables)
{
    uint64_t ipa;
    map_one_page();
    for (unsigned i = 0; i < 0x3000U / 8U; i++) {
        big_ram[i] = __builtin_bswap64(big_ram[i]);
    }
    fake_sysreg_set("SCTLR_EL1", M | EE);
    CHECK(walk(0x1008, &ipa));
    CHECK_EQ(ipa, 0x123456008);
}

TEST(fetch_at_the_pc)
{
    uint32_t instruction;
    ram[0] = UINT64_C(0xd503201f00000000);
    vcpu_set_pc(RAM_IPA + 4U);
    CHECK(guest_fetch(vcpu, &instruction));
    CHECK_EQ(instruction, 0xd503201f);
    vcpu_set_pc(RAM_IPA + 2U);
    CHECK(!guest_fetch(vcpu, &instruction));
    vcpu_set_pc(0x1000);
    CHECK(!guest_fetch(vcpu, &instruction));
}

/* Whatever tables and controls a guest makes up, the walk ends within its windows. */
TEST(random_tables)
{
    uint64_t ipa;
    for (unsigned round = 0; round < 20000U; round++) {
        if (round % 1000U == 0U) {
            for (unsigned i = 0; i < BIG_RAM_BYTES / 8U; i++) {
                big_ram[i] = BIG_RAM_IPA | (test_random() & 0x7F003U) | 1U;
            }
        }
        fake_sysreg_set("SCTLR_EL1", M | (test_random() & EE));
        fake_sysreg_set("TCR_EL1", test_random() & ~BIT(59));
        fake_sysreg_set("TTBR0_EL1", BIG_RAM_IPA | (test_random() & 0x7ffff));
        fake_sysreg_set("TTBR1_EL1", test_random());
        (void)walk(test_random() & ((round % 2U == 0U) ? UINT64_MAX : 0xffffffff), &ipa);
    }
}
