/* The VMs' virtual GICs by VM id. Without holding the lock, only what does not change while the VM
 * runs, and single words, may be read here. */
#ifndef VGIC_VMS_H
#define VGIC_VMS_H

#include "core/percpu.h"
#include "vgic/state.h"

extern struct vgic_vm vgic_vms[CFG_VM_COUNT];

/* The same as vgic_acquire(), when it is a vCPU of this VM that runs here. */
static inline void vgic_enter(struct vgic_vm *g)
{
    spin_lock(&g->lock);
    g->own = &vgic_redists[this_cpu()->vcpu->id];
}

#endif
