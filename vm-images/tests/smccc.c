/* Group smccc: calls out of the VM by HVC and by SMC [DEN0028].
 *
 * Unknown calls answer NOT_SUPPORTED and change nothing else; calls to firmware services that the
 * description does not allow never get there. TRNG [DEN0098] depends on the machine: it answers
 * properly or not at all.
 *
 * @req CPU-5 */
#include "exception.h"
#include "psci.h"
#include "result.h"
#include "uart.h"

#define SMCCC_VERSION 0x80000000U
#define SMCCC_ARCH_FEATURES 0x80000001U
#define SMCCC_ARCH_WORKAROUND_1 0x80008000U
#define TRNG_VERSION 0x84000050U
#define TRNG_FEATURES 0x84000051U
#define TRNG_RND64 0xc4000053U

typedef void (*conduit)(struct smccc_regs *);

void guest_main(uint64_t devicetree);

LEAF(leaf_hvc_1, "hvc #1");
LEAF(leaf_smc_1, "smc #1");
uint64_t leaf_hvc_1(uint64_t x0);
uint64_t leaf_smc_1(uint64_t x0);

static const struct {
    const char *name;
    conduit call;
} conduits[] = {{"hvc", smccc_hvc}, {"smc", smccc_smc}};
#define CONDUIT_COUNT (sizeof(conduits) / sizeof(conduits[0]))

static uint64_t call_1(conduit call, uint32_t function, uint64_t a1)
{
    struct smccc_regs regs = {{function, a1}};
    call(&regs);
    return regs.x[0];
}

static void check_version(conduit call)
{
    uint64_t version = call_1(call, SMCCC_VERSION, 0);
    test_check(version >= 0x10002U && version < 0x20000U, "version", "%lx, expected 1.2", version);
    TEST_EQUAL("arch_features_version", (int32_t)call_1(call, SMCCC_ARCH_FEATURES, SMCCC_VERSION),
               0);
    TEST_EQUAL("arch_features_unknown", (int32_t)call_1(call, SMCCC_ARCH_FEATURES, 0x80007fffU),
               UINT64_MAX);
    int32_t workaround = (int32_t)call_1(call, SMCCC_ARCH_FEATURES, SMCCC_ARCH_WORKAROUND_1);
    test_check(workaround >= -1 && workaround <= 1, "arch_features_workaround_1", "%d",
               workaround);
    TEST_EQUAL("psci_by_this_conduit", call_1(call, PSCI_VERSION, 0),
               call_1(smccc_hvc, PSCI_VERSION, 0));
}

/* x4..x17 are preserved; x0..x3 are the result [DEN0028 2.6, 3.1]. */
static void check_preserved(conduit call, uint32_t function)
{
    struct smccc_regs regs;
    bool kept = true;
    for (unsigned i = 0; i < 18U; i++) {
        regs.x[i] = UINT64_C(0x1111111111111111) * i;
    }
    regs.x[0] = function;
    call(&regs);
    for (unsigned i = 4; i < 18U; i++) {
        kept = kept && regs.x[i] == UINT64_C(0x1111111111111111) * i;
    }
    test_check(kept, "registers_preserved", "function %x changed x4..x17", function);
}

/* One id of each range of owners: CPU, SiP, OEM, hypervisor, trusted applications, trusted OS. */
static void check_refused(conduit call, const char *name)
{
    static const uint32_t functions[] = {
        0x81000001U, 0x82000001U, 0xc2000001U, 0x83000001U, 0x86000001U, 0xb0000001U,
        0xb2000001U, 0xbf00ff01U, 0x84000060U /* FF-A */, 0xc4000150U /* RMI */, 0x00000000U,
        0x7fffffffU, 0xffffffffU, 0x84000130U /* errata */,
    };
    for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        uint64_t answer = call_1(call, functions[i], 0);
        test_check((int32_t)answer == -1, "refused", "%s %x answered %lx", name, functions[i],
                   answer);
        check_preserved(call, functions[i]);
    }
}

/* A non-zero immediate is no SMCCC call: it must be harmless, an answer or UNDEF. */
static void check_immediates(void)
{
    fault_expect();
    leaf_hvc_1(SMCCC_VERSION);
    struct fault f = fault_taken();
    test_check(!f.taken || ESR_EC(f.esr) == EC_UNKNOWN, "hvc_immediate", "ESR %lx", f.esr);
    fault_expect();
    leaf_smc_1(SMCCC_VERSION);
    f = fault_taken();
    test_check(!f.taken || ESR_EC(f.esr) == EC_UNKNOWN, "smc_immediate", "ESR %lx", f.esr);
}

/* Either there is no entropy and TRNG says so, or two draws differ and sizes are checked. */
static void check_trng(conduit call)
{
    int32_t version = (int32_t)call_1(call, TRNG_VERSION, 0);
    if (version == -1) {
        TEST_EQUAL("trng_absent", (int32_t)call_1(call, TRNG_RND64, 64), UINT64_MAX);
        return;
    }
    test_check(version >= 0x10000, "trng_version", "%x", (unsigned)version);
    test_check((int32_t)call_1(call, TRNG_FEATURES, TRNG_RND64) >= 0, "trng_features", "RND64");
    struct smccc_regs first = {{TRNG_RND64, 192}};
    struct smccc_regs second = {{TRNG_RND64, 192}};
    call(&first);
    call(&second);
    test_check(first.x[0] == 0U && second.x[0] == 0U &&
                   (first.x[1] != second.x[1] || first.x[2] != second.x[2]),
               "trng_rnd64", "answers %lx %lx", first.x[0], second.x[0]);
    TEST_EQUAL("trng_too_many_bits", (int32_t)call_1(call, TRNG_RND64, 193), UINT64_MAX - 1U);
    TEST_EQUAL("trng_no_bits", (int32_t)call_1(call, TRNG_RND64, 0), UINT64_MAX - 1U);
}

void guest_main(uint64_t devicetree)
{
    (void)devicetree;
    test_begin("smccc");
    for (unsigned i = 0; i < CONDUIT_COUNT; i++) {
        check_version(conduits[i].call);
        check_refused(conduits[i].call, conduits[i].name);
        check_trng(conduits[i].call);
    }
    check_immediates();
    test_done();
}
