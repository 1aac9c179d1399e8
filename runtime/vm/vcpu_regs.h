/* The EL2 registers that say what a vCPU may do, from the VM's grants and what this CPU has
 * (vm/vcpu_regs.c). On the vCPU's CPU. */
#ifndef VM_VCPU_REGS_H
#define VM_VCPU_REGS_H

#include "vm/vcpu.h"

uint64_t vcpu_hcr_el2(uint16_t vm);
uint64_t vcpu_mdcr_el2(uint16_t vm);
uint64_t vcpu_cptr_el2(uint16_t vm);

/* Writes these and their like for `v`; complete (context synchronised) on return. */
void vcpu_regs_write(const struct vcpu *v);

#endif
