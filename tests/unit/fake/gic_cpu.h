/* Fake of gic_cpu.h: what EL2 acknowledges is the test's to say, what it drops and deactivates the
 * test's to see. A test that needs it defines the functions. */
#ifndef GIC_CPU_H
#define GIC_CPU_H

#include "gic/gic.h"

enum { GIC_ID_AA64PFR0_GIC = 1 };

uint32_t fake_gic_acknowledge(void);
void fake_gic_priority_drop(uint32_t intid);
void fake_gic_deactivate(uint32_t intid);
void fake_gic_settle(void);

static inline uint32_t gic_acknowledge(void)
{
    return fake_gic_acknowledge();
}

static inline void gic_priority_drop(uint32_t intid)
{
    fake_gic_priority_drop(intid);
}

static inline void gic_deactivate(uint32_t intid)
{
    fake_gic_deactivate(intid);
}

static inline void gic_settle(void)
{
    fake_gic_settle();
}

#endif
