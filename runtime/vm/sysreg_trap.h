/* Trapped MSR/MRS/system instructions (ESR_EL2.EC 0x18) [DDI0487 D24, ISS encoding for 0x18].
 * A const table of (op0, op1, CRn, CRm, op2) ranges says what each does: ID registers show what
 * the VM may use; hidden features answer UNDEF; debug and PMU by grant; ICC_SGI* go to the vGIC;
 * set/way maintenance never loses data; ACTLR_EL1 is as on a CPU with nothing there. */
#ifndef VM_SYSREG_TRAP_H
#define VM_SYSREG_TRAP_H

#include "vm/exit_action.h"
#include "vm/vcpu.h"

enum exit_action sysreg_trap(struct vcpu *v, uint64_t esr);
/* The same with only x0..x17, x29 and x30 of the guest stored. EXIT_IN_FULL: the instruction has
 * another register or is undefined, and nothing has happened. */
enum exit_action sysreg_trap_short(struct vcpu *v, uint64_t esr);

#endif
