/* The formatter. One pass, no recursion, no buffer but for the digits of one number. What a call
 * prints ends at FMT_OUTPUT_MAX characters, whatever the format and its strings are, and the work
 * is in proportion: every character that is printed or measured is one of those.
 * No state, no locks; any CPU.
 * @req OPS-1, OPS-4 */
#include "lib/fmt.h"

#include <stdbool.h>
#include <stdint.h>

#include "lib/loop.h"

#define FMT_WIDTH_MAX 64U
#define DIGITS_MAX 20U /* of 2^64 in decimal */
#define PREFIX_MAX 2U
#define CONVERSIONS_MAX 16U /* in one format; what follows is cut off */
#define FLAGS_MAX 4U        /* in one conversion; with more it is none of ours */
#define NUMBER_MAX 4U       /* digits of a width or precision; the same */

enum pot { POT_PRINTED, POT_MEASURED };

/* One conversion specification. */
struct spec {
    bool left;
    bool zero;
    bool alternate;
    bool has_precision;
    unsigned width;
    unsigned precision;
    unsigned size_bytes; /* of an integer argument */
    char conversion;
};

/* False when there is no room for it. */
static bool put_one(struct fmt_sink *sink, char c)
{
    if (sink->room == 0U) {
        return false;
    }
    sink->room--;
    sink->put(sink, c);
    return true;
}

static void put_repeated(struct fmt_sink *sink, char c, unsigned count)
{
    for (unsigned i = 0; i < count && put_one(sink, c); i++) {
        LOOP_SHARED(POT_PRINTED);
    }
}

static unsigned padding(const struct spec *s, unsigned length)
{
    return (s->width > length) ? s->width - length : 0U;
}

static void put_text(struct fmt_sink *sink, const struct spec *s, const char *text)
{
    const size_t limit =
        (s->has_precision && s->precision < sink->room) ? s->precision : sink->room;
    unsigned length = 0;
    while (length < limit && text[length] != '\0') {
        LOOP_SHARED(POT_MEASURED);
        length++;
    }
    const unsigned pad = padding(s, length);
    put_repeated(sink, ' ', s->left ? 0U : pad);
    for (unsigned i = 0; i < length && put_one(sink, text[i]); i++) {
        LOOP_SHARED(POT_PRINTED);
    }
    put_repeated(sink, ' ', s->left ? pad : 0U);
}

/* `prefix` is a sign or "0x"; zeros go between it and the digits. */
static void put_number(struct fmt_sink *sink, const struct spec *s, const char *prefix,
                       uint64_t value, unsigned base)
{
    const char *const alphabet = (s->conversion == 'X') ? "0123456789ABCDEF" : "0123456789abcdef";
    char digits[DIGITS_MAX];
    unsigned count = 0;
    do {
        LOOP_BOUND(DIGITS_MAX);
        digits[count++] = alphabet[value % base];
        value /= base;
    } while (value != 0U);

    unsigned length = count;
    for (const char *p = prefix; *p != '\0'; p++) {
        LOOP_BOUND(PREFIX_MAX);
        length++;
    }
    const unsigned pad = padding(s, length);
    const bool zeros = s->zero && !s->left;
    put_repeated(sink, ' ', (s->left || zeros) ? 0U : pad);
    for (const char *p = prefix; *p != '\0' && put_one(sink, *p); p++) {
        LOOP_SHARED(POT_PRINTED);
    }
    put_repeated(sink, '0', zeros ? pad : 0U);
    while (count > 0U && put_one(sink, digits[count - 1U])) {
        LOOP_SHARED(POT_PRINTED);
        count--;
    }
    put_repeated(sink, ' ', s->left ? pad : 0U);
}

static const char *parse_number(const char *p, unsigned *number)
{
    unsigned n = 0;
    for (unsigned i = 0; i < NUMBER_MAX && *p >= '0' && *p <= '9'; i++, p++) {
        LOOP_BOUND(NUMBER_MAX);
        n = (n < FMT_WIDTH_MAX) ? n * 10U + (unsigned)(*p - '0') : n;
    }
    *number = (n < FMT_WIDTH_MAX) ? n : FMT_WIDTH_MAX;
    return p;
}

static const char *parse_flags(const char *p, struct spec *s)
{
    for (unsigned i = 0; i < FLAGS_MAX; i++, p++) {
        LOOP_BOUND(FLAGS_MAX);
        if (*p == '-') {
            s->left = true;
        } else if (*p == '0') {
            s->zero = true;
        } else if (*p == '#') {
            s->alternate = true;
        } else {
            break;
        }
    }
    return p;
}

static const char *parse_length(const char *p, struct spec *s)
{
    s->size_bytes = sizeof(int);
    if (p[0] == 'h') {
        s->size_bytes = (p[1] == 'h') ? sizeof(char) : sizeof(short);
        return p + ((p[1] == 'h') ? 2 : 1);
    }
    if (p[0] == 'l' || p[0] == 'z' || p[0] == 'j' || p[0] == 't') {
        s->size_bytes = sizeof(uint64_t);
        return p + ((p[0] == 'l' && p[1] == 'l') ? 2 : 1);
    }
    return p;
}

/* The va_list is handed on as a pointer, so that what is taken here is taken for the caller. */
struct arguments {
    va_list list;
};

static unsigned take_size(struct arguments *a)
{
    const int n = va_arg(a->list, int);
    return (n < 0) ? 0U : ((unsigned)n < FMT_WIDTH_MAX) ? (unsigned)n : FMT_WIDTH_MAX;
}

static const char *parse_spec(const char *p, struct spec *s, struct arguments *a)
{
    p = parse_flags(p, s);
    if (*p == '*') {
        s->width = take_size(a);
        p++;
    } else {
        p = parse_number(p, &s->width);
    }
    if (*p == '.') {
        s->has_precision = true;
        p++;
        if (*p == '*') {
            s->precision = take_size(a);
            p++;
        } else {
            p = parse_number(p, &s->precision);
        }
    }
    p = parse_length(p, s);
    s->conversion = *p;
    return (*p == '\0') ? p : p + 1;
}

static int64_t take_signed(const struct spec *s, struct arguments *a)
{
    if (s->size_bytes == sizeof(int64_t)) {
        return va_arg(a->list, int64_t);
    }
    const int n = va_arg(a->list, int);
    return (s->size_bytes == 1U) ? (signed char)n : (s->size_bytes == 2U) ? (short)n : n;
}

static uint64_t take_unsigned(const struct spec *s, struct arguments *a)
{
    if (s->size_bytes == sizeof(uint64_t)) {
        return va_arg(a->list, uint64_t);
    }
    const unsigned n = va_arg(a->list, unsigned);
    return (s->size_bytes == 1U) ? (uint8_t)n : (s->size_bytes == 2U) ? (uint16_t)n : n;
}

static void put_signed(struct fmt_sink *sink, const struct spec *s, int64_t value)
{
    const uint64_t magnitude = (value < 0) ? 0U - (uint64_t)value : (uint64_t)value;
    put_number(sink, s, (value < 0) ? "-" : "", magnitude, 10U);
}

static void put_pointer(struct fmt_sink *sink, const void *pointer)
{
    const struct spec s = {.zero = true, .width = 18U};
    put_number(sink, &s, "0x", (uintptr_t)pointer, 16U);
}

/* False when the conversion is not one of ours. */
static bool convert(struct fmt_sink *sink, const struct spec *s, struct arguments *a)
{
    switch (s->conversion) {
    case 'c': {
        const char text[2] = {(char)va_arg(a->list, int), '\0'};
        put_text(sink, s, text);
        return true;
    }
    case 's': {
        const char *const text = va_arg(a->list, const char *);
        put_text(sink, s, (text != NULL) ? text : "(null)");
        return true;
    }
    case 'd':
    case 'i':
        put_signed(sink, s, take_signed(s, a));
        return true;
    case 'u':
        put_number(sink, s, "", take_unsigned(s, a), 10U);
        return true;
    case 'x':
    case 'X':
        put_number(sink, s, s->alternate ? "0x" : "", take_unsigned(s, a), 16U);
        return true;
    case 'p':
        put_pointer(sink, va_arg(a->list, const void *));
        return true;
    case '%':
        (void)put_one(sink, '%');
        return true;
    default:
        return false;
    }
}

void fmt_print(struct fmt_sink *sink, const char *format, va_list arguments)
{
    struct arguments a;
    unsigned conversions = 0;
    LOOP_POT(POT_PRINTED, FMT_OUTPUT_MAX);
    LOOP_POT(POT_MEASURED, 2U * FMT_OUTPUT_MAX); /* all that is printed, and the last text */
    sink->room = FMT_OUTPUT_MAX;
    va_copy(a.list, arguments);
    for (const char *p = format; *p != '\0' && sink->room > 0U;) {
        LOOP_SHARED(POT_PRINTED);
        if (*p != '%') {
            (void)put_one(sink, *p++);
            continue;
        }
        LOOP_RARE(CONVERSIONS_MAX);
        if (conversions == CONVERSIONS_MAX) {
            break;
        }
        conversions++;
        struct spec s = {0};
        const char *const end = parse_spec(p + 1, &s, &a);
        if (!convert(sink, &s, &a)) {
            for (; p < end && put_one(sink, *p); p++) {
                LOOP_SHARED(POT_PRINTED);
            }
        }
        p = end;
    }
    va_end(a.list);
}

struct text_sink {
    struct fmt_sink sink; /* first: a pointer to it is one to the whole */
    char *text;
    size_t room;
    size_t length;
};

static void text_put(struct fmt_sink *sink, char c)
{
    struct text_sink *const t = (struct text_sink *)(void *)sink;
    if (t->length + 1U < t->room) {
        t->text[t->length++] = c;
    }
}

size_t fmt_text_list(char *text, size_t room, const char *format, va_list arguments)
{
    struct text_sink t = {.sink = {.put = text_put}, .text = text, .room = room, .length = 0};
    fmt_print(&t.sink, format, arguments);
    text[t.length] = '\0';
    return t.length;
}

size_t fmt_text(char *text, size_t room, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const size_t length = fmt_text_list(text, room, format, arguments);
    va_end(arguments);
    return length;
}
