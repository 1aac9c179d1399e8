/* GICv3: the physical CPU interface is system registers; gic/gic.h [IHI0069 12.2].
 *
 * What the barriers are, and why no more [IHI0069 12.1, observability of the effects of accesses to
 * the GIC registers; DDI0487 D1.4.2, K1.2.4]. EL2 runs with interrupts masked throughout.
 * - After ICC_IAR1_EL1: none. The read is self-synchronising then: the acknowledged interrupt is no
 *   longer signalled by this CPU interface. That the redistributor or distributor has seen it
 *   needs a DSB; only who changes an interrupt's state by their registers depends on that, and
 *   gic_…_set_active() and gic_…_set_pending() have it. What a handler reads in memory was
 *   written before the interrupt was sent; the mailbox is read by an exchange, whose store cannot
 *   happen before it is decided that the interrupt is this one.
 * - After ICC_EOIR1_EL1: none. The running priority has an effect on the next ICC_IAR1_EL1 and on
 *   the next exception, and the exception return comes before either: an exception return is a
 *   Context synchronization event. A loop at EL2 that reads ICC_IAR1_EL1 again calls
 *   gic_settle() first.
 * - After ICC_DIR_EL1: none, for the same reason. ICC_EOIR1_EL1 before ICC_DIR_EL1 needs none
 *   either: the one changes the active priorities, the other the state of the interrupt. */
#ifndef GIC_CPU_H
#define GIC_CPU_H

#include "arch/barrier.h"
#include "arch/sysreg.h"
#include "gic/gic.h"

/* ID_AA64PFR0_EL1.GIC of a guest: the system registers of GICv3.0 and 4.0. */
enum { GIC_ID_AA64PFR0_GIC = 1 };

static inline uint32_t gic_acknowledge(void)
{
    return (uint32_t)SYSREG_READ(ICC_IAR1_EL1);
}

static inline void gic_priority_drop(uint32_t intid)
{
    SYSREG_WRITE(ICC_EOIR1_EL1, intid);
}

static inline void gic_deactivate(uint32_t intid)
{
    SYSREG_WRITE(ICC_DIR_EL1, intid);
}

static inline void gic_settle(void)
{
    isb();
}

#endif
