/* Power of the whole machine; world/ns/power.h. [DEN0022 5.10]
 * @req CPU-4 */
#include "world/ns/power.h"

#include "arch/barrier.h"
#include "arch/smc.h"
#include "core/console.h"
#include "core/log.h"
#include "core/mailbox.h"
#include "core/panic.h"
#include "vm/life.h"

#define PSCI_SYSTEM_OFF 0x84000008U

void power_off_when_idle(void)
{
    if (life_running_count() == 0U) {
        LOG_INF("every VM is off: the machine is switched off");
        mailbox_post(cfg_system.console_cpu, MSG_POWER_OFF);
    }
}

void power_off(void)
{
    struct smc_regs r = {.x = {PSCI_SYSTEM_OFF}};

    console_flush();
    arch_smc(&r);
    panic("firmware does not switch the machine off: PSCI SYSTEM_OFF returned");
}
