/* What the guests have in common that look after their registers over the turns of others. */
#ifndef KEPT_H
#define KEPT_H

#include <stdatomic.h>

#include "result.h"
#include "schedule.h"

static void (*kept_work)(void);
static atomic_uint kept_second_done;

static uint64_t kept_random(uint64_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    return *seed;
}

/* The first ones are told. */
static void kept_wrong(unsigned *count, const char *name, uint64_t is, uint64_t was)
{
    if ((*count)++ < 4U) {
        test_fail("kept", "%s: is %lx, was %lx", name, is, was);
    }
}

static void kept_second(void)
{
    kept_work();
    atomic_store(&kept_second_done, 1U);
}

/* All vCPUs of this VM, one or two, at `work`, and in the end the test; `first` is the id of the first
 * one, which others must have cut short at least so often. */
static void kept_by_all(void (*work)(void), unsigned first, uint64_t preemptions)
{
    const bool has_second = cpu_count() > 1U;

    kept_work = work;
    if (has_second) {
        TEST_EQUAL("cpu_on", cpu_start(1, kept_second), PSCI_SUCCESS);
    }
    work();
    while (has_second && atomic_load(&kept_second_done) == 0U) {
    }
    const struct sched_times times = sched_times(first);

    test_check(times.preemptions >= preemptions, "many-turns", "only %lu", times.preemptions);
    test_done();
}

#endif
