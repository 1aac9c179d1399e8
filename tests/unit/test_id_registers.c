/* sources: sysreg/id_registers.c fake/percpu.c */
/* ID registers of a VM: the whitelist, the grants, and what may never be shown.
 * @req CORE-3, CORE-8 */
#include "sysreg/id_registers.h"

#include "arch/sysreg.h"
#include "config/config.h"
#include "lib/bits.h"
#include "test.h"

#define ALL_GRANTS (CFG_VM_DEBUG | CFG_VM_PMU | CFG_VM_PAUTH | CFG_VM_SVE | CFG_VM_SME | CFG_VM_MTE)

enum { BARE, FULL };

const struct cfg_vm cfg_vms[CFG_VM_COUNT] = {{.flags = 0}, {.flags = ALL_GRANTS}, {.flags = 0}};
const struct cfg_system cfg_system = {.vtcr_el2 = 64 - 40};

struct id_name {
    const char *name;
    unsigned crm;
    unsigned op2;
};

#define PFR0 4, 0
#define PFR1 4, 1
#define ZFR0 4, 4
#define SMFR0 4, 5
#define DFR0 5, 0
#define ISAR0 6, 0
#define ISAR1 6, 1
#define ISAR2 6, 2
#define MMFR0 7, 0
#define MMFR1 7, 1
#define MMFR2 7, 2

static const struct id_name names[] = {
    {"ID_AA64PFR0_EL1", PFR0},   {"ID_AA64PFR1_EL1", PFR1},   {"ID_AA64ZFR0_EL1", ZFR0},
    {"ID_AA64SMFR0_EL1", SMFR0}, {"ID_AA64DFR0_EL1", DFR0},   {"ID_AA64ISAR0_EL1", ISAR0},
    {"ID_AA64ISAR1_EL1", ISAR1}, {"ID_AA64ISAR2_EL1", ISAR2}, {"ID_AA64MMFR0_EL1", MMFR0},
    {"ID_AA64MMFR1_EL1", MMFR1}, {"ID_AA64MMFR2_EL1", MMFR2},
};

static const struct id_name names_32[] = {
    {"ID_PFR0_EL1", 1, 0},  {"ID_PFR1_EL1", 1, 1},  {"ID_DFR0_EL1", 1, 2},  {"ID_MMFR0_EL1", 1, 4},
    {"ID_MMFR1_EL1", 1, 5}, {"ID_MMFR2_EL1", 1, 6}, {"ID_MMFR3_EL1", 1, 7}, {"ID_ISAR0_EL1", 2, 0},
    {"ID_ISAR1_EL1", 2, 1}, {"ID_ISAR2_EL1", 2, 2}, {"ID_ISAR3_EL1", 2, 3}, {"ID_ISAR4_EL1", 2, 4},
    {"ID_ISAR5_EL1", 2, 5}, {"ID_MMFR4_EL1", 2, 6}, {"ID_ISAR6_EL1", 2, 7}, {"MVFR0_EL1", 3, 0},
    {"MVFR1_EL1", 3, 1},    {"MVFR2_EL1", 3, 2},    {"ID_PFR2_EL1", 3, 4},
};

static void cpu_reads(uint64_t value)
{
    for (unsigned i = 0; i < ARRAY_COUNT(names); i++) {
        fake_sysreg_set_all(names[i].name, value);
    }
    for (unsigned i = 0; i < ARRAY_COUNT(names_32); i++) {
        fake_sysreg_set_all(names_32[i].name, value & UINT32_MAX);
    }
}

/* The field at `low` of a register that every field of which reads `each` on the CPU. */
static uint64_t shown(uint16_t vm, unsigned crm, unsigned op2, unsigned low, uint64_t each)
{
    cpu_reads(each * 0x1111111111111111U);
    return bits_get(id_register_read(vm, crm, op2), low + 3, low);
}

struct field {
    unsigned crm;
    unsigned op2;
    unsigned low;
};

/* Features that EL2 would have to back: never visible, whatever the CPU and the grants. */
TEST(what_el2_must_back_is_hidden)
{
    static const struct field hidden[] = {
        {PFR0, 8},   {PFR0, 12},  {PFR0, 28},  {PFR0, 36},  {PFR0, 40},  {PFR0, 44},  {PFR0, 52},
        {PFR1, 12},  {PFR1, 16},  {PFR1, 28},  {PFR1, 36},  {PFR1, 44},  {PFR1, 48},  {PFR1, 52},
        {PFR1, 56},  {PFR1, 60},  {DFR0, 4},   {DFR0, 16},  {DFR0, 24},  {DFR0, 32},  {DFR0, 40},
        {DFR0, 44},  {DFR0, 48},  {DFR0, 52},  {DFR0, 56},  {DFR0, 60},  {ISAR0, 24}, {ISAR1, 60},
        {ISAR2, 16}, {ISAR2, 32}, {ISAR2, 36}, {ISAR2, 40}, {MMFR0, 32}, {MMFR0, 36}, {MMFR0, 40},
        {MMFR0, 48}, {MMFR0, 52}, {MMFR0, 56}, {MMFR0, 60}, {MMFR1, 4},  {MMFR1, 8},  {MMFR1, 16},
        {MMFR1, 28}, {MMFR1, 32}, {MMFR1, 40}, {MMFR2, 12}, {MMFR2, 16}, {MMFR2, 24}, {MMFR2, 28},
        {MMFR2, 40}, {MMFR2, 56},
    };

    for (unsigned i = 0; i < ARRAY_COUNT(hidden); i++) {
        for (uint64_t each = 0; each < 16; each++) {
            CHECK_MSG(shown(FULL, hidden[i].crm, hidden[i].op2, hidden[i].low, each) == 0,
                      "C0_C%u_%u bit %u", hidden[i].crm, hidden[i].op2, hidden[i].low);
        }
    }
}

/* Unsigned fields never say more than the CPU does, nor more than we know. */
TEST(values_are_capped)
{
    static const struct {
        struct field f;
        uint64_t max;
    } caps[] = {
        {{PFR0, 0}, 2},   {{PFR0, 48}, 1},  {{PFR0, 56}, 3},  {{PFR0, 60}, 1}, {{PFR1, 4}, 2},
        {{ISAR0, 4}, 2},  {{ISAR0, 20}, 2}, {{ISAR0, 60}, 1}, {{ISAR1, 0}, 2}, {{ISAR1, 20}, 3},
        {{ISAR1, 56}, 1}, {{ISAR2, 0}, 2},  {{MMFR0, 20}, 1}, {{MMFR1, 0}, 2}, {{MMFR1, 20}, 3},
        {{MMFR2, 0}, 1},  {{MMFR2, 52}, 2}, {{MMFR2, 60}, 1},
    };

    for (unsigned i = 0; i < ARRAY_COUNT(caps); i++) {
        const struct field f = caps[i].f;

        for (uint64_t each = 0; each < 16; each++) {
            CHECK_MSG(shown(BARE, f.crm, f.op2, f.low, each) ==
                          (each < caps[i].max ? each : caps[i].max),
                      "C0_C%u_%u bit %u of %ju", f.crm, f.op2, f.low, (uintmax_t)each);
        }
    }
}

TEST(signed_fields_keep_not_implemented)
{
    static const struct field fields[] = {{PFR0, 16}, {PFR0, 20}, {MMFR0, 24}, {MMFR0, 28}};

    for (unsigned i = 0; i < ARRAY_COUNT(fields); i++) {
        const struct field f = fields[i];

        CHECK_EQ(shown(BARE, f.crm, f.op2, f.low, 15), 15);
        CHECK_EQ(shown(BARE, f.crm, f.op2, f.low, 0), 0);
        CHECK_EQ(shown(BARE, f.crm, f.op2, f.low, 1), (f.crm == 4) ? 1 : 0);
        CHECK_EQ(shown(BARE, f.crm, f.op2, f.low, 3), (f.crm == 4) ? 1 : 0);
    }
}

TEST(el1_is_aarch64_with_a_gicv3)
{
    for (uint64_t each = 0; each < 16; each++) {
        CHECK_EQ(shown(BARE, PFR0, 4, each), 1);
        CHECK_EQ(shown(BARE, PFR0, 24, each), 1);
    }
}

TEST(grants_open_their_fields_only)
{
    static const struct {
        struct field f;
        uint64_t hidden;
        uint64_t granted; /* with a CPU of 1 in each field */
    } fields[] = {
        {{PFR0, 32}, 0, 1}, {{PFR1, 8}, 0, 1},   {{PFR1, 24}, 0, 1},  {{PFR1, 40}, 0, 1},
        {{ZFR0, 0}, 0, 1},  {{SMFR0, 32}, 0, 1}, {{SMFR0, 56}, 0, 1}, {{DFR0, 0}, 6, 1},
        {{DFR0, 8}, 0, 1},  {{DFR0, 12}, 1, 1},  {{DFR0, 20}, 1, 1},  {{DFR0, 28}, 0, 1},
        {{ISAR1, 4}, 0, 1}, {{ISAR1, 8}, 0, 1},  {{ISAR1, 24}, 0, 1}, {{ISAR1, 28}, 0, 1},
        {{ISAR2, 8}, 0, 1}, {{ISAR2, 12}, 0, 1}, {{ISAR2, 24}, 0, 1},
    };

    for (unsigned i = 0; i < ARRAY_COUNT(fields); i++) {
        const struct field f = fields[i].f;

        for (uint64_t each = 0; each < 16; each++) {
            CHECK_EQ(shown(BARE, f.crm, f.op2, f.low, each), fields[i].hidden);
        }
        CHECK_EQ(shown(FULL, f.crm, f.op2, f.low, 1), fields[i].granted);
    }
}

TEST(a_vm_without_grants_sees_no_sve_or_sme_at_all)
{
    cpu_reads(UINT64_MAX);
    CHECK_EQ(id_register_read(BARE, ZFR0), 0);
    CHECK_EQ(id_register_read(BARE, SMFR0), 0);
    CHECK_EQ(id_register_read(FULL, SMFR0), 0x82F1FCFF00000000U);
}

TEST(a_pmu_outside_the_architecture_is_no_pmu)
{
    CHECK_EQ(shown(FULL, DFR0, 8, 15), 0);
    CHECK_EQ(shown(FULL, DFR0, 8, 14), 6);
    CHECK_EQ(shown(FULL, DFR0, 8, 4), 4);
}

TEST(no_double_lock)
{
    CHECK_EQ(shown(FULL, DFR0, 36, 0), 15);
}

TEST(address_range_is_what_stage_2_translates)
{
    for (uint64_t each = 0; each < 7; each++) {
        CHECK_EQ(shown(BARE, MMFR0, 0, each), (each < 2) ? each : 2); /* 40 bits */
    }
}

TEST(unknown_registers_read_as_0)
{
    cpu_reads(UINT64_MAX);
    for (unsigned crm = 4; crm < 8; crm++) {
        for (unsigned op2 = 0; op2 < 8; op2++) {
            bool is_known = false;

            for (unsigned i = 0; i < ARRAY_COUNT(names); i++) {
                is_known = is_known || (names[i].crm == crm && names[i].op2 == op2);
            }
            CHECK(is_known || id_register_read(FULL, crm, op2) == 0);
        }
    }
}

TEST(aarch32_registers_only_with_aarch32)
{
    cpu_reads(UINT64_MAX);
    fake_sysreg_set_all("ID_AA64PFR0_EL1", 0x11);
    for (unsigned crm = 1; crm < 4; crm++) {
        for (unsigned op2 = 0; op2 < 8; op2++) {
            CHECK_EQ(id_register_read(FULL, crm, op2), 0);
        }
    }
    fake_sysreg_set_all("ID_AA64PFR0_EL1", 0x12);
    CHECK_EQ(id_register_read(FULL, 2, 0), UINT32_MAX);
    CHECK_EQ(id_register_read(FULL, 1, 0), 0x0F0FFFFF);
    CHECK_EQ(id_register_read(FULL, 1, 1), 0x100F0F0F);
    CHECK_EQ(id_register_read(FULL, 1, 2), 0xF);
    CHECK_EQ(id_register_read(FULL, 1, 3), 0); /* ID_AFR0_EL1 */
    CHECK_EQ(id_register_read(FULL, 3, 4), 0xFF);
    CHECK_EQ(id_register_read(FULL, 3, 7), 0);
}

/* Each register is read from the CPU's register of the same name, not from a neighbour. */
TEST(each_row_reads_its_own_register)
{
    for (unsigned i = 0; i < ARRAY_COUNT(names_32); i++) {
        cpu_reads(0);
        fake_sysreg_set_all("ID_AA64PFR0_EL1", 2);
        fake_sysreg_set_all(names_32[i].name, 1);
        CHECK_MSG(id_register_read(BARE, names_32[i].crm, names_32[i].op2) == 1, "%s",
                  names_32[i].name);
    }
    for (unsigned i = 0; i < ARRAY_COUNT(names); i++) {
        cpu_reads(0);
        const uint64_t absent = id_register_read(FULL, names[i].crm, names[i].op2);

        fake_sysreg_set_all(names[i].name, 0x1111111111111111U);
        CHECK_MSG(id_register_read(FULL, names[i].crm, names[i].op2) != absent, "%s",
                  names[i].name);
    }
}
