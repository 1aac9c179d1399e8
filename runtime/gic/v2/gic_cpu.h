/* GICv2: the physical CPU interface is registers in memory, banked by CPU; gic/gic.h
 * [IHI0048 4.4].
 *
 * An SGI is acknowledged together with its source: GICC_EOIR and GICC_DIR have to be written what
 * GICC_IAR said, source included [IHI0048 4.4.5, 4.4.15]. Above this file interrupts are INTIDs, so
 * each CPU remembers here what it read last; EL2 finishes with one interrupt before it takes the
 * next.
 *
 * EL2 maps the GIC as Device-nGnRE: accesses of one CPU to it arrive in program order
 * [DDI0487 B2.7.2], so GICC_EOIR comes before GICC_DIR, and both before the next GICC_IAR, without
 * barriers. A write that is still on its way when the CPU leaves EL2 delays the next interrupt,
 * and nothing else. The barriers towards memory are those of GICv3 (gic/v3/gic_cpu.h): after
 * GICC_IAR none, as the read has to be complete for its value to be used, and what a handler reads
 * in memory was written before the interrupt was sent. */
#ifndef GIC_CPU_H
#define GIC_CPU_H

#include "arch/barrier.h"
#include "core/percpu.h"
#include "gic/gic.h"
#include "gic/v2/gic_regs.h"

/* ID_AA64PFR0_EL1.GIC of a guest: no system registers. */
enum { GIC_ID_AA64PFR0_GIC = 0 };

enum { GICC_IAR_INTERRUPT_ID = 0x3FF, GIC_SGI_END = 16 };

extern uint32_t gic_sgi_acknowledged[CFG_CPU_COUNT]; /* GICC_IAR of the last SGI, by CPU */

static inline uint32_t gic_acknowledge(void)
{
    const uint32_t iar = mmio_read32(gicc_at(GICC_IAR));
    const uint32_t intid = iar & GICC_IAR_INTERRUPT_ID;

    if (intid < (uint32_t)GIC_SGI_END) {
        gic_sgi_acknowledged[this_cpu()->id] = iar;
    }
    return intid;
}

static inline uint32_t gic_iar_of(uint32_t intid)
{
    return (intid < (uint32_t)GIC_SGI_END) ? gic_sgi_acknowledged[this_cpu()->id] : intid;
}

static inline void gic_priority_drop(uint32_t intid)
{
    mmio_write32(gicc_at(GICC_EOIR), gic_iar_of(intid));
}

static inline void gic_deactivate(uint32_t intid)
{
    mmio_write32(gicc_at(GICC_DIR), gic_iar_of(intid));
}

static inline void gic_settle(void)
{
    dsb_sy();
}

#endif
