/* Sizes shared by assembly, C and the linker script. */
#ifndef CPU_LIMITS_H
#define CPU_LIMITS_H

#define CPU_MAX 8
#define STACK_BYTES 0x2000

#endif
