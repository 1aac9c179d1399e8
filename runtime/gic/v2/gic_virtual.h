/* GICv2: the virtual interface control registers are in memory, banked by CPU; gic/gich.h
 * [IHI0048 5.3].
 *
 * GICH_HCR, GICH_VMCR, GICH_MISR, GICH_EISR0 and GICH_ELRSR0 have the layout of their ICH_…_EL2
 * twins, with zeros for what GICv3 has more of; only list registers are converted. There may be 64
 * of them; 16 are used, which lie in the first of the two status registers.
 *
 * EL2's accesses to GICH and the guest's to GICV are Device-nGnRE, or stronger, to the same
 * peripheral: what EL2 wrote is there before what the guest reads after the exception return
 * [DDI0487 B2.7.2]. */
#ifndef GIC_VIRTUAL_H
#define GIC_VIRTUAL_H

#include "arch/barrier.h"
#include "gic/gich.h"
#include "gic/v2/gic_regs.h"
#include "lib/bits.h"

enum { GICH_VTR_LISTREGS_HIGH = 5, GICH_VTR_PRIBITS_LOW = 29, GICH_VTR_PRIBITS_HIGH = 31 };

#define ICH_LR_STATE_SHIFT 62
#define ICH_LR_HW BIT(61)
#define ICH_LR_GROUP BIT(60)
#define ICH_LR_EOI BIT(41)
#define GICH_LR_HW BIT(31)
#define GICH_LR_GROUP BIT(30)
#define GICH_LR_STATE_SHIFT 28
#define GICH_LR_EOI BIT(19)

/* GICH_LR<n> as ICH_LR<n>_EL2 says the same. The source of an SGI is in bits [12:10] of both: the
 * way of GICv3 for guests that see a GICv2 [IHI0048 5.3.11; IHI0069 12.4.6, vINTID]. */
static inline uint64_t gich_lr_to_ich(uint32_t v2)
{
    const bool is_hw = (v2 & GICH_LR_HW) != 0U;
    uint64_t lr = bits_get(v2, 29, 28) << ICH_LR_STATE_SHIFT;

    lr |= bits_get(v2, 27, 23) << 51; /* the upper five of eight bits of priority */
    lr |= ((v2 & GICH_LR_GROUP) != 0U) ? ICH_LR_GROUP : 0U;
    if (is_hw) {
        return lr | ICH_LR_HW | (bits_get(v2, 19, 10) << 32) | bits_get(v2, 9, 0);
    }
    return lr | (((v2 & GICH_LR_EOI) != 0U) ? ICH_LR_EOI : 0U) | bits_get(v2, 12, 0);
}

static inline uint32_t gich_lr_of_ich(uint64_t lr)
{
    uint64_t v2 = bits_get(lr, 63, 62) << GICH_LR_STATE_SHIFT;

    v2 |= bits_get(lr, 55, 51) << 23;
    v2 |= ((lr & ICH_LR_GROUP) != 0U) ? GICH_LR_GROUP : 0U;
    if ((lr & ICH_LR_HW) != 0U) {
        v2 |= GICH_LR_HW | (bits_get(lr, 41, 32) << 10) | bits_get(lr, 9, 0);
    } else {
        v2 |= (((lr & ICH_LR_EOI) != 0U) ? GICH_LR_EOI : 0U) | bits_get(lr, 12, 0);
    }
    return (uint32_t)v2;
}

static inline unsigned gich_lr_count(void)
{
    const uint32_t vtr = mmio_read32(gich_at(GICH_VTR));
    const unsigned count = (unsigned)bits_get(vtr, GICH_VTR_LISTREGS_HIGH, 0) + 1U;

    return (count < GICH_LR_MAX) ? count : GICH_LR_MAX;
}

static inline unsigned gich_priority_bits(void)
{
    const uint32_t vtr = mmio_read32(gich_at(GICH_VTR));

    return (unsigned)bits_get(vtr, GICH_VTR_PRIBITS_HIGH, GICH_VTR_PRIBITS_LOW) + 1U;
}

/* Nothing to trap: the guest's GICC_DIR is on a page that is not mapped (vgic/v2/gicc.c). */
static inline bool gich_can_trap_dir(void)
{
    return false;
}

static inline uint64_t gich_lr_read(unsigned i)
{
    return gich_lr_to_ich(mmio_read32(gich_at(GICH_LR + (uint64_t)i * 4U)));
}

static inline void gich_lr_write(unsigned i, uint64_t lr)
{
    mmio_write32(gich_at(GICH_LR + (uint64_t)i * 4U), gich_lr_of_ich(lr));
}

static inline uint64_t gich_lr_read_low(unsigned i)
{
    return gich_lr_read(i);
}

static inline void gich_lr_write_low(unsigned i, uint64_t lr)
{
    gich_lr_write(i, lr);
}

static inline uint64_t gich_hcr_read(void)
{
    return mmio_read32(gich_at(GICH_HCR));
}

static inline void gich_hcr_write(uint64_t v)
{
    mmio_write32(gich_at(GICH_HCR), (uint32_t)v);
}

static inline uint64_t gich_vmcr_read(void)
{
    return mmio_read32(gich_at(GICH_VMCR));
}

static inline void gich_vmcr_write(uint64_t v)
{
    mmio_write32(gich_at(GICH_VMCR), (uint32_t)v);
}

static inline uint64_t gich_misr_read(void)
{
    return mmio_read32(gich_at(GICH_MISR));
}

static inline uint64_t gich_eisr_read(void)
{
    return mmio_read32(gich_at(GICH_EISR0));
}

static inline uint64_t gich_elrsr_read(void)
{
    return mmio_read32(gich_at(GICH_ELRSR0));
}

static inline void gich_settle(void)
{
    dsb_sy();
}

#endif
