/* What a board's polled console offers. One folder per board implements it. */
#ifndef PLATFORM_PLATFORM_H
#define PLATFORM_PLATFORM_H

#include "lib/types.h"

/* Once, before anything else here: the console's registers are at `base`. */
void platform_uart_init(pa_t base);
bool platform_uart_tx_ready(void);
void platform_uart_tx(uint8_t byte);  /* only when ready */
bool platform_uart_rx(uint8_t *byte); /* false: nothing received */
/* Receive interrupt on; transmit interrupt on while `want_tx`. */
void platform_uart_interrupts(bool want_tx);
void platform_uart_interrupt_clear(void);

#endif
