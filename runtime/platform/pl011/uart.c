/* The board console: a PL011 [DDI0183 3.3].
 *
 * Owned by the console CPU; before console_start() and in a panic by the CPU that speaks. 8 data
 * bits, no parity, FIFOs on, both interrupt levels at 1/8: the transmit interrupt comes when the
 * FIFO drains through the level [DDI0183 3.4.4], which is sure to happen once it was filled up.
 * The bit rate that firmware left is kept; without one it is 115200 from the board's 24 MHz.
 *
 * @req DEV-1, PLAT-1 */
#include "lib/loop.h"
#include "platform/platform.h"

#include "arch/mmio.h"
#include "lib/bits.h"

enum pl011_register {
    UARTDR = 0x000,
    UARTFR = 0x018,
    UARTIBRD = 0x024,
    UARTFBRD = 0x028,
    UARTLCR_H = 0x02C,
    UARTCR = 0x030,
    UARTIFLS = 0x034,
    UARTIMSC = 0x038,
    UARTICR = 0x044,
};

#define UARTDR_ERRORS FIELD(10, 8) /* break, parity, framing; an overrun's byte itself is good */
#define UARTFR_BUSY BIT(3)
#define UARTFR_RXFE BIT(4)
#define UARTFR_TXFF BIT(5)
#define UARTLCR_H_FEN BIT(4)
#define UARTLCR_H_WLEN_8 FIELD(6, 5)
#define UARTCR_UARTEN BIT(0)
#define UARTCR_TXE BIT(8)
#define UARTCR_RXE BIT(9)
#define UARTCR_RTS BIT(11)
#define INT_RX BIT(4)
#define INT_TX BIT(5)
#define INT_RT BIT(6)
#define INT_ALL FIELD(10, 0)

/* 24 MHz / (16 * 115200) = 13 + 1/64 [DDI0183 3.3.6]. */
#define DIVISOR_INTEGER 13U
#define DIVISOR_FRACTION 1U
#define FIFO_BYTES 32U
#define BUSY_POLLS 1000000U

static pa_t registers;

static uint32_t uart_read(enum pl011_register r)
{
    return mmio_read32(pa_make(registers.pa + (uint64_t)r));
}

static void uart_write(enum pl011_register r, uint64_t value)
{
    mmio_write32(pa_make(registers.pa + (uint64_t)r), (uint32_t)value);
}

void platform_uart_init(pa_t base)
{
    registers = base;
    const bool has_rate = uart_read(UARTIBRD) != 0U;
    /* Disable, let the character under way end, flush the FIFOs: the order that the manual asks
     * for before the line control register is written [DDI0183 3.3.8]. */
    uart_write(UARTCR, 0);
    for (unsigned i = 0; i < BUSY_POLLS && (uart_read(UARTFR) & UARTFR_BUSY) != 0U; i++) {
        LOOP_WAITS();
    }
    uart_write(UARTLCR_H, 0);
    if (!has_rate) {
        uart_write(UARTIBRD, DIVISOR_INTEGER);
        uart_write(UARTFBRD, DIVISOR_FRACTION);
    }
    uart_write(UARTLCR_H, UARTLCR_H_WLEN_8 | UARTLCR_H_FEN); /* also latches the divisors */
    uart_write(UARTIFLS, 0);
    uart_write(UARTIMSC, 0);
    uart_write(UARTICR, INT_ALL);
    uart_write(UARTCR, UARTCR_UARTEN | UARTCR_TXE | UARTCR_RXE | UARTCR_RTS);
}

bool platform_uart_tx_ready(void)
{
    return (uart_read(UARTFR) & UARTFR_TXFF) == 0U;
}

void platform_uart_tx(uint8_t byte)
{
    uart_write(UARTDR, byte);
}

bool platform_uart_rx(uint8_t *byte)
{
    /* Bytes with errors are passed over, as many as the FIFO can hold at most. */
    for (unsigned i = 0; i < FIFO_BYTES && (uart_read(UARTFR) & UARTFR_RXFE) == 0U; i++) {
        LOOP_BOUND(FIFO_BYTES);
        const uint32_t data = uart_read(UARTDR);
        if ((data & UARTDR_ERRORS) == 0U) {
            *byte = (uint8_t)data;
            return true;
        }
    }
    return false;
}

void platform_uart_interrupts(bool want_tx)
{
    uart_write(UARTIMSC, INT_RX | INT_RT | (want_tx ? INT_TX : 0U));
}

/* The receive interrupts fall when the FIFO is read, and must not be cleared before: they would
 * not rise again for the bytes that are already there [DDI0183 3.4]. */
void platform_uart_interrupt_clear(void)
{
    uart_write(UARTICR, INT_ALL & ~(INT_RX | INT_RT));
}
