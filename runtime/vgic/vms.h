/* The VMs' virtual GICs by VM id. Only vgic_acquire() and the reset of a VM, which no vCPU of it
 * sees, reach them without holding the lock. */
#ifndef VGIC_VMS_H
#define VGIC_VMS_H

#include "vgic/state.h"

extern struct vgic_vm vgic_vms[CFG_VM_COUNT];

#endif
