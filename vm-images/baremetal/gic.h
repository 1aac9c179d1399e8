/* The GICv3 of QEMU virt's map, as a guest of one security state drives it [IHI0069]. */
#ifndef GIC_H
#define GIC_H

#include "cpu.h"

#define GICD_BASE 0x08000000UL
#define GICR_BASE 0x080a0000UL
#define GICR_STRIDE 0x20000UL
#define GICR_SGI_OFFSET 0x10000UL

#define GICD_CTLR 0x0000U
#define GICD_TYPER 0x0004U
#define GICD_IIDR 0x0008U
#define GICD_SETSPI_NSR 0x0040U
#define GICD_CLRSPI_NSR 0x0048U
#define GICD_IGROUPR 0x0080U
#define GICD_ISENABLER 0x0100U
#define GICD_ICENABLER 0x0180U
#define GICD_ISPENDR 0x0200U
#define GICD_ICPENDR 0x0280U
#define GICD_ISACTIVER 0x0300U
#define GICD_ICACTIVER 0x0380U
#define GICD_IPRIORITYR 0x0400U
#define GICD_ITARGETSR 0x0800U
#define GICD_ICFGR 0x0c00U
#define GICD_IROUTER 0x6000U
#define GICD_PIDR2 0xffe8U
#define GICR_CTLR 0x0000U
#define GICR_TYPER 0x0008U
#define GICR_WAKER 0x0014U
#define GICR_PIDR2 0xffe8U

#define GICD_CTLR_ENABLE_G0 (1U << 0)
#define GICD_CTLR_ENABLE_G1 (1U << 1)
#define GICD_CTLR_ARE (1U << 4)
#define GICD_CTLR_DS (1U << 6)
#define GICD_CTLR_RWP (1U << 31)
#define GICR_WAKER_SLEEP (1U << 1)
#define GICR_WAKER_CHILDREN_ASLEEP (1U << 2)

#define ICC_IAR0 S3_0_C12_C8_0
#define ICC_EOIR0 S3_0_C12_C8_1
#define ICC_IAR1 S3_0_C12_C12_0
#define ICC_EOIR1 S3_0_C12_C12_1
#define ICC_DIR S3_0_C12_C11_1
#define ICC_RPR S3_0_C12_C11_3
#define ICC_SGI1R S3_0_C12_C11_5
#define ICC_SGI0R S3_0_C12_C11_7
#define ICC_HPPIR1 S3_0_C12_C12_2
#define ICC_BPR1 S3_0_C12_C12_3
#define ICC_CTLR S3_0_C12_C12_4
#define ICC_SRE S3_0_C12_C12_5
#define ICC_IGRPEN0 S3_0_C12_C12_6
#define ICC_IGRPEN1 S3_0_C12_C12_7
#define ICC_PMR S3_0_C4_C6_0
#define ICC_CTLR_EOIMODE (1U << 1)

#define GIC_SPURIOUS 1023U
#define GIC_PRIORITY_DEFAULT 0xa0U

/* SGI to the CPUs of `targets` (bit n: CPU n < 16), or to all others. */
#define GIC_SGI_TO(intid, targets) (((uint64_t)(intid) << 24) | (targets))
#define GIC_SGI_OTHERS(intid) (((uint64_t)(intid) << 24) | (UINT64_C(1) << 40))

/* Which of them: 2 or 3. */
unsigned gic_version(void);

/* Distributor: affinity routing, group 1 on; all SPIs disabled, group 1, default priority. */
void gic_init(void);
/* This CPU's redistributor and CPU interface: all SGIs and PPIs group 1, disabled. */
void gic_cpu_init(void);

/* Any INTID; SGIs and PPIs are those of this CPU. */
void gic_enable(unsigned intid);
void gic_disable(unsigned intid);
void gic_set_priority(unsigned intid, uint8_t priority);
void gic_set_pending(unsigned intid);
void gic_clear_pending(unsigned intid);
bool gic_is_pending(unsigned intid);
bool gic_is_active(unsigned intid);
/* Address of one bit-per-interrupt register (its offset in the distributor) for `intid`. */
uintptr_t gic_bit_register(unsigned offset, unsigned intid);

/* SPIs: to one CPU, or to whichever the distributor chooses. */
void gic_route(unsigned intid, unsigned cpu);
void gic_route_any(unsigned intid);
/* What was written about enables and routes is in force; with a GICv2 nothing tells. */
void gic_wait(void);
/* Of `cpus` CPUs, from 0, those whose SGIs and PPIs CPU 0 can look at; and a register of theirs, by
 * its offset in the distributor. */
unsigned gic_visible_cpus(unsigned cpus);
uint32_t gic_private_word(unsigned cpu, unsigned offset);

/* EOImode: is an interrupt's end a priority drop only (true), and then its deactivation. */
void gic_split_end(bool split);
void gic_deactivate(unsigned intid);

void gic_send_sgi(uint64_t value);
/* No SGI of this CPU is pending any more. */
void gic_clear_sgis(void);

/* This CPU's interface, for a guest that takes interrupts without an exception. gic_acknowledge()
 * gives what gic_end() takes; its low ten bits are the INTID. */
uint32_t gic_acknowledge(void);
void gic_end(uint32_t acknowledged);
uint32_t gic_running_priority(void);
uint32_t gic_priority_mask(void);
void gic_set_priority_mask(uint32_t mask);
uint32_t gic_binary_point(void);
void gic_set_binary_point(uint32_t point);

/* Acknowledges, calls irq_hook (exception.h), ends the interrupt. From the exception vectors. */
void gic_take_interrupt(bool is_group0);

#endif
