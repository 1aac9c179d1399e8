/* The physical CPU interface of each CPU, by system registers; gic/gic.h [IHI0069 12.2].
 *
 * EOImode is 1: ICC_EOIR1 only drops the priority, so that EL2 can take the next interrupt while
 * a guest still has the last one active. Each CPU touches its own registers only.
 *
 * @req IRQ-3 */
#include "gic/cpu_interface.h"

#include "arch/barrier.h"
#include "arch/sysreg.h"
#include "config/config.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "gic/gic.h"
#include "lib/bits.h"

enum { ICC_SRE_SRE = 1U << 0, ICC_SRE_DFB = 1U << 1, ICC_SRE_DIB = 1U << 2,
       ICC_SRE_Enable = 1U << 3 };
enum { ICC_CTLR_EOImode = 1U << 1 };

/* ICC_SGI1R_EL1 of a message to each CPU; each writes its own before it takes messages, and until
 * then the value names nobody: who comes up looks for messages first, and whose exchange of the
 * mailbox is second sees what was written before the other's. */
static uint64_t message_sgis[CFG_CPU_COUNT];

/* Target list of 16 CPUs that share Aff3.Aff2.Aff1 and the range that Aff0 lies in. */
static uint64_t sgi_to(uint64_t mpidr, uint64_t intid)
{
    const uint64_t aff0 = bits_get(mpidr, 7, 0);

    return (bits_get(mpidr, 39, 32) << 48) | ((aff0 / 16U) << 44) |
           (bits_get(mpidr, 23, 16) << 32) | (intid << 24) | (bits_get(mpidr, 15, 8) << 16) |
           BIT(aff0 % 16U);
}

void gic_cpu_interface_init(void)
{
    const unsigned self = this_cpu()->id;

    message_sgis[self] = sgi_to(cfg_cpus[self].mpidr, GIC_SGI_MESSAGE);
    /* Enable: EL1 may reach its own interface, which HCR_EL2.IMO/FMO turn into the virtual one. */
    SYSREG_WRITE(ICC_SRE_EL2, ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB | ICC_SRE_Enable);
    isb();
    if ((SYSREG_READ(ICC_SRE_EL2) & ICC_SRE_SRE) == 0U) {
        panic("ICC_SRE_EL2.SRE stays 0: firmware does not let EL2 use the GIC's system registers");
    }
    SYSREG_WRITE(ICC_SRE_EL1, ICC_SRE_SRE | ICC_SRE_DFB | ICC_SRE_DIB);
    SYSREG_WRITE(ICC_CTLR_EL1, ICC_CTLR_EOImode);
    SYSREG_WRITE(ICC_BPR1_EL1, 0);
    SYSREG_WRITE(ICC_PMR_EL1, 0xFF);
    SYSREG_WRITE(ICC_IGRPEN1_EL1, 1);
    isb();
}

void gic_send_message_sgi(unsigned cpu)
{
    /* The receiver must see what was written before the SGI: a system register write is not
     * ordered with memory by itself. The isb keeps the SGI from waiting in the pipeline. */
    dsb_ishst();
    SYSREG_WRITE(ICC_SGI1R_EL1, message_sgis[cpu]);
    isb();
}
