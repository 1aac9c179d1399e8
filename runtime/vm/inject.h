/* Exceptions that the guest takes because of us [DDI0487 D1.3.6, AArch64.TakeException].
 * Each sets ELR_EL1, SPSR_EL1, ESR_EL1 (FAR_EL1), then PC and PSTATE of the guest, as the CPU
 * would: vector by current EL and SP, PSTATE masks, PAN from SCTLR_EL1.SPAN, SSBS from
 * SCTLR_EL1.DSSBS, UAO/BTYPE/SS/IL cleared. On the vCPU's CPU, called by world/ns/exit.c only. */
#ifndef VM_INJECT_H
#define VM_INJECT_H

#include "vm/vcpu.h"

/* EC 0, "unknown reason". */
void inject_undefined(struct vcpu *v);
/* Synchronous external abort for the access described by ESR_EL2 `esr` (instruction or data
 * abort from a lower EL) at guest-virtual FAR_EL2 `far`. */
void inject_external_abort(struct vcpu *v, uint64_t esr, uint64_t far);

#endif
