/* A line and the escape sequences that edit it; core/console_line.h.
 *
 * Pure: no state but the line, bounded work per byte (at most one pass over the line). The input
 * is hostile: parameters saturate, every column is clamped, and a control string ends at its
 * terminator or at any control character. Owned by the console CPU.
 *
 * @req DEV-1 */
#include "core/console_line.h"

#include "lib/loop.h"
#include "lib/mem.h"

#define PARAMETER_MAX 9999U
#define FLAG(sgr) ((uint8_t)(1U << ((sgr)-1U)))

enum line_state {
    LINE_TEXT,
    LINE_ESCAPE,         /* after ESC */
    LINE_ESCAPE_CHARSET, /* after ESC ( and the like: one more byte belongs to it */
    LINE_CSI,            /* after ESC [ */
    LINE_CSI_FOREIGN,    /* the same, with a private prefix or intermediates: swallowed */
    LINE_STRING,         /* OSC, DCS, APC, PM, SOS: swallowed up to ST or BEL */
};

void line_clear(struct console_line *l)
{
    l->length = 0;
    l->cursor = 0;
    l->dirty = 0;
    l->is_complete = false;
    l->is_returned = false;
}

static uint16_t least(unsigned a, unsigned b)
{
    return (uint16_t)((a < b) ? a : b);
}

static void touch(struct console_line *l, unsigned column)
{
    l->dirty = least(l->dirty, column);
}

/* Columns [from, to) become plain spaces; the line does not grow. */
static void blank(struct console_line *l, unsigned from, unsigned to)
{
    for (unsigned i = from; i < least(to, LINE_COLUMNS); i++) {
        LOOP_BOUND(LINE_COLUMNS);
        l->text[i] = ' ';
        l->style[i] = (struct line_style){0};
    }
    touch(l, from);
}

/* A cursor beyond the end of the line leaves spaces behind when something is written there. */
static void fill_gap(struct console_line *l)
{
    if (l->cursor > l->length) {
        blank(l, l->length, l->cursor);
    }
}

/* Without a gap before it. */
static void store(struct console_line *l, uint8_t c)
{
    l->text[l->cursor] = c;
    l->style[l->cursor] = l->pen;
    touch(l, l->cursor);
    l->cursor++;
    if (l->cursor > l->length) {
        l->length = l->cursor;
    }
}

static bool put_printable(struct console_line *l, uint8_t c)
{
    if (l->cursor == LINE_COLUMNS) {
        l->is_complete = true;
        return false;
    }
    fill_gap(l);
    store(l, c);
    return true;
}

static void move_to(struct console_line *l, unsigned column)
{
    l->cursor = least(column, LINE_COLUMNS - 1U);
}

static void truncate(struct console_line *l, unsigned length)
{
    if (length < l->length) {
        l->length = (uint16_t)length;
        touch(l, length);
    }
}

/* --- CSI sequences ---------------------------------------------------------------------- */

/* Parameter `i`, where 0 and absent mean `standard`. */
static unsigned parameter(const struct console_line *l, unsigned i, unsigned standard)
{
    return (i < l->parameter_count && l->parameters[i] != 0U) ? l->parameters[i] : standard;
}

/* EL and ED are the same on one line: 0 to its end, 1 to the cursor, 2 and 3 all. */
static void erase(struct console_line *l)
{
    switch (parameter(l, 0, 0)) {
    case 0:
        truncate(l, l->cursor);
        break;
    case 1:
        blank(l, 0, least(l->cursor + 1U, l->length));
        break;
    default:
        truncate(l, 0);
        break;
    }
}

static void delete_characters(struct console_line *l, unsigned count)
{
    if (l->cursor >= l->length) {
        return;
    }
    const unsigned n = least(count, (unsigned)l->length - l->cursor);
    const unsigned kept = (unsigned)l->length - l->cursor - n;
    LOOP_SIZE(LINE_COLUMNS * sizeof(l->text[0]));
    (void)memmove(&l->text[l->cursor], &l->text[l->cursor + n], kept);
    LOOP_SIZE(LINE_COLUMNS * sizeof(l->style[0]));
    (void)memmove(&l->style[l->cursor], &l->style[l->cursor + n], kept * sizeof(l->style[0]));
    touch(l, l->cursor);
    truncate(l, l->cursor + kept);
}

static void insert_spaces(struct console_line *l, unsigned count)
{
    if (l->cursor >= l->length) {
        return;
    }
    const unsigned n = least(count, LINE_COLUMNS - l->cursor);
    const unsigned length = least(l->length + n, LINE_COLUMNS);
    const unsigned kept = length - l->cursor - n;
    LOOP_SIZE(LINE_COLUMNS * sizeof(l->text[0]));
    (void)memmove(&l->text[l->cursor + n], &l->text[l->cursor], kept);
    LOOP_SIZE(LINE_COLUMNS * sizeof(l->style[0]));
    (void)memmove(&l->style[l->cursor + n], &l->style[l->cursor], kept * sizeof(l->style[0]));
    l->length = (uint16_t)length;
    blank(l, l->cursor, l->cursor + n);
}

/* One parameter of SGR. Conceal, blink and fonts are left out: text that is there shall show. */
static void style_one(struct line_style *pen, unsigned p)
{
    if (p == 0U) {
        *pen = (struct line_style){0};
    } else if (p == 1U || p == 2U || p == 4U || p == 7U) {
        pen->flags |= FLAG(p);
    } else if (p == 22U) {
        pen->flags &= (uint8_t) ~(FLAG(1U) | FLAG(2U));
    } else if (p == 24U || p == 27U) {
        pen->flags &= (uint8_t)~FLAG(p - 20U);
    } else if (p >= 30U && p <= 37U) {
        pen->foreground = (uint8_t)(p - 30U + 1U);
    } else if (p >= 90U && p <= 97U) {
        pen->foreground = (uint8_t)(p - 90U + 9U);
    } else if (p >= 40U && p <= 47U) {
        pen->background = (uint8_t)(p - 40U + 1U);
    } else if (p >= 100U && p <= 107U) {
        pen->background = (uint8_t)(p - 100U + 9U);
    } else if (p == 39U) {
        pen->foreground = 0;
    } else if (p == 49U) {
        pen->background = 0;
    }
}

static void set_style(struct console_line *l)
{
    for (unsigned i = 0; i < l->parameter_count; i++) {
        LOOP_BOUND(LINE_PARAMETERS);
        if (l->parameters[i] == 38U || l->parameters[i] == 48U) {
            return; /* 38;5;n and 38;2;r;g;b: the rest are not SGR codes */
        }
        style_one(&l->pen, l->parameters[i]);
    }
}

static void csi_final(struct console_line *l, uint8_t c)
{
    switch (c) {
    case 'C':
        move_to(l, l->cursor + parameter(l, 0, 1));
        break;
    case 'D':
        move_to(l, l->cursor - least(parameter(l, 0, 1), l->cursor));
        break;
    case 'G':
        move_to(l, parameter(l, 0, 1) - 1U);
        break;
    case 'H': /* row;column: there is one row */
        move_to(l, parameter(l, 1, 1) - 1U);
        break;
    case 'K':
    case 'J':
        erase(l);
        break;
    case 'X':
        blank(l, l->cursor, least(l->cursor + parameter(l, 0, 1), l->length));
        break;
    case 'P':
        delete_characters(l, parameter(l, 0, 1));
        break;
    case '@':
        insert_spaces(l, parameter(l, 0, 1));
        break;
    case 'm':
        set_style(l);
        break;
    default:
        break;
    }
}

static void csi_digit(struct console_line *l, uint8_t c)
{
    uint16_t *const p = &l->parameters[l->parameter_count - 1U];
    const unsigned value = *p * 10U + (unsigned)(c - '0');
    *p = least(value, PARAMETER_MAX);
}

static void csi_byte(struct console_line *l, uint8_t c)
{
    if (c >= '0' && c <= '9') {
        csi_digit(l, c);
    } else if (c == ';' && l->parameter_count < LINE_PARAMETERS) {
        l->parameters[l->parameter_count++] = 0;
    } else if (c >= 0x40U && c <= 0x7EU) {
        l->state = LINE_TEXT;
        csi_final(l, c);
    } else {
        l->state = LINE_CSI_FOREIGN;
    }
}

/* --- bytes ------------------------------------------------------------------------------ */

static void escape_byte(struct console_line *l, uint8_t c)
{
    l->state = LINE_TEXT;
    if (c == '[') {
        l->state = LINE_CSI;
        l->parameter_count = 1;
        l->parameters[0] = 0;
    } else if (c == ']' || c == 'P' || c == 'X' || c == '^' || c == '_') {
        l->state = LINE_STRING;
    } else if (c >= 0x20U && c <= 0x2FU) {
        l->state = LINE_ESCAPE_CHARSET;
    }
}

static void sequence_byte(struct console_line *l, uint8_t c)
{
    switch (l->state) {
    case LINE_ESCAPE:
        escape_byte(l, c);
        break;
    case LINE_CSI:
        csi_byte(l, c);
        break;
    case LINE_CSI_FOREIGN:
        l->state = (c >= 0x40U && c <= 0x7EU) ? LINE_TEXT : LINE_CSI_FOREIGN;
        break;
    case LINE_STRING:
        break;
    default:
        l->state = LINE_TEXT;
        break;
    }
}

static bool put_tab(struct console_line *l)
{
    const unsigned stop = least((l->cursor / 8U + 1U) * 8U, LINE_COLUMNS);
    if (l->cursor == LINE_COLUMNS) {
        l->is_complete = true;
        return false;
    }
    fill_gap(l);
    while (l->cursor < stop) {
        LOOP_BOUND(8);
        store(l, ' ');
    }
    return true;
}

/* A control character ends whatever sequence it stands in, so that no guest can hide its output
 * by opening a control string, nor lose its lines by accident. */
static bool control_byte(struct console_line *l, uint8_t c)
{
    l->state = LINE_TEXT;
    switch (c) {
    case '\n':
        l->is_complete = true;
        return true;
    case '\r':
        l->is_returned = true;
        return true;
    case '\t':
        return put_tab(l);
    case '\b':
        l->cursor = (uint16_t)(l->cursor - ((l->cursor > 0U) ? 1U : 0U));
        return true;
    case 0x1BU:
        l->state = LINE_ESCAPE;
        return true;
    default:
        return true;
    }
}

bool line_put(struct console_line *l, uint8_t byte)
{
    /* A carriage return waits for what follows: before a newline there is nothing to move. */
    if (l->is_returned && byte != '\n') {
        l->cursor = 0;
    }
    l->is_returned = false;
    if (byte < 0x20U) {
        return control_byte(l, byte);
    }
    if (l->state != LINE_TEXT) {
        sequence_byte(l, byte);
        return true;
    }
    if (byte == 0x7FU) {
        return true;
    }
    return put_printable(l, (byte < 0x7FU) ? byte : '?');
}
