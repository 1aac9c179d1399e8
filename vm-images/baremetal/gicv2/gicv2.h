/* The GICv2 of QEMU virt's map, as a guest of one security state drives it [IHI0048]. What is the
 * same as with a GICv3 is in gic.h, whose functions gicv2/gic.c implements. */
#ifndef GICV2_H
#define GICV2_H

#include "gic.h"

#define GICD_BYTES 0x1000U
#define GICC_BASE 0x08010000UL

#define GICD_NSACR 0x0e00U
#define GICD_SGIR 0x0f00U
#define GICD_CPENDSGIR 0x0f10U
#define GICD_SPENDSGIR 0x0f20U
#define GICD_ICPIDR2 0x0fe8U
#define GICC_CTLR 0x0000U
#define GICC_PMR 0x0004U
#define GICC_BPR 0x0008U
#define GICC_IAR 0x000cU
#define GICC_EOIR 0x0010U
#define GICC_RPR 0x0014U
#define GICC_HPPIR 0x0018U
#define GICC_DIR 0x1000U

#define GICC_CTLR_ENABLE_G0 (1U << 0)
#define GICC_CTLR_ENABLE_G1 (1U << 1)
#define GICC_CTLR_EOIMODE (1U << 9)

#define GICV2_INTID(iar) ((iar)&0x3ffU)
#define GICV2_SOURCE(iar) (((iar) >> 10) & 7U)

/* GICD_SGIR */
#define SGIR_LIST(targets) ((uint32_t)(targets) << 16)
#define SGIR_OTHERS (1U << 24)
#define SGIR_SELF (2U << 24)

/* What GICC_IAR said last on this CPU. */
uint32_t gicv2_last_iar(void);

#endif
