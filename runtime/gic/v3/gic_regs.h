/* The physical GICv3's registers, and what the files of this folder share [IHI0069 12.8-12.11]. */
#ifndef GIC_GIC_REGS_H
#define GIC_GIC_REGS_H

#include "arch/mmio.h"
#include "config/config.h"

enum {
    GICD_CTLR = 0x0000,
    GICD_TYPER = 0x0004,
    GICD_IGROUPR = 0x0080,
    GICD_ISENABLER = 0x0100,
    GICD_ICENABLER = 0x0180,
    GICD_ISPENDR = 0x0200,
    GICD_ICPENDR = 0x0280,
    GICD_ISACTIVER = 0x0300,
    GICD_ICACTIVER = 0x0380,
    GICD_IPRIORITYR = 0x0400,
    GICD_ICFGR = 0x0C00,
    GICD_IROUTER = 0x6000,
    GICD_PIDR2 = 0xFFE8,
    GICR_CTLR = 0x0000,
    GICR_TYPER = 0x0008,
    GICR_WAKER = 0x0014,
    GICR_SGI_BASE = 0x10000, /* from RD_base; the registers in it are laid out like GICD's */
};

enum { GICD_CTLR_EnableGrp1A = 1U << 1, GICD_CTLR_ARE_NS = 1U << 4 };
#define GICD_CTLR_RWP (UINT32_C(1) << 31)
enum { GICR_CTLR_RWP = 1U << 3 };
enum { GICR_TYPER_VLPIS = 1, GICR_TYPER_Last = 4 }; /* bit numbers */
enum { GICR_WAKER_ProcessorSleep = 1U << 1, GICR_WAKER_ChildrenAsleep = 1U << 2 };

/* Priority of every physical interrupt: EL2 handles them in order of arrival. */
#define GIC_PRIORITY_ALL 0xA0A0A0A0U

/* Polls of a register that changes within microseconds before boot gives up. */
#define GIC_POLL_LIMIT 1000000U

static inline pa_t gicd_at(uint64_t offset)
{
    return pa_make(cfg_system.gicd_base + offset);
}

/* Polls until the bits of `mask` at `at` are 0; false when they stay set. At boot only. */
static inline bool gic_poll_clear(pa_t at, uint32_t mask)
{
    for (unsigned i = 0; i < GIC_POLL_LIMIT; i++) {
        if ((mmio_read32(at) & mask) == 0U) {
            return true;
        }
    }
    return false;
}

#endif
