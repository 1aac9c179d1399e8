/* Stage 1 of the bare-metal guests; the functions are called by start.S only. */
#ifndef MMU_H
#define MMU_H

#include <stdint.h>

/* Guest-physical address A is also at this plus A, as normal memory. */
#define MMU_NORMAL_ALIAS (UINT64_C(1) << 40)

void mmu_build(void);  /* once, on the boot CPU, with the MMU off */
void mmu_enable(void); /* on each CPU */

#endif
