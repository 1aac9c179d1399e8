/* Polled PL011 output, and a small formatter over it. One CPU prints at a time. */
#include "uart.h"

#include <stdatomic.h>

#include "cpu.h"

#define UARTDR (UART_BASE + 0x000U)
#define UARTFR (UART_BASE + 0x018U)
#define UARTFR_TXFF (1U << 5)

static atomic_flag print_lock = ATOMIC_FLAG_INIT;

void uart_put(char c)
{
    while ((mmio_read32(UARTFR) & UARTFR_TXFF) != 0U) {
    }
    mmio_write32(UARTDR, (uint8_t)c);
}

void uart_text(const char *text)
{
    for (; *text != '\0'; text++) {
        uart_put(*text);
    }
}

static void put_number(uint64_t value, unsigned base)
{
    char digits[20];
    unsigned count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0U);
    while (count > 0U) {
        uart_put(digits[--count]);
    }
}

static void put_signed(int64_t value)
{
    if (value < 0) {
        uart_put('-');
    }
    put_number((value < 0) ? 0U - (uint64_t)value : (uint64_t)value, 10U);
}

/* One conversion; returns the character after it. */
static const char *put_conversion(const char *format, va_list *args)
{
    bool is_long = (*format == 'l');
    format += is_long ? 1 : 0;
    switch (*format) {
    case 's':
        uart_text(va_arg(*args, const char *));
        break;
    case 'c':
        uart_put((char)va_arg(*args, int));
        break;
    case 'd':
        put_signed(is_long ? va_arg(*args, long) : va_arg(*args, int));
        break;
    case 'u':
        put_number(is_long ? va_arg(*args, unsigned long) : va_arg(*args, unsigned), 10U);
        break;
    case 'x':
        put_number(is_long ? va_arg(*args, unsigned long) : va_arg(*args, unsigned), 16U);
        break;
    default:
        uart_put(*format);
        break;
    }
    return format + 1;
}

void print_line_begin(void)
{
    while (atomic_flag_test_and_set_explicit(&print_lock, memory_order_acquire)) {
    }
}

void print_line_end(void)
{
    atomic_flag_clear_explicit(&print_lock, memory_order_release);
}

void print_piece(const char *format, va_list *args)
{
    while (*format != '\0') {
        if (*format == '%') {
            format = put_conversion(format + 1, args);
        } else {
            uart_put(*format++);
        }
    }
}

void print(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    print_line_begin();
    print_piece(format, &args);
    print_line_end();
    va_end(args);
}
