/* Deadlines at EL2: one for each client on each CPU, on the EL2 physical timer [DDI0487 D12.1].
 *
 * Times are ticks of the system counter (CNTPCT_EL0), which all CPUs share. A client that has
 * expired is forgotten before its handler is called, on the CPU where it was set; the handler may
 * set it again. */
#ifndef CORE_TIMER_H
#define CORE_TIMER_H

#include "config_sizes.h"
#include "lib/types.h"

enum timer_client {
    TIMER_CONSOLE,   /* console: an unfinished line has rested, or a pause is over */
    TIMER_PL031,     /* pl031: the alarm of a clock of the VM whose boot vCPU is here */
    TIMER_SCHED,     /* vm/sched: there is something to decide */
    TIMER_SP805,     /* sp805: the end of a watchdog that was set here */
    TIMER_HEARTBEAT, /* health: a heartbeat of a VM whose boot vCPU is here is due */
    TIMER_CLIENT_COUNT,
};

/* Is there a client? */
#define TIMER_IS_USED                                                                              \
    (CFG_HAS_CONSOLE + CFG_PL031_COUNT + CFG_SCHEDULED + CFG_SP805_COUNT + CFG_HEARTBEAT_COUNT > 0U)

/* Indexed by enum timer_client; defined in world/ns/timers.c. */
extern void (*const timer_handlers[TIMER_CLIENT_COUNT])(void);

uint64_t timer_now(void);
/* Ticks per second; never 0. */
uint64_t timer_frequency(void);
/* A stretch of time in ticks, rounded down. */
uint64_t timer_ticks(uint64_t ns);
/* On this CPU: the client's only deadline becomes `deadline` (past or future). */
void timer_set(enum timer_client client, uint64_t deadline);
void timer_cancel(enum timer_client client);
/* The EL2 physical timer's interrupt (PPI 26) arrived on this CPU. */
void timer_interrupt(void);

#endif
