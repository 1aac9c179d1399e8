/* Power of the whole machine. */
#ifndef WORLD_NS_POWER_H
#define WORLD_NS_POWER_H

/* When no VM runs any more, asks the console CPU, or without a console this one, to switch the
 * machine off. */
void power_off_when_idle(void);
/* There: prints what is still to be printed, then PSCI SYSTEM_OFF. */
void power_off(void);

#endif
