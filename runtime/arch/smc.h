/* A call to EL3 by SMC: x0..x7 in, x0..x7 out [DEN0028 2.6]. */
#ifndef ARCH_SMC_H
#define ARCH_SMC_H

#include <stdint.h>

struct smc_regs {
    uint64_t x[8];
};

void arch_smc(struct smc_regs *r);

#endif
