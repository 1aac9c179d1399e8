/* Power of the whole machine; world/ns/power.h. [DEN0022 5.10]
 * @req CPU-4 */
#include "world/ns/power.h"

#include "core/console.h"
#include "core/log.h"
#include "core/mailbox.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "platform/firmware.h"
#include "vm/life.h"

void power_off_when_idle(void)
{
    if (life_running_count() == 0U) {
        LOG_INF("every VM is off: the machine is switched off");
        mailbox_post((CFG_HAS_CONSOLE != 0U) ? cfg_system.console_cpu : this_cpu()->id,
                     MSG_POWER_OFF);
    }
}

void power_off(void)
{
    if (CFG_HAS_CONSOLE != 0U) {
        console_flush();
    }
    firmware_power_off(pa_make(cfg_system.power_base));
    panic("the machine does not switch off: nothing of it runs any more");
}
