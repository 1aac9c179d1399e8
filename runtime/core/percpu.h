/* What a physical CPU knows about itself. TPIDR_EL2 points at this CPU's entry for as long as EL2
 * is up; the exit vector reads the vCPU from offset 0 (INV-ASM-OFFSETS). */
#ifndef CORE_PERCPU_H
#define CORE_PERCPU_H

#include "arch/sysreg.h"
#include "config/config.h"

struct vcpu;

struct percpu {
    /* The vCPU pinned here, set once at boot; of a CPU with a schedule, the one whose turn it is.
     * NULL: none. */
    struct vcpu *vcpu;
    uint16_t id;       /* index into cfg_cpus */
    bool guest_runs;   /* the vCPU is on, not suspended: resumed when EL2 has nothing else to do */
    bool is_up;        /* takes messages: its GIC interface is initialised */
} __attribute__((aligned(64)));

extern struct percpu percpus[CFG_CPU_COUNT];

static inline struct percpu *this_cpu(void)
{
    return (struct percpu *)(uintptr_t)SYSREG_READ(TPIDR_EL2);
}

#endif
