/* SHA-256 by the CPU's own instructions, where it has them (cpu_has_sha256). */
#ifndef ARCH_SHA256_H
#define ARCH_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define ARCH_SHA256_BLOCKS_MAX 16U

/* Hashes whole blocks of 64 bytes, 1 to ARCH_SHA256_BLOCKS_MAX, into `h`; `k`: the 64 constants of
 * the rounds [FIPS 180-4 4.2.2]. Vector registers are as before. */
void arch_sha256_blocks(uint32_t h[8], const uint8_t *data, size_t block_count,
                        const uint32_t k[64]);

#endif
