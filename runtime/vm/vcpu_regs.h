/* The EL2 registers that say what a vCPU may do, from the VM's grants and what this CPU has
 * (vm/vcpu_regs.c). On the vCPU's CPU. */
#ifndef VM_VCPU_REGS_H
#define VM_VCPU_REGS_H

#include "arch/cpu_features.h"
#include "vm/vcpu.h"

/* Is the VM granted the extension, and has this CPU it? */
static inline bool vcpu_has_pauth(uint16_t vm)
{
    return cfg_vm_has(vm, CFG_VM_PAUTH) && cpu_has_pauth();
}

static inline bool vcpu_has_mte(uint16_t vm)
{
    return cfg_vm_has(vm, CFG_VM_MTE) && cpu_has_mte2();
}

static inline bool vcpu_has_pmu(uint16_t vm)
{
    return cfg_vm_has(vm, CFG_VM_PMU) && cpu_has_pmu();
}

static inline bool vcpu_has_sve(uint16_t vm)
{
    return cfg_vm_has(vm, CFG_VM_SVE) && cpu_has_sve();
}

static inline bool vcpu_has_sme(uint16_t vm)
{
    return cfg_vm_has(vm, CFG_VM_SME) && cpu_has_sme();
}

uint64_t vcpu_hcr_el2(uint16_t vm);
uint64_t vcpu_mdcr_el2(uint16_t vm);
uint64_t vcpu_cptr_el2(uint16_t vm);

/* Writes these and their like for `v`; complete (context synchronised) on return. */
void vcpu_regs_write(const struct vcpu *v);

#endif
