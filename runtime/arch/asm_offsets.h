/* Offsets that assembly uses; core/boot.c asserts each against its struct (INV-ASM-OFFSETS). */
#ifndef ARCH_ASM_OFFSETS_H
#define ARCH_ASM_OFFSETS_H

#include "config_sizes.h"

#define CFG_CPU_SIZE 24
#define CFG_CPU_MPIDR 0
#define CFG_CPU_STACK_TOP 16

#define VCPU_STACK 248
#define EXIT_SKIP_VALUE 1 /* enum exit_action; EXIT_RESUME is 0 */

#define CFG_SYSTEM_UART_BASE 120
#define CFG_SYSTEM_EL2_ROOT 136
#define CFG_SYSTEM_TCR_EL2 144
#define CFG_SYSTEM_MAIR_EL2 152

#endif
