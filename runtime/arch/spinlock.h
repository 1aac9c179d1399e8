/* Ticket lock: first come, first served, so that the wait is bounded by the number of CPUs that
 * can contend, each holding it for a bounded time. Locks never nest unless the order is written
 * down at both locks (docs/architecture.md, lock order). */
#ifndef ARCH_SPINLOCK_H
#define ARCH_SPINLOCK_H

#include <stdatomic.h>
#include <stdint.h>

#include "lib/loop.h"

struct spinlock {
    _Atomic uint16_t next;  /* ticket that the next arrival draws */
    _Atomic uint16_t owner; /* ticket being served */
};

/* Blocks until the caller owns the lock; acquire ordering. */
static inline void spin_lock(struct spinlock *l)
{
    const uint16_t ticket = atomic_fetch_add_explicit(&l->next, 1, memory_order_relaxed);
    while (atomic_load_explicit(&l->owner, memory_order_acquire) != ticket) {
        LOOP_WAITS();
        __asm__ volatile("yield" ::: "memory");
    }
}

/* Release ordering: what was written under the lock is visible to the next owner. */
static inline void spin_unlock(struct spinlock *l)
{
    const uint16_t owner = atomic_load_explicit(&l->owner, memory_order_relaxed);
    atomic_store_explicit(&l->owner, (uint16_t)(owner + 1U), memory_order_release);
}

#endif
