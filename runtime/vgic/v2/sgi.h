/* The distributor's registers about SGIs; rows of vgic/v2/gicd.c [IHI0048 4.3.15-4.3.17]. */
#ifndef VGIC_V2_SGI_H
#define VGIC_V2_SGI_H

#include "vgic/regs.h"

void vgic_write_sgir(struct vgic_access *a);
uint64_t vgic_read_sgi_sources(struct vgic_access *a);
void vgic_write_set_sgi_sources(struct vgic_access *a);
void vgic_write_clear_sgi_sources(struct vgic_access *a);

#endif
