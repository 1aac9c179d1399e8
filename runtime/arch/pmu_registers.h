/* The performance counters of this CPU, between the turns of the vCPUs that share it. */
#ifndef ARCH_PMU_REGISTERS_H
#define ARCH_PMU_REGISTERS_H

#include <stdint.h>

#define PMU_COUNTERS_MAX 31U

struct pmu_registers {
    uint64_t pmcr;
    uint64_t enabled;  /* PMCNTENSET_EL0 */
    uint64_t signals;  /* PMINTENSET_EL1 */
    uint64_t overflow; /* PMOVSSET_EL0 */
    uint64_t user;     /* PMUSERENR_EL0 */
    uint64_t selected; /* PMSELR_EL0 */
    uint64_t cycles;
    uint64_t cycle_filter;
    uint64_t type[PMU_COUNTERS_MAX];
    uint64_t count[PMU_COUNTERS_MAX];
};

/* Nothing counts, no overflow is signalled, and EL0 reaches nothing of it. */
void pmu_registers_off(void);
/* Of the counters that this CPU implements (PMCR_EL0.N), which are off afterwards. */
void pmu_registers_save(struct pmu_registers *to);
/* Whatever another one has left in them. */
void pmu_registers_load(const struct pmu_registers *from);

#endif
