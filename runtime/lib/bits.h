/* Bit fields as the manuals write them: BIT(31), FIELD(high, low). All results are 64-bit. */
#ifndef LIB_BITS_H
#define LIB_BITS_H

#include <stdbool.h>
#include <stdint.h>

#define BIT(n) (UINT64_C(1) << (n))
/* The mask of bits high..low, both inclusive, as in [high:low] of a register description. */
#define FIELD(high, low) ((UINT64_MAX >> (63 - (high))) & (UINT64_MAX << (low)))

/* The value of bits high..low of `v`, shifted down to bit 0. */
static inline uint64_t bits_get(uint64_t v, unsigned high, unsigned low)
{
    return (v & FIELD(high, low)) >> low;
}

/* `v` with bits high..low replaced by the low bits of `field`. */
static inline uint64_t bits_set(uint64_t v, unsigned high, unsigned low, uint64_t field)
{
    return (v & ~FIELD(high, low)) | ((field << low) & FIELD(high, low));
}

static inline bool bit_is_set(uint64_t v, unsigned n)
{
    return ((v >> n) & 1U) != 0U;
}

/* Number of bits set: by halves, since the compiler's own would call a library. */
static inline unsigned bits_count(uint64_t v)
{
    v -= (v >> 1) & UINT64_C(0x5555555555555555);
    v = (v & UINT64_C(0x3333333333333333)) + ((v >> 2) & UINT64_C(0x3333333333333333));
    v = (v + (v >> 4)) & UINT64_C(0x0F0F0F0F0F0F0F0F);
    return (unsigned)((v * UINT64_C(0x0101010101010101)) >> 56);
}

#endif
