/* Guest timers: the virtual timer with the guest's own offset (CNTVOFF_EL2) and the EL1 physical
 * timer. While a vCPU is loaded both are its own in hardware, and their PPIs are HW-linked; while it
 * has not its turn they wait in memory. [DDI0487 D12] */
#ifndef VTIMER_VTIMER_H
#define VTIMER_VTIMER_H

#include "vm/vcpu.h"

/* At a VM's start: its virtual counter begins at 0 now. On the boot CPU of the VM. */
void vtimer_vm_reset(uint16_t vm);
/* On the CPU of `v`, before entry: offset, access rights, both timers off. Their PPIs follow the
 * guest's own enables, by the vGIC. */
void vtimer_vcpu_reset(struct vcpu *v);
/* On the CPU of `v`: both timers off, so that their lines are low. Before vgic_vcpu_stop(), which
 * then drops what they had pending. */
void vtimer_vcpu_stop(struct vcpu *v);

/* The turn of `v`, which shares its CPU, ends (before vgic_vcpu_park()) and begins (after
 * vgic_vcpu_load()). On its CPU. */
void vtimer_vcpu_park(struct vcpu *v);
void vtimer_vcpu_load(struct vcpu *v);
/* Of a vCPU that is parked: when, in ticks of the system counter, the first of its timers is due
 * that would give an interrupt; UINT64_MAX: none will. */
uint64_t vtimer_vcpu_due(const struct vcpu *v);
/* A time window of `vm` opens or closes at `now`: its virtual counter goes on, as if nothing had been,
 * or stands still. For VMs with CFG_VM_CLOCK_STANDS, whose one vCPU is parked. */
void vtimer_clock_window(uint16_t vm, bool is_open, uint64_t now);

#endif
