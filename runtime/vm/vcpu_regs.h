/* Writes the EL2 registers that say what a vCPU may do (vm/vcpu_regs.c); the values are those of
 * vcpu_hcr_el2() and friends in vm/sysreg_trap.h. */
#ifndef VM_VCPU_REGS_H
#define VM_VCPU_REGS_H

#include "vm/vcpu.h"

/* On the CPU of `v`; complete (context synchronised) on return. */
void vcpu_regs_write(const struct vcpu *v);

#endif
