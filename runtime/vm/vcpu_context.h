/* The registers of a vCPU that shares its CPU, between its turns (vm/sched.h). On its CPU. */
#ifndef VM_VCPU_CONTEXT_H
#define VM_VCPU_CONTEXT_H

#include "vm/vcpu.h"

/* Out of the CPU, and into it, with its VM's stage 2; what x holds aside. */
void vcpu_context_save(const struct vcpu *v);
void vcpu_context_load(const struct vcpu *v);
/* Before another VM's stage 2 is selected: no walk uses what is in the CPU, until stage 1 is off or all
 * of another vCPU is there. */
void vcpu_context_stop_walks(void);
/* `v` was brought into the CPU by vcpu_reset() instead. */
void vcpu_context_started(const struct vcpu *v);

#endif
