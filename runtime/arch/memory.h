/* Cache maintenance and bulk memory work at EL2. Addresses are PAs (EL2 is identity-mapped). */
#ifndef ARCH_MEMORY_H
#define ARCH_MEMORY_H

#include "config_sizes.h"
#include "lib/types.h"

/* At most this much at once: an interrupt that comes meanwhile waits for it, and so does the time
 * window of the next one who shares the CPU. */
#define MEMORY_CHUNK_BYTES (CFG_SCHEDULED ? 16384U : 65536U)

/* Fills [dst, dst + bytes), at most MEMORY_CHUNK_BYTES, and cleans it to the point of coherency,
 * so that a guest that runs with its caches off sees it. */
void memory_clear(pa_t dst, uint64_t bytes);
void memory_copy(pa_t dst, pa_t src, uint64_t bytes);
/* Before a read of `bytes` > 0 that a guest may have written with its caches off: no stale line of
 * them is left in a cache, and what is dirty goes to memory. */
void memory_refresh(pa_t pa, uint64_t bytes);
/* One store of a word, which a CPU with its caches off then sees. */
void memory_publish(pa_t at, uint64_t value);
/* After code was written: no stale instruction survives on any CPU of the inner shareable
 * domain. */
void memory_sync_instructions(void);
/* EL2's pointer to a physical address. */
void *memory_pointer(pa_t pa);

#endif
