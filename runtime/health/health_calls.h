/* The health monitor's own features: the heartbeat of small guests, and what a supervisor asks. */
#ifndef HEALTH_HEALTH_CALLS_H
#define HEALTH_HEALTH_CALLS_H

#include "vm/exit_action.h"
#include "vm/vcpu.h"

/* The numbers of the vendor-specific hypervisor service that are the health monitor's. */
#define HEALTH_HEARTBEAT 0xC600FF30U
#define HEALTH_READ_EVENT 0xC600FF31U
#define HEALTH_COUNT 0xC600FF32U

/* A service of SMCCC (smccc/smccc.h). */
enum exit_action health_call(struct vcpu *v);

/* The guest of `vm` is alive. */
void heartbeat_arrived(uint16_t vm);
/* A feature of a VM's life: the first heartbeat is due one period after vCPU 0 has started. */
void heartbeat_vm_reset(uint16_t vm);
void heartbeat_vcpu_start(struct vcpu *v);
/* TIMER_HEARTBEAT expired on this CPU. */
void heartbeat_alarm(void);

#endif
