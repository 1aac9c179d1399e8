/* The VMs' virtual GICs by VM id. Without holding the lock, only what does not change while the VM
 * runs, and single words, may be read here. */
#ifndef VGIC_VMS_H
#define VGIC_VMS_H

#include "core/percpu.h"
#include "vgic/state.h"

extern struct vgic_vm vgic_vms[CFG_VM_COUNT];

/* Where a vCPU's interrupts are; by vCPU id. */
struct vgic_place {
    struct vgic_vm *g;
    struct vgic_redist *r;
};
extern struct vgic_place vgic_places[CFG_VCPU_COUNT];

/* Brings this CPU's list registers, those of g->own, up to date. With the lock held. */
void vgic_refresh(struct vgic_vm *g);

/* The same as vgic_acquire(), when it is a vCPU of this VM that runs here. */
static inline void vgic_enter(struct vgic_vm *g)
{
    spin_lock(&g->lock);
    g->own = vgic_places[this_cpu()->vcpu->id].r;
}

/* The end of both, when g->own is set. */
static inline void vgic_leave(struct vgic_vm *g)
{
    if (g->own->stale != VGIC_FRESH) {
        vgic_refresh(g);
    }
    spin_unlock(&g->lock);
}

#endif
