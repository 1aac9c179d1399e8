/* sources: vm/vcpu_context.c vm/vcpu_vectors.c vm/vcpu_regs.c vm/stage2.c arch/debug_registers.c arch/pmu_registers.c */
/* What a change of vCPU moves: each finds all its registers as it left them, whoever ran in
 * between, and nothing of another one that it can see.
 *
 * Four vCPUs share CPU 0: two of a VM without any grant, one of a VM that has all, one of a VM with
 * the debug grant only. What a guest can write is listed here by the manual, not by the code.
 *
 * @req CORE-3, CORE-8, CPU-3 */
#include "vm/vcpu_context.h"

#include "arch/barrier.h"
#include "arch/fpsimd.h"
#include "smccc/services.h"
#include "test.h"
#include "vm/vcpu_regs.h"

enum { BARE = 0, SIBLING = 1, FULL = 2, DEBUG = 3, BREAKPOINTS = 6, WATCHPOINTS = 4, COUNTERS = 6 };

const struct cfg_vm cfg_vms[CFG_VM_COUNT] = {
    {.name = "bare", .vmid = 1, .first_vcpu = 0, .vcpu_count = 2},
    {.name = "full",
     .vmid = 2,
     .first_vcpu = 2,
     .vcpu_count = 1,
     .flags = CFG_VM_DEBUG | CFG_VM_PMU | CFG_VM_PAUTH | CFG_VM_MTE | CFG_VM_SVE | CFG_VM_SME},
    {.name = "debug", .vmid = 3, .flags = CFG_VM_DEBUG, .first_vcpu = 3, .vcpu_count = 1},
};
const struct cfg_vcpu cfg_vcpus[CFG_VCPU_COUNT] = {
    {.vm = 0, .index = 0, .cpu = 0, .vmpidr = 0x80000000},
    {.vm = 0, .index = 1, .cpu = 0, .vmpidr = 0x80000001},
    {.vm = 1, .index = 0, .cpu = 0, .vmpidr = 0x80000002},
    {.vm = 2, .index = 0, .cpu = 0, .vmpidr = 0x80000003},
};
const struct cfg_cpu_schedule cfg_cpu_schedules[CFG_MODE_COUNT * CFG_CPU_COUNT] = {{0, 1}};

/* --- registers that are more than a value ----------------------------------------------- */

struct pmu {
    uint64_t enabled, signals, overflow;
    uint64_t type[32], count[32];
};
static struct pmu pmu;
static uint64_t claim_tags;
static struct fpsimd vectors;
static unsigned switches;
/* What SVE and SME add, of a CPU with the longest vectors. */
enum { SM = 1, ZA = 2, FFR_AT = 32 * VECTOR_BYTES_MAX + 16 * (VECTOR_BYTES_MAX / 8) };
static struct sve sve;
static struct za za;

#define SET_AND_CLEAR(name, field)                                                                 \
    static uint64_t name##_read(uint64_t stored)                                                   \
    {                                                                                              \
        (void)stored;                                                                              \
        return field;                                                                              \
    }                                                                                              \
    static uint64_t name##_set(uint64_t v)                                                         \
    {                                                                                              \
        field |= v;                                                                                \
        return v;                                                                                  \
    }                                                                                              \
    static uint64_t name##_clear(uint64_t v)                                                       \
    {                                                                                              \
        field &= ~v;                                                                               \
        return v;                                                                                  \
    }
SET_AND_CLEAR(enabled, pmu.enabled)
SET_AND_CLEAR(signals, pmu.signals)
SET_AND_CLEAR(overflow, pmu.overflow)
SET_AND_CLEAR(tags, claim_tags)

static unsigned selected(void)
{
    const uint64_t n = fake_sysreg_get("PMSELR_EL0");

    CHECK(n < COUNTERS); /* CONSTRAINED UNPREDICTABLE beyond */
    return (unsigned)n;
}

static uint64_t type_read(uint64_t stored)
{
    (void)stored;
    return pmu.type[selected()];
}

static uint64_t type_write(uint64_t v)
{
    CHECK_EQ(pmu.enabled, 0); /* it would count meanwhile */
    pmu.type[selected()] = v;
    return v;
}

static uint64_t count_read(uint64_t stored)
{
    (void)stored;
    CHECK_EQ(pmu.enabled, 0);
    return pmu.count[selected()];
}

static uint64_t count_write(uint64_t v)
{
    CHECK_EQ(pmu.enabled, 0);
    pmu.count[selected()] = v;
    return v;
}

static uint64_t pmcr_write(uint64_t v)
{
    CHECK_EQ(v & 6, 0); /* C and P reset counters */
    return (v & 0xFF) | (uint64_t)COUNTERS << 11;
}

static uint64_t os_lock_write(uint64_t v)
{
    fake_sysreg_set("OSLSR_EL1", 8 | (v & 1) << 1);
    return v;
}

static void hook(const char *name, uint64_t (*on_read)(uint64_t), uint64_t (*on_write)(uint64_t))
{
    fake_sysreg_find(name)->on_read = on_read;
    fake_sysreg_find(name)->on_write = on_write;
}

void fpsimd_save(struct fpsimd *to)
{
    CHECK_EQ(fake_sysreg_get("CPTR_EL2") >> 10 & 1, 0); /* TFP */
    *to = vectors;
}

void fpsimd_load(const struct fpsimd *from)
{
    CHECK_EQ(fake_sysreg_get("CPTR_EL2") >> 10 & 1, 0);
    vectors = *from;
    for (unsigned n = 0; n < 32; n++) { /* V is the start of Z, whose rest becomes 0 */
        memset(&sve.bytes[n * VECTOR_BYTES_MAX + 16], 0, VECTOR_BYTES_MAX - 16);
    }
}

static unsigned mode(void)
{
    return (unsigned)fake_sysreg_get("SVCR");
}

static size_t sve_accessible(bool with_ffr)
{
    CHECK_EQ(with_ffr, (mode() & SM) == 0); /* without FA64 */
    CHECK_EQ(fake_sysreg_get("CPTR_EL2") >> ((mode() & SM) != 0 ? 12 : 8) & 1, 0); /* TSM, TZ */
    return with_ffr ? sizeof(sve) : FFR_AT;
}

void sve_save(struct sve *to, bool with_ffr)
{
    memcpy(to, &sve, sve_accessible(with_ffr));
}

void sve_load(const struct sve *from, bool with_ffr)
{
    memcpy(&sve, from, sve_accessible(with_ffr));
}

static void check_za(void)
{
    CHECK((mode() & ZA) != 0 && (fake_sysreg_get("CPTR_EL2") >> 12 & 1) == 0);
}

void za_save(struct za *to)
{
    check_za();
    memcpy(to->rows, za.rows, sizeof(za.rows));
}

void za_load(const struct za *from)
{
    check_za();
    memcpy(za.rows, from->rows, sizeof(za.rows));
}

void zt0_save(uint8_t to[64])
{
    check_za();
    memcpy(to, za.zt0, sizeof(za.zt0));
}

void zt0_load(const uint8_t from[64])
{
    check_za();
    memcpy(za.zt0, from, sizeof(za.zt0));
}

/* A change of mode clears the vector registers, and sets FPSR; ZA is 0 when it is switched on. */
static uint64_t svcr_write(uint64_t v)
{
    CHECK_EQ(fake_sysreg_get("CPTR_EL2") >> 12 & 1, 0);
    if (((mode() ^ v) & SM) != 0) {
        memset(&sve, 0, sizeof(sve));
        memset(&vectors, 0, sizeof(vectors));
        vectors.fpsr = 0x0800009f;
    }
    if (((mode() ^ v) & ZA) != 0) {
        memset(&za, 0, sizeof(za));
    }
    return v & 3;
}

void smccc_arch_vm_switch(void)
{
    switches++;
}

/* --- what a guest can write ------------------------------------------------------------- */

enum { ALWAYS, KEYS, TAGS, VECTORS, DEBUGS, PMU };
static const struct {
    const char *name;
    unsigned grant;
} registers[] = {
    {"SCTLR_EL1", ALWAYS},      {"TCR_EL1", ALWAYS},     {"TTBR0_EL1", ALWAYS},
    {"TTBR1_EL1", ALWAYS},      {"MAIR_EL1", ALWAYS},    {"AMAIR_EL1", ALWAYS},
    {"CONTEXTIDR_EL1", ALWAYS}, {"VBAR_EL1", ALWAYS},    {"ELR_EL1", ALWAYS},
    {"SPSR_EL1", ALWAYS},       {"ESR_EL1", ALWAYS},     {"FAR_EL1", ALWAYS},
    {"PAR_EL1", ALWAYS},        {"AFSR0_EL1", ALWAYS},   {"AFSR1_EL1", ALWAYS},
    {"CPACR_EL1", ALWAYS},      {"CNTKCTL_EL1", ALWAYS}, {"CSSELR_EL1", ALWAYS},
    {"SP_EL0", ALWAYS},         {"SP_EL1", ALWAYS},      {"TPIDR_EL0", ALWAYS},
    {"TPIDRRO_EL0", ALWAYS},    {"TPIDR_EL1", ALWAYS},   {"ELR_EL2", ALWAYS},
    {"SPSR_EL2", ALWAYS},       {"VDISR_EL2", ALWAYS},   {"VSESR_EL2", ALWAYS},
    {"SCXTNUM_EL0", ALWAYS},    {"SCXTNUM_EL1", ALWAYS}, {"APIAKeyLo_EL1", KEYS},
    {"APIAKeyHi_EL1", KEYS},    {"APIBKeyLo_EL1", KEYS}, {"APIBKeyHi_EL1", KEYS},
    {"APDAKeyLo_EL1", KEYS},    {"APDAKeyHi_EL1", KEYS}, {"APDBKeyLo_EL1", KEYS},
    {"APDBKeyHi_EL1", KEYS},    {"APGAKeyLo_EL1", KEYS}, {"APGAKeyHi_EL1", KEYS},
    {"RGSR_EL1", TAGS},         {"GCR_EL1", TAGS},       {"TFSR_EL1", TAGS},
    {"TFSRE0_EL1", TAGS},       {"ZCR_EL1", VECTORS},    {"SMCR_EL1", VECTORS},
    {"SMPRI_EL1", VECTORS},     {"TPIDR2_EL0", VECTORS}, {"MDSCR_EL1", DEBUGS},
    {"MDCCINT_EL1", DEBUGS},
    {"DBGBVR0_EL1", DEBUGS},    {"DBGBCR0_EL1", DEBUGS}, {"DBGBVR5_EL1", DEBUGS},
    {"DBGBCR5_EL1", DEBUGS},    {"DBGWVR0_EL1", DEBUGS}, {"DBGWCR0_EL1", DEBUGS},
    {"DBGWVR3_EL1", DEBUGS},    {"DBGWCR3_EL1", DEBUGS}, {"PMUSERENR_EL0", PMU},
    {"PMCCNTR_EL0", PMU},       {"PMCCFILTR_EL0", PMU},
};
enum { REGISTER_COUNT = sizeof(registers) / sizeof(registers[0]) };

struct guest {
    uint64_t value[REGISTER_COUNT];
    struct fpsimd vectors;
    struct pmu pmu;
    uint64_t pmcr, pmselr, claim_tags, os_lock, svcr;
    struct sve sve;
    struct za za;
};
static struct guest guests[CFG_VCPU_COUNT];

static bool has(unsigned vcpu, unsigned grant)
{
    return grant == ALWAYS || vcpu == FULL || (vcpu == DEBUG && grant == DEBUGS);
}

static void scribble(void *at, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        ((uint8_t *)at)[i] = (uint8_t)(test_random() >> 40);
    }
}

/* The guest of `vcpu` writes all that it can. */
static void run(unsigned vcpu)
{
    struct guest *const g = &guests[vcpu];

    scribble(g, sizeof(*g));
    if (has(vcpu, VECTORS)) {
        SYSREG_WRITE(SVCR, g->svcr &= 3);
        memset(&g->sve.bytes[FFR_AT], 0, ((g->svcr & SM) != 0) ? sizeof(g->sve) - FFR_AT : 0);
        memset(&g->za, 0, ((g->svcr & ZA) == 0) ? sizeof(g->za) : 0);
        sve = g->sve;
        za = g->za;
    }
    vectors = g->vectors;
    for (unsigned i = 0; i < REGISTER_COUNT; i++) {
        if (has(vcpu, registers[i].grant)) {
            fake_sysreg_set(registers[i].name, g->value[i]);
        }
    }
    g->os_lock &= 1;
    SYSREG_WRITE(OSLAR_EL1, g->os_lock);
    if (has(vcpu, DEBUGS)) {
        claim_tags = g->claim_tags &= 0xFF;
    }
    if (has(vcpu, PMU)) {
        g->pmu.enabled &= UINT32_MAX;
        g->pmu.signals &= UINT32_MAX;
        g->pmu.overflow &= UINT32_MAX;
        pmu = g->pmu;
        fake_sysreg_set("PMSELR_EL0", g->pmselr %= COUNTERS);
        fake_sysreg_set("PMCR_EL0", (g->pmcr &= 0xF9) | (uint64_t)COUNTERS << 11);
    }
}

/* And finds it again. */
static void check(unsigned vcpu)
{
    const struct guest *const g = &guests[vcpu];

    CHECK(memcmp(&vectors, &g->vectors, sizeof(vectors)) == 0);
    for (unsigned i = 0; i < REGISTER_COUNT; i++) {
        CHECK_MSG(!has(vcpu, registers[i].grant) ||
                      fake_sysreg_get(registers[i].name) == g->value[i],
                  "%s of vCPU %u", registers[i].name, vcpu);
    }
    CHECK_EQ(fake_sysreg_get("OSLSR_EL1"), 8 | g->os_lock << 1);
    if (has(vcpu, VECTORS)) {
        CHECK_EQ(mode(), g->svcr);
        CHECK(memcmp(&sve, &g->sve, sizeof(sve)) == 0);
        CHECK(memcmp(&za, &g->za, sizeof(za)) == 0);
    } else {
        CHECK_EQ(mode(), 0); /* it could not leave streaming mode */
    }
    if (has(vcpu, DEBUGS)) {
        CHECK_EQ(claim_tags, g->claim_tags);
    } else {
        CHECK_EQ(fake_sysreg_get("MDSCR_EL1"), 0);
    }
    if (has(vcpu, PMU)) {
        CHECK_EQ(pmu.enabled, g->pmu.enabled);
        CHECK_EQ(pmu.signals, g->pmu.signals);
        CHECK_EQ(pmu.overflow, g->pmu.overflow);
        CHECK(memcmp(pmu.type, g->pmu.type, COUNTERS * sizeof(pmu.type[0])) == 0);
        CHECK(memcmp(pmu.count, g->pmu.count, COUNTERS * sizeof(pmu.count[0])) == 0);
        CHECK_EQ(fake_sysreg_get("PMSELR_EL0"), g->pmselr);
        CHECK_EQ(fake_sysreg_get("PMCR_EL0") & 0xFF, g->pmcr);
    } else {
        CHECK_EQ(pmu.enabled | pmu.signals | pmu.overflow, 0);
        CHECK_EQ(fake_sysreg_get("PMUSERENR_EL0"), 0);
    }
}

/* A CPU that has every extension. */
static void full_cpu(void)
{
    fake_sysreg_set_all("ID_AA64PFR0_EL1", 1ULL << 28 | 1ULL << 32 | 2ULL << 56);
    fake_sysreg_set_all("ID_AA64PFR1_EL1", 2ULL << 8 | 2ULL << 24);
    fake_sysreg_set_all("ID_AA64SMFR0_EL1", 1ULL << 63);
    fake_sysreg_set_all("ID_AA64DFR0_EL1",
                        9ULL | 6ULL << 8 | (BREAKPOINTS - 1) << 12 | (WATCHPOINTS - 1) << 20);
    fake_sysreg_set_all("ID_AA64ISAR1_EL1", 1ULL << 4 | 1ULL << 24);
}

TEST_SETUP()
{
    full_cpu();
    fake_sysreg_set_all("PMCR_EL0", (uint64_t)COUNTERS << 11);
    fake_sysreg_set_all("OSLSR_EL1", 8);
    memset(&pmu, 0, sizeof(pmu));
    claim_tags = 0;
    hook("PMCNTENSET_EL0", enabled_read, enabled_set);
    hook("PMCNTENCLR_EL0", enabled_read, enabled_clear);
    hook("PMINTENSET_EL1", signals_read, signals_set);
    hook("PMINTENCLR_EL1", signals_read, signals_clear);
    hook("PMOVSSET_EL0", overflow_read, overflow_set);
    hook("PMOVSCLR_EL0", overflow_read, overflow_clear);
    hook("DBGCLAIMSET_EL1", NULL, tags_set);
    hook("DBGCLAIMCLR_EL1", tags_read, tags_clear);
    hook("PMXEVTYPER_EL0", type_read, type_write);
    hook("PMXEVCNTR_EL0", count_read, count_write);
    hook("PMCR_EL0", NULL, pmcr_write);
    hook("OSLAR_EL1", NULL, os_lock_write);
    hook("SVCR", NULL, svcr_write);
    switches = 0;
}

static void begin(unsigned vcpu)
{
    vcpu_context_started(&vcpus[vcpu]);
    vcpu_regs_write(&vcpus[vcpu]); /* as vcpu_reset() does */
    run(vcpu);
}

/* What another one leaves that has all grants. */
static void others_leave(void)
{
    scribble(&vectors, sizeof(vectors));
    scribble(&sve, sizeof(sve));
    for (unsigned i = 0; i < REGISTER_COUNT; i++) {
        if (registers[i].grant < DEBUGS) {
            fake_sysreg_set(registers[i].name, test_random());
        }
    }
}

TEST(everyone_finds_what_it_left)
{
    for (unsigned i = 0; i < CFG_VCPU_COUNT; i++) {
        begin(i);
        vcpu_context_save(&vcpus[i]);
    }
    for (unsigned n = 0; n < 2000; n++) {
        const unsigned i = (unsigned)(test_random() >> 33) % CFG_VCPU_COUNT;
        vcpu_context_load(&vcpus[i]);
        check(i);
        run(i);
        vcpu_context_save(&vcpus[i]);
        others_leave();
    }
}

TEST(el2s_controls_are_those_of_the_vcpu)
{
    begin(BARE);
    vcpu_context_save(&vcpus[BARE]);
    vcpu_context_load(&vcpus[FULL]);
    const uint64_t full_hcr = fake_sysreg_get("HCR_EL2");
    CHECK_EQ(fake_sysreg_get("VMPIDR_EL2"), 0x80000002);
    CHECK_EQ(full_hcr >> 13 & 1, 1); /* TWI: others have their turn meanwhile */
    vcpu_context_load(&vcpus[BARE]);
    CHECK_EQ(fake_sysreg_get("VMPIDR_EL2"), 0x80000000);
    CHECK(fake_sysreg_get("HCR_EL2") != full_hcr);
}

/* A register that turns do not move. */
TEST(nobody_has_ffr_in_streaming_mode)
{
    vcpu_regs_write(&vcpus[FULL]);
    CHECK_EQ(fake_sysreg_get("SMCR_EL2") >> 31 & 1, 0); /* FA64 */
}

TEST(what_is_not_granted_is_not_touched)
{
    begin(DEBUG);
    vcpu_context_save(&vcpus[DEBUG]);
    vcpu_context_load(&vcpus[DEBUG]);
    for (unsigned i = 0; i < REGISTER_COUNT; i++) {
        const struct fake_sysreg *const r = fake_sysreg_find(registers[i].name);
        CHECK_MSG(has(DEBUG, registers[i].grant) || registers[i].grant == PMU ||
                      r->reads[0] + r->writes[0] == 0,
                  "%s", registers[i].name);
    }
}

/* An access would be UNDEFINED at EL2. */
TEST(what_the_cpu_has_not_is_not_touched)
{
    static const char *const optional[] = {"VDISR_EL2",     "SCXTNUM_EL0", "APIAKeyLo_EL1",
                                           "RGSR_EL1",      "PMCR_EL0",    "PMCNTENCLR_EL0",
                                           "PMUSERENR_EL0", "DBGBVR6_EL1", "DBGWVR4_EL1",
                                           "ZCR_EL1",       "SVCR",        "TPIDR2_EL0"};

    fake_sysreg_set_all("ID_AA64PFR0_EL1", 0);
    fake_sysreg_set_all("ID_AA64PFR1_EL1", 0);
    fake_sysreg_set_all("ID_AA64ISAR1_EL1", 0);
    fake_sysreg_set_all("ID_AA64DFR0_EL1", (BREAKPOINTS - 1) << 12 | (WATCHPOINTS - 1) << 20);
    vcpu_context_load(&vcpus[FULL]);
    vcpu_context_save(&vcpus[FULL]);
    for (unsigned i = 0; i < sizeof(optional) / sizeof(optional[0]); i++) {
        const struct fake_sysreg *const r = fake_sysreg_find(optional[i]);
        CHECK_MSG(r->reads[0] + r->writes[0] == 0, "%s", optional[i]);
    }
}

/* One that goes off is not saved. */
TEST(what_one_that_went_off_has_left_is_not_the_next_ones)
{
    begin(FULL);
    vcpu_context_save(&vcpus[FULL]);
    vcpu_context_load(&vcpus[FULL]);
    run(FULL);
    pmu.enabled = pmu.signals = pmu.overflow = UINT32_MAX;
    SYSREG_WRITE(SVCR, 0); /* vcpu_leave() */
    begin(SIBLING);
    vcpu_context_save(&vcpus[SIBLING]);
    vcpu_context_load(&vcpus[SIBLING]);
    check(SIBLING);
}

TEST(the_next_one_with_a_pmu_has_its_own_alone)
{
    begin(FULL);
    vcpu_context_save(&vcpus[FULL]);
    pmu.enabled = pmu.signals = pmu.overflow = UINT32_MAX; /* as one left it that went off */
    vcpu_context_load(&vcpus[FULL]);
    check(FULL);
}

TEST(a_siblings_translations_are_dropped_and_no_others)
{
    static const struct {
        unsigned vcpu, drops;
    } turns[] = {{BARE, 0},  {FULL, 0},    {BARE, 0}, {SIBLING, 1}, {SIBLING, 1}, {FULL, 1},
                 {DEBUG, 1}, {SIBLING, 1}, {BARE, 2}, {FULL, 2},    {SIBLING, 3}};

    begin(BARE);
    begin(FULL);
    begin(DEBUG);
    vcpu_context_started(&vcpus[BARE]);
    fake_barriers.tlbi = 0;
    for (unsigned i = 0; i < sizeof(turns) / sizeof(turns[0]); i++) {
        vcpu_context_load(&vcpus[turns[i].vcpu]);
        CHECK_MSG(fake_barriers.tlbi == turns[i].drops, "turn %u: %u", i, fake_barriers.tlbi);
    }
    /* A start drops all of its VM by itself: nothing is left that the next load had to drop. */
    vcpu_context_started(&vcpus[BARE]);
    vcpu_context_load(&vcpus[BARE]);
    CHECK_EQ(fake_barriers.tlbi, 3);
}

/* Where a write of the walk's registers begins to hold: only what an ISB came after is certain. */
static struct walks {
    uint64_t tcr, sctlr;
    unsigned tcr_at, sctlr_at, mixed_at; /* ISBs before */
    unsigned mixed;                      /* writes meanwhile */
} walks;

static uint64_t tcr_write(uint64_t v)
{
    walks.tcr = v;
    walks.tcr_at = fake_barriers.isb;
    return v;
}

static uint64_t sctlr_write(uint64_t v)
{
    CHECK_EQ(walks.tcr >> 7 & walks.tcr >> 23 & 1, 1); /* EPD0, EPD1 */
    CHECK(fake_barriers.isb > walks.tcr_at);
    CHECK(walks.mixed == 0 || fake_barriers.isb > walks.mixed_at);
    walks.sctlr = v;
    walks.sctlr_at = fake_barriers.isb;
    return v;
}

static uint64_t mixed_write(uint64_t v)
{
    CHECK_EQ(walks.tcr >> 7 & walks.tcr >> 23 & walks.sctlr & 1, 1);
    CHECK(fake_barriers.isb > walks.sctlr_at && walks.sctlr_at > walks.tcr_at);
    walks.mixed++;
    walks.mixed_at = fake_barriers.isb;
    return v;
}

/* Not even those of an address-translation instruction that the CPU speculates. */
TEST(no_walk_uses_registers_of_two_guests)
{
    static const char *const mixed[] = {"VTTBR_EL2", "VTCR_EL2",  "TTBR0_EL1",
                                        "TTBR1_EL1", "MAIR_EL1", "CONTEXTIDR_EL1"};

    begin(BARE);
    fake_sysreg_set("TCR_EL1", 0);
    fake_sysreg_set("SCTLR_EL1", 0);
    vcpu_context_save(&vcpus[BARE]);
    begin(FULL);
    fake_sysreg_set("TCR_EL1", 0);
    fake_sysreg_set("SCTLR_EL1", 0);
    hook("TCR_EL1", NULL, tcr_write);
    hook("SCTLR_EL1", NULL, sctlr_write);
    for (unsigned i = 0; i < sizeof(mixed) / sizeof(mixed[0]); i++) {
        hook(mixed[i], NULL, mixed_write);
    }
    vcpu_context_load(&vcpus[BARE]);
    CHECK_EQ(walks.mixed, sizeof(mixed) / sizeof(mixed[0]));
    CHECK_EQ(fake_sysreg_get("VTTBR_EL2") >> 48, 1); /* its VMID */
    /* Its own SCTLR_EL1 after all of that, and TCR_EL1 after that one. */
    CHECK_EQ(walks.sctlr | walks.tcr, 0);
    CHECK(walks.tcr_at > walks.sctlr_at);
    CHECK(fake_barriers.isb > walks.tcr_at);
}

static unsigned dsbs_before;

static uint64_t faults_read(uint64_t stored)
{
    CHECK(fake_barriers.dsb > dsbs_before && fake_barriers.isb > 0);
    return stored;
}

/* A store whose tag does not match may be noted late, and then would be the next one's. */
TEST(all_tag_faults_have_been_noted)
{
    begin(FULL);
    hook("TFSR_EL1", faults_read, NULL);
    hook("TFSRE0_EL1", faults_read, NULL);
    dsbs_before = fake_barriers.dsb;
    fake_barriers.isb = 0;
    vcpu_context_save(&vcpus[FULL]);
    CHECK_EQ(fake_sysreg_find("TFSR_EL1")->reads[0], 1);
}

TEST(another_vm_finds_no_predictions)
{
    vcpu_context_started(&vcpus[BARE]);
    switches = 0;
    vcpu_context_load(&vcpus[SIBLING]);
    CHECK_EQ(switches, 0);
    vcpu_context_load(&vcpus[FULL]);
    vcpu_context_load(&vcpus[FULL]);
    CHECK_EQ(switches, 1);
    vcpu_context_started(&vcpus[DEBUG]);
    CHECK_EQ(switches, 2);
    vcpu_context_load(&vcpus[BARE]);
    CHECK_EQ(switches, 3);
}
