/* Ranges of addresses as (base, size), whose arithmetic cannot overflow.
 *
 * base + size is never computed: a range may end at the top of the address space, and one that a
 * guest names may go beyond it. An empty range contains nothing and overlaps nothing. */
#ifndef LIB_RANGE_H
#define LIB_RANGE_H

#include <stdbool.h>
#include <stdint.h>

/* Is `address` in [base, base + size)? */
static inline bool range_has(uint64_t base, uint64_t size, uint64_t address)
{
    return address >= base && address - base < size;
}

/* Is [inner, inner + inner_size) wholly in [base, base + size)? An empty inner range is not. */
static inline bool range_contains(uint64_t base, uint64_t size, uint64_t inner, uint64_t inner_size)
{
    return inner_size > 0U && range_has(base, size, inner) && inner_size <= size - (inner - base);
}

/* Do the two share an address? A range that would go beyond 2^64 ends there. */
static inline bool range_overlaps(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
    if (a_size == 0U || b_size == 0U) {
        return false;
    }
    return (a <= b) ? (b - a < a_size) : (a - b < b_size);
}

#endif
