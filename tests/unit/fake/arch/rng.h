/* Fake of arch/rng.h: the CPU's random numbers are a function of the test; without one the
 * generator never has any. */
#ifndef ARCH_RNG_H
#define ARCH_RNG_H

#include <stdbool.h>
#include <stdint.h>

extern bool (*fake_rng_hook)(uint64_t *value);
extern unsigned fake_rng_count; /* reads, successful or not */

bool rng_read(uint64_t *value);

#endif
