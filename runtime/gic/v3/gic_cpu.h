/* GICv3: the physical CPU interface is system registers; gic/gic.h [IHI0069 12.2]. */
#ifndef GIC_CPU_H
#define GIC_CPU_H

#include "arch/barrier.h"
#include "arch/sysreg.h"
#include "gic/gic.h"

static inline uint32_t gic_acknowledge(void)
{
    const uint32_t intid = (uint32_t)SYSREG_READ(ICC_IAR1_EL1);

    /* What the acknowledge means to the GIC must be so before memory that depends on it is read
     * [IHI0069 4.4, observability of ICC_IAR1_EL1]. */
    dsb_sy();
    return intid;
}

static inline void gic_priority_drop(uint32_t intid)
{
    SYSREG_WRITE(ICC_EOIR1_EL1, intid);
    isb();
}

static inline void gic_deactivate(uint32_t intid)
{
    SYSREG_WRITE(ICC_DIR_EL1, intid);
    isb();
}

#endif
