/* What the files of psci/ share: the ABI's numbers, the power state of the vCPUs, and the
 * arguments of a call. Not for other modules. */
#ifndef PSCI_PSCI_STATE_H
#define PSCI_PSCI_STATE_H

#include <stdatomic.h>

#include "lib/bits.h"
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

/* Bit 30 of a function id: the call has 64-bit arguments [DEN0028 2.5]. */
#define PSCI_CALL_IS_64 30U

/* Argument `n`, 1..3, of the call that `v` makes: of a 32-bit call only the low word counts. */
static inline uint64_t psci_argument(const struct vcpu *v, unsigned n)
{
    return bit_is_set(v->x[0], PSCI_CALL_IS_64) ? v->x[n] : (uint32_t)v->x[n];
}

/* A function that may end elsewhere than at the caller's next instruction: a service of SMCCC
 * (smccc/smccc.h); its result, if any, goes to x0 by psci_return(). */
typedef enum exit_action (*psci_function)(struct vcpu *v);
/* A plain function: reads x0..x3 and answers in x0, no more. Returns what x0 becomes. */
typedef uint64_t (*psci_plain_function)(const struct vcpu *v);

enum exit_action psci_return(struct vcpu *v, uint64_t result);
/* Is every vCPU of the VM off, `v` aside? */
bool psci_others_are_off(const struct vcpu *v);
/* May a vCPU of `vm` begin to execute at `entry`? */
bool psci_is_entry(uint16_t vm, uint64_t entry);

uint64_t psci_cpu_on(const struct vcpu *v);
uint64_t psci_affinity_info(const struct vcpu *v);

enum exit_action psci_cpu_off(struct vcpu *v);
enum exit_action psci_cpu_suspend(struct vcpu *v);
enum exit_action psci_system_suspend(struct vcpu *v);
enum exit_action psci_system_off(struct vcpu *v);
enum exit_action psci_system_reset(struct vcpu *v);
enum exit_action psci_system_reset2(struct vcpu *v);

#endif
