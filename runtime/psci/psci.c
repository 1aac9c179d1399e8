/* PSCI dispatch: a const table by function id; psci/psci.h [DEN0022 5].
 *
 * A 32-bit call (bit 30 clear) passes only the low words of its arguments. What is not in the
 * table is not implemented: MIGRATE and MIGRATE_INFO_UP_CPU (there is no trusted OS to migrate),
 * CPU_FREEZE, CPU_DEFAULT_SUSPEND, NODE_HW_STATE, SET_SUSPEND_MODE (platform-coordinated only),
 * STAT_*, MEM_PROTECT*. Whatever a guest passes, only vCPUs of its own VM are touched.
 *
 * @req CPU-4 */
#include "lib/bits.h"
#include "psci/psci_state.h"
#include "smccc/smccc.h"

#define PSCI_VERSION_1_1 UINT64_C(0x10001)
#define SMCCC_VERSION 0x80000000U
#define CALL_IS_64 30U
/* MIGRATE_INFO_TYPE: no trusted OS that would have to move [DEN0022 5, MIGRATE_INFO_TYPE]. */
#define MIGRATE_NOT_PRESENT UINT64_C(2)

static enum exit_action psci_version(struct vcpu *v, const struct psci_args *a);
static enum exit_action psci_features(struct vcpu *v, const struct psci_args *a);
static enum exit_action psci_migrate_info_type(struct vcpu *v, const struct psci_args *a);

#define CALL_BASE 0x84000000U
#define CALL_NUMBERS 0x13U

/* By the last bits of the function id; the 32-bit and the 64-bit form of each. NULL: not
 * implemented. */
static const psci_function psci_functions[CALL_NUMBERS][2] = {
    [0x00] = {psci_version, NULL},
    [0x01] = {psci_cpu_suspend, psci_cpu_suspend},
    [0x02] = {psci_cpu_off, NULL},
    [0x03] = {psci_cpu_on, psci_cpu_on},
    [0x04] = {psci_affinity_info, psci_affinity_info},
    [0x06] = {psci_migrate_info_type, NULL},
    [0x08] = {psci_system_off, NULL},
    [0x09] = {psci_system_reset, NULL},
    [0x0A] = {psci_features, NULL},
    [0x0E] = {psci_system_suspend, psci_system_suspend},
    [0x12] = {psci_system_reset2, psci_system_reset2},
};

static psci_function find_function(uint32_t id)
{
    const uint32_t number = (id & ~(uint32_t)BIT(CALL_IS_64)) - CALL_BASE;

    return (number < CALL_NUMBERS) ? psci_functions[number][bit_is_set(id, CALL_IS_64)] : NULL;
}

enum exit_action psci_return(struct vcpu *v, uint64_t result)
{
    return smccc_return(v, result);
}

static enum exit_action psci_version(struct vcpu *v, const struct psci_args *a)
{
    (void)a;
    return psci_return(v, PSCI_VERSION_1_1);
}

/* Flags of a function: 0 for each that we have. For CPU_SUSPEND that says: original format of
 * power_state, no OS-initiated mode [DEN0022 5, PSCI_FEATURES]. */
static enum exit_action psci_features(struct vcpu *v, const struct psci_args *a)
{
    const uint32_t id = (uint32_t)a->arg[0];
    const bool has = id == SMCCC_VERSION || find_function(id) != NULL;

    return psci_return(v, has ? PSCI_SUCCESS : PSCI_NOT_SUPPORTED);
}

static enum exit_action psci_migrate_info_type(struct vcpu *v, const struct psci_args *a)
{
    (void)a;
    return psci_return(v, MIGRATE_NOT_PRESENT);
}

enum exit_action psci_call(struct vcpu *v)
{
    const uint32_t id = smccc_function_id(v);
    const uint64_t mask = bit_is_set(id, CALL_IS_64) ? UINT64_MAX : UINT32_MAX;
    const struct psci_args a = {{v->x[1] & mask, v->x[2] & mask, v->x[3] & mask}};
    const psci_function call = find_function(id);

    return (call != NULL) ? call(v, &a) : psci_return(v, PSCI_NOT_SUPPORTED);
}
