/* The physical interrupts behind virtual ones that are `hw`. With the VM's lock held. */
#ifndef VGIC_HW_H
#define VGIC_HW_H

#define HW_PPIS_MAX 3U /* of a vCPU: two timers and the PMU */

#include "vgic/state.h"

/* Physical INTID behind `intid`: the same for PPIs. */
uint16_t vgic_hw_pintid(const struct vgic_vm *g, unsigned intid);
/* The physical SPI behind `intid`, which has one, is enabled as the guest has it, if the vCPU that
 * it goes to may be interrupted. */
void vgic_hw_spi_follow(const struct vgic_vm *g, unsigned intid);
/* Each does nothing for an interrupt that is not `hw`. `r` owns PPIs, and is not used for SPIs. */
void vgic_hw_enable(const struct vgic_vm *g, const struct vgic_redist *r, unsigned intid,
                    bool enable);
void vgic_hw_set_pending(const struct vgic_vm *g, const struct vgic_redist *r, unsigned intid,
                         bool pending);
void vgic_hw_activate(const struct vgic_vm *g, const struct vgic_redist *r, unsigned intid);
void vgic_hw_deactivate(const struct vgic_vm *g, const struct vgic_redist *r, unsigned intid);
bool vgic_hw_is_pending(const struct vgic_vm *g, const struct vgic_redist *r, unsigned intid);
/* One that is both active and pending: LR.HW does not allow that, so the pending part goes back to
 * where it comes from, and arrives again when the interrupt is deactivated. */
void vgic_hw_part(const struct vgic_vm *g, struct vgic_redist *r, unsigned intid);
/* `r` is on from now: what registers said of its PPIs while it was off becomes physical. */
void vgic_hw_ppis_resume(const struct vgic_vm *g, struct vgic_redist *r);
/* Enables the PPIs of `r` as its guest has them (`on`), or none of them. */
void vgic_hw_ppis_follow(const struct vgic_redist *r, bool on);

#endif
