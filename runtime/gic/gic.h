/* The physical GIC, whichever version: EL2 owns it whole; guests never reach it.
 *
 * The folder of the board's version has the sources, and "gic_cpu.h", which the include path finds,
 * with what every interrupt runs through.
 * EOImode is 1: EL2 drops the priority on acknowledge, and deactivation is the guest's for
 * HW-linked interrupts and EL2's for its own. All physical interrupts are Group 1 NS. */
#ifndef GIC_GIC_H
#define GIC_GIC_H

#include "lib/types.h"

/* No interrupt that can arrive has INTID 0. */
enum { GIC_SGI_MESSAGE = 1, GIC_PPI_MAINTENANCE = 25, GIC_PPI_VTIMER = 27, GIC_PPI_PTIMER = 30,
       GIC_PPI_PMU = 23, GIC_PPI_HTIMER = 26 };
#define GIC_INTID_SPURIOUS 1023U
#define GIC_INTID_SPECIAL 1020U /* from here on: not an interrupt [IHI0069 2.2.1] */

void gic_init_distributor(void); /* once, on the boot CPU */
void gic_init_cpu(unsigned cpu); /* on each CPU: its redistributor and CPU interface */
/* Version of the distributor found at cfg_system.gicd_base: 3 or 4, or 0 when none answers. */
unsigned gic_version(void);

/* Acknowledge (returns an INTID), drop the priority, deactivate; on the CPU that took it. */
static inline uint32_t gic_acknowledge(void);
static inline void gic_priority_drop(uint32_t intid);
static inline void gic_deactivate(uint32_t intid);
/* What was dropped and deactivated before has its effect on what is acknowledged after, and on WFI;
 * only needed where no exception return lies between. */
static inline void gic_settle(void);

/* Physical SPIs; from any CPU. `cpu` is a CPU id. */
void gic_spi_enable(uint32_t intid, bool enable);
void gic_spi_configure(uint32_t intid, bool edge, unsigned cpu);
/* By its owner, before anything else: configured, at the priority of all, and silent: disabled,
 * neither pending nor active. */
void gic_spi_take(uint32_t intid, bool edge, unsigned cpu);
void gic_spi_route(uint32_t intid, unsigned cpu);
void gic_spi_set_pending(uint32_t intid, bool pending);
void gic_spi_set_active(uint32_t intid, bool active);
bool gic_spi_is_pending(uint32_t intid);
/* Physical PPIs of this CPU. */
void gic_ppi_enable(uint32_t intid, bool enable);
void gic_ppi_set_active(uint32_t intid, bool active);
/* Several, one bit each: they become disabled and neither pending nor active, and none arrives any
 * more; returns which were pending. And they become enabled. */
uint32_t gic_ppis_silence(uint32_t ppis);
void gic_ppis_enable(uint32_t ppis);
/* Physical PPIs of any CPU. */
void gic_ppi_enable_on(unsigned cpu, uint32_t intid, bool enable);
void gic_ppi_set_pending_on(unsigned cpu, uint32_t intid, bool pending);
void gic_ppi_set_active_on(unsigned cpu, uint32_t intid, bool active);
bool gic_ppi_is_pending_on(unsigned cpu, uint32_t intid);

/* Sends SGI `GIC_SGI_MESSAGE` to another CPU; what was written before is visible there. */
void gic_send_message_sgi(unsigned cpu);

#include "gic_cpu.h"

#endif
