/* The services below smccc_call that every world shares: their entries in a world's const table
 * of services (smccc/smccc.h). Each reads x0.. of `v` and writes the results to x0... */
#ifndef SMCCC_SERVICES_H
#define SMCCC_SERVICES_H

#include "vm/exit_action.h"
#include "vm/vcpu.h"

/* Arm Architecture calls: SMCCC_VERSION, SMCCC_ARCH_FEATURES, mitigations (smccc/arch.c). */
enum exit_action smccc_arch_call(struct vcpu *v);
/* Mitigations that a guest may have switched off are on again; on its CPU, at its reset. */
void smccc_arch_vcpu_reset(void);

/* Another VM has its turn on this CPU: no branch prediction of the one before steers it, also on CPUs
 * that need EL3 for that. */
void smccc_arch_vm_switch(void);

/* True random numbers [DEN0098] (smccc/trng.c). */
enum exit_action trng_call(struct vcpu *v);

/* Vendor-specific hypervisor service: who we are (smccc/hyp.c). */
enum exit_action hyp_call(struct vcpu *v);
/* The same: what concerns schedules (smccc/schedule.c); docs/guest-cpu.md. */
enum exit_action schedule_call(struct vcpu *v);

/* Life of VMs: start, stop, restart, suspend, resume, state, ready (smccc/life.c). */
enum exit_action life_call(struct vcpu *v);

#endif
