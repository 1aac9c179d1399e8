/* Fake of the GIC's hardware beside the vGIC: the virtual CPU interface of each simulated CPU,
 * written from IHI0069 (6.3, 12.2, 12.4), and the physical interrupts behind LR.HW.
 *
 * The guest's side are fake_guest_…(): what ICC_IAR, EOIR, DIR do on fake_cpu. Whether the
 * maintenance interrupt or a physical interrupt is asserted is asked by the test, which then
 * calls the code under test as the interrupt path would. */
#ifndef FAKE_GICH_H
#define FAKE_GICH_H

#include "gic/gich.h"
#include "arch/sysreg.h"

#define FAKE_NO_INTID 1023U
#define FAKE_PINTID_MAX 1020U

struct fake_cpuif {
    uint64_t lr[GICH_LR_MAX];
    uint64_t hcr;
    uint64_t vmcr;
    uint32_t apr; /* bit n: preemption level n (priority >> 3) is active, in any group */
    unsigned lr_writes;
};

extern struct fake_cpuif fake_cpuifs[FAKE_CPU_MAX];
extern unsigned fake_lr_count; /* of every CPU */

/* Physical interrupts: PPIs by CPU and INTID, SPIs by INTID in row 0. */
struct fake_physical {
    bool enabled, pending, active, edge, line;
    unsigned cpu; /* SPIs: route */
};
extern struct fake_physical fake_ppis[FAKE_CPU_MAX][32];
extern struct fake_physical fake_spis[FAKE_PINTID_MAX];

void fake_physical_set_line(struct fake_physical *p, bool high);
/* Would the physical distributor hand it to a CPU now? */
bool fake_physical_is_asserted(const struct fake_physical *p);
/* ICC_IAR1_EL1 at EL2: active, no longer pending unless a level holds it. */
void fake_physical_acknowledge(struct fake_physical *p);

uint32_t fake_guest_acknowledge(void);         /* INTID, or FAKE_NO_INTID */
uint32_t fake_guest_would_acknowledge(void);   /* the same without doing it */
void fake_guest_end(uint32_t intid);           /* ICC_EOIR: drops, and deactivates in EOImode 0 */
void fake_guest_deactivate(uint32_t intid);    /* ICC_DIR, not trapped */
void fake_guest_enable_groups(bool group0, bool group1);
void fake_guest_set_mask(uint8_t priority);    /* ICC_PMR */
void fake_guest_set_eoimode(bool separate);
/* The maintenance interrupt's output of this CPU. */
bool fake_maintenance_is_asserted(void);
/* Priority that a pending interrupt has to beat: 0x100 when nothing runs. */
unsigned fake_guest_running_priority(void);

#endif
