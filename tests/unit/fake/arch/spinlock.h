/* Fake of arch/spinlock.h: knows its holder. Taking a lock that is held (on one thread that is
 * a deadlock), releasing one that is free or another CPU's, and a test that ends while a lock is
 * held are failures. The size and the zero-initialised state are those of the real one. */
#ifndef ARCH_SPINLOCK_H
#define ARCH_SPINLOCK_H

#include <stdint.h>

struct spinlock {
    uint16_t is_held; /* the test (counted) in which it is held, or 0 */
    uint16_t holder; /* simulated CPU */
};

void spin_lock(struct spinlock *l);
void spin_unlock(struct spinlock *l);
/* Locks held now, by anyone. */
unsigned fake_locks_held(void);

#endif
