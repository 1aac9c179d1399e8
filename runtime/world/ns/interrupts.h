/* Physical interrupts at EL2, and the messages between CPUs that they announce. */
#ifndef WORLD_NS_INTERRUPTS_H
#define WORLD_NS_INTERRUPTS_H

#include "gic/gic.h"
#include "lib/bits.h"
#include "vm/vcpu.h"

/* Of a timer or the PMU, which are the guest's: HW-linked to the vCPU here. */
static inline bool interrupts_is_guests_ppi(uint32_t intid)
{
    const uint64_t ppis = BIT(GIC_PPI_VTIMER) | BIT(GIC_PPI_PTIMER) | BIT(GIC_PPI_PMU);

    return intid < 32U && bit_is_set(ppis, intid);
}

/* Serves another interrupt `intid`, which interrupted the guest of `v` and is acknowledged, if that
 * can neither stop nor replace the guest and has no use for its registers; false: nothing is done.
 */
bool interrupts_serve_short(struct vcpu *v, uint32_t intid);
/* Serves the others; `v` is this CPU's vCPU, or NULL. Afterwards this_cpu()->guest_runs tells
 * whether it may be resumed. */
void interrupts_serve_in_full(struct vcpu *v, uint32_t intid);
/* Serves messages until this CPU's vCPU may run, sleeping in between; returns it. */
struct vcpu *cpu_next_vcpu(void);

#endif
