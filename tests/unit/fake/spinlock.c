/* Locks that find misuse instead of waiting. */
#include "arch/spinlock.h"

#include "arch/sysreg.h"
#include "test.h"

static unsigned held;
static uint16_t generation = 1; /* of tests: what a failed test left locked counts as free */

void spin_lock(struct spinlock *l)
{
    if (l->is_held == generation) {
        test_fail(__FILE__, __LINE__, "lock taken on CPU %u while CPU %u holds it", fake_cpu,
                  l->holder);
    }
    l->is_held = generation;
    l->holder = (uint16_t)fake_cpu;
    held++;
}

void spin_unlock(struct spinlock *l)
{
    if (l->is_held != generation) {
        test_fail(__FILE__, __LINE__, "a lock is released that nobody holds");
    }
    if (l->holder != fake_cpu) {
        test_fail(__FILE__, __LINE__, "CPU %u releases the lock of CPU %u", fake_cpu, l->holder);
    }
    l->is_held = 0;
    held--;
}

unsigned fake_locks_held(void)
{
    return held;
}

static void reset(void)
{
    generation++;
    held = 0;
}

static void check(void)
{
    CHECK_EQ(held, 0);
}

__attribute__((constructor)) static void register_hooks(void)
{
    test_on_begin(reset);
    test_on_end(check);
}
