/* Physical interrupts at EL2, and the messages between CPUs that they announce. */
#ifndef WORLD_NS_INTERRUPTS_H
#define WORLD_NS_INTERRUPTS_H

#include "vm/vcpu.h"

/* Acknowledges and serves what is pending on this CPU, a bounded number at a time; `v` is this
 * CPU's vCPU, or NULL. Afterwards this_cpu()->guest_runs tells whether it may be resumed. */
void interrupts_serve(struct vcpu *v);
/* Serves messages until this CPU's vCPU may run, sleeping in between; returns it. */
struct vcpu *cpu_next_vcpu(void);

#endif
