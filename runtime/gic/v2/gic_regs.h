/* The physical GICv2's registers, and what the files of this folder share [IHI0048 4.1, 4.4, 5.3].
 *
 * The blocks are at the board's addresses; GICC and GICH are banked: each CPU reaches its own. */
#ifndef GIC_GIC_REGS_H
#define GIC_GIC_REGS_H

#include "arch/mmio.h"
#include "config/config.h"

enum {
    GICD_CTLR = 0x000,
    GICD_TYPER = 0x004,
    GICD_IGROUPR = 0x080,
    GICD_ISENABLER = 0x100,
    GICD_ICENABLER = 0x180,
    GICD_ISPENDR = 0x200,
    GICD_ICPENDR = 0x280,
    GICD_ISACTIVER = 0x300,
    GICD_ICACTIVER = 0x380,
    GICD_IPRIORITYR = 0x400,
    GICD_ITARGETSR = 0x800,
    GICD_ICFGR = 0xC00,
    GICD_SGIR = 0xF00,
    GICD_CPENDSGIR = 0xF10,
    GICD_ICPIDR2 = 0xFE8,
};

enum {
    GICC_CTLR = 0x0000,
    GICC_PMR = 0x0004,
    GICC_BPR = 0x0008,
    GICC_IAR = 0x000C,
    GICC_EOIR = 0x0010,
    GICC_APR = 0x00D0,
    GICC_DIR = 0x1000,
};

enum {
    GICH_HCR = 0x000,
    GICH_VTR = 0x004,
    GICH_VMCR = 0x008,
    GICH_MISR = 0x010,
    GICH_EISR0 = 0x020,
    GICH_ELRSR0 = 0x030,
    GICH_APR = 0x0F0,
    GICH_LR = 0x100,
};

/* With one security state these are of Group 0, in the Non-secure view of two of Group 1: either
 * way of the one group that EL2's interrupts are in [IHI0048 4.3.1, 4.4.1]. */
enum { GICD_CTLR_Enable = 1U << 0 };
enum { GICC_CTLR_Enable = 1U << 0, GICC_CTLR_EOImode = 1U << 9 };

/* Priority of every physical interrupt: EL2 handles them in order of arrival. */
#define GIC_PRIORITY_ALL 0xA0A0A0A0U

static inline pa_t gicd_at(uint64_t offset)
{
    return pa_make(cfg_system.gicd_base + offset);
}

static inline pa_t gicc_at(uint64_t offset)
{
    return pa_make(cfg_system.gicc_base + offset);
}

static inline pa_t gich_at(uint64_t offset)
{
    return pa_make(cfg_system.gich_base + offset);
}

#endif
