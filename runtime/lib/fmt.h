/* A formatter without a C library: printf's syntax into a sink, FMT_OUTPUT_MAX characters at most.
 *
 * What EL2 prints with, and no more: %c %s %d %u %x %p. Flags: '-' (left), '0' (zero padding).
 * Width as a number or '*'. Lengths: l, ll. %p prints 0x and 16 digits. A conversion that is not
 * listed is printed as it stands and takes no argument. A null string prints "(null)". */
#ifndef LIB_FMT_H
#define LIB_FMT_H

#include <stdarg.h>
#include <stddef.h>

/* What one fmt_print() hands to its sink; the rest of its output is cut off. */
#define FMT_OUTPUT_MAX 255U

struct fmt_sink {
    void (*put)(struct fmt_sink *sink, const char *text, size_t count); /* no NUL at its end */
    size_t room; /* used by fmt_print() alone */
};

void fmt_print(struct fmt_sink *sink, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));

/* Into `text` of `room` bytes (at least 1): cut off where it is full, always terminated. Returns
 * the length that was stored. */
size_t fmt_text_list(char *text, size_t room, const char *format, va_list arguments)
    __attribute__((format(printf, 3, 0)));
size_t fmt_text(char *text, size_t room, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
