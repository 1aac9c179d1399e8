/* Guest timers: the virtual timer with the guest's own offset (CNTVOFF_EL2) and the EL1 physical
 * timer. A vCPU is pinned, so both belong to it in hardware; their PPIs are HW-linked.
 * [DDI0487 D12] */
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

#endif
