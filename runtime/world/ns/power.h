/* Power of the whole machine. */
#ifndef WORLD_NS_POWER_H
#define WORLD_NS_POWER_H

/* On the console CPU, or without a console on the one that asks, when no VM runs any more: prints what
 * is still to be printed, then PSCI SYSTEM_OFF. */
void power_off(void);
/* The same, and the machine starts anew. */
void power_reset(void);

#endif
