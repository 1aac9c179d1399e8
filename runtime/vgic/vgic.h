/* The virtual GICv3 of each VM [IHI0069]: distributor, redistributors, list registers.
 *
 * INTIDs are those that the guest sees: 0-15 SGI, 16-31 PPI, 32.. SPI. Lines are the inputs of
 * the distributor or redistributor, as wires: a device raises and lowers them and never cares
 * whether the interrupt is enabled. Locking: one lock per VM (vgic_lock in vgic.c), innermost but
 * for none; every public function takes it itself and may be called from any CPU unless said
 * otherwise. */
#ifndef VGIC_VGIC_H
#define VGIC_VGIC_H

#include "mmio/mmio.h"

/* Puts a VM's distributor and redistributors into reset state. No vCPU of the VM runs. */
void vgic_vm_reset(uint16_t vm);
/* Puts this CPU's virtual interface into reset state for `v`; on the CPU of `v`, before entry. */
void vgic_vcpu_reset(struct vcpu *v);
/* Takes the interrupts out of this CPU's list registers, when `v` goes off. On its CPU. */
void vgic_vcpu_stop(struct vcpu *v);
/* The turn of `v`, which shares its CPU and is on, ends and begins (vm/sched.h). On its CPU. If
 * v->is_waiting, MSG_VGIC is posted to it when there is something new for it. */
void vgic_vcpu_park(struct vcpu *v);
void vgic_vcpu_load(struct vcpu *v);
/* A time window of `v` opens or closes: physical SPIs of its VM that go to `v` may arrive, or not. On
 * its CPU. */
void vgic_window(struct vcpu *v, bool is_open);

/* Sets the level of a line: SPIs of `vm` from any CPU; `vcpu_index` is only used for PPIs, which
 * must be set on that vCPU's own CPU. */
void vgic_set_line(uint16_t vm, uint16_t vcpu_index, uint16_t intid, bool high);
/* A physical interrupt arrived here for its HW-linked virtual one: (pintid active, priority
 * dropped). Injects with LR.HW = 1; the guest's deactivation deactivates the physical one. */
void vgic_inject_hw(struct vcpu *v, uint16_t intid, uint16_t pintid);
/* HW-linked SPI arrived on some CPU: goes to the vCPU that the guest routed it to. */
void vgic_inject_hw_spi(uint16_t vm, uint16_t intid, uint16_t pintid);

/* MSG_VGIC arrived on this CPU: another CPU changed what `v` should see. */
void vgic_sync(struct vcpu *v);
/* The maintenance interrupt (PPI 25) arrived on this CPU. */
void vgic_maintenance(struct vcpu *v);

/* Trapped ICC_SGI1R_EL1, ICC_SGI0R_EL1, ICC_ASGI1R_EL1 writes [IHI0069 12.2.3, 12.2.21, 12.2.22].
 * False, here and below: the guest's GIC has no such register. */
enum vgic_sgi_kind { VGIC_SGI1R, VGIC_SGI0R, VGIC_ASGI1R };
bool vgic_sgi_write(struct vcpu *v, enum vgic_sgi_kind kind, uint64_t value);

/* ICC_SGI1R_EL1 in a short exit: EXIT_SKIP; EXIT_IN_FULL, and nothing has happened, where the guest
 * has no such register. */
enum exit_action vgic_sgi1r_short(struct vcpu *v, uint64_t value);

/* Trapped ICC_DIR_EL1 write (ICH_HCR_EL2.TDIR): deactivates what this CPU has not listed, also an
 * SPI that another vCPU acknowledged [IHI0069 12.2.8]. */
bool vgic_dir_write(struct vcpu *v, uint64_t value);

/* Is any interrupt pending and enabled for `v`, so that WFI must not sleep? On its CPU. */
bool vgic_has_pending(struct vcpu *v);
/* The same for a vCPU that is powered down: also by an interrupt that the distributor forwards
 * while GICR_WAKER.ProcessorSleep keeps it from the CPU interface. On its CPU. */
bool vgic_has_wake_request(struct vcpu *v);

/* The frames as devices (mmio/mmio.h); the instance is the VM. What does not exist, or is accessed
 * with a width that it does not have, reads as zero and ignores writes. */
enum mmio_outcome vgic_gicd_read(uint16_t vm, uint32_t offset, unsigned size_bytes,
                                 uint64_t *value);
enum mmio_outcome vgic_gicd_write(uint16_t vm, uint32_t offset, unsigned size_bytes,
                                  uint64_t value);
enum mmio_outcome vgic_gicr_read(uint16_t vm, uint32_t offset, unsigned size_bytes,
                                 uint64_t *value);
enum mmio_outcome vgic_gicr_write(uint16_t vm, uint32_t offset, unsigned size_bytes,
                                  uint64_t value);
/* The page of a GICv2's CPU interface with GICC_DIR; on the CPU of the vCPU that accesses it. */
enum mmio_outcome vgic_gicc_read(uint16_t vm, uint32_t offset, unsigned size_bytes,
                                 uint64_t *value);
enum mmio_outcome vgic_gicc_write(uint16_t vm, uint32_t offset, unsigned size_bytes,
                                  uint64_t value);

#endif
