/* A board whose firmware leaves nothing at EL3: every call is unknown [DEN0028 5.2]. SMC itself
 * would be UNDEFINED, or end in nothing.
 *
 * @req CPU-5 */
#include "arch/smc.h"

void arch_smc(struct smc_regs *r)
{
    r->x[0] = UINT64_MAX;
}
