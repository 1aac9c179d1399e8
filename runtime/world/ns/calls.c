/* Which service answers which call of SMCCC in the normal world [DEN0028 6, table 6-2]. Sorted
 * by function id; ids in no row are not supported, or go to EL3 where the VM is allowed to. So are
 * those of a service that no VM of the description can use.
 * @req CPU-5 */
#include "smccc/smccc.h"

#include "config/config.h"
#include "health/health_calls.h"
#include "lib/types.h"
#include "psci/psci.h"
#include "smccc/services.h"

#define HAS_TRNG ((CFG_VM_FLAGS_ANY & CFG_VM_TRNG) != 0U)
#define HAS_LIFE_CALLS (CFG_CONTROL_COUNT > 0U || CFG_FOLLOWER_COUNT > 0U)
#define HAS_HEALTH_CALLS                                                                           \
    (CFG_HEARTBEAT_COUNT > 0U || (CFG_VM_FLAGS_ANY & CFG_VM_MAY_READ_EVENTS) != 0U)
#define IF(is_used, call) ((is_used) ? (call) : smccc_forward_allowed)

const struct smccc_service smccc_services[] = {
    {0x80000000U, 0x8000FFFFU, smccc_arch_call}, /* Arm architecture calls, SMC32 */
    {0x84000000U, 0x8400001FU, psci_call},       /* PSCI, SMC32 */
    /* TRNG, SMC32 */
    {0x84000050U, 0x8400005FU, IF(HAS_TRNG, trng_call)},
    {0x8600FF00U, 0x8600FFFFU, hyp_call},        /* vendor-specific hypervisor service */
    {0xC0000000U, 0xC000FFFFU, smccc_arch_call}, /* Arm architecture calls, SMC64 */
    {0xC4000000U, 0xC400001FU, psci_call},       /* PSCI, SMC64 */
    /* TRNG, SMC64 */
    {0xC4000050U, 0xC400005FU, IF(HAS_TRNG, trng_call)},
    /* hypervisor service: schedules, life of VMs, health monitor */
    {0xC600FF10U, 0xC600FF1FU, IF(CFG_SCHEDULED, schedule_call)},
    {0xC600FF20U, 0xC600FF2FU, IF(HAS_LIFE_CALLS, life_call)},
    {0xC600FF30U, 0xC600FF3FU, IF(HAS_HEALTH_CALLS, health_call)},
};
const unsigned smccc_service_count = ARRAY_COUNT(smccc_services);
_Static_assert(ARRAY_COUNT(smccc_services) <= SMCCC_SERVICES_MAX, "loop bound of smccc/smccc.c");
