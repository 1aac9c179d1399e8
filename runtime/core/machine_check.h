/* Does the machine that the image woke up on match the one it was built for? (CORE-10) */
#ifndef CORE_MACHINE_CHECK_H
#define CORE_MACHINE_CHECK_H

#include "lib/types.h"

/* Compares this CPU's features with what the tables and its VM's grants need; logs every difference
 * as "expected …, found …" and returns how many matter. On each CPU. */
unsigned machine_check_cpu(void);
/* Compares GIC, firmware and, when `devicetree` is not 0, its RAM, CPUs and interrupt controller
 * with the configuration. On the boot CPU. Returns the number of differences that matter. */
unsigned machine_check_board(uint64_t devicetree);

#endif
