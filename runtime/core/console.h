/* The console multiplexer: many sources, one board UART.
 *
 * Each source (a VM's PL011, or the hypervisor's log) owns a ring that it fills without waiting
 * for anyone; the console CPU alone drains the rings, labels each line with its source's name,
 * and distributes the input to the source that has the focus. A full ring is back-pressure on
 * its own source only. */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

#include "lib/types.h"

/* Free bytes in the source's output ring. Called by the VM's CPUs under the PL011's lock. */
unsigned console_tx_room(uint16_t source);
/* Adds a byte; false when there is no room. One producer at a time per source. Asks the console
 * CPU to drain. */
bool console_tx_put(uint16_t source, uint8_t byte);
/* Takes the next input byte of `source`; false when there is none. One consumer at a time. */
bool console_rx_get(uint16_t source, uint8_t *byte);

/* On the console CPU: MSG_CONSOLE_TX or the UART's interrupt. Bounded work per call. */
void console_service(void);

/* A console source's output ring has room again: told to pl011 by the console CPU through
 * mailbox_post(boot CPU of the VM, MSG_CONSOLE_RX). */

#endif
