/* A machine of simulated CPUs around the vGIC, for test_vgic_*.c: it carries messages,
 * maintenance interrupts and physical interrupts to the code under test, as world/ns does.
 *
 * VM 0 has three vCPUs, on CPUs 0, 1 and 2, and 64 SPIs, of which 40 (physical 50, edge) and 41
 * (physical 51, level) are passed through; VM 1 has one vCPU, on CPU 3, and 32 SPIs. */
#ifndef VGIC_MACHINE_H
#define VGIC_MACHINE_H

#include "fake/core.h"
#include "fake/gich.h"
#include "test.h"
#include "vgic/vgic.h"

enum { MACHINE_VM = 0, MACHINE_VCPUS = 3, MACHINE_EDGE_VINTID = 40, MACHINE_EDGE_PINTID = 50,
       MACHINE_LEVEL_VINTID = 41, MACHINE_LEVEL_PINTID = 51 };

/* Resets VM 0 and VM 1 and switches all their vCPUs on. */
void machine_boot(void);
/* Delivers what is asserted or posted on this CPU until nothing is. */
void machine_settle_cpu(unsigned cpu);
/* The same on all CPUs, until the whole machine is quiet. */
void machine_settle(void);
/* Is there nothing that machine_settle() would deliver? */
bool machine_is_quiet(void);
void machine_vcpu_on(unsigned vcpu);
void machine_vcpu_off(unsigned vcpu);

/* Accesses by the guest on fake_cpu, to the registers of VM 0. The read repeats, and settles the
 * machine in between, as long as the answer is "again". */
uint64_t machine_read(bool gicr, uint64_t offset, unsigned bytes);
void machine_write(bool gicr, uint64_t offset, unsigned bytes, uint64_t value);

static inline uint64_t gicd_read(uint64_t offset)
{
    return machine_read(false, offset, 4);
}

static inline void gicd_write(uint64_t offset, uint64_t value)
{
    machine_write(false, offset, 4, value);
}

/* Of the redistributor of `vcpu`, its SGI frame: offsets as in GICD. */
static inline uint64_t gicr_read(unsigned vcpu, uint64_t offset)
{
    return machine_read(true, vcpu * 0x20000U + 0x10000U + offset, 4);
}

static inline void gicr_write(unsigned vcpu, uint64_t offset, uint64_t value)
{
    machine_write(true, vcpu * 0x20000U + 0x10000U + offset, 4, value);
}

/* The bit of `intid` in a register with one bit an interrupt; PPIs and SGIs: those of fake_cpu. */
bool machine_bit(uint64_t offset, unsigned intid);
void machine_set_bit(uint64_t offset, unsigned intid);
void machine_set_priority(unsigned intid, uint8_t priority);
/* Group 1, priority, enabled; both groups on at distributor and CPU interfaces. */
void machine_prepare(unsigned intid, uint8_t priority);
void machine_open_groups(void);

enum { IGROUPR = 0x080, ISENABLER = 0x100, ICENABLER = 0x180, ISPENDR = 0x200, ICPENDR = 0x280,
       ISACTIVER = 0x300, ICACTIVER = 0x380, IPRIORITYR = 0x400, ICFGR = 0xC00, IROUTER = 0x6000 };

#endif
