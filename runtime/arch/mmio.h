/* Device registers: one access of exactly the named width, never merged, split or moved among the
 * other accesses of this header [DDI0487 B2.7.2]. EL2 maps devices as Device-nGnRE, so order
 * towards memory needs the barriers of arch/barrier.h. Addresses are PAs (EL2 is
 * identity-mapped), aligned to the width. */
#ifndef ARCH_MMIO_H
#define ARCH_MMIO_H

#include "lib/types.h"

static inline uint8_t mmio_read8(pa_t at)
{
    return *(const volatile uint8_t *)(uintptr_t)at.pa;
}

static inline uint16_t mmio_read16(pa_t at)
{
    return *(const volatile uint16_t *)(uintptr_t)at.pa;
}

static inline uint32_t mmio_read32(pa_t at)
{
    return *(const volatile uint32_t *)(uintptr_t)at.pa;
}

static inline uint64_t mmio_read64(pa_t at)
{
    return *(const volatile uint64_t *)(uintptr_t)at.pa;
}

static inline void mmio_write8(pa_t at, uint8_t value)
{
    *(volatile uint8_t *)(uintptr_t)at.pa = value;
}

static inline void mmio_write16(pa_t at, uint16_t value)
{
    *(volatile uint16_t *)(uintptr_t)at.pa = value;
}

static inline void mmio_write32(pa_t at, uint32_t value)
{
    *(volatile uint32_t *)(uintptr_t)at.pa = value;
}

static inline void mmio_write64(pa_t at, uint64_t value)
{
    *(volatile uint64_t *)(uintptr_t)at.pa = value;
}

#endif
