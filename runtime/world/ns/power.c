/* Power of the whole machine; world/ns/power.h. [DEN0022 5.10]
 * @req CPU-2, CPU-4 */
#include "world/ns/power.h"

#include "config/config.h"
#include "core/console.h"
#include "core/log.h"
#include "core/panic.h"
#include "core/timer.h"
#include "lib/loop.h"
#include "platform/firmware.h"
#include "vm/life.h"
#include "vm/sched.h"

static unsigned long long microseconds(uint64_t ticks)
{
    const uint64_t hz = timer_frequency();

    return (ticks / hz) * 1000000U + (ticks % hz) * 1000000U / hz;
}

/* What the schedules came to: a line for each vCPU that has one. */
static void report_times(void)
{
    for (unsigned i = 0; i < CFG_VCPU_COUNT; i++) {
        LOOP_BOUND(CFG_VCPU_COUNT);
        struct sched_times t;

        if (!sched_has_schedule(cfg_vcpus[i].cpu)) {
            continue;
        }
        sched_read_times(i, &t);
        LOG_INF("%s: vCPU %u ran %llu us in %llu turns, %llu of them cut short; %llu windows, %llu "
                "too short for it, the latest %llu ticks late",
                cfg_vms[cfg_vcpus[i].vm].name, cfg_vcpus[i].index, microseconds(t.run),
                (unsigned long long)t.turns, (unsigned long long)t.preemptions,
                (unsigned long long)t.windows, (unsigned long long)t.overruns,
                (unsigned long long)t.late_ticks);
    }
}

void power_off(void)
{
    LOG_INF("every VM is off: the machine is switched off");
    if (CFG_HAS_CONSOLE != 0U) {
        if (CFG_SCHEDULED) {
            report_times();
        }
        life_report_left();
        console_flush();
    }
    firmware_power_off(pa_make(cfg_system.power_base));
    panic("the machine does not switch off: nothing of it runs any more");
}

void power_reset(void)
{
    LOG_INF("the machine starts anew");
    console_flush();
    firmware_reset(pa_make(cfg_system.power_base));
    panic("the machine does not start anew: nothing of it runs any more");
}
