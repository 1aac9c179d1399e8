/* Group extensions: vCPUs that take turns on one CPU find what the extensions of the architecture add
 * to their registers as they left it: keys of pointer authentication, tags, and the registers of SVE
 * and SME at any length, in streaming mode and out of it. What there is, the ID registers of the VM
 * say: one has all, one has SVE, one has none of them and must not find itself in streaming mode,
 * where its instructions would be undefined. This program is all of them; x0 is the number of the
 * first vCPU.
 * @req CORE-3, CPU-3 */
#include "exception.h"
#include "gic.h"
#include "kept.h"
#include "uart.h"

#define ROUNDS 400U
#define SPINS 8000U /* about as long as a turn */

#define CPACR_EL1_ZEN (UINT64_C(3) << 16)
#define CPACR_EL1_SMEN (UINT64_C(3) << 24)
#define MODE_SM UINT64_C(1) /* SVCR */
#define MODE_ZA UINT64_C(2)

#define VECTOR_BYTES_MAX 256U
#define ZT0_AT (32U * VECTOR_BYTES_MAX + 17U * (VECTOR_BYTES_MAX / 8U))
#define ZT0_BYTES 64U
#define ZA_AT (ZT0_AT + ZT0_BYTES)
#define BYTES_MAX (ZA_AT + VECTOR_BYTES_MAX * VECTOR_BYTES_MAX)

/* Z0..Z31, P0..P15 and FFR one behind the other, as long as they are now; at ZT0_AT ZT0, then ZA. */
struct long_registers {
    uint8_t bytes[BYTES_MAX];
} __attribute__((aligned(16)));

_Static_assert(ZT0_AT == 8736 && ZA_AT == ZT0_AT + 64, "the assembly below knows these");

/* SVCR becomes `mode`; all of `in` that this mode has into the CPU, and after so many turns of an empty
 * loop into `out`; then SVCR is 0. ZT0 is there with SME2 only. */
void hold_long(const struct long_registers *in, struct long_registers *out, uint64_t spins,
               uint64_t mode, bool with_zt0);
/* The same for V0..V31, with an instruction in between that streaming mode has not. */
void hold_short(const uint8_t in[512], uint8_t out[512], uint64_t spins);

/* x4: where the predicates are, behind the Z registers; ZA: x5 rows of x5 bytes. */
__asm__(".arch armv9-a+sve+sme\n"
        ".macro at_predicates base\n"
        "addvl x4, \\base, #16\n addvl x4, x4, #16\n .endm\n"
        ".macro each op, base\n"
        ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15\n"
        "\\op p\\n, [x4, #\\n, mul vl]\n \\op z\\n, [\\base, #\\n, mul vl]\n .endr\n"
        ".irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31\n"
        "\\op z\\n, [\\base, #\\n, mul vl]\n .endr\n .endm\n"
        ".macro each_row op, base, zt0\n"
        "mov x4, #8736\n add x4, x4, \\base\n cbz x6, 8f\n .inst \\zt0\n"
        "8: add x4, x4, #64\n rdsvl x5, #1\n mov w12, #0\n"
        "9: \\op za[w12, #0], [x4]\n add x4, x4, x5\n add w12, w12, #1\n cmp w12, w5\n b.ne 9b\n"
        ".endm\n"
        ".section .text.hold_long, \"ax\"\n\t.balign 4\n\t.type hold_long, %function\n"
        "hold_long:\n"
        "mov x6, x4\n cbz x3, 1f\n msr S3_3_C4_C2_2, x3\n isb\n"
        "1: tbz x3, #1, 2f\n each_row ldr, x0, 0xe11f8080\n" /* ldr zt0, [x4] */
        "2: at_predicates x0\n tbnz x3, #0, 3f\n ldr p0, [x4, #16, mul vl]\n wrffr p0.b\n"
        "3: each ldr, x0\n"
        "4: subs x2, x2, #1\n b.ne 4b\n"
        "at_predicates x1\n each str, x1\n"
        "tbnz x3, #0, 5f\n rdffr p0.b\n str p0, [x4, #16, mul vl]\n"
        "5: tbz x3, #1, 6f\n each_row str, x1, 0xe13f8080\n" /* str zt0, [x4] */
        "6: cbz x3, 7f\n msr S3_3_C4_C2_2, xzr\n isb\n"
        "7: ret\n.previous\n"
        ".section .text.hold_short, \"ax\"\n\t.balign 4\n\t.type hold_short, %function\n"
        "hold_short:\n"
        ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, "
        "23, 24, 25, 26, 27, 28, 29, 30, 31\n ldr q\\n, [x0, #\\n * 16]\n .endr\n"
        "1: subs x2, x2, #1\n b.ne 1b\n"
        "ins v0.d[0], v0.d[0]\n"
        ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, "
        "23, 24, 25, 26, 27, 28, 29, 30, 31\n str q\\n, [x1, #\\n * 16]\n .endr\n"
        "ret\n.previous\n");

void guest_main(uint64_t first);

enum extension { KEYS, TAGS, SVE, SME };
#define KINDS 4U

/* Encodings, since this program is compiled for the first version of the architecture; the bits that
 * may be anything. The length of vectors is set by its own. */
#define REGISTERS(X)                                                                               \
    X(S3_0_C2_C1_0, KEYS, "APIAKeyLo_EL1", ~UINT64_C(0))                                           \
    X(S3_0_C2_C1_1, KEYS, "APIAKeyHi_EL1", ~UINT64_C(0))                                           \
    X(S3_0_C2_C1_2, KEYS, "APIBKeyLo_EL1", ~UINT64_C(0))                                           \
    X(S3_0_C2_C1_3, KEYS, "APIBKeyHi_EL1", ~UINT64_C(0))                                           \
    X(S3_0_C2_C2_0, KEYS, "APDAKeyLo_EL1", ~UINT64_C(0))                                           \
    X(S3_0_C2_C2_1, KEYS, "APDAKeyHi_EL1", ~UINT64_C(0))                                           \
    X(S3_0_C2_C2_2, KEYS, "APDBKeyLo_EL1", ~UINT64_C(0))                                           \
    X(S3_0_C2_C2_3, KEYS, "APDBKeyHi_EL1", ~UINT64_C(0))                                           \
    X(S3_0_C2_C3_0, KEYS, "APGAKeyLo_EL1", ~UINT64_C(0))                                           \
    X(S3_0_C2_C3_1, KEYS, "APGAKeyHi_EL1", ~UINT64_C(0))                                           \
    X(S3_0_C1_C0_5, TAGS, "RGSR_EL1", 0xffff0fU)                                                   \
    X(S3_0_C1_C0_6, TAGS, "GCR_EL1", 0x1ffffU)                                                     \
    X(S3_0_C5_C6_0, TAGS, "TFSR_EL1", 3U)                                                          \
    X(S3_0_C5_C6_1, TAGS, "TFSRE0_EL1", 3U)                                                        \
    X(S3_0_C1_C2_0, SVE, "ZCR_EL1", 0xfU)                                                          \
    X(S3_0_C1_C2_6, SME, "SMCR_EL1", 0xfU)                                                         \
    X(S3_0_C1_C2_4, SME, "SMPRI_EL1", 0xfU)                                                        \
    X(S3_3_C13_C0_5, SME, "TPIDR2_EL0", ~UINT64_C(0))

#define SMCR_EL1 S3_0_C1_C2_6
#define SMCR_EL1_EZT0 (UINT64_C(1) << 30)

#define COUNT_ONE(name, kind, text, bits) +1U
#define REGISTER_COUNT (0U REGISTERS(COUNT_ONE))
#define TEXT_OF(name, kind, text, bits) text,
static const char *const register_names[] = {REGISTERS(TEXT_OF)};

struct vcpu_test {
    uint64_t seed;
    uint64_t values_in[REGISTER_COUNT];
    uint64_t values_out[REGISTER_COUNT];
    struct long_registers in;
    struct long_registers out;
    unsigned wrong_count;
    unsigned rounds[4]; /* in each mode */
};

static struct vcpu_test tests[CPU_MAX];
static bool has[KINDS];
static bool has_zt0;
static unsigned first_number;

static uint64_t random(struct vcpu_test *t)
{
    return kept_random(&t->seed);
}

static void wrong(struct vcpu_test *t, const char *name, uint64_t is, uint64_t was)
{
    kept_wrong(&t->wrong_count, name, is, was);
}

/* --- single registers ------------------------------------------------------------------- */

#define WRITE_ONE(name, kind, text, bits)                                                          \
    if (has[kind]) {                                                                               \
        SYSREG_WRITE(name, random(t) & (bits));                                                    \
    }
#define READ_ONE(name, kind, text, bits)                                                           \
    if (has[kind]) {                                                                               \
        *to = SYSREG_READ(name);                                                                   \
    }                                                                                              \
    to++;

static void write_registers(struct vcpu_test *t)
{
    REGISTERS(WRITE_ONE)
    if (has_zt0) {
        SYSREG_WRITE(SMCR_EL1, SYSREG_READ(SMCR_EL1) | SMCR_EL1_EZT0);
    }
    isb();
}

static void read_registers(uint64_t *to)
{
    REGISTERS(READ_ONE)
}

/* --- vector registers ------------------------------------------------------------------- */

static uint64_t vector_bytes(bool is_streaming)
{
    uint64_t bytes;

    if (is_streaming) {
        __asm__ volatile(".arch_extension sme\n\trdsvl %0, #1" : "=r"(bytes));
    } else {
        __asm__ volatile(".arch_extension sve\n\trdvl %0, #1" : "=r"(bytes));
    }
    return bytes;
}

static void fill(struct vcpu_test *t, uint64_t at, uint64_t bytes)
{
    for (uint64_t i = at; i < at + bytes; i += 8U) {
        mmio_write64((uintptr_t)&t->in.bytes[i], random(t));
        mmio_write64((uintptr_t)&t->out.bytes[i], 0);
    }
}

/* FFR has ones from its first bit up to some place, and no others. */
static void fill_ffr(struct vcpu_test *t, uint64_t at, uint64_t bytes)
{
    const uint64_t ones = random(t) % (8U * bytes + 1U);

    for (uint64_t i = 0; i < bytes; i++) {
        const uint64_t left = (ones > 8U * i) ? ones - 8U * i : 0U;

        t->in.bytes[at + i] = (uint8_t)((left >= 8U) ? 0xffU : (1U << left) - 1U);
    }
}

static void compare(struct vcpu_test *t, const char *name, uint64_t at, uint64_t bytes)
{
    for (uint64_t i = at; i < at + bytes; i++) {
        if (t->out.bytes[i] != t->in.bytes[i]) {
            wrong(t, name, t->out.bytes[i], t->in.bytes[i]);
            return;
        }
    }
}

static void hold_vectors(struct vcpu_test *t, uint64_t mode)
{
    const bool is_streaming = (mode & MODE_SM) != 0U;

    if (!is_streaming && !has[SVE]) {
        fill(t, 0, 512);
        hold_short(t->in.bytes, t->out.bytes, SPINS);
        compare(t, "V", 0, 512);
        return;
    }
    const uint64_t bytes = vector_bytes(is_streaming);
    const uint64_t rows = ((mode & MODE_ZA) != 0U) ? vector_bytes(true) : 0U;
    const uint64_t predicates = 32U * bytes;
    const uint64_t ffr = predicates + 16U * (bytes / 8U);

    fill(t, 0, ZA_AT);
    fill_ffr(t, ffr, bytes / 8U);
    fill(t, ZA_AT, rows * rows);
    hold_long(&t->in, &t->out, SPINS, mode, has_zt0);
    compare(t, "Z", 0, predicates);
    compare(t, "P", predicates, ffr - predicates);
    if (!is_streaming) {
        compare(t, "FFR", ffr, bytes / 8U);
    }
    if (rows != 0U) {
        compare(t, "ZT0", ZT0_AT, has_zt0 ? ZT0_BYTES : 0U);
        compare(t, "ZA", ZA_AT, rows * rows);
    }
}

static void one_round(struct vcpu_test *t)
{
    const uint64_t mode = has[SME] ? random(t) & (MODE_SM | MODE_ZA) : 0U;

    t->rounds[mode]++;
    write_registers(t);
    read_registers(t->values_in);
    hold_vectors(t, mode);
    read_registers(t->values_out);
    for (unsigned i = 0; i < REGISTER_COUNT; i++) {
        if (t->values_out[i] != t->values_in[i]) {
            wrong(t, register_names[i], t->values_out[i], t->values_in[i]);
        }
    }
}

static void run(void)
{
    struct vcpu_test *const t = &tests[cpu_number()];

    t->seed = UINT64_C(0x9e3779b97f4a7c15) * (first_number + cpu_number() + 1U);
    SYSREG_WRITE(CPACR_EL1, SYSREG_READ(CPACR_EL1) | (has[SVE] ? CPACR_EL1_ZEN : 0U) |
                                (has[SME] ? CPACR_EL1_SMEN : 0U));
    isb();
    for (unsigned i = 0; i < ROUNDS; i++) {
        one_round(t);
    }
    TEST_EQUAL("all-kept", t->wrong_count, 0);
    for (unsigned mode = 0; mode < (has[SME] ? 4U : 1U); mode++) {
        test_check(t->rounds[mode] >= ROUNDS / 8U, "modes", "%u: %u", mode, t->rounds[mode]);
    }
}

static uint64_t field(uint64_t value, unsigned low)
{
    return value >> low & 15U;
}

static void look_what_there_is(void)
{
    const uint64_t pfr1 = SYSREG_READ(ID_AA64PFR1_EL1);
    const uint64_t isar1 = SYSREG_READ(ID_AA64ISAR1_EL1);

    has[KEYS] = field(isar1, 4) != 0U || field(isar1, 8) != 0U;
    has[TAGS] = field(pfr1, 8) >= 2U;
    has[SVE] = field(SYSREG_READ(ID_AA64PFR0_EL1), 32) != 0U;
    has[SME] = field(pfr1, 24) != 0U;
    has_zt0 = field(pfr1, 24) >= 2U;
    print("keys %d, tags %d, SVE %d, SME %d, ZT0 %d\n", has[KEYS], has[TAGS], has[SVE], has[SME],
          has_zt0);
}

void guest_main(uint64_t first)
{
    first_number = (unsigned)first;
    test_begin("extensions");
    gic_init();
    look_what_there_is();
    kept_by_all(run, first_number, ROUNDS / 2U);
}
