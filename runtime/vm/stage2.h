/* The stage-2 translation of a VM. Its tables are constants; nothing here ever writes one. */
#ifndef VM_STAGE2_H
#define VM_STAGE2_H

#include "vm/vcpu.h"

/* On this CPU: guest accesses from now on translate through the tables of `vm`. */
void stage2_activate(uint16_t vm);
/* The same for a vCPU that has been here before: what the TLB holds of the VM is of these tables.
 * Complete with the next context synchronisation. */
void stage2_select(uint16_t vm);

#endif
