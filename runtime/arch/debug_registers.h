/* Breakpoints and watchpoints of this CPU: registers without an indexed form. */
#ifndef ARCH_DEBUG_REGISTERS_H
#define ARCH_DEBUG_REGISTERS_H

#include <stdint.h>

/* Disables and clears every breakpoint and watchpoint that this CPU implements
 * (ID_AA64DFR0_EL1.BRPs and WRPs). */
void debug_points_clear(void);

/* All that the architecture has: value and control of each, breakpoints, then watchpoints. */
struct debug_points {
    uint64_t breakpoint[16][2];
    uint64_t watchpoint[16][2];
};
/* Of those that this CPU implements. A load writes each one's value before its control. */
void debug_points_save(struct debug_points *to);
void debug_points_load(const struct debug_points *from);

#endif
