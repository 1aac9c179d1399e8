/* The VM's CPUs: counting, starting, and waiting for their end. */
#include "psci.h"

#include "gic.h"
#include "timer.h"

static cpu_work volatile works[CPU_MAX];

void secondary_start(void); /* start.S; takes the CPU's number as context id */
void secondary_main(uint64_t n);

int32_t psci_call(uint32_t function, uint64_t a1, uint64_t a2, uint64_t a3)
{
    struct smccc_regs regs = {{function, a1, a2, a3}};
    smccc_hvc(&regs);
    return (int32_t)regs.x[0];
}

uint64_t cpu_affinity(unsigned n)
{
    return ((uint64_t)(n / 16U) << 8) | (n % 16U);
}

unsigned cpu_count(void)
{
    unsigned n = 1;
    while (n < CPU_MAX &&
           psci_call(PSCI_AFFINITY_INFO_64, cpu_affinity(n), 0, 0) != PSCI_INVALID_PARAMETERS) {
        n++;
    }
    return n;
}

int32_t cpu_start(unsigned n, cpu_work work)
{
    works[n] = work;
    dsb_sy();
    return psci_call(PSCI_CPU_ON_64, cpu_affinity(n), (uint64_t)(uintptr_t)secondary_start, n);
}

#define POWER_STATE_POWERDOWN (1U << 16)

int32_t cpu_power_down(cpu_work work)
{
    const unsigned n = cpu_number();

    works[n] = work;
    dsb_sy();
    return psci_call(PSCI_CPU_SUSPEND_64, POWER_STATE_POWERDOWN,
                     (uint64_t)(uintptr_t)secondary_start, n);
}

int32_t system_suspend(cpu_work work)
{
    const unsigned n = cpu_number();

    works[n] = work;
    dsb_sy();
    return psci_call(PSCI_SYSTEM_SUSPEND_64, (uint64_t)(uintptr_t)secondary_start, n, 0);
}

/* From secondary_start; returning switches the CPU off. */
void secondary_main(uint64_t n)
{
    gic_cpu_init();
    works[n]();
}

bool cpu_wait_off(unsigned n)
{
    uint64_t start = timer_now();
    while (psci_call(PSCI_AFFINITY_INFO_64, cpu_affinity(n), 0, 0) != PSCI_AFFINITY_OFF) {
        if (timer_elapsed_ms(start) > 2000U) {
            return false;
        }
    }
    return true;
}
