/* Physical memory for the host. */
#include "arch/memory.h"

#include "test.h"

#define BLOCK_MAX 64U

struct block {
    uint64_t pa;
    uint64_t bytes;
    uint8_t *host;
};

static struct block blocks[BLOCK_MAX];
static unsigned block_count;

void fake_memory_add(uint64_t pa, void *host, uint64_t bytes)
{
    CHECK(block_count < BLOCK_MAX);
    blocks[block_count++] = (struct block){pa, bytes, host};
}

static uint8_t *host_of(pa_t pa, uint64_t bytes)
{
    for (unsigned i = 0; i < block_count; i++) {
        const struct block *const b = &blocks[i];
        if (pa.pa >= b->pa && pa.pa - b->pa < b->bytes && bytes <= b->bytes - (pa.pa - b->pa)) {
            return b->host + (pa.pa - b->pa);
        }
    }
    test_fail(__FILE__, __LINE__, "no memory at PA %#jx", (uintmax_t)pa.pa);
}

void *memory_pointer(pa_t pa)
{
    return host_of(pa, 1);
}

void memory_clear(pa_t dst, uint64_t bytes)
{
    memset(host_of(dst, bytes), 0, bytes);
}

void memory_copy(pa_t dst, pa_t src, uint64_t bytes)
{
    memcpy(host_of(dst, bytes), host_of(src, bytes), bytes);
}

void memory_refresh(pa_t pa, uint64_t bytes)
{
    (void)host_of(pa, bytes);
}

void memory_publish(pa_t at, uint64_t value)
{
    memcpy(host_of(at, sizeof(value)), &value, sizeof(value));
}

void memory_sync_instructions(void)
{
}

static void reset(void)
{
    block_count = 0;
}

__attribute__((constructor)) static void register_reset(void)
{
    test_on_begin(reset);
}
