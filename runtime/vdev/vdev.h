/* Emulated devices beside the interrupt controller: PL011 [DDI0183], PL031 [DDI0224], SP805 [DDI0270]
 * and pvpanic. */
#ifndef VDEV_VDEV_H
#define VDEV_VDEV_H

#include "mmio/mmio.h"

/* All have registers of 32 bits, of which the low part may be accessed. */
static inline bool vdev_is_possible(uint32_t offset, unsigned size_bytes)
{
    return size_bytes <= 4U && (offset & (size_bytes - 1U)) == 0U;
}

/* The low `size_bytes` of a register. */
static inline enum mmio_outcome vdev_answer(uint64_t *value, uint32_t answer, unsigned size_bytes)
{
    return mmio_answer(value, answer & (UINT64_MAX >> (64U - 8U * size_bytes)));
}

enum mmio_outcome pl011_read(uint16_t instance, uint32_t offset, unsigned size_bytes,
                             uint64_t *value);
enum mmio_outcome pl011_write(uint16_t instance, uint32_t offset, unsigned size_bytes,
                              uint64_t value);
void pl011_reset(uint16_t instance);
/* MSG_CONSOLE_RX on the VM's boot CPU: take input, or see that the output ring has room. */
void pl011_poll(uint16_t instance);

enum mmio_outcome pl031_read(uint16_t instance, uint32_t offset, unsigned size_bytes,
                             uint64_t *value);
enum mmio_outcome pl031_write(uint16_t instance, uint32_t offset, unsigned size_bytes,
                              uint64_t value);
void pl031_reset(uint16_t instance);
/* Once, before any VM starts: what day it is. */
void pl031_init(void);
/* TIMER_PL031 expired on this CPU: the boot CPU of a VM. */
void pl031_alarm(void);

enum mmio_outcome sp805_read(uint16_t instance, uint32_t offset, unsigned size_bytes,
                             uint64_t *value);
enum mmio_outcome sp805_write(uint16_t instance, uint32_t offset, unsigned size_bytes,
                              uint64_t value);
void sp805_reset(uint16_t instance);
/* TIMER_SP805 expired on this CPU. */
void sp805_alarm(void);

enum mmio_outcome pvpanic_read(uint16_t instance, uint32_t offset, unsigned size_bytes,
                               uint64_t *value);
enum mmio_outcome pvpanic_write(uint16_t instance, uint32_t offset, unsigned size_bytes,
                                uint64_t value);

#endif
