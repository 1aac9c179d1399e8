/* Before EL2 reads what a guest may have written with its caches off; arch/memory.h. Kept apart
 * from the bulk work of arch/memory.c, which is about the opposite direction.
 * @req CORE-7 */
#include "arch/barrier.h"
#include "arch/memory.h"
#include "arch/sysreg.h"
#include "lib/bits.h"
#include "lib/loop.h"

void memory_refresh(pa_t pa, uint64_t bytes)
{
    /* Smallest data cache line in the system, in bytes [DDI0487 D24.2, CTR_EL0]. */
    const uint64_t line = UINT64_C(4) << bits_get(SYSREG_READ(CTR_EL0), 19, 16);
    const uint64_t last = pa.pa + bytes - 1U;

    for (uint64_t a = pa.pa & ~(line - 1U); a <= last; a += line) {
        LOOP_BOUND(2); /* of at least 16 bytes each [DDI0487 D24.2.25] */
        __asm__ volatile("dc civac, %0" ::"r"(a) : "memory");
    }
    dsb_sy();
}
