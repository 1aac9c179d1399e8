/* Emulated devices beside the interrupt controller: PL011 [DDI0183] and PL031 [DDI0224]. */
#ifndef VDEV_VDEV_H
#define VDEV_VDEV_H

#include "mmio/mmio.h"

bool pl011_access(uint16_t instance, struct mmio_access *a);
void pl011_reset(uint16_t instance);
/* MSG_CONSOLE_RX on the VM's boot CPU: take input, or see that the output ring has room. */
void pl011_poll(uint16_t instance);

bool pl031_access(uint16_t instance, struct mmio_access *a);
void pl031_reset(uint16_t instance);
/* TIMER_PL031 expired on this CPU: the boot CPU of a VM. */
void pl031_alarm(void);

#endif
