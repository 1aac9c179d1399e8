/* Breakpoints and watchpoints of this CPU: registers without an indexed form. */
#ifndef ARCH_DEBUG_REGISTERS_H
#define ARCH_DEBUG_REGISTERS_H

/* Disables and clears every breakpoint and watchpoint that this CPU implements
 * (ID_AA64DFR0_EL1.BRPs and WRPs). */
void debug_points_clear(void);

#endif
