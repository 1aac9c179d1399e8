/* Which service answers which call of SMCCC in the normal world [DEN0028 6, table 6-2]. Sorted
 * by function id; ids in no row are not supported, or go to EL3 where the VM is allowed to.
 * @req CPU-5 */
#include "smccc/smccc.h"

#include "lib/types.h"
#include "psci/psci.h"
#include "smccc/services.h"

const struct smccc_service smccc_services[] = {
    {0x80000000U, 0x8000FFFFU, smccc_arch_call}, /* Arm architecture calls, SMC32 */
    {0x84000000U, 0x8400001FU, psci_call},       /* PSCI, SMC32 */
    {0x84000050U, 0x8400005FU, trng_call},       /* TRNG, SMC32 */
    {0x8600FF00U, 0x8600FFFFU, hyp_call},        /* vendor-specific hypervisor service */
    {0xC0000000U, 0xC000FFFFU, smccc_arch_call}, /* Arm architecture calls, SMC64 */
    {0xC4000000U, 0xC400001FU, psci_call},       /* PSCI, SMC64 */
    {0xC4000050U, 0xC400005FU, trng_call},       /* TRNG, SMC64 */
};
const unsigned smccc_service_count = ARRAY_COUNT(smccc_services);
_Static_assert(ARRAY_COUNT(smccc_services) <= SMCCC_SERVICES_MAX, "loop bound of smccc/smccc.c");
