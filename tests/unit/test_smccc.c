/* sources: smccc/smccc.c smccc/arch.c smccc/trng.c smccc/hyp.c */
/* SMCCC: dispatch, allow list, mitigations, random numbers.
 * @req CPU-5 */
#include "arch/rng.h"
#include "arch/smc.h"
#include "smccc/services.h"
#include "smccc/smccc.h"
#include "test.h"

#define ARCH_FEATURES 0x80000001U
#define ARCH_SOC_ID 0x80000002U
#define WORKAROUND_1 0x80008000U
#define WORKAROUND_2 0x80007FFFU
#define WORKAROUND_3 0x80003FFFU
#define TRNG_VERSION 0x84000050U
#define TRNG_FEATURES 0x84000051U
#define TRNG_GET_UUID 0x84000052U
#define TRNG_RND_32 0x84000053U
#define TRNG_RND_64 0xC4000053U

#define LINUX0 (&vcpus[0]) /* no grant; 0x84000050 on its allow list */
#define LINUX1 (&vcpus[2]) /* TRNG granted; nothing on its allow list */

/* A service of the test, between two of the real ones. */
static uint32_t own_called;

static enum exit_action own_call(struct vcpu *v)
{
    own_called = smccc_function_id(v);
    return EXIT_RESCHEDULE;
}

const struct smccc_service smccc_services[] = {
    {0x80000000U, 0x8000FFFFU, smccc_arch_call}, {0x84000050U, 0x8400005FU, trng_call},
    {0x85000010U, 0x85000012U, own_call},        {0x8600FF00U, 0x8600FFFFU, hyp_call},
    {0xC0000000U, 0xC000FFFFU, smccc_arch_call}, {0xC4000050U, 0xC400005FU, trng_call},
};
const unsigned smccc_service_count = ARRAY_COUNT(smccc_services);

const uint32_t cfg_smcs[CFG_SMC_COUNT] = {TRNG_VERSION};

/* EL3 of the tests: answers per function; 0x99 in x1..x7 shows that the results were taken. */
static uint64_t el3_features; /* ARCH_FEATURES of any mitigation, and SOC_ID */
static uint64_t el3_trng_version;

static void el3(struct smc_regs *r)
{
    const uint32_t id = (uint32_t)r->x[0];

    r->x[0] = (id == ARCH_FEATURES) ? el3_features : (id == TRNG_VERSION) ? el3_trng_version : 0x98;
    for (unsigned i = 1; i < 8; i++) {
        r->x[i] = 0x99;
    }
}

static void set_registers(struct vcpu *v, uint64_t x0, uint64_t x1)
{
    fake_cpu = v->cpu;
    for (unsigned i = 2; i < 31; i++) {
        v->x[i] = 0x2222000000000000U + i;
    }
    v->x[0] = x0;
    v->x[1] = x1;
}

static uint64_t call(struct vcpu *v, uint64_t x0, uint64_t x1)
{
    set_registers(v, x0, x1);
    CHECK_EQ(smccc_call(v, SMCCC_SMC), EXIT_SKIP);
    for (unsigned i = 8; i < 31; i++) {
        CHECK_EQ(v->x[i], 0x2222000000000000U + i);
    }
    return v->x[0];
}

static void check_results_untouched(const struct vcpu *v, unsigned first)
{
    for (unsigned i = first; i < 31; i++) {
        CHECK_EQ(v->x[i], 0x2222000000000000U + i);
    }
}

TEST_SETUP()
{
    own_called = 0;
    el3_features = UINT64_MAX;
    el3_trng_version = UINT64_MAX;
}

TEST(unknown_calls_are_not_supported)
{
    static const uint64_t unknown[] = {0,          0x84000000, 0xC4000000, 0x81000000, 0x8500000F,
                                       0x85000013, 0xFFFFFFFF, 0x05000010, /* a yielding call */
                                       0x82000000, 0x84000060, 0x8600FEFF};

    for (unsigned i = 0; i < ARRAY_COUNT(unknown); i++) {
        set_registers(LINUX0, unknown[i], 5);
        CHECK_EQ(smccc_call(LINUX0, SMCCC_HVC), EXIT_RESUME);
        CHECK_MSG(LINUX0->x[0] == UINT64_MAX, "id %#jx", (uintmax_t)unknown[i]);
        CHECK_EQ(LINUX0->x[1], 5);
        check_results_untouched(LINUX0, 2);
    }
    CHECK_EQ(fake_smc_count, 0);
}

/* What becomes of it, the exit decides. */
TEST(an_smc_that_nobody_answers_and_nothing_allows_is_refused)
{
    static const uint64_t unknown[] = {0, 0x82000000, 0x85000013, 0xFFFFFFFF, 0xC2000001};

    for (unsigned i = 0; i < ARRAY_COUNT(unknown); i++) {
        set_registers(LINUX0, unknown[i], 5);
        CHECK_EQ(smccc_call(LINUX0, SMCCC_SMC), EXIT_REFUSED);
        CHECK_EQ(LINUX0->x[0], unknown[i]);
        check_results_untouched(LINUX0, 2);
    }
    CHECK_EQ(fake_smc_count, 0);
}

TEST(conduits_leave_the_pc_differently)
{
    LINUX0->x[0] = 0x80000000U;
    CHECK_EQ(smccc_call(LINUX0, SMCCC_HVC), EXIT_RESUME);
    LINUX0->x[0] = 0x80000000U;
    CHECK_EQ(smccc_call(LINUX0, SMCCC_SMC), EXIT_SKIP);
    LINUX0->x[0] = 0x85000010U;
    CHECK_EQ(smccc_call(LINUX0, SMCCC_HVC), EXIT_RESCHEDULE);
    CHECK_EQ(smccc_call(LINUX0, SMCCC_SMC), EXIT_RESCHEDULE);
}

TEST(bounds_of_a_service_are_inclusive)
{
    for (uint32_t id = 0x85000010U; id <= 0x85000012U; id++) {
        LINUX0->x[0] = id;
        (void)smccc_call(LINUX0, SMCCC_HVC);
        CHECK_EQ(own_called, id);
    }
}

TEST(function_id_is_w0_without_the_sve_hint)
{
    LINUX0->x[0] = 0xDEADBEEF85010011U;
    (void)smccc_call(LINUX0, SMCCC_HVC);
    CHECK_EQ(own_called, 0x85000011U);
    CHECK_EQ(call(LINUX0, 0x80010000U, 0), 0x10002);
    LINUX0->x[0] = 0x05010011U; /* of a yielding call bit 16 is part of the function */
    CHECK_EQ(smccc_function_id(LINUX0), 0x05010011U);
}

TEST(allow_list_reaches_el3_and_nothing_else_does)
{
    fake_smc_hook = el3;
    el3_trng_version = 0x10001;
    CHECK_EQ(call(LINUX0, 0xFFFFFFFF00000000U | TRNG_VERSION | 0x10000U, 7), 0x10001);
    CHECK_EQ(fake_smc_count, 1);
    CHECK_EQ(fake_smc_last.x[0], TRNG_VERSION);
    CHECK_EQ(fake_smc_last.x[1], 7);
    for (unsigned i = 2; i < 8; i++) {
        CHECK_EQ(fake_smc_last.x[i], 0x2222000000000000U + i);
        CHECK_EQ(LINUX0->x[i], 0x99);
    }
    /* Next to the allowed id, and the same id from a VM without it. */
    CHECK_EQ(call(LINUX0, TRNG_VERSION + 1, 0), UINT64_MAX);
    CHECK_EQ(call(&vcpus[3], TRNG_VERSION, 0), UINT64_MAX);
    CHECK_EQ(fake_smc_count, 1);
}

TEST(version_and_features)
{
    fake_smc_hook = el3;
    CHECK_EQ(call(LINUX0, 0x80000000U, 0), 0x10002);
    CHECK_EQ(call(LINUX0, ARCH_FEATURES, 0x80000000U), 0);
    CHECK_EQ(call(LINUX0, ARCH_FEATURES, ARCH_FEATURES), 0);
    CHECK_EQ(call(LINUX0, ARCH_FEATURES, 0xFFFFFFFF80000000U), 0);
    CHECK_EQ(call(LINUX0, ARCH_FEATURES, 0x84000000U), UINT64_MAX);
    CHECK_EQ(call(LINUX0, ARCH_FEATURES, ARCH_SOC_ID), UINT64_MAX);
    CHECK_EQ(call(LINUX0, ARCH_SOC_ID, 0), UINT64_MAX);
    CHECK_EQ(fake_smc_count, 0);
}

TEST(mitigations_reflect_el3)
{
    static const uint32_t ids[] = {WORKAROUND_1, WORKAROUND_2, WORKAROUND_3};

    fake_smc_hook = el3;
    for (unsigned i = 0; i < 3; i++) {
        el3_features = 0;
        CHECK_EQ(call(LINUX0, ARCH_FEATURES, ids[i]), 0);
        CHECK_EQ(fake_smc_last.x[0], ARCH_FEATURES);
        CHECK_EQ(fake_smc_last.x[1], ids[i]);
        el3_features = 1;
        CHECK_EQ(call(LINUX0, ARCH_FEATURES, ids[i]), 1);
        el3_features = 0xFFFFFFFE; /* NOT_REQUIRED as an int32 */
        CHECK_EQ(call(LINUX0, ARCH_FEATURES, ids[i]), (uint64_t)-2);
        CHECK_EQ(call(LINUX0, ids[i], 1), 0x98);
        CHECK_EQ(fake_smc_last.x[0], ids[i]);
        CHECK_EQ(fake_smc_last.x[1], 1);
    }
}

TEST(mitigations_that_the_cpu_does_not_need)
{
    fake_smc_hook = el3;
    fake_sysreg_set_all("ID_AA64PFR0_EL1", 1ULL << 56); /* CSV2 */
    CHECK_EQ(call(LINUX0, ARCH_FEATURES, WORKAROUND_1), 1);
    CHECK_EQ(call(LINUX0, WORKAROUND_1, 0), 0);
    CHECK_EQ(fake_smc_count, 0);
    fake_sysreg_set_all("ID_AA64PFR0_EL1", 2ULL << 56);
    CHECK_EQ(call(LINUX0, ARCH_FEATURES, WORKAROUND_3), UINT64_MAX);
    CHECK_EQ(fake_smc_count, 1);
    fake_sysreg_set_all("ID_AA64PFR0_EL1", 3ULL << 56); /* CSV2_3 */
    CHECK_EQ(call(LINUX0, ARCH_FEATURES, WORKAROUND_3), 1);
    fake_sysreg_set_all("ID_AA64PFR0_EL1", 0);
    fake_sysreg_set_all("ID_AA64MMFR1_EL1", 1ULL << 60); /* ECBHB */
    CHECK_EQ(call(LINUX0, ARCH_FEATURES, WORKAROUND_3), 1);
    CHECK_EQ(fake_smc_count, 1);
    CHECK_EQ(call(LINUX0, ARCH_FEATURES, WORKAROUND_2), UINT64_MAX);
}

TEST(store_bypass_mitigation_is_on_after_reset)
{
    fake_smc_hook = el3;
    el3_features = 0;
    smccc_arch_vcpu_reset();
    CHECK_EQ(fake_smc_last.x[0], WORKAROUND_2);
    CHECK_EQ(fake_smc_last.x[1], 1);
    CHECK_EQ(fake_smc_count, 2);
    el3_features = 1;
    smccc_arch_vcpu_reset();
    CHECK_EQ(fake_smc_count, 3);
    CHECK_EQ(fake_smc_last.x[0], ARCH_FEATURES);
}

TEST(hypervisor_service_names_us)
{
    CHECK_EQ(call(LINUX0, 0x8600FF01U, 0), 0xcecee570);
    CHECK_EQ(LINUX0->x[1], 0x044c12aa);
    CHECK_EQ(LINUX0->x[2], 0x2eb1c0bd);
    CHECK_EQ(LINUX0->x[3], 0xd1c99a76);
    check_results_untouched(LINUX0, 4);
    CHECK_EQ(call(LINUX0, 0x8600FF03U, 9), 1);
    CHECK_EQ(LINUX0->x[1], 0);
    check_results_untouched(LINUX0, 2);
    CHECK_EQ(call(LINUX0, 0x8600FF00U, 0), UINT64_MAX);
    CHECK_EQ(call(LINUX0, 0x8600FF02U, 0), UINT64_MAX);
}

/* --- TRNG ------------------------------------------------------------------------------- */

static unsigned rng_failures;

static bool rng(uint64_t *value)
{
    if (rng_failures > 0) {
        rng_failures--;
        *value = 0x5A5A; /* must not be used */
        return false;
    }
    *value = UINT64_MAX;
    return true;
}

static void cpu_with_rng(unsigned failures)
{
    fake_sysreg_set_all("ID_AA64ISAR0_EL1", 1ULL << 60);
    fake_rng_hook = rng;
    rng_failures = failures;
}

TEST(trng_without_a_source_does_not_exist)
{
    for (uint32_t id = TRNG_VERSION; id <= TRNG_RND_32; id++) {
        CHECK_EQ(call(LINUX1, id, 32), UINT64_MAX);
    }
    CHECK_EQ(call(LINUX1, TRNG_RND_64, 64), UINT64_MAX);
    CHECK_EQ(LINUX1->x[1], 64);
    check_results_untouched(LINUX1, 2);
}

TEST(trng_needs_the_grant)
{
    cpu_with_rng(0);
    CHECK_EQ(call(&vcpus[3], TRNG_VERSION, 0), UINT64_MAX);
    CHECK_EQ(call(&vcpus[3], TRNG_RND_64, 64), UINT64_MAX);
    CHECK_EQ(fake_rng_count, 0);
}

TEST(trng_from_the_cpu)
{
    cpu_with_rng(0);
    CHECK_EQ(call(LINUX1, TRNG_VERSION, 0), 0x10000);
    for (uint32_t id = TRNG_VERSION; id <= TRNG_RND_32; id++) {
        CHECK_EQ(call(LINUX1, TRNG_FEATURES, id), 0);
    }
    CHECK_EQ(call(LINUX1, TRNG_FEATURES, TRNG_RND_64), 0);
    CHECK_EQ(call(LINUX1, TRNG_FEATURES, TRNG_RND_32 + 1), UINT64_MAX);
    CHECK_EQ(call(LINUX1, TRNG_FEATURES, 0xC4000050U), UINT64_MAX);
    CHECK(call(LINUX1, TRNG_GET_UUID, 0) != 0xFFFFFFFF);
    CHECK_EQ(call(LINUX1, 0x84000054U, 0), UINT64_MAX);
    CHECK_EQ(fake_smc_count, 0);
}

/* Bit i of x1:x2:x3, words of `word_bits`. */
static bool random_bit(const struct vcpu *v, unsigned i, unsigned word_bits)
{
    return ((v->x[3 - i / word_bits] >> (i % word_bits)) & 1U) != 0;
}

static void check_width(uint32_t id, unsigned word_bits, unsigned bits)
{
    CHECK_EQ(call(LINUX1, id, bits), 0);
    for (unsigned i = 0; i < 3 * word_bits; i++) {
        CHECK_MSG(random_bit(LINUX1, i, word_bits) == (i < bits), "%u bits, bit %u", bits, i);
    }
    if (word_bits == 32) {
        CHECK_EQ((LINUX1->x[1] | LINUX1->x[2] | LINUX1->x[3]) >> 32, 0);
    }
}

TEST(trng_gives_exactly_the_bits_asked_for)
{
    cpu_with_rng(0);
    for (unsigned bits = 1; bits <= 192; bits++) {
        check_width(TRNG_RND_64, 64, bits);
        if (bits <= 96) {
            check_width(TRNG_RND_32, 32, bits);
        }
    }
}

TEST(trng_refuses_other_widths)
{
    cpu_with_rng(0);
    CHECK_EQ(call(LINUX1, TRNG_RND_32, 0), (uint64_t)-2);
    CHECK_EQ(call(LINUX1, TRNG_RND_32, 97), (uint64_t)-2);
    CHECK_EQ(call(LINUX1, TRNG_RND_64, 0), (uint64_t)-2);
    CHECK_EQ(call(LINUX1, TRNG_RND_64, 193), (uint64_t)-2);
    CHECK_EQ(call(LINUX1, TRNG_RND_64, 0x100000040U), (uint64_t)-2);
    CHECK_EQ(fake_rng_count, 0);
    CHECK_EQ(call(LINUX1, TRNG_RND_32, 0x100000020U), 0); /* w1 */
}

TEST(trng_out_of_entropy_gives_nothing)
{
    cpu_with_rng(7);
    check_width(TRNG_RND_64, 64, 192); /* a passing failure */
    rng_failures = UINT32_MAX;
    CHECK_EQ(call(LINUX1, TRNG_RND_64, 192), (uint64_t)-3);
    CHECK_EQ(LINUX1->x[1] | LINUX1->x[2] | LINUX1->x[3], 0);
    CHECK(fake_rng_count < 40);
}

TEST(trng_from_el3)
{
    fake_smc_hook = el3;
    el3_trng_version = 0xFFFFFFFF;
    CHECK_EQ(call(LINUX1, TRNG_RND_64, 64), UINT64_MAX);
    el3_trng_version = 0x10000;
    CHECK_EQ(call(LINUX1, TRNG_RND_64, 64), 0x98);
    CHECK_EQ(fake_smc_last.x[0], TRNG_RND_64);
    CHECK_EQ(fake_smc_last.x[1], 64);
    CHECK_EQ(LINUX1->x[3], 0x99);
}
