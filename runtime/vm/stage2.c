/* Activation of a VM's stage-2 tables. Relies on INV-S2-ROOT and INV-VMID-UNIQUE.
 *
 * A VMID always means the same constant tables, so no TLB entry is ever stale by a change of
 * tables; what firmware may have left under the VMID is dropped when a vCPU starts.
 *
 * @req CORE-4 */
#include "vm/stage2.h"

#include "arch/barrier.h"

void stage2_select(uint16_t vm)
{
    const struct cfg_vm *cfg = &cfg_vms[vm];

    SYSREG_WRITE(VTCR_EL2, cfg_system.vtcr_el2);
    SYSREG_WRITE(VTTBR_EL2, ((uint64_t)cfg->vmid << 48) | cfg->stage2_root);
}

void stage2_activate(uint16_t vm)
{
    stage2_select(vm);
    /* The invalidation below works on the VMID of VTTBR_EL2: it has to be there first. */
    isb();
    tlbi_vmalls12e1();
    dsb_nsh();
    isb();
}
