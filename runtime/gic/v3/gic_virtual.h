/* GICv3: the virtual interface control registers are system registers; gic/gich.h.
 *
 * List registers beyond those that ICH_VTR_EL2 announces are UNDEFINED to touch, so callers stay
 * below gich_lr_count() [IHI0069 12.4.6]. They have no indexed form. Most CPUs have four: those are
 * told apart by two bits of the number, in place; the others by a switch in virtual.c. Nothing here
 * synchronises: the guest sees what was written at the exception return [DDI0487 D1.4.2]. */
#ifndef GIC_VIRTUAL_H
#define GIC_VIRTUAL_H

#include "arch/barrier.h"
#include "arch/sysreg.h"
#include "gic/gich.h"
#include "lib/bits.h"

enum { ICH_VTR_LISTREGS_HIGH = 4, ICH_VTR_TDS = 19, ICH_VTR_PREBITS_LOW = 26,
       ICH_VTR_PREBITS_HIGH = 28, ICH_VTR_PRIBITS_LOW = 29, ICH_VTR_PRIBITS_HIGH = 31 };

/* GICH_LR_LOW <= i < gich_lr_count(). */
uint64_t gich_lr_read_high(unsigned i);
void gich_lr_write_high(unsigned i, uint64_t lr);

static inline unsigned gich_lr_count(void)
{
    return (unsigned)bits_get(SYSREG_READ(ICH_VTR_EL2), ICH_VTR_LISTREGS_HIGH, 0) + 1U;
}

static inline unsigned gich_priority_bits(void)
{
    const uint64_t vtr = SYSREG_READ(ICH_VTR_EL2);

    return (unsigned)bits_get(vtr, ICH_VTR_PRIBITS_HIGH, ICH_VTR_PRIBITS_LOW) + 1U;
}

static inline bool gich_can_trap_dir(void)
{
    return bit_is_set(SYSREG_READ(ICH_VTR_EL2), ICH_VTR_TDS);
}

static inline uint64_t gich_lr_read_low(unsigned i)
{
    if ((i & 2U) != 0U) {
        return ((i & 1U) != 0U) ? SYSREG_READ(ICH_LR3_EL2) : SYSREG_READ(ICH_LR2_EL2);
    }
    return ((i & 1U) != 0U) ? SYSREG_READ(ICH_LR1_EL2) : SYSREG_READ(ICH_LR0_EL2);
}

static inline void gich_lr_write_low(unsigned i, uint64_t lr)
{
    if ((i & 2U) != 0U) {
        if ((i & 1U) != 0U) {
            SYSREG_WRITE(ICH_LR3_EL2, lr);
        } else {
            SYSREG_WRITE(ICH_LR2_EL2, lr);
        }
    } else if ((i & 1U) != 0U) {
        SYSREG_WRITE(ICH_LR1_EL2, lr);
    } else {
        SYSREG_WRITE(ICH_LR0_EL2, lr);
    }
}

static inline uint64_t gich_lr_read(unsigned i)
{
    return (i < GICH_LR_LOW) ? gich_lr_read_low(i) : gich_lr_read_high(i);
}

static inline void gich_lr_write(unsigned i, uint64_t lr)
{
    if (i < GICH_LR_LOW) {
        gich_lr_write_low(i, lr);
    } else {
        gich_lr_write_high(i, lr);
    }
}

static inline uint64_t gich_hcr_read(void)
{
    return SYSREG_READ(ICH_HCR_EL2);
}

static inline void gich_hcr_write(uint64_t v)
{
    SYSREG_WRITE(ICH_HCR_EL2, v);
}

static inline uint64_t gich_vmcr_read(void)
{
    return SYSREG_READ(ICH_VMCR_EL2);
}

static inline void gich_vmcr_write(uint64_t v)
{
    SYSREG_WRITE(ICH_VMCR_EL2, v);
}

static inline uint64_t gich_misr_read(void)
{
    return SYSREG_READ(ICH_MISR_EL2);
}

static inline uint64_t gich_eisr_read(void)
{
    return SYSREG_READ(ICH_EISR_EL2);
}

static inline uint64_t gich_elrsr_read(void)
{
    return SYSREG_READ(ICH_ELRSR_EL2);
}

static inline void gich_settle(void)
{
    isb();
}

#endif
