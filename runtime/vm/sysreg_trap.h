/* Trapped MSR/MRS/system instructions (ESR_EL2.EC 0x18) [DDI0487 D24, ISS encoding for 0x18].
 * A const table of (op0, op1, CRn, CRm, op2) ranges says what each does: ID registers show what
 * the VM may use; hidden features answer UNDEF; debug and PMU by grant; ICC_SGI* go to the vGIC;
 * DC CISW and friends, ACTLR, AMAIR etc. behave as on a CPU with nothing there. */
#ifndef VM_SYSREG_TRAP_H
#define VM_SYSREG_TRAP_H

#include "vm/exit_action.h"
#include "vm/vcpu.h"

enum exit_action sysreg_trap(struct vcpu *v, uint64_t esr);

/* HCR_EL2, MDCR_EL2, CPTR_EL2, HSTR_EL2, CNTHCTL_EL2 for a vCPU of `vm`, each bit with its
 * reason, from the VM's flags and what this CPU has. */
uint64_t vcpu_hcr_el2(uint16_t vm);
uint64_t vcpu_mdcr_el2(uint16_t vm);
uint64_t vcpu_cptr_el2(uint16_t vm);

#endif
