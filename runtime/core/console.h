/* The console multiplexer: many sources, one board UART.
 *
 * Each source (a VM's PL011, or the hypervisor's log) owns a ring that it fills without waiting
 * for anyone; the console CPU alone drains the rings, labels each line with its source's name,
 * and distributes the input to the source that has the focus. A full ring is back-pressure on
 * its own source only. Policy of the drawing: core/console_mux.h. */
#ifndef CORE_CONSOLE_H
#define CORE_CONSOLE_H

#include "lib/types.h"

/* On the console CPU, its GIC interface up: from now on the rings are drained, what is in them
 * already first, and input is taken by interrupt. */
void console_start(void);
/* Has console_start() been called? Before, output waits in the rings. */
bool console_is_started(void);

/* Free bytes in the source's output ring. Called by the VM's CPUs under the PL011's lock. */
unsigned console_tx_room(uint16_t source);
/* Adds a byte; false when there is no room. One producer at a time per source. Asks the console
 * CPU to drain. */
bool console_tx_put(uint16_t source, uint8_t byte);
/* Adds `count` bytes, or nothing when there is no room for all or they are more than RING_PUT_MAX;
 * false then. As console_tx_put(). */
bool console_tx_write(uint16_t source, const char *text, size_t count);
/* Takes the next input byte of `source`; false when there is none. One consumer at a time. */
bool console_rx_get(uint16_t source, uint8_t *byte);
/* Input bytes that wait for `source`, at most CONSOLE_RX_MAX. */
#define CONSOLE_RX_MAX 256U
unsigned console_rx_count(uint16_t source);

/* On the console CPU: MSG_CONSOLE_TX or the UART's interrupt. Bounded work per call. */
void console_service(void);
/* On the console CPU, before the machine goes off: all that is complete in the rings goes out,
 * polled, for a bounded time. */
void console_flush(void);
/* For a CPU that panics: takes the next byte that waits in the log's ring; false when there is
 * none. The console CPU may not have stopped yet: then a few bytes may be taken by both or by
 * neither. */
bool console_take_log(uint8_t *byte);
/* What the log's ring holds, at most. */
#define CONSOLE_LOG_BYTES 4096U

/* A console source's output ring has room again, after it was seen with none: told to pl011 by
 * the console CPU through mailbox_post_vcpu(boot vCPU of the VM, MSG_CONSOLE_RX). */

#endif
