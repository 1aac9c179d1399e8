/* Whose turn it is on a CPU that has a schedule: time windows of a frame that repeats, and, within
 * a window, turns of its vCPUs. All of it is decided by the tables (config.h, cfg_slots) and by
 * which vCPUs want to run.
 *
 * A vCPU never leaves its CPU. In its turn it is this_cpu()->vcpu: messages to it are served then
 * and not before, so that what EL2 does for a VM it does in the VM's time. It is loaded when it is
 * on and has its turn, and stays so until another one has it; between turns its registers, timers
 * and interrupts are in memory.
 *
 * Where every vCPU has its CPU for itself, nothing of this is in the image. On the CPU that it is
 * about, all of it, but for sched_request_mode() and sched_read_times(). */
#ifndef VM_SCHED_H
#define VM_SCHED_H

#include "vm/vcpu.h"

/* Has this CPU a schedule? */
static inline bool sched_has_schedule(unsigned cpu)
{
    return CFG_SCHEDULED && cfg_cpu_schedules[cpu].slot_count != 0U;
}

/* May devices of its VM interrupt the CPU for vCPU `id` now? From any CPU, with the lock of its
 * virtual GIC, under which it changes. */
static inline bool sched_may_interrupt(unsigned id)
{
    return !sched_has_schedule(cfg_vcpus[id].cpu) || vcpus[id].has_window;
}

/* On the boot CPU, before another one is up: frames count from now. */
void sched_init(void);

/* Makes the vCPU whose turn it is this_cpu()->vcpu, loaded if it is on, and this_cpu()->guest_runs
 * say whether it is to be entered; does nothing on a CPU without a schedule. True: that vCPU has
 * messages, which are to be served before it is entered or this CPU sleeps. */
bool sched_elect(void);
/* The timer that sched_elect() has set is due, or a vCPU of this CPU has a message: the guest is
 * not resumed before sched_elect() has been asked. Does nothing on a CPU without a schedule. */
void sched_look(void);
/* `v`, which is loaded, has nothing to do until there is an interrupt for it; and now there is. */
void sched_wait(struct vcpu *v);
void sched_wake(struct vcpu *v);
/* vcpu_reset() has brought `v` into the CPU. */
void sched_started(struct vcpu *v);
/* It was with the start of its VM: that it still runs at the end of this slot is no fault. */
void sched_excuse(const struct vcpu *v);

/* From any CPU. All CPUs change to `mode` at the same end of a frame, the next but one at most.
 * False: there is no such mode, or a change is under way or has not been in force for a frame. */
bool sched_request_mode(uint16_t mode);
/* The mode in force, or on its way. */
uint16_t sched_mode(void);

/* What a feature does at the turn of a vCPU: out of the CPU, and into it. */
struct turn_feature {
    void (*vcpu_park)(struct vcpu *v);
    void (*vcpu_load)(struct vcpu *v);
};
extern const struct turn_feature turn_features[]; /* world/ns/turns.c, in order of loading */
extern const unsigned turn_feature_count;
#define TURN_FEATURES_MAX 2U

/* What else the features have to do with schedules; world/ns/turns.c. */
struct sched_feature {
    uint64_t (*due)(const struct vcpu *v); /* of one that is parked: when a timer of it is due */
    /* A time window opens and closes at `now` for `v`, one of its members, which is not loaded. */
    void (*window)(struct vcpu *v, bool is_open, uint64_t now);
};
extern const struct sched_feature sched_feature;

/* What a vCPU's schedule came to since power-on; ticks of the system counter. */
struct sched_times {
    uint64_t run;         /* time as the one that runs, with what EL2 did for it */
    uint64_t turns;       /* how often it was loaded */
    uint64_t preemptions; /* turns that ended while it still had something to do */
    uint64_t overruns;    /* time windows that ended so */
    uint64_t windows;     /* time windows that began with it */
    uint64_t late_ticks; /* of those, the latest start: from where it is due to the guest's entry */
};
/* From any CPU; each member is true, all of them together may be of different moments. */
void sched_read_times(unsigned vcpu, struct sched_times *times);

#endif
