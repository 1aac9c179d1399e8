/* The guest's vector registers: EL2 does not use them, so they stay in the CPU while it runs. */
#ifndef ARCH_SIMD_H
#define ARCH_SIMD_H

#include <stdint.h>

/* V<n>, n < 32: value[0] is bits 63..0. A write sets all 128 bits and, as any write to V<n>,
 * clears what SVE adds above them [DDI0487 B1.2.2]. */
void arch_simd_read(unsigned n, uint64_t value[2]);
void arch_simd_write(unsigned n, const uint64_t value[2]);

#endif
