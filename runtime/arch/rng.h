/* The CPU's random numbers, FEAT_RNG [DDI0487 D24.2, RNDRRS]. */
#ifndef ARCH_RNG_H
#define ARCH_RNG_H

#include <stdbool.h>
#include <stdint.h>

/* 64 bits from a generator that was reseeded for this read; false when it had none to give in
 * time. Only when cpu_has_rng(). */
static inline bool rng_read(uint64_t *value)
{
    uint64_t number;
    uint32_t is_good; /* RNDRRS sets PSTATE.Z when it fails */

    __asm__ volatile("mrs %0, S3_3_C2_C4_1\n\tcset %w1, ne" : "=r"(number), "=r"(is_good)::"cc");
    *value = number;
    return is_good != 0U;
}

#endif
