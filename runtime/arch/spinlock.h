/* Ticket lock: first come, first served, so that the wait is bounded by the number of CPUs that
 * can contend, each holding it for a bounded time. Locks never nest unless the order is written
 * down at both locks (docs/architecture.md, lock order). */
#ifndef ARCH_SPINLOCK_H
#define ARCH_SPINLOCK_H

#include <stdint.h>

#include "lib/loop.h"

/* Both halves at once draw a ticket; the lower alone serves the next one, so that what others draw
 * meanwhile is not lost. Single-copy atomic in either size [DDI0487 B2.2.1]; little-endian. */
struct spinlock {
    union {
        uint32_t both;
        struct {
            uint16_t owner; /* ticket being served; written by its holder */
            uint16_t next;  /* ticket that the next arrival draws */
        };
    };
};
#define SPINLOCK_NEXT UINT32_C(0x10000)

static inline void spin_wait(struct spinlock *l, uint16_t ticket)
{
    while (__atomic_load_n(&l->owner, __ATOMIC_ACQUIRE) != ticket) {
        LOOP_WAITS();
        __asm__ volatile("yield" ::: "memory");
    }
}

/* Blocks until the caller owns the lock; acquire ordering. */
static inline void spin_lock(struct spinlock *l)
{
    const uint32_t drawn = __atomic_fetch_add(&l->both, SPINLOCK_NEXT, __ATOMIC_ACQUIRE);

    /* Free when both halves are alike. */
    if ((drawn ^ (drawn >> 16 | drawn << 16)) != 0U) {
        spin_wait(l, (uint16_t)(drawn >> 16));
    }
}

/* Release ordering: what was written under the lock is visible to the next owner. */
static inline void spin_unlock(struct spinlock *l)
{
    __atomic_store_n(&l->owner, (uint16_t)(l->owner + 1U), __ATOMIC_RELEASE);
}

#endif
