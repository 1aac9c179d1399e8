/* The real-time partition of the default system: work every 100 ms on the virtual timer.
 *
 * Deadlines are absolute multiples of the period, so that lateness never adds up. Lateness is the
 * counter at the start of the work minus the deadline. A tick is missed when the work starts a
 * whole period or more late: then the ticks in between are counted as missed and left out. The
 * physical timer is an independent monitor: it is set MONITOR_MS after each deadline and put off
 * by the work, so that it fires only when the work is that late. Reports once a second.
 * The period is long for the sake of emulators, which stop all CPUs when their host has no time
 * for them: a period of jitter is the host's, not the partition's.
 *
 * @req PLAT-2 */
#include "cpu.h"
#include "exception.h"
#include "gic.h"
#include "timer.h"
#include "uart.h"

#define PERIOD_MS 100U
#define MONITOR_MS 2U
#define RT_PRIORITY 0x40U
#define TICKS_PER_REPORT (1000U / PERIOD_MS)

struct rt_state {
    uint64_t period_ticks;
    uint64_t deadline; /* counter value of the next tick */
    uint64_t tick_count;
    uint64_t missed_count;
    uint64_t overrun_count;    /* firings of the monitor */
    uint64_t worst_late_ticks; /* of the counter */
    uint32_t checksum;         /* the work: must not be optimised away */
    volatile bool report_is_due;
};

static struct rt_state rt;

/* A fixed amount of computation: the CRC-32 of the tick number, bit by bit. */
static uint32_t rt_work(uint32_t checksum, uint64_t tick)
{
    checksum ^= (uint32_t)tick;
    for (unsigned bit = 0; bit < 32U; bit++) {
        checksum = (checksum >> 1) ^ (0xedb88320U & (0U - (checksum & 1U)));
    }
    return checksum;
}

/* Both timers for the next deadline. The monitor counts by the physical counter, whose distance
 * from the virtual one is the hypervisor's business: it is set by its remaining time. */
static void rt_arm(void)
{
    uint64_t monitor_ticks = timer_frequency() / 1000U * MONITOR_MS;
    SYSREG_WRITE(CNTV_CVAL_EL0, rt.deadline);
    SYSREG_WRITE(CNTP_TVAL_EL0, rt.deadline + monitor_ticks - timer_now());
    SYSREG_WRITE(CNTV_CTL_EL0, TIMER_CTL_ENABLE);
    SYSREG_WRITE(CNTP_CTL_EL0, TIMER_CTL_ENABLE);
    isb();
}

static void rt_tick(void)
{
    uint64_t late = timer_now() - rt.deadline;
    uint64_t skipped = late / rt.period_ticks;
    rt.missed_count += skipped;
    rt.worst_late_ticks = (late > rt.worst_late_ticks) ? late : rt.worst_late_ticks;
    rt.tick_count++;
    rt.checksum = rt_work(rt.checksum, rt.tick_count);
    rt.report_is_due = (rt.tick_count % TICKS_PER_REPORT == 0U);
    rt.deadline += (skipped + 1U) * rt.period_ticks;
    rt_arm();
}

static void rt_interrupt(unsigned intid)
{
    if (intid == TIMER_PPI_VIRTUAL) {
        rt_tick();
    } else if (intid == TIMER_PPI_PHYSICAL) {
        rt.overrun_count++;
        SYSREG_WRITE(CNTP_CTL_EL0, 0); /* until the work is done and sets it again */
        isb();
    }
}

static void rt_report(void)
{
    print("rt: %lu ticks, %lu missed, %lu overran %u ms, worst lateness %lu ns, checksum %x\n",
          rt.tick_count, rt.missed_count, rt.overrun_count, MONITOR_MS,
          timer_ns(rt.worst_late_ticks), rt.checksum);
}

void guest_main(uint64_t devicetree);

void guest_main(uint64_t devicetree)
{
    (void)devicetree;
    gic_init();
    rt.period_ticks = timer_frequency() / (1000U / PERIOD_MS);
    rt.deadline = timer_now() + rt.period_ticks;
    print("rt: a tick every %u ms, counter at %lu Hz\n", PERIOD_MS, timer_frequency());
    irq_hook = rt_interrupt;
    gic_set_priority(TIMER_PPI_VIRTUAL, RT_PRIORITY); /* before the monitor, when both are due */
    gic_enable(TIMER_PPI_VIRTUAL);
    gic_enable(TIMER_PPI_PHYSICAL);
    rt_arm();
    for (;;) {
        /* Masked, so that a tick between the test and WFI still wakes the CPU. */
        irq_disable();
        if (!rt.report_is_due) {
            wfi();
        }
        irq_enable();
        isb();
        if (rt.report_is_due) {
            rt.report_is_due = false;
            rt_report();
        }
    }
}
