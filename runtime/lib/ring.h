/* A byte ring for one producer and one consumer, which may be on different CPUs.
 *
 * The two indices count bytes since the start and wrap at 2^32; their difference is the fill.
 * Only loads and stores, no read-modify-write. The storage is the caller's: `size` is a power of
 * two and the same in every call. Zero-initialised is empty. */
#ifndef LIB_RING_H
#define LIB_RING_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/loop.h"
#include "lib/mem.h"

#define RING_PUT_MAX 256U /* bytes that are put at once */

struct ring {
    _Atomic uint32_t put;   /* written by the producer */
    _Atomic uint32_t taken; /* written by the consumer */
};

/* Bytes in the ring: exact for either side's own purpose, since the other side can only change it
 * in the favourable direction (more to take, or more room). */
static inline uint32_t ring_fill(struct ring *r)
{
    const uint32_t taken = atomic_load_explicit(&r->taken, memory_order_acquire);
    return atomic_load_explicit(&r->put, memory_order_acquire) - taken;
}

/* Producer. False when the ring is full. */
static inline bool ring_put(struct ring *r, uint8_t *storage, uint32_t size, uint8_t byte)
{
    const uint32_t put = atomic_load_explicit(&r->put, memory_order_relaxed);
    /* Acquire: the consumer has read the slot before it is written again. */
    if (put - atomic_load_explicit(&r->taken, memory_order_acquire) >= size) {
        return false;
    }
    storage[put & (size - 1U)] = byte;
    /* Release: the byte is visible to the consumer before the index that covers it. */
    atomic_store_explicit(&r->put, put + 1U, memory_order_release);
    return true;
}

/* Producer. All of the bytes, or none when there is no room for all or they are more than
 * RING_PUT_MAX: false then. */
static inline bool ring_put_all(struct ring *r, uint8_t *storage, uint32_t size, const void *bytes,
                                size_t count)
{
    const uint32_t put = atomic_load_explicit(&r->put, memory_order_relaxed);
    const uint32_t at = put & (size - 1U);
    const size_t before_wrap = (count < size - at) ? count : size - at;
    /* Acquire: the consumer has read the slots before they are written again. */
    if (count > RING_PUT_MAX ||
        count > size - (put - atomic_load_explicit(&r->taken, memory_order_acquire))) {
        return false;
    }
    LOOP_SIZE(RING_PUT_MAX);
    (void)memcpy(&storage[at], bytes, before_wrap);
    LOOP_SIZE(RING_PUT_MAX);
    (void)memcpy(storage, (const uint8_t *)bytes + before_wrap, count - before_wrap);
    /* Release: the bytes are visible to the consumer before the index that covers them. */
    atomic_store_explicit(&r->put, put + (uint32_t)count, memory_order_release);
    return true;
}

/* Consumer: the oldest byte, which stays in the ring. False when the ring is empty. */
static inline bool ring_peek(struct ring *r, const uint8_t *storage, uint32_t size, uint8_t *byte)
{
    const uint32_t taken = atomic_load_explicit(&r->taken, memory_order_relaxed);
    if (atomic_load_explicit(&r->put, memory_order_acquire) == taken) {
        return false;
    }
    *byte = storage[taken & (size - 1U)];
    return true;
}

/* Consumer: the byte that ring_peek() showed leaves the ring. */
static inline void ring_drop(struct ring *r)
{
    const uint32_t taken = atomic_load_explicit(&r->taken, memory_order_relaxed);
    /* Release: the slot has been read before the producer may use it again. */
    atomic_store_explicit(&r->taken, taken + 1U, memory_order_release);
}

/* Consumer. False when the ring is empty. */
static inline bool ring_take(struct ring *r, const uint8_t *storage, uint32_t size, uint8_t *byte)
{
    const bool is_there = ring_peek(r, storage, size, byte);
    if (is_there) {
        ring_drop(r);
    }
    return is_there;
}

#endif
