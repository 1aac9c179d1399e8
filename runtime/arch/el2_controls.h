/* Bits of the registers by which EL2 traps and configures EL1 and EL0 [DDI0487 D24.2, D24.3].
 * Only the bits that we set are named; every other bit is written as 0. */
#ifndef ARCH_EL2_CONTROLS_H
#define ARCH_EL2_CONTROLS_H

#include "lib/bits.h"

#define HCR_EL2_VM BIT(0)
#define HCR_EL2_SWIO BIT(1)
#define HCR_EL2_PTW BIT(2)
#define HCR_EL2_FMO BIT(3)
#define HCR_EL2_IMO BIT(4)
#define HCR_EL2_AMO BIT(5)
#define HCR_EL2_TWI BIT(13)
#define HCR_EL2_TID1 BIT(16)
#define HCR_EL2_TID3 BIT(18)
#define HCR_EL2_TSC BIT(19)
#define HCR_EL2_TIDCP BIT(20)
#define HCR_EL2_TACR BIT(21)
#define HCR_EL2_TSW BIT(22)
#define HCR_EL2_RW BIT(31)
#define HCR_EL2_TLOR BIT(35)
#define HCR_EL2_TERR BIT(36)
#define HCR_EL2_APK BIT(40)
#define HCR_EL2_API BIT(41)
#define HCR_EL2_EnSCXT BIT(53)
#define HCR_EL2_ATA BIT(56)
#define HCR_EL2_TID5 BIT(58)

#define HCRX_EL2_TALLINT BIT(6)

#define MDCR_EL2_HPMN(n) ((uint64_t)(n)&FIELD(4, 0))
#define MDCR_EL2_TPMCR BIT(5)
#define MDCR_EL2_TPM BIT(6)
#define MDCR_EL2_TDA BIT(9)
#define MDCR_EL2_TDOSA BIT(10)
#define MDCR_EL2_TDRA BIT(11)
#define MDCR_EL2_TPMS BIT(14)
#define MDCR_EL2_HPMD BIT(17)
#define MDCR_EL2_TTRF BIT(19)
#define MDCR_EL2_HCCD BIT(23)
#define MDCR_EL2_TDCC BIT(27)

/* Layout for HCR_EL2.E2H == 0. TZ and TSM are RES1 without SVE and SME. */
#define CPTR_EL2_RES1 (FIELD(7, 0) | BIT(9) | BIT(13))
#define CPTR_EL2_TZ BIT(8)
#define CPTR_EL2_TSM BIT(12)
#define CPTR_EL2_TTA BIT(20)
#define CPTR_EL2_TAM BIT(30)

/* In the fine-grained trap registers a bit called nX traps X while it is 0. */
#define HFGxTR_EL2_nSMPRI_EL1 BIT(54)
#define HFGxTR_EL2_nTPIDR2_EL0 BIT(55)

#define MPAM2_EL2_TRAPMPAM1EL1 BIT(48)
#define MPAM2_EL2_TRAPMPAM0EL1 BIT(49)
#define MPAMIDR_EL1_HAS_HCR BIT(17)
#define MPAMHCR_EL2_TRAP_MPAMIDR_EL1 BIT(31)

#define SMCR_ELx_EZT0 BIT(30)
#define SMCR_ELx_FA64 BIT(31)

#endif
