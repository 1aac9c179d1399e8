/* What this CPU implements, from its own ID registers [DDI0487 D24.2].
 *
 * Each predicate reads the register again: CPUs of one machine may differ, and a vCPU only ever
 * cares about the CPU that it is pinned to. Used where EL2 has to know before it touches a
 * register, or sets a trap, that exists only with the feature. */
#ifndef ARCH_CPU_FEATURES_H
#define ARCH_CPU_FEATURES_H

#include "arch/sysreg.h"
#include "lib/bits.h"

/* True when the unsigned field [high:low] of `reg` is at least `min`. */
#define CPU_FEATURE(name, reg, high, low, min)                                                     \
    static inline bool cpu_has_##name(void)                                                        \
    {                                                                                              \
        return bits_get(SYSREG_READ(reg), (high), (low)) >= (min);                                 \
    }

CPU_FEATURE(aarch32_el0, ID_AA64PFR0_EL1, 3, 0, 2U)
CPU_FEATURE(ras, ID_AA64PFR0_EL1, 31, 28, 1U)
CPU_FEATURE(sve, ID_AA64PFR0_EL1, 35, 32, 1U)
CPU_FEATURE(amu, ID_AA64PFR0_EL1, 47, 44, 1U)
CPU_FEATURE(ssbs, ID_AA64PFR1_EL1, 7, 4, 1U)
CPU_FEATURE(mte, ID_AA64PFR1_EL1, 11, 8, 1U)
CPU_FEATURE(mte2, ID_AA64PFR1_EL1, 11, 8, 2U)
CPU_FEATURE(sme, ID_AA64PFR1_EL1, 27, 24, 1U)
CPU_FEATURE(sme2, ID_AA64PFR1_EL1, 27, 24, 2U)
CPU_FEATURE(nmi, ID_AA64PFR1_EL1, 39, 36, 1U)
CPU_FEATURE(sme_fa64, ID_AA64SMFR0_EL1, 63, 63, 1U)
CPU_FEATURE(sha256, ID_AA64ISAR0_EL1, 15, 12, 1U)
CPU_FEATURE(rng, ID_AA64ISAR0_EL1, 63, 60, 1U)
CPU_FEATURE(fgt, ID_AA64MMFR0_EL1, 59, 56, 1U)
CPU_FEATURE(fgt2, ID_AA64MMFR0_EL1, 59, 56, 2U)
CPU_FEATURE(lor, ID_AA64MMFR1_EL1, 19, 16, 1U)
CPU_FEATURE(pan, ID_AA64MMFR1_EL1, 23, 20, 1U)
CPU_FEATURE(hcx, ID_AA64MMFR1_EL1, 43, 40, 1U)
CPU_FEATURE(idst, ID_AA64MMFR2_EL1, 39, 36, 1U)
CPU_FEATURE(ecbhb, ID_AA64MMFR1_EL1, 63, 60, 1U)
CPU_FEATURE(pmu_v3p1, ID_AA64DFR0_EL1, 11, 8, 4U)
CPU_FEATURE(pmu_v3p5, ID_AA64DFR0_EL1, 11, 8, 6U)
CPU_FEATURE(spe, ID_AA64DFR0_EL1, 35, 32, 1U)
CPU_FEATURE(trf, ID_AA64DFR0_EL1, 43, 40, 1U)

/* PMUv3: 0 is none, 0xF is a PMU that is not of the architecture. */
static inline bool cpu_has_pmu(void)
{
    const uint64_t version = bits_get(SYSREG_READ(ID_AA64DFR0_EL1), 11, 8);

    return version != 0U && version != 0xFU;
}

/* OS Double Lock: 0 is "implemented", 0xF is not. */
static inline bool cpu_has_double_lock(void)
{
    return bits_get(SYSREG_READ(ID_AA64DFR0_EL1), 39, 36) == 0U;
}

/* Address or generic authentication, by any of the algorithms (QARMA5, QARMA3, IMPDEF). */
static inline bool cpu_has_pauth(void)
{
    const uint64_t isar1 = SYSREG_READ(ID_AA64ISAR1_EL1) & (FIELD(11, 4) | FIELD(31, 24));
    const uint64_t isar2 = SYSREG_READ(ID_AA64ISAR2_EL1) & FIELD(15, 8);

    return (isar1 | isar2) != 0U;
}

/* SCXTNUM_EL0 and SCXTNUM_EL1: FEAT_CSV2_2, or FEAT_CSV2_1p2. */
static inline bool cpu_has_scxtnum(void)
{
    const uint64_t csv2 = bits_get(SYSREG_READ(ID_AA64PFR0_EL1), 59, 56);
    const uint64_t frac = bits_get(SYSREG_READ(ID_AA64PFR1_EL1), 35, 32);

    return csv2 >= 2U || (csv2 == 1U && frac >= 2U);
}

static inline bool cpu_has_mpam(void)
{
    return bits_get(SYSREG_READ(ID_AA64PFR0_EL1), 43, 40) != 0U ||
           bits_get(SYSREG_READ(ID_AA64PFR1_EL1), 19, 16) != 0U;
}

#endif
