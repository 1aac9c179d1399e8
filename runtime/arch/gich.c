/* The virtual interface control registers of this CPU; arch/gich.h.
 *
 * Owns nothing: every function reads or writes the CPU that it runs on. List registers beyond
 * those that ICH_VTR_EL2 announces are UNDEFINED to touch, so callers stay below
 * gich_lr_count() [IHI0069 12.4.6]; the default cases are there for the compiler.
 *
 * @req IRQ-1 */
#include "arch/gich.h"

#include "arch/sysreg.h"
#include "lib/bits.h"

enum { ICH_VTR_LISTREGS_HIGH = 4, ICH_VTR_TDS = 19, ICH_VTR_PREBITS_LOW = 26,
       ICH_VTR_PREBITS_HIGH = 28, ICH_VTR_PRIBITS_LOW = 29, ICH_VTR_PRIBITS_HIGH = 31 };

unsigned gich_lr_count(void)
{
    return (unsigned)bits_get(SYSREG_READ(ICH_VTR_EL2), ICH_VTR_LISTREGS_HIGH, 0) + 1U;
}

unsigned gich_priority_bits(void)
{
    const uint64_t vtr = SYSREG_READ(ICH_VTR_EL2);

    return (unsigned)bits_get(vtr, ICH_VTR_PRIBITS_HIGH, ICH_VTR_PRIBITS_LOW) + 1U;
}

bool gich_can_trap_dir(void)
{
    return bit_is_set(SYSREG_READ(ICH_VTR_EL2), ICH_VTR_TDS);
}

#define LR_CASES(op) op(0) op(1) op(2) op(3) op(4) op(5) op(6) op(7) op(8) op(9) op(10) op(11) \
    op(12) op(13) op(14) op(15)

uint64_t gich_lr_read(unsigned i)
{
#define LR_READ(n) case n: return SYSREG_READ(ICH_LR##n##_EL2);
    switch (i) {
        LR_CASES(LR_READ)
    default:
        return 0;
    }
#undef LR_READ
}

void gich_lr_write(unsigned i, uint64_t lr)
{
#define LR_WRITE(n) case n: SYSREG_WRITE(ICH_LR##n##_EL2, lr); break;
    switch (i) {
        LR_CASES(LR_WRITE)
    default:
        break;
    }
#undef LR_WRITE
}

uint64_t gich_hcr_read(void)
{
    return SYSREG_READ(ICH_HCR_EL2);
}

void gich_hcr_write(uint64_t v)
{
    SYSREG_WRITE(ICH_HCR_EL2, v);
}

uint64_t gich_vmcr_read(void)
{
    return SYSREG_READ(ICH_VMCR_EL2);
}

void gich_vmcr_write(uint64_t v)
{
    SYSREG_WRITE(ICH_VMCR_EL2, v);
}

uint64_t gich_misr_read(void)
{
    return SYSREG_READ(ICH_MISR_EL2);
}

uint64_t gich_eisr_read(void)
{
    return SYSREG_READ(ICH_EISR_EL2);
}

uint64_t gich_elrsr_read(void)
{
    return SYSREG_READ(ICH_ELRSR_EL2);
}

void gich_apr_clear(void)
{
    const uint64_t vtr = SYSREG_READ(ICH_VTR_EL2);
    const unsigned preemption_bits =
        (unsigned)bits_get(vtr, ICH_VTR_PREBITS_HIGH, ICH_VTR_PREBITS_LOW) + 1U;

    /* 32 preemption levels a register: one for 5 bits, two for 6, four for 7. */
    SYSREG_WRITE(ICH_AP0R0_EL2, 0);
    SYSREG_WRITE(ICH_AP1R0_EL2, 0);
    if (preemption_bits >= 6U) {
        SYSREG_WRITE(ICH_AP0R1_EL2, 0);
        SYSREG_WRITE(ICH_AP1R1_EL2, 0);
    }
    if (preemption_bits >= 7U) {
        SYSREG_WRITE(ICH_AP0R2_EL2, 0);
        SYSREG_WRITE(ICH_AP0R3_EL2, 0);
        SYSREG_WRITE(ICH_AP1R2_EL2, 0);
        SYSREG_WRITE(ICH_AP1R3_EL2, 0);
    }
}
