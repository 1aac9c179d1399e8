/* Sleep by the virtual timer, whose interrupt the guest has enabled, with interrupts masked. One that
 * is never taken would end every WFI after it. */
#ifndef SLEEP_H
#define SLEEP_H

#include "timer.h"

static volatile bool sleep_is_over;

/* From the guest's handler of interrupts; false: it is not the timer's. */
static bool sleep_interrupt(unsigned intid)
{
    if (intid != TIMER_PPI_VIRTUAL) {
        return false;
    }
    SYSREG_WRITE(CNTV_CTL_EL0, 0);
    isb();
    sleep_is_over = true;
    return true;
}

static void sleep_us(uint64_t us)
{
    sleep_is_over = false;
    SYSREG_WRITE(CNTV_CVAL_EL0, timer_now() + us * timer_frequency() / 1000000U);
    SYSREG_WRITE(CNTV_CTL_EL0, TIMER_CTL_ENABLE);
    isb();
    while (!sleep_is_over) {
        wfi();
        irq_enable();
        isb();
        irq_disable();
    }
}

#endif
