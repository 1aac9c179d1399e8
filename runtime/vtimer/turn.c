/* The turn of a vCPU that shares its CPU: its timers; vtimer/vtimer.h [DDI0487 D12.2].
 *
 * A timer is off while its vCPU is parked, so that its line is low and the other vCPUs of the CPU
 * can have theirs. One that is due meanwhile raises its line at the next turn, by itself.
 *
 * @req IRQ-5, CPU-2, CPU-3 */
#include "vtimer/vtimer.h"

#include "arch/barrier.h"
#include "arch/sysreg.h"
#include "vtimer/vtimer_state.h"

enum { CTL_ENABLE = 1U << 0, CTL_IMASK = 1U << 1 };

struct timer {
    uint64_t ctl;
    uint64_t cval;
};

/* By vCPU id: of those that are parked. */
static struct {
    struct timer virtual;
    struct timer physical;
} timers[CFG_VCPU_COUNT];

static uint64_t stands_since[CFG_VM_COUNT]; /* 0: it goes */

void vtimer_vcpu_park(struct vcpu *v)
{
    /* ISTATUS is read as well; it is read-only, and ignored when it is written back. */
    timers[v->id].virtual.ctl = SYSREG_READ(CNTV_CTL_EL0);
    timers[v->id].virtual.cval = SYSREG_READ(CNTV_CVAL_EL0);
    timers[v->id].physical.ctl = SYSREG_READ(CNTP_CTL_EL0);
    timers[v->id].physical.cval = SYSREG_READ(CNTP_CVAL_EL0);
    SYSREG_WRITE(CNTV_CTL_EL0, 0);
    SYSREG_WRITE(CNTP_CTL_EL0, 0);
    isb(); /* the lines are low before the interrupt controller is looked at */
}

void vtimer_vcpu_load(struct vcpu *v)
{
    SYSREG_WRITE(CNTVOFF_EL2, vtimer_offsets[v->vm]);
    SYSREG_WRITE(CNTHCTL_EL2, VTIMER_CNTHCTL);
    SYSREG_WRITE(CNTV_CVAL_EL0, timers[v->id].virtual.cval);
    SYSREG_WRITE(CNTP_CVAL_EL0, timers[v->id].physical.cval);
    isb(); /* no timer is on with what another vCPU left in it */
    SYSREG_WRITE(CNTV_CTL_EL0, timers[v->id].virtual.ctl);
    SYSREG_WRITE(CNTP_CTL_EL0, timers[v->id].physical.ctl);
}

static uint64_t due(const struct timer *t, uint64_t offset)
{
    const bool is_on = (t->ctl & (CTL_ENABLE | CTL_IMASK)) == CTL_ENABLE;
    const uint64_t at = t->cval + offset;

    return (is_on && at >= offset) ? at : UINT64_MAX;
}

uint64_t vtimer_vcpu_due(const struct vcpu *v)
{
    const uint64_t by_virtual = due(&timers[v->id].virtual, vtimer_offsets[v->vm]);
    const uint64_t by_physical = due(&timers[v->id].physical, 0);

    return (by_virtual < by_physical) ? by_virtual : by_physical;
}

void vtimer_clock_window(uint16_t vm, bool is_open, uint64_t now)
{
    if (!is_open) {
        stands_since[vm] = now;
    } else if (stands_since[vm] != 0U) {
        vtimer_offsets[vm] += now - stands_since[vm];
        stands_since[vm] = 0;
    }
}
