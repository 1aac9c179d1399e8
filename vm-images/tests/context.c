/* Group context: three vCPUs, two of them of one VM, take turns on one CPU, and none of them finds
 * a register that is not as it left it. This program is all of them; x0 has the number of the first
 * one.
 *
 * Each fills all registers with values of its own, spins for about as long as a turn lasts, and
 * compares. Of the general and vector registers all are live while it spins. Stage 1 of each maps
 * the same addresses, with the same ASID, to memory of its own.
 * QEMU drops all translations when TCR_EL1 is written, as EL2 does at each change: what is left in a
 * TLB does not show there.
 * @req CORE-3, CPU-2, CPU-3 */
#include "exception.h"
#include "gic.h"
#include "kept.h"

#define ROUNDS 1200U
#define SPINS 8000U
#define SGI_HELD 5U
#define PAGES 16U
#define PAGE_BYTES 4096U
#define PRIVATE_VA (UINT64_C(1) << 39) /* the second entry of level 0 */

struct registers {
    uint64_t x[32]; /* x30 counts, and comes back as 0; the last is NZCV */
    uint64_t q[64];
};

/* All of `in` into the CPU, and after so many turns of an empty loop all of the CPU into `out`. */
void hold(const struct registers *in, struct registers *out, uint64_t spins);

__asm__(
    ".arch_extension fp\n\t.arch_extension simd\n"
    ".section .text.hold, \"ax\"\n\t.balign 4\n\t.type hold, %function\nhold:\n"
    "sub sp, sp, #128\n"
    "stp x19, x20, [sp, #0]\n stp x21, x22, [sp, #16]\n stp x23, x24, [sp, #32]\n"
    "stp x25, x26, [sp, #48]\n stp x27, x28, [sp, #64]\n stp x29, x30, [sp, #80]\n"
    "str x1, [sp, #96]\n mov x30, x2\n"
    ".irp n, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30\n"
    "add x1, x0, #256 + \\n * 16\n ld1 {v\\n\\().2d}, [x1]\n .endr\n"
    ".irp n, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31\n"
    "add x1, x0, #256 + \\n * 16\n ld1 {v\\n\\().2d}, [x1]\n .endr\n"
    ".irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, "
    "24, 25, 26, 27, 28, 29\n"
    "ldr x\\n, [x0, #\\n * 8]\n .endr\n"
    "ldr x0, [x0]\n"
    "1: subs x30, x30, #1\n b.ne 1b\n"
    "str x0, [sp, #104]\n ldr x0, [sp, #96]\n"
    ".irp n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, "
    "24, 25, 26, 27, 28, 29, 30\n"
    "str x\\n, [x0, #\\n * 8]\n .endr\n"
    "mrs x1, NZCV\n str x1, [x0, #248]\n"
    "ldr x1, [sp, #104]\n str x1, [x0]\n"
    ".irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, "
    "23, 24, 25, 26, 27, 28, 29, 30, 31\n"
    "add x1, x0, #256 + \\n * 16\n st1 {v\\n\\().2d}, [x1]\n .endr\n"
    "ldp x19, x20, [sp, #0]\n ldp x21, x22, [sp, #16]\n ldp x23, x24, [sp, #32]\n"
    "ldp x25, x26, [sp, #48]\n ldp x27, x28, [sp, #64]\n ldp x29, x30, [sp, #80]\n"
    "add sp, sp, #128\n ret\n.previous\n");

void guest_main(uint64_t first);

/* Bits that may be anything, and those that have to be so. What is not implemented reads as it did
 * right after it was written. */
#define SYSTEM_REGISTERS(X)                                                                        \
    X(SP_EL0, ~UINT64_C(0), 0)                                                                     \
    X(TPIDR_EL0, ~UINT64_C(0), 0)                                                                  \
    X(TPIDRRO_EL0, ~UINT64_C(0), 0)                                                                \
    X(ELR_EL1, ~UINT64_C(0), 0)                                                                    \
    X(SPSR_EL1, 0xf00003cfU, 0)                                                                    \
    X(ESR_EL1, 0xffffffffU, 0)                                                                     \
    X(FAR_EL1, ~UINT64_C(0), 0)                                                                    \
    X(PAR_EL1, UINT64_C(0xfffffffff000), 0)                                                        \
    X(AFSR0_EL1, 0xffffffffU, 0)                                                                   \
    X(AFSR1_EL1, 0xffffffffU, 0)                                                                   \
    X(CONTEXTIDR_EL1, 0xffffffffU, 0)                                                              \
    X(TTBR1_EL1, UINT64_C(0xfffffffff000), 0)                                                      \
    X(MAIR_EL1, UINT64_C(0xff44bb0000000000), 0xff04)                                              \
    X(AMAIR_EL1, ~UINT64_C(0), 0)                                                                  \
    X(CSSELR_EL1, 3, 0)                                                                            \
    X(CNTKCTL_EL1, 0x3ffU, 0)                                                                      \
    X(FPCR, 0x07c00000U, 0)                                                                        \
    X(FPSR, 0x0800009fU, 0)                                                                        \
    X(CNTV_CVAL_EL0, ~UINT64_C(0), 0)                                                              \
    X(CNTP_CVAL_EL0, ~UINT64_C(0), 0)                                                              \
    X(MDSCR_EL1, 0x1000U, 0)                                                                       \
    X(DBGBVR0_EL1, UINT64_C(0xfffffffffffc), 0)                                                    \
    X(DBGBCR0_EL1, 0x1e0U, 0)                                                                      \
    X(DBGBVR1_EL1, UINT64_C(0xfffffffffffc), 0)                                                    \
    X(DBGWVR0_EL1, UINT64_C(0xfffffffffffc), 0)                                                    \
    X(DBGWCR0_EL1, 0x1ff8U, 0)                                                                     \
    X(DBGWVR3_EL1, UINT64_C(0xfffffffffffc), 0)                                                    \
    X(PMSELR_EL0, 3, 0)                                                                            \
    X(PMCCFILTR_EL0, 0xc0000000U, 0)                                                               \
    X(PMUSERENR_EL0, 0xfU, 0)                                                                      \
    X(PMCCNTR_EL0, ~UINT64_C(0), 0)                                                                \
    X(PMEVTYPER0_EL0, 0xc00003ffU, 0)                                                              \
    X(PMEVTYPER3_EL0, 0xc00003ffU, 0)                                                              \
    X(PMEVCNTR0_EL0, 0xffffffffU, 0)                                                               \
    X(PMEVCNTR3_EL0, 0xffffffffU, 0)

#define COUNT_ONE(name, may, must) +1U
#define REGISTER_COUNT (2U SYSTEM_REGISTERS(COUNT_ONE))
#define NAME_OF(name, may, must) #name,
static const char *const register_names[] = {SYSTEM_REGISTERS(NAME_OF) "the priority mask",
                                             "the binary point"};

struct vcpu_test {
    uint64_t seed;
    struct registers in;
    struct registers out;
    uint64_t system_in[REGISTER_COUNT];
    uint64_t system_out[REGISTER_COUNT];
    unsigned wrong_count;
};

static struct vcpu_test tests[CPU_MAX];
static uint64_t level0[CPU_MAX][512] __attribute__((aligned(4096)));
static uint64_t level1[CPU_MAX][512] __attribute__((aligned(4096)));
static uint64_t level2[CPU_MAX][512] __attribute__((aligned(4096)));
static uint64_t level3[CPU_MAX][512] __attribute__((aligned(4096)));
static uint64_t pages[CPU_MAX][PAGES][PAGE_BYTES / 8U] __attribute__((aligned(4096)));
static unsigned first_number;

static uint64_t random(struct vcpu_test *t)
{
    return kept_random(&t->seed);
}

/* The same tables as before, and at PRIVATE_VA pages of this vCPU. */
static void map_private(unsigned cpu)
{
    const uint64_t *const old = (const uint64_t *)(SYSREG_READ(TTBR0_EL1) & 0xfffffffff000U);

    for (unsigned i = 0; i < 512U; i++) {
        level0[cpu][i] = old[i];
    }
    level0[cpu][1] = (uintptr_t)level1[cpu] | 3U;
    level1[cpu][0] = (uintptr_t)level2[cpu] | 3U;
    level2[cpu][0] = (uintptr_t)level3[cpu] | 3U;
    for (unsigned i = 0; i < PAGES; i++) {
        pages[cpu][i][0] = ((uint64_t)first_number + cpu) << 32 | i;
        /* Normal memory, inner shareable, accessed. */
        level3[cpu][i] = (uintptr_t)pages[cpu][i] | (1U << 10) | (3U << 8) | (1U << 2) | 3U;
    }
    dsb_sy();
    SYSREG_WRITE(TTBR0_EL1, (uintptr_t)level0[cpu]);
    isb();
    __asm__ volatile("tlbi vmalle1\n\tdsb sy\n\tisb" ::: "memory");
}

/* Its pages, in an order that leaves some of them in the TLB. */
static unsigned wrong_pages(unsigned cpu)
{
    unsigned wrong = 0;

    for (unsigned i = 0; i < PAGES; i++) {
        const uint64_t there = mmio_read64(PRIVATE_VA + (uint64_t)i * PAGE_BYTES);

        wrong += (there != (((uint64_t)first_number + cpu) << 32 | i)) ? 1U : 0U;
    }
    return wrong;
}

/* An interrupt that is active for as long as the test goes on. */
static uint8_t held_priority(unsigned cpu)
{
    return (uint8_t)(0x20U + 0x20U * (first_number + cpu));
}

static uint32_t take_held(unsigned cpu)
{
    gic_set_priority(SGI_HELD, held_priority(cpu));
    gic_enable(SGI_HELD);
    gic_send_sgi(GIC_SGI_TO(SGI_HELD, 1U << cpu));
    const uint32_t acknowledged = gic_acknowledge();

    TEST_EQUAL("acknowledged", acknowledged & 0x3ffU, SGI_HELD);
    return acknowledged;
}

#define WRITE_ONE(name, may, must) SYSREG_WRITE(name, (random(t) & (may)) | (must));
#define READ_ONE(name, may, must) *to++ = SYSREG_READ(name);
static void write_system(struct vcpu_test *t)
{
    SYSTEM_REGISTERS(WRITE_ONE)
    isb();
    gic_set_priority_mask((random(t) & 0x70U) | 0x80U);
    gic_set_binary_point(random(t) & 3U);
}

static void read_system(uint64_t *to)
{
    SYSTEM_REGISTERS(READ_ONE)
    *to++ = gic_priority_mask();
    *to = gic_binary_point();
}

static void wrong(struct vcpu_test *t, const char *name, uint64_t is, uint64_t was)
{
    kept_wrong(&t->wrong_count, name, is, was);
}

static void compare(struct vcpu_test *t)
{
    for (unsigned i = 0; i < 30U; i++) {
        if (t->out.x[i] != t->in.x[i]) {
            wrong(t, "a general register", t->out.x[i], t->in.x[i]);
        }
    }
    if (t->out.x[30] != 0U || t->out.x[31] != (UINT64_C(6) << 28)) {
        wrong(t, "x30 or NZCV", t->out.x[30], t->out.x[31]);
    }
    for (unsigned i = 0; i < 64U; i++) {
        if (t->out.q[i] != t->in.q[i]) {
            wrong(t, "a vector register", t->out.q[i], t->in.q[i]);
        }
    }
    for (unsigned i = 0; i < REGISTER_COUNT; i++) {
        if (t->system_out[i] != t->system_in[i]) {
            wrong(t, register_names[i], t->system_out[i], t->system_in[i]);
        }
    }
}

static void one_round(struct vcpu_test *t, unsigned cpu)
{
    for (unsigned i = 0; i < 31U; i++) {
        t->in.x[i] = random(t);
    }
    for (unsigned i = 0; i < 64U; i++) {
        t->in.q[i] = random(t);
    }
    write_system(t);
    read_system(t->system_in);
    hold(&t->in, &t->out, SPINS);
    read_system(t->system_out);
    compare(t);
    if (gic_running_priority() != held_priority(cpu)) {
        wrong(t, "the running priority", gic_running_priority(), held_priority(cpu));
    }
    if (wrong_pages(cpu) != 0U) {
        wrong(t, "the private pages", wrong_pages(cpu), 0);
    }
}

static void run(void)
{
    const unsigned cpu = cpu_number();
    struct vcpu_test *const t = &tests[cpu];

    t->seed = UINT64_C(0x9e3779b97f4a7c15) * (first_number + cpu + 1U);
    map_private(cpu);
    const uint32_t held = take_held(cpu);
    SYSREG_WRITE(PMCNTENCLR_EL0, UINT32_MAX);
    for (unsigned i = 0; i < ROUNDS; i++) {
        one_round(t, cpu);
    }
    test_check(gic_is_active(SGI_HELD), "still-active", "vCPU %u", cpu);
    gic_set_priority_mask(0xff);
    gic_end(held);
    test_check(gic_running_priority() == 0xffU, "ended", "priority %x", gic_running_priority());
    TEST_EQUAL("all-kept", t->wrong_count, 0);
}

void guest_main(uint64_t first)
{
    first_number = (unsigned)first;
    test_begin("context");
    gic_init();
    kept_by_all(run, first_number, ROUNDS / 2U);
}
