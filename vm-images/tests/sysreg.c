/* Group sysreg: system registers as the VM may see them [DDI0487 D24].
 *
 * Every encoding of op0 2 and 3 is read once: each gives a value or is UNDEFINED, and nothing
 * else. x0 at entry says what the description grants (systems/test-sysreg*.yaml): bit 0 debug,
 * bit 1 PMU; what is not granted must not work.
 *
 * @req CORE-3, CORE-8 */
#include "exception.h"
#include "psci.h"
#include "result.h"
#include "uart.h"

#define GRANT_DEBUG 1U
#define GRANT_PMU 2U
#define INSTRUCTION_MRS UINT32_C(0xd5200000) /* op0, op1, CRn, CRm, op2 at bit 5, Rt 0 */
#define INSTRUCTION_MSR UINT32_C(0xd5000000)
#define INSTRUCTION_RET UINT32_C(0xd65f03c0)
#define EC_BREAKPOINT 0x31U
#define EC_WATCHPOINT 0x35U
#define EC_ILLEGAL_STATE 0x0eU
#define EC_SME 0x1dU
#define MDSCR_KDE (1U << 13)
#define MDSCR_MDE (1U << 15)

/* op0[1:0] op1 CRn CRm op2, as they lie in the instruction. */
#define ENCODING(op0, op1, crn, crm, op2)                                                          \
    (((op0) << 19) | ((op1) << 16) | ((crn) << 12) | ((crm) << 8) | ((op2) << 5))

void guest_main(uint64_t devicetree);

static uint32_t code[4] __attribute__((aligned(64)));

static uint64_t field(uint64_t value, unsigned lowest)
{
    return (value >> lowest) & 0xfU;
}

static void code_write(uint32_t instruction)
{
    code[0] = instruction;
    code[1] = INSTRUCTION_RET;
    __asm__ volatile("dc cvau, %0\n\tdsb ish\n\tic ivau, %0\n\tdsb ish\n\tisb" ::"r"(code)
                     : "memory");
}

static struct fault register_read(uint32_t encoding, uint64_t *value)
{
    code_write(INSTRUCTION_MRS | encoding);
    fault_expect();
    *value = ((uint64_t(*)(uint64_t))(uintptr_t)code)(0);
    return fault_taken();
}

static struct fault register_write(uint32_t encoding, uint64_t value)
{
    code_write(INSTRUCTION_MSR | encoding);
    fault_expect();
    ((void (*)(uint64_t))(uintptr_t)code)(value);
    return fault_taken();
}

static bool is_undefined(const struct fault *f)
{
    unsigned ec = ESR_EC(f->esr);
    return f->taken && (ec == EC_UNKNOWN || ec == EC_SVE || ec == EC_SME);
}

/* Encodings whose read gives a value or UNDEF; those that are UNDEF are also written. */
static void check_every_encoding(unsigned op0)
{
    unsigned values = 0;
    unsigned undefined = 0;
    unsigned wrong = 0;
    uint32_t wrong_encoding = 0;
    uint64_t wrong_esr = 0;
    for (uint32_t n = 0; n < (1U << 14); n++) {
        uint64_t value;
        uint32_t encoding = (op0 << 19) | (n << 5);
        struct fault f = register_read(encoding, &value);
        if (!f.taken) {
            values++;
            continue;
        }
        struct fault w = is_undefined(&f) ? register_write(encoding, 0) : f;
        if (is_undefined(&f) && (!w.taken || is_undefined(&w))) {
            undefined++;
        } else if (wrong++ == 0U) {
            wrong_encoding = encoding;
            wrong_esr = w.esr;
        }
    }
    print("op0 %u: %u have a value, %u are undefined\n", op0, values, undefined);
    test_check(wrong == 0U, "every_encoding", "op0 %u: %u wrong, first %x: ESR %lx", op0, wrong,
               wrong_encoding, wrong_esr);
    test_check(undefined > values, "most_are_undefined", "op0 %u: %u values", op0, values);
}

static void check_el2_is_hidden(void)
{
    static const uint32_t registers[] = {
        ENCODING(3U, 4U, 1U, 1U, 0U),  /* HCR_EL2 */
        ENCODING(3U, 4U, 2U, 1U, 0U),  /* VTTBR_EL2 */
        ENCODING(3U, 4U, 12U, 0U, 0U), /* VBAR_EL2 */
        ENCODING(3U, 4U, 12U, 12U, 0U) /* ICH_LR0_EL2 */,
        ENCODING(3U, 6U, 1U, 1U, 0U),  /* SCR_EL3 */
    };
    for (unsigned i = 0; i < sizeof(registers) / sizeof(registers[0]); i++) {
        uint64_t value;
        struct fault f = register_read(registers[i], &value);
        test_check(f.taken && ESR_EC(f.esr) == EC_UNKNOWN, "el2_register_undefined",
                   "%x: taken %d, ESR %lx", registers[i], (int)f.taken, f.esr);
    }
}

static void check_identification(unsigned grants)
{
    uint64_t pfr0 = SYSREG_READ(ID_AA64PFR0_EL1);
    uint64_t pfr1 = SYSREG_READ(ID_AA64PFR1_EL1);
    uint64_t isar1 = SYSREG_READ(ID_AA64ISAR1_EL1);
    uint64_t dfr0 = SYSREG_READ(ID_AA64DFR0_EL1);
    test_check(SYSREG_READ(MIDR_EL1) != 0U, "midr", "is 0");
    TEST_EQUAL("mpidr_bit_31", (SYSREG_READ(MPIDR_EL1) >> 31) & 1U, 1);
    TEST_EQUAL("mpidr_affinity", SYSREG_READ(MPIDR_EL1) & 0xffffffU, cpu_affinity(0));
    test_check(field(pfr0, 4) >= 1U, "pfr0_el1", "%lx", pfr0);
    TEST_EQUAL("pfr0_el2", field(pfr0, 8), 0);
    TEST_EQUAL("pfr0_el3", field(pfr0, 12), 0);
    test_check(field(pfr0, 16) != 0xfU && field(pfr0, 20) != 0xfU, "pfr0_fp_simd", "%lx", pfr0);
    TEST_EQUAL("pfr0_gic", field(pfr0, 24), 1);
    TEST_EQUAL("pfr0_sve", field(pfr0, 32), 0);
    TEST_EQUAL("pfr0_mpam", field(pfr0, 40), 0);
    TEST_EQUAL("pfr0_amu", field(pfr0, 44), 0);
    TEST_EQUAL("pfr0_rme", field(pfr0, 52), 0);
    TEST_EQUAL("pfr1_mte", field(pfr1, 8), 0);
    TEST_EQUAL("pfr1_sme", field(pfr1, 24), 0);
    TEST_EQUAL("isar1_pauth", field(isar1, 4) + field(isar1, 8), 0);
    TEST_EQUAL("dfr0_trace", field(dfr0, 4), 0);
    TEST_EQUAL("dfr0_spe", field(dfr0, 32), 0);
    bool pmu = field(dfr0, 8) != 0U && field(dfr0, 8) != 0xfU;
    TEST_EQUAL("dfr0_pmu_as_granted", pmu, (grants & GRANT_PMU) != 0U);
}

static void check_scratch_registers(void)
{
    SYSREG_WRITE(TPIDR_EL0, UINT64_C(0x123456789abcdef0));
    TEST_EQUAL("tpidr_el0", SYSREG_READ(TPIDR_EL0), UINT64_C(0x123456789abcdef0));
    SYSREG_WRITE(CONTEXTIDR_EL1, 0x77);
    TEST_EQUAL("contextidr_el1", SYSREG_READ(CONTEXTIDR_EL1), 0x77);
    SYSREG_WRITE(MAIR_EL1, SYSREG_READ(MAIR_EL1));
    SYSREG_WRITE(SCTLR_EL1, SYSREG_READ(SCTLR_EL1));
    isb();
}

/* --- FP/SIMD -------------------------------------------------------------------------------- */

LEAF(leaf_fp_fill, "dup v0.2d, x0\n\tdup v7.2d, x0\n\tdup v8.2d, x0\n\tdup v15.2d, x0\n\t"
                   "dup v31.2d, x0\n\tmsr FPCR, xzr");
LEAF(leaf_fp_sum, "eor v0.16b, v0.16b, v7.16b\n\teor v8.16b, v8.16b, v15.16b\n\t"
                  "orr v0.16b, v0.16b, v8.16b\n\tmov x0, v0.d[1]\n\tmov x1, v31.d[1]\n\t"
                  "eor x0, x0, x1");
LEAF(leaf_fp_add, "scvtf d0, x0\n\tscvtf d1, x1\n\tfadd d0, d0, d1\n\tfcvtzs x0, d0");
void leaf_fp_fill(uint64_t value);
uint64_t leaf_fp_sum(void);
uint64_t leaf_fp_add(uint64_t a, uint64_t b);

static void check_fp(void)
{
    fault_expect();
    uint64_t sum = leaf_fp_add(40, 2);
    struct fault f = fault_taken();
    test_check(!f.taken && sum == 42U, "fp_add", "ESR %lx, sum %lu", f.esr, sum);
    leaf_fp_fill(UINT64_C(0x5a5a1234fedc0001));
    for (unsigned i = 0; i < 100U; i++) {
        psci_call(PSCI_VERSION, 0, 0, 0);
        mmio_read32(UART_BASE + 0x18U);
    }
    TEST_EQUAL("fp_kept_over_exits", leaf_fp_sum(), UINT64_C(0x5a5a1234fedc0001));
}

/* --- debug and PMU -------------------------------------------------------------------------- */

LEAF(leaf_nothing, "nop");
void leaf_nothing(void);

static void check_breakpoint(void)
{
    SYSREG_WRITE(OSLAR_EL1, 0);
    SYSREG_WRITE(DBGBVR0_EL1, (uint64_t)(uintptr_t)leaf_nothing);
    SYSREG_WRITE(DBGBCR0_EL1, (0xfU << 5) | (1U << 1) | 1U); /* EL1, enabled */
    SYSREG_WRITE(MDSCR_EL1, MDSCR_KDE | MDSCR_MDE);
    isb();
    fault_expect();
    __asm__ volatile("msr DAIFClr, #8" ::: "memory");
    leaf_nothing();
    __asm__ volatile("msr DAIFSet, #8" ::: "memory");
    struct fault f = fault_taken();
    SYSREG_WRITE(MDSCR_EL1, 0);
    SYSREG_WRITE(DBGBCR0_EL1, 0);
    isb();
    test_check(f.taken && ESR_EC(f.esr) == EC_BREAKPOINT, "breakpoint", "taken %d, ESR %lx",
               (int)f.taken, f.esr);
}

static void check_watchpoint(void)
{
    static volatile uint64_t watched __attribute__((aligned(8)));
    SYSREG_WRITE(DBGWVR0_EL1, (uint64_t)(uintptr_t)&watched);
    SYSREG_WRITE(DBGWCR0_EL1, (0xffU << 5) | (2U << 3) | (1U << 1) | 1U); /* stores at EL1 */
    SYSREG_WRITE(MDSCR_EL1, MDSCR_KDE | MDSCR_MDE);
    isb();
    __asm__ volatile("msr DAIFClr, #8" ::: "memory");
    struct fault f = probe_write((uintptr_t)&watched, 8, 1);
    __asm__ volatile("msr DAIFSet, #8" ::: "memory");
    SYSREG_WRITE(MDSCR_EL1, 0);
    SYSREG_WRITE(DBGWCR0_EL1, 0);
    isb();
    test_check(f.taken && ESR_EC(f.esr) == EC_WATCHPOINT, "watchpoint", "taken %d, ESR %lx",
               (int)f.taken, f.esr);
}

static void check_debug_hidden(void)
{
    uint64_t value = 0;
    struct fault f = register_write(ENCODING(2U, 0U, 0U, 0U, 4U), 0x1000); /* DBGBVR0_EL1 */
    struct fault r = register_read(ENCODING(2U, 0U, 0U, 0U, 4U), &value);
    test_check((is_undefined(&f) && is_undefined(&r)) || (!f.taken && !r.taken && value == 0U),
               "debug_hidden", "write taken %d, read taken %d, value %lx", (int)f.taken,
               (int)r.taken, value);
}

#define PMCR ENCODING(3U, 3U, 9U, 12U, 0U)
#define PMCCNTR ENCODING(3U, 3U, 9U, 13U, 0U)

static void check_pmu(bool granted)
{
    uint64_t first = 0;
    uint64_t second = 0;
    struct fault f = register_read(PMCR, &first);
    test_check(granted ? !f.taken : is_undefined(&f), "pmcr_as_granted",
               "granted %d, taken %d, ESR %lx", (int)granted, (int)f.taken, f.esr);
    if (granted && !f.taken) {
        SYSREG_WRITE(PMCNTENSET_EL0, UINT64_C(1) << 31);
        SYSREG_WRITE(PMCR_EL0, 1U | (1U << 6)); /* E, LC */
        isb();
        register_read(PMCCNTR, &first);
        register_read(PMCCNTR, &second);
        test_check(second > first, "cycle_counter_runs", "%lu, %lu", first, second);
        SYSREG_WRITE(PMCR_EL0, 0);
    }
}

/* An exception return to a level that this EL may not return to: PSTATE.IL, here, not at EL2. */
LEAF(leaf_illegal_return, "mov x1, #0x3c9\n\tmsr SPSR_EL1, x1\n\tmsr ELR_EL1, x30\n\teret");
void leaf_illegal_return(void);

static void check_illegal_return(void)
{
    fault_expect();
    leaf_illegal_return();
    struct fault f = fault_taken();
    test_check(f.taken && ESR_EC(f.esr) == EC_ILLEGAL_STATE, "illegal_return",
               "taken %d, ESR %lx", (int)f.taken, f.esr);
}

void guest_main(uint64_t grants)
{
    test_begin("sysreg");
    check_identification((unsigned)grants);
    check_el2_is_hidden();
    check_scratch_registers();
    check_fp();
    check_illegal_return();
    if ((grants & GRANT_DEBUG) != 0U) {
        check_breakpoint();
        check_watchpoint();
    } else {
        check_debug_hidden();
    }
    check_pmu((grants & GRANT_PMU) != 0U);
    check_every_encoding(3);
    check_every_encoding(2);
    test_done();
}
