/* First C functions of each CPU, called by arch/entry.S on the CPU's own stack with the MMU on;
 * each returns the vCPU to enter. `cpu`: its index into cfg_cpus. */
#ifndef WORLD_NS_BOOT_H
#define WORLD_NS_BOOT_H

#include "vm/vcpu.h"

/* `devicetree`: x0 at entry, PA of the firmware's devicetree or 0. */
struct vcpu *boot_primary(uint64_t devicetree, uint16_t cpu);
struct vcpu *boot_secondary(uint16_t cpu);

#endif
