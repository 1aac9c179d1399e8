/* Address types: a physical, a guest-physical and an EL2-virtual address never mix by accident.
 *
 * Each is a struct with one member, so that assigning one kind to another does not compile.
 * EL2 runs identity-mapped, therefore va_of_pa() is the one place where a PA becomes a pointer. */
#ifndef LIB_TYPES_H
#define LIB_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct {
    uint64_t pa;
} pa_t; /* physical address, bytes */

typedef struct {
    uint64_t ipa;
} ipa_t; /* guest-physical (intermediate physical) address, bytes */

typedef struct {
    uint64_t va;
} va_t; /* guest-virtual address, bytes */

static inline pa_t pa_make(uint64_t a)
{
    return (pa_t){a};
}

static inline ipa_t ipa_make(uint64_t a)
{
    return (ipa_t){a};
}

static inline va_t va_make(uint64_t a)
{
    return (va_t){a};
}

/* On a function that the usual case never calls: it is kept out of the callers' registers and
 * frames, and compiled for size. */
#define SLOW_PATH __attribute__((cold, noinline))
/* On a function that is usual, yet not the most usual: it is kept out of the callers' registers. */
#define APART __attribute__((noinline))

#define ARRAY_COUNT(a) (sizeof(a) / sizeof((a)[0]))

#endif
