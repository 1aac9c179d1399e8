/* What the files of vtimer/ share. */
#ifndef VTIMER_VTIMER_STATE_H
#define VTIMER_VTIMER_STATE_H

#include "vtimer/vtimer.h"

/* CNTHCTL_EL2 with HCR_EL2.E2H = 0: bits [1:0] let EL1 and EL0 reach the physical counter and
 * timer; no event stream for EL2. */
enum { CNTHCTL_EL1PCTEN = 1U << 0, CNTHCTL_EL1PCEN = 1U << 1 };
#define VTIMER_CNTHCTL (CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN)

/* By VM: ticks; virtual count = physical - offset. */
extern uint64_t vtimer_offsets[CFG_VM_COUNT];

#endif
