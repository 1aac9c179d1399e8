/* What the board's firmware offers the hypervisor: other CPUs, and an end. The folders that the
 * board needs implement it; the build lists them. */
#ifndef PLATFORM_FIRMWARE_H
#define PLATFORM_FIRMWARE_H

#include "lib/types.h"

/* Is it the firmware that the image was built for, as far as can be seen? */
bool firmware_answers(void);
/* Starts the CPU with this MPIDR and index in cfg_cpus; `release` is where firmware waits for its
 * entry point, as the devicetree says (0: it does not). Returns 0, or the firmware's error. */
int32_t firmware_cpu_on(uint64_t mpidr, pa_t release, uint64_t idx);
/* Switches the machine off, with the power controller at `controller` where there is one. Comes
 * back only when that fails. */
void firmware_power_off(pa_t controller);

/* The machine starts anew, as after power-on. Comes back only when that fails. */
void firmware_reset(pa_t controller);

#endif
