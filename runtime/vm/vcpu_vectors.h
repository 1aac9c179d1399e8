/* The vector registers of a vCPU that shares its CPU, between its turns. On its CPU, with its own
 * CPTR_EL2 and vector lengths (vm/vcpu_regs.h). */
#ifndef VM_VCPU_VECTORS_H
#define VM_VCPU_VECTORS_H

#include "vm/vcpu.h"

/* Out of the CPU, which is not in streaming mode any more, and into it. */
void vcpu_vectors_save(const struct vcpu *v);
void vcpu_vectors_load(const struct vcpu *v);

#endif
