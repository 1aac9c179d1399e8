/* Firmware that parks the other CPUs in a loop, each polling a word of memory for its entry point;
 * platform/firmware.h [DTSpec 3.8.1.1, Linux Documentation/arch/arm64/booting.rst].
 *
 * The parked CPU polls with its caches off, so the word goes to memory in one piece and past the
 * caches before the event that ends its WFE. It brings nothing along that would say who it is: the
 * entry asks MPIDR_EL1.
 *
 * @req CORE-1, PLAT-1 */
#include "platform/firmware.h"

#include "arch/barrier.h"
#include "arch/memory.h"

extern void parked_entry(void);

/* There is nobody to ask. */
bool firmware_answers(void)
{
    return true;
}

int32_t firmware_cpu_on(uint64_t mpidr, pa_t release, uint64_t idx)
{
    (void)mpidr;
    (void)idx;
    memory_publish(release, (uintptr_t)parked_entry);
    sev();
    return 0;
}
