/* Interrupt storms; health/storm.h. The interrupts of a VM may arrive on several of its CPUs: the
 * one that makes the count full looks, and begins the next count.
 *
 * @req OPS-6, IRQ-5 */
#include "health/storm.h"

#include "core/timer.h"
#include "lib/types.h"
#include "vm/health.h"

_Atomic uint32_t storm_counts[CFG_WATCH_COUNT + 1U];
static _Atomic uint64_t looks[CFG_WATCH_COUNT + 1U]; /* ticks of the last one */

SLOW_PATH void storm_look(uint16_t vm)
{
    const struct cfg_watch *const watch = &cfg_watches[vm];
    const uint64_t now = timer_now();
    const uint64_t before = atomic_exchange_explicit(&looks[vm], now, memory_order_relaxed);

    atomic_fetch_sub_explicit(&storm_counts[vm], watch->interrupt_count, memory_order_relaxed);
    if (now - before < timer_ticks(watch->interrupt_ns)) {
        (void)health_report(vm, CFG_FAULT_STORM, 0, now - before);
    }
}
