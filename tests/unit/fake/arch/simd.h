/* Fake of arch/simd.h: the vector registers of each simulated CPU. */
#ifndef ARCH_SIMD_H
#define ARCH_SIMD_H

#include <stdint.h>

extern uint64_t fake_simd[8][32][2];

void arch_simd_read(unsigned n, uint64_t value[2]);
void arch_simd_write(unsigned n, const uint64_t value[2]);

#endif
