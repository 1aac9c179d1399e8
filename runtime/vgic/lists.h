/* This CPU's list registers. All with the VM's lock held, on the CPU of `r`. */
#ifndef VGIC_LISTS_H
#define VGIC_LISTS_H

#include "vgic/state.h"

/* Makes the list registers say what the state says, as r->stale demands; r is fresh after it. */
void vgic_lists_refresh(struct vgic_vm *g, struct vgic_redist *r);
/* Takes out what the guest has finished with. */
void vgic_lists_reclaim(struct vgic_vm *g, struct vgic_redist *r);
/* Updates lr_pending and lr_active of what is listed here. */
void vgic_lists_look(struct vgic_vm *g, struct vgic_redist *r);
/* Takes everything out of the list registers, back into the state. */
void vgic_lists_empty(struct vgic_vm *g, struct vgic_redist *r);
/* Does a list register hold an interrupt that the guest would take but for PSTATE and what it
 * runs now: pending, its group enabled, its priority above the mask? */
bool vgic_lists_signal(const struct vgic_redist *r);

#endif
