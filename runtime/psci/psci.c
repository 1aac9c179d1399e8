/* PSCI dispatch: const tables by function id; psci/psci.h [DEN0022 5].
 *
 * The calls that only answer stand in a table of their own: they are made before anything but the
 * caller-saved registers of the guest has been stored (world/ns/exit.c). What is not in the
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
/* MIGRATE_INFO_TYPE: no trusted OS that would have to move [DEN0022 5, MIGRATE_INFO_TYPE]. */
#define MIGRATE_NOT_PRESENT UINT64_C(2)

#define CALL_BASE 0x84000000U
#define PLAIN_NUMBERS 0x0BU
#define CALL_NUMBERS 0x13U

static uint64_t psci_version(const struct vcpu *v);
static uint64_t psci_features(const struct vcpu *v);
static uint64_t psci_migrate_info_type(const struct vcpu *v);

/* By the last bits of the function id. A function stands in one of the two tables; in neither: not
 * implemented. Here the 32-bit and the 64-bit form of each. */
static const psci_plain_function plain_functions[PLAIN_NUMBERS][2] = {
    [0x00] = {psci_version, NULL},
    [0x03] = {psci_cpu_on, psci_cpu_on},
    [0x04] = {psci_affinity_info, psci_affinity_info},
    [0x06] = {psci_migrate_info_type, NULL},
    [0x0A] = {psci_features, NULL},
};
static const psci_function functions[CALL_NUMBERS] = {
    [0x01] = psci_cpu_suspend,  [0x02] = psci_cpu_off,        [0x08] = psci_system_off,
    [0x09] = psci_system_reset, [0x0E] = psci_system_suspend, [0x12] = psci_system_reset2,
};
/* Those of `functions` that have a 64-bit form. */
#define FUNCTIONS_64 ((uint32_t)(BIT(0x01) | BIT(0x0E) | BIT(0x12)))

static uint32_t number_of(uint32_t id)
{
    return (id & ~(uint32_t)BIT(PSCI_CALL_IS_64)) - CALL_BASE;
}

static unsigned form_of(uint32_t id)
{
    return (id >> PSCI_CALL_IS_64) & 1U;
}

static psci_plain_function plain_function(uint32_t id)
{
    const uint32_t number = number_of(id);

    return (number < PLAIN_NUMBERS) ? plain_functions[number][form_of(id)] : NULL;
}

static psci_function function(uint32_t id)
{
    const uint32_t number = number_of(id);

    if (number >= CALL_NUMBERS || (form_of(id) != 0U && !bit_is_set(FUNCTIONS_64, number))) {
        return NULL;
    }
    return functions[number];
}

enum exit_action psci_return(struct vcpu *v, uint64_t result)
{
    return smccc_return(v, result);
}

static uint64_t psci_version(const struct vcpu *v)
{
    (void)v;
    return PSCI_VERSION_1_1;
}

/* Flags of a function: 0 for each that we have. For CPU_SUSPEND that says: original format of
 * power_state, no OS-initiated mode [DEN0022 5, PSCI_FEATURES]. */
static uint64_t psci_features(const struct vcpu *v)
{
    const uint32_t id = (uint32_t)psci_argument(v, 1);

    return (id == SMCCC_VERSION || plain_function(id) != NULL || function(id) != NULL)
               ? PSCI_SUCCESS
               : PSCI_NOT_SUPPORTED;
}

static uint64_t psci_migrate_info_type(const struct vcpu *v)
{
    (void)v;
    return MIGRATE_NOT_PRESENT;
}

enum exit_action psci_call_plain(struct vcpu *v)
{
    const psci_plain_function call = plain_function((uint32_t)v->x[0]);

    if (call == NULL) {
        return EXIT_IN_FULL;
    }
    v->x[0] = call(v);
    return EXIT_RESUME;
}

enum exit_action psci_call(struct vcpu *v)
{
    const uint32_t id = smccc_function_id(v);

    v->x[0] = id; /* without the SVE hint, which changes nothing */
    if (psci_call_plain(v) == EXIT_RESUME) {
        return EXIT_SKIP;
    }
    const psci_function call = function(id);

    if (call == NULL) {
        return psci_return(v, PSCI_NOT_SUPPORTED);
    }
    return call(v);
}
