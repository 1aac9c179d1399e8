/* The const table that binds the clients of the EL2 timer to their handlers.
 * @req IRQ-5 */
#include "config/config.h"
#include "core/console.h"
#include "core/timer.h"
#include "health/health_calls.h"
#include "vdev/vdev.h"
#include "vm/sched.h"

void (*const timer_handlers[TIMER_CLIENT_COUNT])(void) = {
    /* Nobody else sets them. */
    [TIMER_CONSOLE] = (CFG_HAS_CONSOLE != 0U) ? console_service : NULL,
    [TIMER_PL031] = (CFG_PL031_COUNT > 0U) ? pl031_alarm : NULL,
    [TIMER_SCHED] = CFG_SCHEDULED ? sched_look : NULL,
    [TIMER_SP805] = (CFG_SP805_COUNT > 0U) ? sp805_alarm : NULL,
    [TIMER_HEARTBEAT] = (CFG_HEARTBEAT_COUNT > 0U) ? heartbeat_alarm : NULL,
};
