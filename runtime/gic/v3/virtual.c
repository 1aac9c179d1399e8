/* GICv3: what of the virtual interface control registers is not on the way of most exits;
 * gic/gich.h, gic_virtual.h.
 *
 * Owns nothing: every function reads or writes the CPU that it runs on. The default cases are there
 * for the compiler: callers stay within the numbers that the CPU has [IHI0069 12.4.6].
 *
 * @req IRQ-1 */
#include "gic/v3/gic_virtual.h"
#include "lib/loop.h"

enum { ICC_SRE_SRE_DFB_DIB = 7 };

#define LR_HIGH_CASES(op) op(4) op(5) op(6) op(7) op(8) op(9) op(10) op(11) op(12) op(13) op(14) \
    op(15)

uint64_t gich_lr_read_high(unsigned i)
{
#define LR_READ(n) case n: return SYSREG_READ(ICH_LR##n##_EL2);
    switch (i) {
        LR_HIGH_CASES(LR_READ)
    default:
        return 0;
    }
#undef LR_READ
}

void gich_lr_write_high(unsigned i, uint64_t lr)
{
#define LR_WRITE(n) case n: SYSREG_WRITE(ICH_LR##n##_EL2, lr); break;
    switch (i) {
        LR_HIGH_CASES(LR_WRITE)
    default:
        break;
    }
#undef LR_WRITE
}

static unsigned preemption_bits(void)
{
    const uint64_t vtr = SYSREG_READ(ICH_VTR_EL2);

    return (unsigned)bits_get(vtr, ICH_VTR_PREBITS_HIGH, ICH_VTR_PREBITS_LOW) + 1U;
}

/* 32 preemption levels a register: one for 5 bits, two for 6, four for 7. Inline: what is written
 * is mostly a constant. */
static inline void write_active_priorities(const uint64_t apr[GICH_APR_MAX])
{
    const unsigned bits = preemption_bits();

    SYSREG_WRITE(ICH_AP0R0_EL2, apr[0]);
    SYSREG_WRITE(ICH_AP1R0_EL2, apr[4]);
    if (bits >= 6U) {
        SYSREG_WRITE(ICH_AP0R1_EL2, apr[1]);
        SYSREG_WRITE(ICH_AP1R1_EL2, apr[5]);
    }
    if (bits >= 7U) {
        SYSREG_WRITE(ICH_AP0R2_EL2, apr[2]);
        SYSREG_WRITE(ICH_AP0R3_EL2, apr[3]);
        SYSREG_WRITE(ICH_AP1R2_EL2, apr[6]);
        SYSREG_WRITE(ICH_AP1R3_EL2, apr[7]);
    }
}

void gich_save(struct gich_context *c)
{
    const unsigned bits = preemption_bits();

    c->vmcr = gich_vmcr_read();
    c->apr[0] = SYSREG_READ(ICH_AP0R0_EL2);
    c->apr[4] = SYSREG_READ(ICH_AP1R0_EL2);
    if (bits >= 6U) {
        c->apr[1] = SYSREG_READ(ICH_AP0R1_EL2);
        c->apr[5] = SYSREG_READ(ICH_AP1R1_EL2);
    }
    if (bits >= 7U) {
        c->apr[2] = SYSREG_READ(ICH_AP0R2_EL2);
        c->apr[3] = SYSREG_READ(ICH_AP0R3_EL2);
        c->apr[6] = SYSREG_READ(ICH_AP1R2_EL2);
        c->apr[7] = SYSREG_READ(ICH_AP1R3_EL2);
    }
}

void gich_restore(const struct gich_context *c)
{
    write_active_priorities(c->apr);
    gich_vmcr_write(c->vmcr);
}

/* ICC_SRE_EL1.SRE is 1 for the guest for good: EL2 has set ICC_SRE_EL2.SRE [IHI0069 12.2.23]. */
void gich_reset(void)
{
    SYSREG_WRITE(ICC_SRE_EL1, ICC_SRE_SRE_DFB_DIB);
    gich_hcr_write(0);
    for (unsigned i = 0; i < gich_lr_count(); i++) {
        gich_lr_write(i, 0);
        LOOP_BOUND(GICH_LR_MAX);
    }
    write_active_priorities((const uint64_t[GICH_APR_MAX]){0});
    gich_vmcr_write(0);
}
