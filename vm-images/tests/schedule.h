/* What the guests of the schedule's tests have in common: the memory that they share, and the calls
 * about schedules (docs/schedules.md). */
#ifndef SCHEDULE_H
#define SCHEDULE_H

#include "psci.h"
#include "timer.h"

#define NOTES_BASE 0x60000000UL /* a page that several VMs see */
#define SCHED_MODE_SET 0xc600ff10U
#define SCHED_MODE_GET 0xc600ff11U
#define SCHED_TIMES_GET 0xc600ff12U
#define SCHED_DENIED (-3)

struct sched_times {
    uint64_t run;
    uint64_t turns;
    uint64_t preemptions;
    uint64_t overruns;
    uint64_t windows;
    uint64_t late;
};

/* One of these calls; the answer is in x0, what else it says from x1 on. */
static inline int32_t sched_call(struct smccc_regs *r, uint64_t function, uint64_t argument)
{
    r->x[0] = function;
    r->x[1] = argument;
    smccc_hvc(r);
    return (int32_t)r->x[0];
}

/* Of the vCPU with this number, counted over all VMs of the description. */
static inline struct sched_times sched_times(unsigned vcpu)
{
    struct smccc_regs r;

    sched_call(&r, SCHED_TIMES_GET, vcpu);
    return (struct sched_times){r.x[1], r.x[2], r.x[3], r.x[4], r.x[5], r.x[6]};
}

static inline uint64_t counter_now(void)
{
    isb();
    return SYSREG_READ(CNTPCT_EL0);
}

#endif
