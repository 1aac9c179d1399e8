/* Who an interrupt goes to, and telling that CPU that something changed for it.
 * All with the VM's lock held. */
#ifndef VGIC_ROUTE_H
#define VGIC_ROUTE_H

#include "vgic/state.h"

/* The redistributor whose CPU has, or is to have, SPI `intid` in a list register; NULL: nobody
 * now. An active interrupt belongs to the CPU that acknowledged it, a pending one to its route. */
struct vgic_redist *vgic_spi_holder(const struct vgic_vm *g, unsigned intid);
/* Makes the route of `intid` `router` (GICv3: GICD_IROUTER), and routes the physical interrupt
 * behind it likewise. */
void vgic_spi_set_router(struct vgic_vm *g, unsigned intid, uint64_t router);
/* A vCPU came or went: interrupts that one of several may take find their target anew. */
void vgic_spi_routes_follow_power(struct vgic_vm *g);

/* GICD_CTLR becomes `ctlr`: groups are forwarded or not. */
void vgic_set_ctlr(struct vgic_vm *g, uint32_t ctlr);

/* The redistributor's CPU has to do what `level` (enum vgic_stale) says: it is sent a message,
 * unless it is this one, which does it at vgic_release(). */
void vgic_mark(struct vgic_vm *g, struct vgic_redist *r, uint8_t level);
/* Bits of the word changed; those of `forced` need their list registers written anew. */
void vgic_private_changed(struct vgic_vm *g, struct vgic_redist *r, uint32_t forced);
void vgic_spis_changed(struct vgic_vm *g, unsigned n, uint32_t forced); /* SPI word `n` */
/* The same by INTID, for the word that it lies in. */
void vgic_intid_changed(struct vgic_vm *g, struct vgic_redist *r, unsigned intid);
/* SPI `intid` was put into, or taken out of, a list register of `r`. Others are only told of it
 * when it is theirs now, so that two CPUs that both have too much listed do not keep each other
 * busy. */
void vgic_spi_moved(struct vgic_vm *g, const struct vgic_redist *r, unsigned intid);

/* A guest has written a register of `r`, and may have let through a line of the CPU that has been high
 * for long. While another vCPU has the CPU, or is about to have it, the line is not seen: `r` looks for
 * itself, in case that is what it waits for. */
void vgic_mark_waiting(struct vgic_vm *g, struct vgic_redist *r);
static inline void vgic_private_written(struct vgic_vm *g, struct vgic_redist *r, uint32_t forced)
{
    vgic_private_changed(g, r, forced);
    if (CFG_SCHEDULED) {
        vgic_mark_waiting(g, r);
    }
}

#endif
