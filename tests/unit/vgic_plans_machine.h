/* The plans of test_vgic_spec*.c, a test each: random sequences of register accesses (any vCPU, any
 * offset and width), line changes, physical interrupts, SGIs, acknowledges and ends by three vCPUs,
 * and power, on the guests of vgic_guests_machine.h.
 *
 * Prompt runs deliver every message at once: then nearly everything has one outcome. Late runs
 * deliver each CPU's messages at random times, and let other vCPUs act while a read waits for its
 * answer; as soon as no message is under way, everything must have taken effect.
 *
 * VGIC_SPEC_STEPS sets the number of steps, VGIC_SPEC_SEED another sequence, and VGIC_SPEC_TRACE
 * the step from which on all changes are printed. */
#ifndef VGIC_PLANS_MACHINE_H
#define VGIC_PLANS_MACHINE_H

#include "vgic_guests_machine.h"

/* Interrupts that most steps are about, so that they meet. */
struct hot {
    unsigned intid;
    bool has_wire; /* level or edge as configured; others are made pending by register or message */
};
enum { HOT_COUNT = 15 };
extern const struct hot hot[HOT_COUNT];

/* To a register with one bit an interrupt: that of `intid`, and at times of others. */
void guests_write_bits(uint32_t base, unsigned owner, unsigned intid);

/* What the test of one version of the GIC has: */

/* Where fake_cpu accesses `offset` of the registers of `intid`; below 32: those of `owner`, unless
 * they are banked. */
struct spec_place guests_place(unsigned owner, unsigned intid, uint32_t offset, unsigned bytes);
/* There, or anywhere else. */
struct spec_place guests_place_anywhere(uint32_t offset, unsigned bytes);
/* Each is made on `cpu`, which is fake_cpu: the route of `intid` is written or read, */
void guests_step_route(unsigned cpu, unsigned intid);
/* an SGI is sent, */
void guests_step_sgi(unsigned cpu);
/* with schedules, a turn is over or comes back, */
void guests_step_turn(void);
/* and what only this version has. */
void guests_step_version(unsigned cpu, unsigned owner, unsigned intid);

#endif
