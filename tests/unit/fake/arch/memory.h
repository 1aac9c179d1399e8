/* Fake of arch/memory.h: physical memory is blocks of host memory that the test registers. */
#ifndef ARCH_MEMORY_H
#define ARCH_MEMORY_H

#include "lib/types.h"

/* At most this much at once: an interrupt that comes meanwhile waits for it. */
#define MEMORY_CHUNK_BYTES 65536U

/* [pa, pa + bytes) is backed by `host` until the end of the test. */
void fake_memory_add(uint64_t pa, void *host, uint64_t bytes);

void memory_clear(pa_t dst, uint64_t bytes);
void memory_copy(pa_t dst, pa_t src, uint64_t bytes);
void memory_refresh(pa_t pa, uint64_t bytes);
void memory_publish(pa_t at, uint64_t value);
void memory_sync_instructions(void);
/* An address in no registered block is a failure of the test. */
void *memory_pointer(pa_t pa);

#endif
