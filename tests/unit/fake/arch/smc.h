/* Fake of arch/smc.h: EL3 is a function of the test; without one every call is unknown. */
#ifndef ARCH_SMC_H
#define ARCH_SMC_H

#include <stdint.h>

struct smc_regs {
    uint64_t x[8];
};

extern void (*fake_smc_hook)(struct smc_regs *r);
extern unsigned fake_smc_count;
extern struct smc_regs fake_smc_last; /* arguments of the last call */

void arch_smc(struct smc_regs *r);

#endif
