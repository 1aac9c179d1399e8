/* What a guest can ask the health monitor, and the life of VMs (docs/health.md). */
#ifndef HEALTH_H
#define HEALTH_H

#include "psci.h"

#define MODE_SET 0xC600FF10U
#define MODE_GET 0xC600FF11U
#define VM_START 0xC600FF20U
#define VM_STATE 0xC600FF25U
#define HEALTH_HEARTBEAT 0xC600FF30U
#define HEALTH_READ_EVENT 0xC600FF31U
#define HEALTH_COUNT 0xC600FF32U

#define CALL_DENIED (-3)
#define CALL_NOTHING_YET (-4)

enum vm_state { VM_IS_OFF, VM_WAITS, VM_LOADS, VM_RUNS };

enum fault_class {
    FAULT_MEMORY,
    FAULT_INSTRUCTION,
    FAULT_SERROR,
    FAULT_DEVICE,
    FAULT_SMC,
    FAULT_WATCHDOG,
    FAULT_OVERRUN,
    FAULT_IMAGE,
    FAULT_PANIC,
    FAULT_STORM,
    FAULT_COUNT,
    FAULT_HEARTBEAT = FAULT_COUNT, /* of class watchdog, by a heartbeat that stays away */
    FAULT_FLOOD,                   /* of class memory, FLOOD times */
    READ_EVENTS,                   /* no fault: asks for what it may not see */
};
#define FLOOD 1000U

enum fault_action {
    ACTION_IGNORE,
    ACTION_INJECT,
    ACTION_RESTART,
    ACTION_STOP,
    ACTION_SWITCH_MODE,
    ACTION_RESET_SYSTEM
};

/* x0 of a victim at entry: the number of its slot; WITH_GPIO: its storms are the GPIO controller's, not
 * the clock's. Or FROM_CONSOLE: it has no supervisor, and each digit on its console is the class of a
 * fault. x0 of the supervisor: IN_TURNS, where it shares its CPU with the victims. */
#define WITH_GPIO 0x10U
#define FROM_CONSOLE 100U
#define IN_TURNS 1U

/* A supervisor and its victims meet in one page of shared memory; each victim has its slot, at
 * ORDERS + SLOT_BYTES * number. */
#define ORDERS 0x60000000UL
#define SLOT_BYTES 0x100UL
#define SLOT_ORDER 0x00U  /* by the supervisor: number of the order */
#define SLOT_CLASS 0x04U  /* and what to do */
#define SLOT_TAKEN 0x08U  /* by the victim: the order that it has begun */
#define SLOT_RESULT 0x0CU /* what came of it: enum victim_result, once it is over */
#define SLOT_LIVES 0x10U  /* how often the victim has started */

enum victim_result { RESULT_NONE, RESULT_PASSED_OVER, RESULT_EXCEPTION, RESULT_WRONG };

/* Where the victim's faults lie: the supervisor finds them in the events. */
#define NOWHERE 0x50000000UL
#define REFUSED_SMC 0xC2000009U
/* Of the test firmware (vm-images/el3): an SError for this VM, after as many ticks as x1 says. */
#define SERROR_SMC 0xC3000001U

#endif
