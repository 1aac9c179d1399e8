/* With schedules: the vCPUs of vgic_machine.h have turns on their CPUs. */
#ifndef VGIC_TURNS_MACHINE_H
#define VGIC_TURNS_MACHINE_H

#include "vgic_machine.h"

/* The turn of a vCPU that is on is over, and has come again. The lines of its PPIs have to be low.
 * What another vCPU leaves in the CPU meanwhile is there. */
void machine_park(unsigned vcpu);
void machine_load(unsigned vcpu);

#endif
