/* What the files of psci/ share: the ABI's numbers, the power state of the vCPUs, and the
 * arguments of a call. Not for other modules. */
#ifndef PSCI_PSCI_STATE_H
#define PSCI_PSCI_STATE_H

#include <stdatomic.h>

#include "psci/psci.h"

/* Results [DEN0022 5.2]: int32 or int64 by the call; sign-extended, they serve both. */
#define PSCI_SUCCESS UINT64_C(0)
#define PSCI_NOT_SUPPORTED ((uint64_t)-1)
#define PSCI_INVALID_PARAMETERS ((uint64_t)-2)
#define PSCI_DENIED ((uint64_t)-3)
#define PSCI_ALREADY_ON ((uint64_t)-4)
#define PSCI_ON_PENDING ((uint64_t)-5)
#define PSCI_INVALID_ADDRESS ((uint64_t)-9)

/* POWER_CLAIMED: another vCPU is writing the start address; outside, it counts as ON_PENDING. */
enum power_state { POWER_OFF, POWER_CLAIMED, POWER_ON_PENDING, POWER_ON };

/* By vCPU id. Changed by compare-exchange, or by the vCPU's own CPU. */
extern _Atomic uint8_t psci_power[CFG_VCPU_COUNT];

/* Arguments x1..x3 of a call; of a 32-bit call only their low words. */
struct psci_args {
    uint64_t arg[3];
};

/* One function: a service of SMCCC (smccc/smccc.h); the result goes to x0 by psci_return(). */
typedef enum exit_action (*psci_function)(struct vcpu *v, const struct psci_args *a);

enum exit_action psci_return(struct vcpu *v, uint64_t result);
/* Is every vCPU of the VM off, `v` aside? */
bool psci_others_are_off(const struct vcpu *v);
/* May a vCPU of `vm` begin to execute at `entry`? */
bool psci_is_entry(uint16_t vm, uint64_t entry);

enum exit_action psci_cpu_on(struct vcpu *v, const struct psci_args *a);
enum exit_action psci_cpu_off(struct vcpu *v, const struct psci_args *a);
enum exit_action psci_affinity_info(struct vcpu *v, const struct psci_args *a);

enum exit_action psci_cpu_suspend(struct vcpu *v, const struct psci_args *a);
enum exit_action psci_system_suspend(struct vcpu *v, const struct psci_args *a);

enum exit_action psci_system_off(struct vcpu *v, const struct psci_args *a);
enum exit_action psci_system_reset(struct vcpu *v, const struct psci_args *a);
enum exit_action psci_system_reset2(struct vcpu *v, const struct psci_args *a);

#endif
