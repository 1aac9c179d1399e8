/* The processor as a bare-metal guest uses it: system registers, barriers, MMIO accessors. */
#ifndef CPU_H
#define CPU_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cpu_limits.h"

#define SYSREG_STRING_(x) #x
#define SYSREG_STRING(x) SYSREG_STRING_(x)
/* Generic names (S3_0_C1_C0_0) as well as those that the assembler knows. */
#define SYSREG_READ(name)                                                                         \
    ({                                                                                             \
        uint64_t sysreg_value_;                                                                    \
        __asm__ volatile("mrs %0, " SYSREG_STRING(name) : "=r"(sysreg_value_)::"memory");          \
        sysreg_value_;                                                                             \
    })
#define SYSREG_WRITE(name, value)                                                                 \
    __asm__ volatile("msr " SYSREG_STRING(name) ", %0" ::"r"((uint64_t)(value)) : "memory")

static inline void isb(void)
{
    __asm__ volatile("isb" ::: "memory");
}

static inline void dsb_sy(void)
{
    __asm__ volatile("dsb sy" ::: "memory");
}

static inline void wfi(void)
{
    __asm__ volatile("dsb sy\n\twfi" ::: "memory");
}

/* PSTATE.I: interrupts of this CPU. */
static inline void irq_enable(void)
{
    __asm__ volatile("msr DAIFClr, #2" ::: "memory");
}

static inline void irq_disable(void)
{
    __asm__ volatile("msr DAIFSet, #2" ::: "memory");
}

/* The number under which this program started this CPU; 0 is the boot CPU. */
static inline unsigned cpu_number(void)
{
    return (unsigned)SYSREG_READ(TPIDR_EL1);
}

/* The instruction forms are fixed so that the syndrome is valid and the width is what it says. */
static inline void mmio_write8(uintptr_t address, uint8_t value)
{
    __asm__ volatile("strb %w0, [%1]" ::"r"(value), "r"(address) : "memory");
}

static inline void mmio_write32(uintptr_t address, uint32_t value)
{
    __asm__ volatile("str %w0, [%1]" ::"r"(value), "r"(address) : "memory");
}

static inline void mmio_write64(uintptr_t address, uint64_t value)
{
    __asm__ volatile("str %x0, [%1]" ::"r"(value), "r"(address) : "memory");
}

static inline uint8_t mmio_read8(uintptr_t address)
{
    uint32_t value;
    __asm__ volatile("ldrb %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return (uint8_t)value;
}

static inline uint32_t mmio_read32(uintptr_t address)
{
    uint32_t value;
    __asm__ volatile("ldr %w0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

static inline uint64_t mmio_read64(uintptr_t address)
{
    uint64_t value;
    __asm__ volatile("ldr %x0, [%1]" : "=r"(value) : "r"(address) : "memory");
    return value;
}

#endif
