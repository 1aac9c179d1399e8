/* Guest timers; vtimer/vtimer.h [DDI0487 D12.2].
 *
 * Owns CNTVOFF_EL2, CNTHCTL_EL2 and, while the guest is off, the two EL1 timers of each CPU. The
 * offset of a VM is written on its boot CPU while none of its vCPUs runs, and read by each of its
 * CPUs before entry; starting a vCPU goes through the mailbox, which orders the two. The timers'
 * interrupts are the vGIC's: their physical PPIs are enabled as the guest enables its own.
 *
 * @req IRQ-5 */
#include "vtimer/vtimer.h"

#include "arch/barrier.h"
#include "arch/sysreg.h"
#include "vtimer/vtimer_state.h"

uint64_t vtimer_offsets[CFG_VM_COUNT];

void vtimer_vm_reset(uint16_t vm)
{
    /* The counter may be read early; the isb makes "now" be now. */
    isb();
    vtimer_offsets[vm] = SYSREG_READ(CNTPCT_EL0);
}

static void timers_off(void)
{
    SYSREG_WRITE(CNTV_CTL_EL0, 0);
    SYSREG_WRITE(CNTP_CTL_EL0, 0);
    SYSREG_WRITE(CNTV_CVAL_EL0, 0);
    SYSREG_WRITE(CNTP_CVAL_EL0, 0);
    isb();
}

void vtimer_vcpu_reset(struct vcpu *v)
{
    SYSREG_WRITE(CNTVOFF_EL2, vtimer_offsets[v->vm]);
    SYSREG_WRITE(CNTHCTL_EL2, VTIMER_CNTHCTL);
    timers_off();
}

void vtimer_vcpu_stop(struct vcpu *v)
{
    (void)v;
    timers_off();
}
