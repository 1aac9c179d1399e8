/* EL3 for the host. */
#include "arch/smc.h"

#include "test.h"

void (*fake_smc_hook)(struct smc_regs *r);
unsigned fake_smc_count;
struct smc_regs fake_smc_last;

void arch_smc(struct smc_regs *r)
{
    fake_smc_count++;
    fake_smc_last = *r;
    if (fake_smc_hook != NULL) {
        fake_smc_hook(r);
    } else {
        r->x[0] = UINT64_MAX;
    }
}

static void reset(void)
{
    fake_smc_hook = NULL;
    fake_smc_count = 0;
    fake_smc_last = (struct smc_regs){0};
}

__attribute__((constructor)) static void register_reset(void)
{
    test_on_begin(reset);
}
