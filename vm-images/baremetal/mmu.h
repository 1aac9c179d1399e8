/* Stage 1 of the bare-metal guests; called by start.S only. */
#ifndef MMU_H
#define MMU_H

void mmu_build(void);  /* once, on the boot CPU, with the MMU off */
void mmu_enable(void); /* on each CPU */

#endif
