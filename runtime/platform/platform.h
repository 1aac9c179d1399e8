/* What a board's polled console offers. One folder per board implements it. */
#ifndef PLATFORM_PLATFORM_H
#define PLATFORM_PLATFORM_H

#include <stdbool.h>
#include <stdint.h>

void platform_uart_init(void);
bool platform_uart_tx_ready(void);
void platform_uart_tx(uint8_t byte);  /* only when ready */
bool platform_uart_rx(uint8_t *byte); /* false: nothing received */
/* Receive interrupt on; transmit interrupt on while `want_tx`. */
void platform_uart_interrupts(bool want_tx);
void platform_uart_interrupt_clear(void);

#endif
