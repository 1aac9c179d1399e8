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

/* True random numbers [DEN0098] (smccc/trng.c). */
enum exit_action trng_call(struct vcpu *v);

/* Vendor-specific hypervisor service: who we are (smccc/hyp.c). */
enum exit_action hyp_call(struct vcpu *v);

#endif
