/* Device registers for the host: the test's hooks answer. */
#include "arch/mmio.h"

#include "test.h"

uint64_t (*fake_mmio_on_read)(uint64_t pa, unsigned bytes);
void (*fake_mmio_on_write)(uint64_t pa, unsigned bytes, uint64_t value);
unsigned fake_mmio_count;

static uint64_t read_any(pa_t at, unsigned bytes)
{
    CHECK_MSG(fake_mmio_on_read != NULL, "no device to read at %#jx", (uintmax_t)at.pa);
    CHECK_EQ(at.pa % bytes, 0);
    fake_mmio_count++;
    return fake_mmio_on_read(at.pa, bytes);
}

static void write_any(pa_t at, unsigned bytes, uint64_t value)
{
    CHECK_MSG(fake_mmio_on_write != NULL, "no device to write at %#jx", (uintmax_t)at.pa);
    CHECK_EQ(at.pa % bytes, 0);
    fake_mmio_count++;
    fake_mmio_on_write(at.pa, bytes, value);
}

uint8_t mmio_read8(pa_t at)
{
    return (uint8_t)read_any(at, 1);
}

uint16_t mmio_read16(pa_t at)
{
    return (uint16_t)read_any(at, 2);
}

uint32_t mmio_read32(pa_t at)
{
    return (uint32_t)read_any(at, 4);
}

uint64_t mmio_read64(pa_t at)
{
    return read_any(at, 8);
}

void mmio_write8(pa_t at, uint8_t value)
{
    write_any(at, 1, value);
}

void mmio_write16(pa_t at, uint16_t value)
{
    write_any(at, 2, value);
}

void mmio_write32(pa_t at, uint32_t value)
{
    write_any(at, 4, value);
}

void mmio_write64(pa_t at, uint64_t value)
{
    write_any(at, 8, value);
}

static void reset(void)
{
    fake_mmio_on_read = NULL;
    fake_mmio_on_write = NULL;
    fake_mmio_count = 0;
}

__attribute__((constructor)) static void register_reset(void)
{
    test_on_begin(reset);
}
