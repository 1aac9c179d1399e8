/* PSCI dispatch: one const row per function id; psci/psci.h [DEN0022 5].
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

struct psci_row {
    uint32_t id;
    psci_function call;
};

static enum exit_action psci_version(struct vcpu *v, const struct psci_args *a);
static enum exit_action psci_features(struct vcpu *v, const struct psci_args *a);
static enum exit_action psci_migrate_info_type(struct vcpu *v, const struct psci_args *a);

static const struct psci_row psci_rows[] = {
    {0x84000000U, psci_version},        {0x84000001U, psci_cpu_suspend},
    {0x84000002U, psci_cpu_off},        {0x84000003U, psci_cpu_on},
    {0x84000004U, psci_affinity_info},  {0x84000006U, psci_migrate_info_type},
    {0x84000008U, psci_system_off},     {0x84000009U, psci_system_reset},
    {0x8400000AU, psci_features},       {0x8400000EU, psci_system_suspend},
    {0x84000012U, psci_system_reset2},  {0xC4000001U, psci_cpu_suspend},
    {0xC4000003U, psci_cpu_on},         {0xC4000004U, psci_affinity_info},
    {0xC400000EU, psci_system_suspend}, {0xC4000012U, psci_system_reset2},
};

static psci_function find_function(uint32_t id)
{
    for (unsigned i = 0; i < ARRAY_COUNT(psci_rows); i++) {
        if (psci_rows[i].id == id) {
            return psci_rows[i].call;
        }
    }
    return NULL;
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
