/* PSTATE as SPSR_ELx holds it, and the SCTLR_EL1 bits that decide on it at an exception
 * [DDI0487 C5.2, SPSR_EL1; D24.2, SCTLR_EL1]. */
#ifndef ARCH_PSTATE_H
#define ARCH_PSTATE_H

#include "lib/bits.h"

#define PSTATE_M_EL0t UINT64_C(0x0)
#define PSTATE_M_EL1t UINT64_C(0x4)
#define PSTATE_M_EL1h UINT64_C(0x5)
#define PSTATE_M FIELD(3, 0)
#define PSTATE_M_EL FIELD(3, 2)
#define PSTATE_M_SP BIT(0)
#define PSTATE_nRW BIT(4) /* the exception came from AArch32 */
#define PSTATE_F BIT(6)
#define PSTATE_I BIT(7)
#define PSTATE_A BIT(8)
#define PSTATE_D BIT(9)
#define PSTATE_DAIF (PSTATE_D | PSTATE_A | PSTATE_I | PSTATE_F)
#define PSTATE_SSBS BIT(12)
#define PSTATE_ALLINT BIT(13)
#define PSTATE_PAN BIT(22)
#define PSTATE_DIT BIT(24)
#define PSTATE_TCO BIT(25)
#define PSTATE_NZCV FIELD(31, 28)

#define SCTLR_EL1_SPAN BIT(23)
#define SCTLR_EL1_DSSBS BIT(44)
#define SCTLR_EL1_SPINTMASK BIT(62)

#endif
