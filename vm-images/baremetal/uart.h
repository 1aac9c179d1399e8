/* Text on the PL011 of QEMU virt's map [DDI0183]. */
#ifndef UART_H
#define UART_H

#include <stdarg.h>

#define UART_BASE 0x09000000UL

void uart_put(char c);
void uart_text(const char *text);
/* %s %d %u %x %c, with l for 64 bits (%lu, %lx, %ld); anything else is printed as it stands.
 * A whole line is printed without another CPU's output in between. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Keeps other CPUs' lines out while a line is put together from several pieces. */
void print_line_begin(void);
void print_line_end(void);
void print_piece(const char *format, va_list *args);

#endif
