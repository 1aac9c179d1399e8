/* Firmware with PSCI, called by SMC; platform/firmware.h [DEN0022 5].
 *
 * @req CORE-1, PLAT-1 */
#include "platform/firmware.h"

#include "arch/barrier.h"
#include "arch/smc.h"

#define PSCI_VERSION 0x84000000U
#define PSCI_SYSTEM_OFF 0x84000008U
#define PSCI_SYSTEM_RESET 0x84000009U
#define PSCI_CPU_ON_64 0xC4000003U

extern void secondary_entry(void);

bool firmware_answers(void)
{
    struct smc_regs r = {.x = {PSCI_VERSION}};

    arch_smc(&r);
    return (uint32_t)r.x[0] != UINT32_MAX && ((uint32_t)r.x[0] >> 16) != 0U;
}

int32_t firmware_cpu_on(uint64_t mpidr, pa_t release, uint64_t idx)
{
    struct smc_regs r = {.x = {PSCI_CPU_ON_64, mpidr, (uintptr_t)secondary_entry, idx}};

    (void)release;
    dsb_sy();
    arch_smc(&r);
    return (int32_t)r.x[0];
}

void firmware_power_off(pa_t controller)
{
    struct smc_regs r = {.x = {PSCI_SYSTEM_OFF}};

    (void)controller;
    arch_smc(&r);
}

void firmware_reset(pa_t controller)
{
    struct smc_regs r = {.x = {PSCI_SYSTEM_RESET}};

    (void)controller;
    arch_smc(&r);
}
