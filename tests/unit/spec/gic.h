/* The GIC that a guest of one security state sees, as an executable specification: which register
 * at which offset is what, and what reading and writing it does to which interrupt's life
 * [IHI0069 12.1.3, 12.8 to 12.11; IHI0048 4.1 to 4.4]. Built on spec/gic_irq.h; knows nothing of
 * the hypervisor. A program has spec/gic_v3.c or spec/gic_v2.c, and with it a GICv3 or a GICv2.
 *
 * The machine: three vCPUs, for a GICv3 with the affinities 0.0.0.0, 0.0.0.1 and 0.0.1.0, and
 * INTIDs 0 to 95. */
#ifndef SPEC_GIC_H
#define SPEC_GIC_H

#include "spec/gic_belief.h"

enum { SPEC_INTIDS = 96, SPEC_PRIVATE = 32 };
enum spec_frame { SPEC_GICD, SPEC_RD, SPEC_SGI };

/* Where an access goes. GICv3: `cpu` is whose redistributor, and 0 for the distributor. GICv2:
 * there is SPEC_GICD only, and `cpu` makes the access, as what is about SGIs and PPIs is banked. */
struct spec_place {
    enum spec_frame frame;
    unsigned cpu;
    uint32_t offset;
    unsigned bytes; /* 1, 2, 4, 8 */
};

/* What a read may return: bits that may be 1, bits that may be 0. */
struct spec_value {
    uint64_t ones;
    uint64_t zeros;
};

/* Reset: every vCPU on and awake. `physical` has a bit for each SPI from 32, `edges` likewise;
 * private INTIDs in `private_physical`. */
void spec_begin(uint64_t physical, uint64_t edges, uint32_t private_physical);
/* INTID `intid`, below 32: of `cpu`. */
struct spec_belief *spec_irq_of(unsigned cpu, unsigned intid);
/* Of all interrupts: SPIs first, then each vCPU's. `owner` is SPEC_NO_CPU for an SPI. */
enum { SPEC_ALL = SPEC_INTIDS - SPEC_PRIVATE + SPEC_CPUS * SPEC_PRIVATE };
struct spec_belief *spec_irq_at(unsigned i, unsigned *owner, unsigned *intid);

/* What registers say of an interrupt that is known exactly at any time. */
struct spec_irq spec_settings_of(unsigned cpu, unsigned intid);
bool spec_is_online(unsigned cpu);

void spec_write(const struct spec_place *at, uint64_t value);
/* A write there does nothing: reserved, read-only, or of another width. */
bool spec_ignores_writes(const struct spec_place *at);
struct spec_value spec_read(const struct spec_place *at);
/* A read returned `value`, and spec_read() allows it. False: another bit of it cannot be. */
bool spec_read_done(const struct spec_place *at, uint64_t value);

/* GICv3: ICC_SGI1R_EL1 (SPEC_SGI1R), ICC_SGI0R_EL1 or ICC_ASGI1R_EL1 (SPEC_SGI0R) written on `cpu`.
 */
void spec_send_sgi(unsigned cpu, enum spec_event_kind kind, uint64_t value);

/* What a CPU interface reads and takes: an INTID, and of GICv2's SGIs who sent it from bit 10 on
 * [IHI0048 4.4.4]. */
static inline unsigned spec_intid_of(unsigned iar)
{
    return iar & 0x3FFU;
}

/* `cpu` acknowledged it at that priority, its interface being open for these groups (bit n: Group
 * n). False: it cannot have been deliverable. */
bool spec_acknowledge(unsigned cpu, unsigned iar, unsigned priority, unsigned groups);
/* `cpu` wrote ICC_EOIR, GICC_EOIR with EOImode 0. */
void spec_end(unsigned cpu, unsigned iar);
/* ICC_DIR, GICC_DIR was written with it; below 32: for that of `cpu`. */
void spec_deactivate(unsigned cpu, unsigned iar);
/* The input of an interrupt changes. */
void spec_line(unsigned cpu, unsigned intid, bool high);
void spec_power(unsigned cpu, bool on);

/* Prints each change of an interrupt, to find out what led to a difference. */
extern bool spec_is_traced;

bool spec_is_full(void);
void spec_settle(void);

#endif
