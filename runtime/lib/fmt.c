/* The formatter. One pass, no recursion, no buffer but for the digits of one number; what stands
 * together in the format or in a string goes out together. What a call prints ends at
 * FMT_OUTPUT_MAX characters and CONVERSIONS_MAX conversions, whatever the format and its strings
 * are, and the work is in proportion: every character that is printed or measured is one of those.
 * No state, no locks; any CPU.
 * @req OPS-1, OPS-4 */
#include "lib/fmt.h"

#include <stdbool.h>
#include <stdint.h>

#include "lib/loop.h"

#define FMT_WIDTH_MAX 64U
#define DIGITS_MAX 20U      /* of 2^64 in decimal */
#define CONVERSIONS_MAX 16U /* in one format; what follows is cut off */
#define FLAGS_MAX 4U        /* in one conversion; with more it is none of ours */
#define NUMBER_MAX 4U       /* digits of a width; the same */

enum pot { POT_PADDED, POT_MEASURED, POT_COPIED };

/* One conversion specification. */
struct spec {
    bool left;
    bool zero;
    bool is_long; /* the integer argument has 64 bits */
    char conversion;
    unsigned width;
};

/* As much of it as there is room for. */
static void put_text(struct fmt_sink *sink, const char *text, size_t count)
{
    const size_t taken = (count < sink->room) ? count : sink->room;
    sink->room -= taken;
    sink->put(sink, text, taken);
}

static void put_repeated(struct fmt_sink *sink, char c, unsigned count)
{
    for (unsigned i = 0; i < count && sink->room > 0U; i++) {
        LOOP_SHARED(POT_PADDED);
        put_text(sink, &c, 1);
    }
}

static unsigned padding(const struct spec *s, unsigned length)
{
    return (s->width > length) ? s->width - length : 0U;
}

/* Of the text up to `end` or its NUL; of a longer one than fits, what fits. */
static size_t length_of(const struct fmt_sink *sink, const char *text, char end)
{
    size_t length = 0;
    while (length < sink->room && text[length] != '\0' && text[length] != end) {
        LOOP_SHARED(POT_MEASURED);
        length++;
    }
    return length;
}

static void put_string(struct fmt_sink *sink, const struct spec *s, const char *text)
{
    const size_t length = length_of(sink, text, '\0');
    const unsigned pad = padding(s, (unsigned)length);
    put_repeated(sink, ' ', s->left ? 0U : pad);
    put_text(sink, text, length);
    put_repeated(sink, ' ', s->left ? pad : 0U);
}

/* Zeros go between the sign and the digits. */
static void put_number(struct fmt_sink *sink, const struct spec *s, bool is_negative,
                       uint64_t value, unsigned base)
{
    char digits[DIGITS_MAX];
    unsigned first = DIGITS_MAX; /* of the digits, which are made from the last */
    do {
        LOOP_BOUND(DIGITS_MAX);
        digits[--first] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0U);

    const unsigned pad = padding(s, (is_negative ? 1U : 0U) + DIGITS_MAX - first);
    const bool zeros = s->zero && !s->left;
    put_repeated(sink, ' ', (s->left || zeros) ? 0U : pad);
    put_repeated(sink, '-', is_negative ? 1U : 0U);
    put_repeated(sink, '0', zeros ? pad : 0U);
    put_text(sink, &digits[first], DIGITS_MAX - first);
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
        } else {
            break;
        }
    }
    return p;
}

static const char *parse_length(const char *p, struct spec *s)
{
    s->is_long = *p == 'l';
    return p + (!s->is_long ? 0 : (p[1] == 'l') ? 2 : 1);
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
    p = parse_length(p, s);
    s->conversion = *p;
    return (*p == '\0') ? p : p + 1;
}

static void put_signed(struct fmt_sink *sink, const struct spec *s, int64_t value)
{
    put_number(sink, s, value < 0, (value < 0) ? 0U - (uint64_t)value : (uint64_t)value, 10U);
}

static uint64_t take_unsigned(const struct spec *s, struct arguments *a)
{
    return s->is_long ? va_arg(a->list, uint64_t) : va_arg(a->list, unsigned);
}

static void put_pointer(struct fmt_sink *sink, const void *pointer)
{
    const struct spec s = {.zero = true, .width = 16U};
    put_text(sink, "0x", 2);
    put_number(sink, &s, false, (uintptr_t)pointer, 16U);
}

/* False when the conversion is not one of ours. */
static bool convert(struct fmt_sink *sink, const struct spec *s, struct arguments *a)
{
    switch (s->conversion) {
    case 'c': {
        const char text[2] = {(char)va_arg(a->list, int), '\0'};
        put_string(sink, s, text);
        return true;
    }
    case 's': {
        const char *const text = va_arg(a->list, const char *);
        put_string(sink, s, (text != NULL) ? text : "(null)");
        return true;
    }
    case 'd':
        put_signed(sink, s, s->is_long ? va_arg(a->list, int64_t) : va_arg(a->list, int));
        return true;
    case 'u':
    case 'x':
        put_number(sink, s, false, take_unsigned(s, a), (s->conversion == 'x') ? 16U : 10U);
        return true;
    case 'p':
        put_pointer(sink, va_arg(a->list, const void *));
        return true;
    default:
        return false;
    }
}

/* What stands in the format before the next conversion; returns where that begins. */
static const char *put_plain(struct fmt_sink *sink, const char *format)
{
    const size_t length = length_of(sink, format, '%');
    put_text(sink, format, length);
    return format + length;
}

void fmt_print(struct fmt_sink *sink, const char *format, va_list arguments)
{
    struct arguments a;
    LOOP_POT(POT_PADDED, FMT_OUTPUT_MAX);
    LOOP_POT(POT_MEASURED, 2U * FMT_OUTPUT_MAX); /* all that is printed, and the last string */
    LOOP_POT(POT_COPIED, FMT_OUTPUT_MAX);
    va_copy(a.list, arguments);
    sink->room = FMT_OUTPUT_MAX;
    const char *p = put_plain(sink, format);
    for (unsigned i = 0; i < CONVERSIONS_MAX && *p == '%' && sink->room > 0U; i++) {
        LOOP_BOUND(CONVERSIONS_MAX);
        struct spec s = {0};
        const char *const end = parse_spec(p + 1, &s, &a);
        if (!convert(sink, &s, &a)) {
            put_text(sink, p, (size_t)(end - p));
        }
        p = put_plain(sink, end);
    }
    va_end(a.list);
}

struct text_sink {
    struct fmt_sink sink; /* first: a pointer to it is one to the whole */
    char *text;
    size_t room;
    size_t length;
};

static void text_put(struct fmt_sink *sink, const char *text, size_t count)
{
    struct text_sink *const t = (struct text_sink *)(void *)sink;
    char *const to = t->text + t->length;
    const size_t room = t->room - 1U - t->length; /* less the NUL */
    const size_t taken = (count < room) ? count : room;
    for (size_t i = 0; i < taken; i++) {
        LOOP_SHARED(POT_COPIED);
        to[i] = text[i];
    }
    t->length += taken;
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
