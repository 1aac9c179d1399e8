/* Power of the whole machine. */
#ifndef WORLD_NS_POWER_H
#define WORLD_NS_POWER_H

/* When no VM runs any more, asks the console CPU to switch the machine off. */
void power_off_when_idle(void);
/* On the console CPU: prints what is still to be printed, then PSCI SYSTEM_OFF. */
void power_off(void);

#endif
