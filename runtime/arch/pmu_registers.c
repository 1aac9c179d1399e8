/* Performance counters; arch/pmu_registers.h [DDI0487 D13, D24.5].
 *
 * Owns nothing; acts on the CPU that it runs on.
 *
 * @req CORE-3, CORE-8 */
#include "arch/pmu_registers.h"

#include "arch/barrier.h"
#include "arch/sysreg.h"
#include "lib/bits.h"
#include "lib/loop.h"

#define ALL FIELD(31, 0)
#define PMCR_WRITABLE FIELD(7, 0)
enum { PMCR_P = 1U << 1, PMCR_C = 1U << 2 }; /* writing them resets counters */

static unsigned counters(void)
{
    return (unsigned)bits_get(SYSREG_READ(PMCR_EL0), 15, 11);
}

void pmu_registers_save(struct pmu_registers *to)
{
    const unsigned count = counters();

    to->pmcr = SYSREG_READ(PMCR_EL0) & PMCR_WRITABLE & ~(uint64_t)(PMCR_P | PMCR_C);
    to->enabled = SYSREG_READ(PMCNTENSET_EL0);
    SYSREG_WRITE(PMCNTENCLR_EL0, ALL);
    isb(); /* nothing counts while it is read */
    to->signals = SYSREG_READ(PMINTENSET_EL1);
    SYSREG_WRITE(PMINTENCLR_EL1, ALL);
    to->overflow = SYSREG_READ(PMOVSSET_EL0);
    SYSREG_WRITE(PMOVSCLR_EL0, ALL);
    to->user = SYSREG_READ(PMUSERENR_EL0);
    SYSREG_WRITE(PMUSERENR_EL0, 0);
    to->selected = SYSREG_READ(PMSELR_EL0);
    to->cycles = SYSREG_READ(PMCCNTR_EL0);
    to->cycle_filter = SYSREG_READ(PMCCFILTR_EL0);
    for (unsigned n = 0; n < count; n++) {
        LOOP_BOUND(PMU_COUNTERS_MAX);
        SYSREG_WRITE(PMSELR_EL0, n);
        isb(); /* the selection before the access through it */
        to->type[n] = SYSREG_READ(PMXEVTYPER_EL0);
        to->count[n] = SYSREG_READ(PMXEVCNTR_EL0);
    }
}

void pmu_registers_off(void)
{
    SYSREG_WRITE(PMCNTENCLR_EL0, ALL);
    SYSREG_WRITE(PMINTENCLR_EL1, ALL);
    SYSREG_WRITE(PMOVSCLR_EL0, ALL);
    SYSREG_WRITE(PMUSERENR_EL0, 0);
}

void pmu_registers_load(const struct pmu_registers *from)
{
    const unsigned count = counters();

    pmu_registers_off(); /* one that has gone off since left them as they were */
    for (unsigned n = 0; n < count; n++) {
        LOOP_BOUND(PMU_COUNTERS_MAX);
        SYSREG_WRITE(PMSELR_EL0, n);
        isb(); /* the selection before the access through it */
        SYSREG_WRITE(PMXEVTYPER_EL0, from->type[n]);
        SYSREG_WRITE(PMXEVCNTR_EL0, from->count[n]);
    }
    SYSREG_WRITE(PMCCFILTR_EL0, from->cycle_filter);
    SYSREG_WRITE(PMCCNTR_EL0, from->cycles);
    SYSREG_WRITE(PMSELR_EL0, from->selected);
    SYSREG_WRITE(PMUSERENR_EL0, from->user);
    SYSREG_WRITE(PMOVSSET_EL0, from->overflow);
    SYSREG_WRITE(PMINTENSET_EL1, from->signals);
    SYSREG_WRITE(PMCR_EL0, from->pmcr);
    SYSREG_WRITE(PMCNTENSET_EL0, from->enabled);
}
