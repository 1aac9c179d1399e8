/* The generic timers of a guest [DDI0487 D12]. */
#ifndef TIMER_H
#define TIMER_H

#include "cpu.h"

#define TIMER_PPI_VIRTUAL 27U
#define TIMER_PPI_PHYSICAL 30U
#define TIMER_CTL_ENABLE 1U
#define TIMER_CTL_IMASK 2U
#define TIMER_CTL_ISTATUS 4U

/* The ISB keeps the read from being done early. */
static inline uint64_t timer_now(void)
{
    isb();
    return SYSREG_READ(CNTVCT_EL0);
}

static inline uint64_t timer_frequency(void)
{
    return SYSREG_READ(CNTFRQ_EL0);
}

static inline uint64_t timer_elapsed_ms(uint64_t start)
{
    return (timer_now() - start) / (timer_frequency() / 1000U);
}

/* ticks of the counter in nanoseconds, without overflow for times below an hour at 1 GHz. */
static inline uint64_t timer_ns(uint64_t ticks)
{
    uint64_t hz = timer_frequency();
    return (ticks / hz) * 1000000000U + ((ticks % hz) * 1000000000U) / hz;
}

#endif
