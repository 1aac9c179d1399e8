/* memcpy, memmove, memset and memcmp for EL2.
 *
 * These are for small structures: bulk work on guest memory is arch/memory.h's. Whole words are
 * moved while both pointers are aligned, because EL2 is built with -mstrict-align and may run
 * with its MMU off, where an unaligned access faults [DDI0487 B2.7.2].
 * No state, no locks; any CPU.
 *
 * @req CORE-6, CORE-7 */
#include "lib/mem.h"

#include <stdbool.h>
#include <stdint.h>

#include "lib/loop.h"

/* May alias any object, as the bytes that it stands for may. */
typedef uint64_t __attribute__((may_alias)) word_t;
#define WORD_BYTES sizeof(word_t)

static bool is_aligned(const void *p)
{
    return ((uintptr_t)p % WORD_BYTES) == 0U;
}

/* Without the attribute the compiler recognises these loops and calls the functions that they
 * implement. */
#define NO_IDIOM __attribute__((optimize("no-tree-loop-distribute-patterns")))
/* So that each function with a loop has the number of bytes as an argument of its own. */
#define INLINE inline __attribute__((always_inline))

NO_IDIOM INLINE static void copy_forward(uint8_t *to, const uint8_t *from, size_t bytes)
{
    if (is_aligned(to) && is_aligned(from)) {
        for (; bytes >= WORD_BYTES; bytes -= WORD_BYTES) {
            LOOP_BYTES(WORD_BYTES);
            *(word_t *)(void *)to = *(const word_t *)(const void *)from;
            to += WORD_BYTES;
            from += WORD_BYTES;
        }
    }
    for (; bytes > 0U; bytes--) {
        LOOP_BYTES(1);
        *to++ = *from++;
    }
}

void *memcpy(void *restrict dst, const void *restrict src, size_t bytes)
{
    copy_forward(dst, src, bytes);
    return dst;
}

NO_IDIOM void *memmove(void *dst, const void *src, size_t bytes)
{
    uint8_t *const to = dst;
    const uint8_t *const from = src;
    /* Forward is right unless dst lies inside [src, src + bytes). */
    if ((uintptr_t)to - (uintptr_t)from >= bytes) {
        copy_forward(to, from, bytes);
        return dst;
    }
    for (size_t i = bytes; i > 0U; i--) {
        LOOP_BYTES(1);
        to[i - 1U] = from[i - 1U];
    }
    return dst;
}

NO_IDIOM void *memset(void *dst, int value, size_t bytes)
{
    uint8_t *to = dst;
    const uint8_t byte = (uint8_t)value;
    if (is_aligned(to)) {
        const word_t word = UINT64_C(0x0101010101010101) * byte;
        for (; bytes >= WORD_BYTES; bytes -= WORD_BYTES) {
            LOOP_BYTES(WORD_BYTES);
            *(word_t *)(void *)to = word;
            to += WORD_BYTES;
        }
    }
    for (; bytes > 0U; bytes--) {
        LOOP_BYTES(1);
        *to++ = byte;
    }
    return dst;
}

NO_IDIOM int memcmp(const void *a, const void *b, size_t bytes)
{
    const uint8_t *const left = a;
    const uint8_t *const right = b;
    for (size_t i = 0; i < bytes; i++) {
        LOOP_BYTES(1);
        if (left[i] != right[i]) {
            return (left[i] < right[i]) ? -1 : 1;
        }
    }
    return 0;
}
