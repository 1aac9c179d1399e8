/* Interrupt storms: more interrupts of a VM's devices than the description expects.
 *
 * Nothing is measured while an interrupt is served but every `interrupt_count`th: the time since
 * the one so many before it is then longer than described, or the rate was higher. */
#ifndef HEALTH_STORM_H
#define HEALTH_STORM_H

#include <stdatomic.h>

#include "config/config.h"

extern _Atomic uint32_t storm_counts[CFG_WATCH_COUNT + 1U]; /* by VM, since the last look */

/* `interrupt_count` of them have come. */
void storm_look(uint16_t vm);

/* A physical interrupt of a device of `vm` has arrived; on any CPU. */
static inline void storm_note(uint16_t vm)
{
    const uint32_t limit = cfg_watches[vm].interrupt_count;

    if (limit != 0U &&
        atomic_fetch_add_explicit(&storm_counts[vm], 1, memory_order_relaxed) + 1U == limit) {
        storm_look(vm);
    }
}

#endif
