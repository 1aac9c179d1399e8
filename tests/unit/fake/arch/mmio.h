/* Fake of arch/mmio.h: device registers are functions of the test.
 *
 * Without hooks every access is a failure of the test; so is one that is not aligned. Each access
 * is counted. Everything is reset before each test. */
#ifndef ARCH_MMIO_H
#define ARCH_MMIO_H

#include "lib/types.h"

extern uint64_t (*fake_mmio_on_read)(uint64_t pa, unsigned bytes);
extern void (*fake_mmio_on_write)(uint64_t pa, unsigned bytes, uint64_t value);
extern unsigned fake_mmio_count;

uint8_t mmio_read8(pa_t at);
uint16_t mmio_read16(pa_t at);
uint32_t mmio_read32(pa_t at);
uint64_t mmio_read64(pa_t at);
void mmio_write8(pa_t at, uint8_t value);
void mmio_write16(pa_t at, uint16_t value);
void mmio_write32(pa_t at, uint32_t value);
void mmio_write64(pa_t at, uint64_t value);

#endif
