/* sources: vm/vcpu_reset.c vm/vcpu_regs.c arch/debug_registers.c arch/pmu_registers.c */
/* The reset of a vCPU and EL2's controls: nothing of a former life is left, each trap follows the
 * VM's grants, and no register is touched that the CPU may not have.
 * @req CORE-3, CORE-8 */
#include "arch/barrier.h"
#include "arch/cpu_features.h"
#include "arch/el2_controls.h"
#include "arch/fpsimd.h"
#include "smccc/services.h"
#include "test.h"
#include "vm/life.h"
#include "vm/vcpu_regs.h"

#define JUNK 0xA5A5A5A5A5A5A5A5U

#define ALL_GRANTS (CFG_VM_DEBUG | CFG_VM_PMU | CFG_VM_PAUTH | CFG_VM_SVE | CFG_VM_SME | CFG_VM_MTE)

/* VM 0 has no grant, VM 1 has all. */
const struct cfg_vm cfg_vms[CFG_VM_COUNT] = {
    {.name = "bare", .vmid = 1, .first_vcpu = 0, .vcpu_count = 2},
    {.name = "full", .vmid = 2, .flags = ALL_GRANTS, .first_vcpu = 2, .vcpu_count = 1},
    {.name = "rt", .vmid = 3, .first_vcpu = 3, .vcpu_count = 1},
};
const struct cfg_vcpu cfg_vcpus[CFG_VCPU_COUNT] = {
    {.vm = 0, .index = 0, .cpu = 0, .vmpidr = 0x80000000},
    {.vm = 0, .index = 1, .cpu = 1, .vmpidr = 0x80000100},
    {.vm = 1, .index = 0, .cpu = 2, .vmpidr = 0x80000203},
    {.vm = 2, .index = 0, .cpu = 3, .vmpidr = 0x80000000},
};

static unsigned fp_cleared;
static unsigned sve_cleared;
static unsigned mitigations_reset;
static bool sctlr_was_first;

void fpsimd_clear(void)
{
    fp_cleared++;
}

void sve_clear(void)
{
    CHECK_EQ(fake_sysreg_get("CPTR_EL2") & CPTR_EL2_TZ, 0); /* it would trap to EL2 itself */
    sve_cleared++;
}

void smccc_arch_vcpu_reset(void)
{
    mitigations_reset++;
}

static uint64_t on_ttbr_write(uint64_t value)
{
    sctlr_was_first = fake_sysreg_get("SCTLR_EL1") == 0x30D50838;
    return value;
}

TEST_SETUP()
{
    fp_cleared = 0;
    sve_cleared = 0;
    mitigations_reset = 0;
    sctlr_was_first = false;
}

/* A CPU that has every extension, 6 breakpoints, 4 watchpoints, 6 event counters. */
static void full_cpu(void)
{
    fake_sysreg_set_all("ID_AA64PFR0_EL1",
                        1ULL << 28 | 1ULL << 32 | 1ULL << 40 | 1ULL << 44 | 2ULL << 56);
    fake_sysreg_set_all("ID_AA64PFR1_EL1", 2ULL << 8 | 2ULL << 24 | 1ULL << 36);
    fake_sysreg_set_all("ID_AA64SMFR0_EL1", 1ULL << 63);
    fake_sysreg_set_all("ID_AA64DFR0_EL1",
                        9ULL | 6ULL << 8 | 5ULL << 12 | 3ULL << 20 | 1ULL << 32 | 1ULL << 40);
    fake_sysreg_set_all("ID_AA64ISAR1_EL1", 1ULL << 4 | 1ULL << 24);
    fake_sysreg_set_all("ID_AA64MMFR0_EL1", 2ULL << 56);
    fake_sysreg_set_all("ID_AA64MMFR1_EL1", 1ULL << 16 | 1ULL << 20 | 1ULL << 40);
    fake_sysreg_set_all("PMCR_EL0", 6ULL << 11);
    fake_sysreg_set_all("MPAMIDR_EL1", MPAMIDR_EL1_HAS_HCR);
}

static bool is_named(const char *const *names, unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(names[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static struct vcpu *reset(unsigned id)
{
    struct vcpu *v = &vcpus[id];

    fake_cpu = v->cpu;
    vcpu_reset(v, 0x40080000, 0x1234);
    return v;
}

/* What an Armv8.0 CPU has and a guest can write, beside its timers and GIC interface. */
static const char *const zeroed[] = {
    "TCR_EL1",   "TTBR0_EL1",      "TTBR1_EL1",   "MAIR_EL1",    "AMAIR_EL1",   "PAR_EL1",
    "VBAR_EL1",  "CONTEXTIDR_EL1", "ELR_EL1",     "SPSR_EL1",    "ESR_EL1",     "FAR_EL1",
    "AFSR0_EL1", "AFSR1_EL1",      "CPACR_EL1",   "CNTKCTL_EL1", "CSSELR_EL1",  "SP_EL0",
    "SP_EL1",    "TPIDR_EL0",      "TPIDR_EL1",   "TPIDRRO_EL0", "MDSCR_EL1",   "MDCCINT_EL1",
    "OSDLR_EL1", "DBGBCR0_EL1",    "DBGBVR0_EL1", "DBGWCR0_EL1", "DBGWVR0_EL1",
};

/* What the extensions of full_cpu() add. */
static const char *const zeroed_full[] = {
    "APIAKeyLo_EL1", "APIAKeyHi_EL1", "APIBKeyLo_EL1",  "APIBKeyHi_EL1", "APDAKeyLo_EL1",
    "APDAKeyHi_EL1", "APDBKeyLo_EL1", "APDBKeyHi_EL1",  "APGAKeyLo_EL1", "APGAKeyHi_EL1",
    "RGSR_EL1",      "GCR_EL1",       "TFSR_EL1",       "TFSRE0_EL1",    "ZCR_EL1",
    "SMCR_EL1",      "SMPRI_EL1",     "SVCR",           "TPIDR2_EL0",    "SCXTNUM_EL0",
    "SCXTNUM_EL1",   "VDISR_EL2",     "VSESR_EL2",      "PMUSERENR_EL0", "PMCCNTR_EL0",
    "PMCCFILTR_EL0", "PMSELR_EL0",    "PMXEVTYPER_EL0", "PMXEVCNTR_EL0", "DBGBCR5_EL1",
    "DBGBVR5_EL1",   "DBGWCR3_EL1",   "DBGWVR3_EL1",
};

static void check_zeroed(const char *const *names, unsigned count, unsigned id)
{
    for (unsigned i = 0; i < count; i++) {
        fake_sysreg_set_all(names[i], JUNK);
    }
    (void)reset(id);
    for (unsigned i = 0; i < count; i++) {
        CHECK_MSG(fake_sysreg_get(names[i]) == 0, "%s is left", names[i]);
    }
}

TEST(plain_cpu_is_cleared)
{
    check_zeroed(zeroed, ARRAY_COUNT(zeroed), 0);
    CHECK_EQ(fp_cleared, 1);
    CHECK_EQ(mitigations_reset, 1);
}

TEST(full_cpu_is_cleared)
{
    full_cpu();
    check_zeroed(zeroed, ARRAY_COUNT(zeroed), 2);
    full_cpu();
    check_zeroed(zeroed_full, ARRAY_COUNT(zeroed_full), 2);
    CHECK_EQ(sve_cleared, 2);
    CHECK_EQ(fp_cleared, 2);
}

TEST(values_that_are_not_zero)
{
    struct vcpu *v = reset(1);

    CHECK_EQ(fake_sysreg_get("SCTLR_EL1"), 0x30D50838);
    CHECK_EQ(fake_sysreg_get("OSLAR_EL1"), 1);
    CHECK_EQ(fake_sysreg_get("DBGCLAIMCLR_EL1"), 0xFF);
    CHECK_EQ(vcpu_pc(), 0x40080000);
    CHECK_EQ(vcpu_pstate(), 0x3C5);
    CHECK_EQ(v->x[0], 0x1234);
    CHECK_EQ(fake_sysreg_get("VMPIDR_EL2"), 0x80000100);
}

TEST(general_registers_are_cleared)
{
    for (unsigned i = 0; i < 31; i++) {
        vcpus[0].x[i] = JUNK;
    }
    struct vcpu *v = reset(0);

    for (unsigned i = 1; i < 31; i++) {
        CHECK_EQ(v->x[i], 0);
    }
    CHECK_EQ(v->vm, 0);
    CHECK_EQ(v->cpu, 0);
}

TEST(stage_1_is_off_before_its_tables_go)
{
    fake_sysreg_find("TTBR0_EL1")->on_write = on_ttbr_write;
    (void)reset(0);
    CHECK(sctlr_was_first);
}

TEST(guest_sees_the_cpus_midr)
{
    fake_sysreg_set_all("MIDR_EL1", 0x410FD0F0);
    (void)reset(0);
    CHECK_EQ(fake_sysreg_get("VPIDR_EL2"), 0x410FD0F0);
}

/* A register of an extension that the CPU lacks is UNDEFINED even at EL2. */
TEST(plain_cpu_touches_base_registers_only)
{
    static const char *const base[] = {
        "HCR_EL2",   "MDCR_EL2", "CPTR_EL2",  "HSTR_EL2",        "VPIDR_EL2", "VMPIDR_EL2",
        "SCTLR_EL1", "IC_IALLU", "OSLAR_EL1", "DBGCLAIMCLR_EL1", "ELR_EL2",   "SPSR_EL2",
    };

    (void)reset(0);
    for (unsigned i = 0; fake_sysreg_at(i) != NULL; i++) {
        const struct fake_sysreg *r = fake_sysreg_at(i);

        CHECK_MSG(r->writes[0] == 0 || is_named(base, ARRAY_COUNT(base), r->name) ||
                      is_named(zeroed, ARRAY_COUNT(zeroed), r->name),
                  "%s is written", r->name);
        CHECK_MSG(r->reads[0] == 0 || strncmp(r->name, "ID_AA64", 7) == 0 ||
                      strcmp(r->name, "MIDR_EL1") == 0,
                  "%s is read", r->name);
    }
}

TEST(no_debug_register_past_the_implemented_ones)
{
    full_cpu();
    (void)reset(2);
    CHECK_EQ(fake_sysreg_find("DBGBCR6_EL1")->writes[2], 0);
    CHECK_EQ(fake_sysreg_find("DBGBVR6_EL1")->writes[2], 0);
    CHECK_EQ(fake_sysreg_find("DBGWCR4_EL1")->writes[2], 0);
    CHECK_EQ(fake_sysreg_find("DBGWVR4_EL1")->writes[2], 0);
    CHECK_EQ(fake_sysreg_find("DBGBCR15_EL1")->writes[2], 0);
}

TEST(double_lock_only_where_it_is)
{
    fake_sysreg_set_all("ID_AA64DFR0_EL1", 15ULL << 36);
    (void)reset(0);
    CHECK_EQ(fake_sysreg_find("OSDLR_EL1")->writes[0], 0);
}

TEST(each_event_counter_is_cleared_once)
{
    full_cpu();
    (void)reset(2);
    CHECK_EQ(fake_sysreg_find("PMXEVCNTR_EL0")->writes[2], 6);
    CHECK_EQ(fake_sysreg_find("PMXEVTYPER_EL0")->writes[2], 6);
    CHECK_EQ(fake_sysreg_get("PMCNTENCLR_EL0"), 0xFFFFFFFF);
    CHECK_EQ(fake_sysreg_get("PMINTENCLR_EL1"), 0xFFFFFFFF);
    CHECK_EQ(fake_sysreg_get("PMOVSCLR_EL0"), 0xFFFFFFFF);
    CHECK_EQ(fake_sysreg_get("PMCR_EL0") & 1, 0);
}

TEST(vectors_without_the_grant_are_not_reachable)
{
    full_cpu();
    (void)reset(0);
    CHECK_EQ(sve_cleared, 0);
    CHECK_EQ(fake_sysreg_find("ZCR_EL2")->writes[0], 0);
    CHECK_EQ(fake_sysreg_find("SVCR")->writes[0], 0);
    CHECK_EQ(fp_cleared, 1);
}

/* What would be the mode of EL2, and of another VM [DDI0487 B1.4.1]. */
TEST(one_that_leaves_leaves_streaming_mode)
{
    full_cpu();
    fake_sysreg_set("SVCR", 3);
    vcpu_leave(&vcpus[0]); /* has not the grant: it cannot be in it, and an access would trap */
    CHECK_EQ(fake_sysreg_find("SVCR")->writes[0], 0);
    const unsigned barriers = fake_barriers.isb;
    vcpu_leave(&vcpus[2]);
    CHECK_EQ(fake_sysreg_get("SVCR"), 0);
    CHECK(fake_barriers.isb > barriers);
}

TEST(vector_lengths_are_the_longest)
{
    full_cpu();
    (void)reset(2);
    CHECK_EQ(fake_sysreg_get("ZCR_EL2"), 15);
    CHECK_EQ(fake_sysreg_get("SMCR_EL2"), 15 | SMCR_ELx_FA64 | SMCR_ELx_EZT0);
}

/* --- controls --------------------------------------------------------------------------- */

#define HCR_BASE                                                                                   \
    (HCR_EL2_VM | HCR_EL2_SWIO | HCR_EL2_PTW | HCR_EL2_FMO | HCR_EL2_IMO | HCR_EL2_AMO |           \
     HCR_EL2_TID1 | HCR_EL2_TID3 | HCR_EL2_TSC | HCR_EL2_TIDCP | HCR_EL2_TACR | HCR_EL2_TSW |      \
     HCR_EL2_RW)

TEST(hcr_of_a_plain_cpu)
{
    CHECK_EQ(vcpu_hcr_el2(0), 0x807D003F);
    CHECK_EQ(vcpu_hcr_el2(0), HCR_BASE);
    CHECK_EQ(vcpu_hcr_el2(1), HCR_BASE); /* a grant that the CPU cannot serve */
}

TEST(hcr_by_grant)
{
    full_cpu();
    const uint64_t both = HCR_BASE | HCR_EL2_TLOR | HCR_EL2_TERR | HCR_EL2_EnSCXT;

    CHECK_EQ(vcpu_hcr_el2(0), both | HCR_EL2_TID5);
    CHECK_EQ(vcpu_hcr_el2(1), both | HCR_EL2_APK | HCR_EL2_API | HCR_EL2_ATA);
}

TEST(mdcr_by_grant)
{
    CHECK_EQ(vcpu_mdcr_el2(0), MDCR_EL2_TDRA | MDCR_EL2_TDOSA | MDCR_EL2_TDA);
    CHECK_EQ(vcpu_mdcr_el2(1), MDCR_EL2_TDRA | MDCR_EL2_TDOSA);
    full_cpu();
    const uint64_t both = MDCR_EL2_TDRA | MDCR_EL2_TDOSA | MDCR_EL2_TDCC | MDCR_EL2_TPMS |
                          MDCR_EL2_TTRF | MDCR_EL2_HPMD | MDCR_EL2_HCCD | 6;

    CHECK_EQ(vcpu_mdcr_el2(0), both | MDCR_EL2_TDA | MDCR_EL2_TPM | MDCR_EL2_TPMCR);
    CHECK_EQ(vcpu_mdcr_el2(1), both);
}

TEST(a_pmu_outside_the_architecture_is_left_alone)
{
    fake_sysreg_set_all("ID_AA64DFR0_EL1", 15ULL << 8);
    CHECK_EQ(vcpu_mdcr_el2(1), MDCR_EL2_TDRA | MDCR_EL2_TDOSA);
    (void)reset(0);
    CHECK_EQ(fake_sysreg_find("PMCR_EL0")->writes[0], 0);
}

TEST(cptr_by_grant)
{
    CHECK_EQ(vcpu_cptr_el2(0), 0x33FF | 1U << 20);
    CHECK_EQ(vcpu_cptr_el2(1), 0x33FF | 1U << 20); /* TZ and TSM are RES1 without the features */
    full_cpu();
    CHECK_EQ(vcpu_cptr_el2(0), 0x33FF | 1U << 20 | 1U << 30);
    CHECK_EQ(vcpu_cptr_el2(1), 0x22FF | 1U << 20 | 1U << 30);
}

TEST(controls_reach_the_registers)
{
    full_cpu();
    fake_cpu = 2;
    fake_sysreg_set("HSTR_EL2", JUNK);
    vcpu_regs_write(&vcpus[2]);
    CHECK_EQ(fake_sysreg_get("HCR_EL2"), vcpu_hcr_el2(1));
    CHECK_EQ(fake_sysreg_get("MDCR_EL2"), vcpu_mdcr_el2(1));
    CHECK_EQ(fake_sysreg_get("CPTR_EL2"), vcpu_cptr_el2(1));
    CHECK_EQ(fake_sysreg_get("HSTR_EL2"), 0);
    CHECK(fake_barriers.isb > 0);
}

/* Their reset values are UNKNOWN: each that the CPU has is written. */
TEST(newer_trap_registers_are_initialised)
{
    static const char *const names[] = {"HFGITR_EL2",  "HDFGRTR_EL2",  "HDFGWTR_EL2",
                                        "HAFGRTR_EL2", "HFGRTR2_EL2",  "HFGWTR2_EL2",
                                        "HFGITR2_EL2", "HDFGRTR2_EL2", "HDFGWTR2_EL2"};

    full_cpu();
    for (unsigned i = 0; i < ARRAY_COUNT(names); i++) {
        fake_sysreg_set_all(names[i], JUNK);
    }
    for (unsigned id = 0; id < 3; id += 2) {
        (void)reset(id);
        for (unsigned i = 0; i < ARRAY_COUNT(names); i++) {
            CHECK_MSG(fake_sysreg_get(names[i]) == 0, "%s", names[i]);
        }
        CHECK_EQ(fake_sysreg_get("HFGRTR_EL2"), (id == 0) ? 0 : 3ULL << 54);
        CHECK_EQ(fake_sysreg_get("HFGWTR_EL2"), (id == 0) ? 0 : 3ULL << 54);
        CHECK_EQ(fake_sysreg_get("HCRX_EL2"), HCRX_EL2_TALLINT);
        CHECK_EQ(fake_sysreg_get("MPAM2_EL2"), 3ULL << 48);
        CHECK_EQ(fake_sysreg_get("MPAMHCR_EL2"), 1ULL << 31);
    }
}
