/* The health monitor: what is done when something goes wrong with a VM.
 *
 * Whoever sees a fault reports it, on any CPU; here it is counted, recorded for those who may read
 * it, and answered as the description says (cfg_healths). Where that says nothing beyond the usual,
 * there is no monitor in the image, and the usual is a constant. */
#ifndef VM_HEALTH_H
#define VM_HEALTH_H

#include "vm/life.h"

/* What the reporter has to do. */
enum health_answer {
    HEALTH_IGNORE, /* the guest goes on without what was at fault */
    HEALTH_INJECT, /* the guest takes an exception for it; of classes that an instruction caused */
    HEALTH_LEAVE,  /* the VM stops or restarts: a vCPU of it that was at fault leaves the guest.
                    * Of CFG_FAULT_IMAGE: the reporter leaves the VM off */
};

/* The monitor's; called by health_report() only. */
enum health_answer health_decide(uint16_t vm, enum cfg_fault fault, uint64_t pc, uint64_t detail);

/* What is done where nothing is described: the defaults of generator/health.py. */
static inline enum health_answer health_usual(uint16_t vm, enum cfg_fault fault)
{
    if (fault == CFG_FAULT_MEMORY || fault == CFG_FAULT_INSTRUCTION || fault == CFG_FAULT_DEVICE) {
        return HEALTH_INJECT;
    }
    if (fault == CFG_FAULT_SERROR) {
        (void)life_request(vm, LIFE_STOP);
    }
    return (fault == CFG_FAULT_SERROR || fault == CFG_FAULT_IMAGE) ? HEALTH_LEAVE : HEALTH_IGNORE;
}

/* A fault of `vm` has happened, now. `pc`: the guest's, of classes that an instruction caused;
 * `detail`: a guest address, the syndrome, the function id, or what the class has to say. */
static inline enum health_answer health_report(uint16_t vm, enum cfg_fault fault, uint64_t pc,
                                               uint64_t detail)
{
    return (CFG_HEALTH_COUNT > 0U) ? health_decide(vm, fault, pc, detail) : health_usual(vm, fault);
}

/* Is a fault of this class in `vm` worth a report? Those that are ignored and come in the course of
 * things, as overruns of a busy VM, are counted where they are seen, and cover no event. */
static inline bool health_is_ignored(uint16_t vm, enum cfg_fault fault)
{
    return CFG_HEALTH_COUNT == 0U ||
           cfg_healths[(unsigned)vm * CFG_FAULT_COUNT + (unsigned)fault].action ==
               CFG_ACTION_IGNORE;
}

/* --- the record ------------------------------------------------------------------------- */

/* Each VM has its own, of the latest faults: one that faults without end covers only its own. */
struct health_event {
    uint64_t number; /* of this VM's faults since power-on, from 0 */
    uint64_t ticks;  /* of the system counter */
    uint64_t pc;
    uint64_t detail;
    uint8_t fault;  /* enum cfg_fault */
    uint8_t action; /* enum cfg_action: what was done */
};
#define HEALTH_EVENTS_KEPT 16U

/* The oldest event of `vm` that is kept and whose number is `first` or higher; false: there is none
 * yet. Gaps in the numbers are events that are no longer kept. */
bool health_read_event(uint16_t vm, uint64_t first, struct health_event *event);
/* How many faults of the class `vm` has had since power-on. */
uint64_t health_count(uint16_t vm, enum cfg_fault fault);

#endif
