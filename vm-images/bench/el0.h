/* EL0's view of the guest's memory. */
#ifndef EL0_H
#define EL0_H

/* From now on EL0 may execute memory and write devices, each at its address plus
 * MMU_NORMAL_ALIAS, and read the virtual counter. On the boot CPU, before others start. */
void el0_open(void);

#endif
