/* The guests of test_vgic_spec*.c: what the vCPUs of VM 0 do, on the specification (spec/gic.h) and
 * on the vGIC in step, and the comparison of what they see. */
#ifndef VGIC_GUESTS_MACHINE_H
#define VGIC_GUESTS_MACHINE_H

#include "spec/gic.h"
#include "vgic_machine.h"

/* With EOImode 0 an end does not say which interrupt it is for when that is not in a list register:
 * it is taken for the active one of the highest priority, which it is as long as a CPU ends what it
 * took, and nothing else is active there, and priorities are what they were when it took it. So
 * there is either room for all that may be active at once (only_hot), or EOImode is 1, or ISACTIVER
 * and ICACTIVER are not used, no vCPU goes off with something active, and no priority changes while
 * the interrupt may be on its way. */
struct plan {
    unsigned lr_count;
    bool is_late;
    bool active_by_register; /* GICD_ISACTIVER and GICD_ICACTIVER */
    bool only_hot;           /* never more interrupts than list registers */
    bool is_eoimode1;
    bool power;
};

extern struct plan plan; /* of this run */
extern unsigned step;
/* With schedules: vCPUs that are on and have not their turn; vCPU 0 always has. */
extern bool guests_are_parked[SPEC_CPUS];
bool guests_can_act(unsigned cpu);

/* A random number below `below`. */
unsigned pick(unsigned below);

/* A machine after reset; the distributor's groups and all CPU interfaces are off. */
void guests_begin(struct plan wanted);
/* After each step: messages are delivered as the plan says, and when none is under way, everything
 * that was done must have taken effect. */
void guests_check(void);

/* Line of a timer, or of a passed-through device; NULL: neither. */
struct fake_physical *guests_physical(unsigned cpu, unsigned intid);
/* Ends and priorities must keep their order, see struct plan. */
bool guests_need_order(void);
bool guests_may_be_active(unsigned owner, unsigned intid);

void guest_write(const struct spec_place *at, uint64_t value);
/* Checks what is read. `cpu` is the reader. */
void guest_read(unsigned cpu, const struct spec_place *at);
/* Reads at each offset of a frame with each width, and writes where that is ignored. */
void guest_walk(unsigned cpu, enum spec_frame frame, unsigned whose, uint32_t size);
/* The vCPU acknowledges what it is signalled, if anything. On its CPU, as the next ones. */
bool guest_take(unsigned cpu);
/* Ends what it took last. */
void guest_end(unsigned cpu);
/* Deactivates what it ended, with EOImode 1, in any order; of an SPI also by a vCPU that did not
 * acknowledge it. */
void guest_deactivate(unsigned cpu);
/* Other groups and another priority mask. */
void guest_change_interface(unsigned cpu);
/* Switches it on, or off; the timers' lines drop before it goes off. */
void guest_power(unsigned cpu);

/* What the test of one version of the GIC has: */

/* Now and then, when no message is under way. */
void guests_check_version(void);
/* ICC_DIR_EL1 or GICC_DIR is written on `cpu`, which is fake_cpu. */
void guests_write_dir(unsigned cpu, unsigned iar);

#endif
