/* Random numbers for the host. */
#include "arch/rng.h"

#include "test.h"

bool (*fake_rng_hook)(uint64_t *value);
unsigned fake_rng_count;

bool rng_read(uint64_t *value)
{
    fake_rng_count++;
    *value = 0;
    return fake_rng_hook != NULL && fake_rng_hook(value);
}

static void reset(void)
{
    fake_rng_hook = NULL;
    fake_rng_count = 0;
}

__attribute__((constructor)) static void register_reset(void)
{
    test_on_begin(reset);
}
