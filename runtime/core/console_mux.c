/* Drawing of many lines on one terminal; core/console_mux.h.
 *
 * mux_next() hands out the bytes of one step at a time: a label, characters of one style, one
 * movement of the cursor, an erasure, the end of a row. Each step brings the terminal closer to
 * the lines as they are, so the work per byte is bounded whatever the sources do. No source can
 * keep the others from a row: a complete line can no longer change, and an unfinished one is owed
 * ROW_STEPS steps of one character, after which it gives way to whoever is next in turn. Owned by
 * the console CPU.
 *
 * @req DEV-1 */
#include "core/console_mux.h"

#include "lib/loop.h"

/* Enough to draw any line that does not change meanwhile: a movement and a character each. */
#define ROW_STEPS (2U * LINE_COLUMNS + 2U)
enum pot { POT_OUT };

#define DIGITS_MAX 5U /* of a column or a code of SGR */

void mux_init(struct mux *m, uint64_t ticks_per_ms)
{
    m->ticks_per_ms = ticks_per_ms;
    m->focus = MUX_NONE;
    m->owner = MUX_NONE;
    for (unsigned i = 0; i < MUX_SOURCE_COUNT; i++) {
        LOOP_BOUND(MUX_SOURCE_COUNT);
        m->sources[i].unseen_since = MUX_NEVER;
    }
}

const char *mux_label(uint16_t source)
{
    return (source < CFG_CONSOLE_COUNT) ? cfg_console_names[source] : "bulkhead";
}

bool mux_accepts(const struct mux *m, uint16_t source)
{
    return !m->sources[source].line.is_complete;
}

static bool line_has_text(const struct mux *m, uint16_t source)
{
    return m->sources[source].line.length > 0U;
}

bool mux_put(struct mux *m, uint16_t source, uint8_t byte, uint64_t now)
{
    struct mux_source *const s = &m->sources[source];
    const bool taken = line_put(&s->line, byte);
    if (s->line.length == 0U) {
        s->unseen_since = MUX_NEVER;
    } else if (s->unseen_since == MUX_NEVER) {
        s->unseen_since = now;
    }
    return taken;
}

void mux_set_focus(struct mux *m, uint16_t source)
{
    m->focus = source;
    if (source != MUX_NONE && line_has_text(m, source)) {
        m->sources[source].unseen_since = 0;
    }
}

/* --- output of a step ------------------------------------------------------------------- */

static void out_text(struct mux *m, const char *text)
{
    while (*text != '\0' && m->out_count < MUX_OUT_BYTES) {
        LOOP_SHARED(POT_OUT);
        m->out[m->out_count++] = (uint8_t)*text++;
    }
}

static void out_number(struct mux *m, const char *prefix, unsigned n, const char *suffix)
{
    char digits[DIGITS_MAX + 1U];
    unsigned at = DIGITS_MAX;
    digits[at] = '\0';
    do {
        LOOP_BOUND(DIGITS_MAX);
        digits[--at] = (char)('0' + n % 10U);
        n /= 10U;
    } while (n != 0U && at > 0U);
    out_text(m, prefix);
    out_text(m, &digits[at]);
    out_text(m, suffix);
}

static void out_colour(struct mux *m, unsigned colour, unsigned base)
{
    if (colour != 0U) {
        out_number(m, ";", base + ((colour <= 8U) ? colour - 1U : colour - 9U + 60U), "");
    }
}

static void set_pen(struct mux *m, struct line_style style)
{
    if (line_style_equals(m->pen, style)) {
        return;
    }
    out_text(m, "\x1b[0");
    for (unsigned sgr = 1; sgr <= 7U; sgr++) {
        LOOP_BOUND(7);
        if (((unsigned)style.flags >> (sgr - 1U) & 1U) != 0U) {
            out_number(m, ";", sgr, "");
        }
    }
    out_colour(m, style.foreground, 30U);
    out_colour(m, style.background, 40U);
    out_text(m, "m");
    m->pen = style;
}

static void move_cursor(struct mux *m, unsigned column)
{
    if (column + 1U == m->column) {
        out_text(m, "\b");
    } else if (column < m->column) {
        out_number(m, "\x1b[", m->column - column, "D");
    } else if (column > m->column) {
        out_number(m, "\x1b[", column - m->column, "C");
    }
    m->column = (uint16_t)column;
}

static void end_row(struct mux *m)
{
    set_pen(m, (struct line_style){0});
    out_text(m, "\r\n");
    m->owner = MUX_NONE;
}

static void erase_row(struct mux *m)
{
    set_pen(m, (struct line_style){0});
    out_text(m, "\x1b[2K\r");
    m->owner = MUX_NONE;
}

static void begin_row(struct mux *m, uint16_t source)
{
    out_text(m, mux_label(source));
    for (unsigned i = m->out_count; i < CFG_NAME_WIDTH; i++) {
        LOOP_BOUND(CFG_NAME_WIDTH);
        out_text(m, " ");
    }
    out_text(m, " | ");
    m->owner = source;
    m->column = 0;
    m->drawn = 0;
    m->owed = ROW_STEPS;
    m->turn = (uint16_t)((source + 1U) % MUX_SOURCE_COUNT);
    m->sources[source].line.dirty = 0;
}

/* As many characters of one style as fit a step; at least one does, beside its style. Each beyond
 * the first takes its step from what the row is owed. */
static void draw_characters(struct mux *m, struct console_line *l)
{
    const struct line_style style = l->style[l->dirty];
    const unsigned first = l->dirty;
    unsigned column = first;
    if (m->column != first) {
        move_cursor(m, first);
        return;
    }
    set_pen(m, style);
    do {
        LOOP_SHARED(POT_OUT);
        m->out[m->out_count++] = l->text[column++];
    } while (column < l->length && m->out_count < MUX_OUT_BYTES &&
             line_style_equals(l->style[column], style));
    const unsigned more = column - first - 1U;
    m->owed = (uint16_t)((m->owed > more) ? m->owed - more : 0U);
    l->dirty = (uint16_t)column;
    m->column = l->dirty;
    if (m->drawn < l->dirty) {
        m->drawn = l->dirty;
    }
}

/* One step towards the owner's line; false when the row shows it. */
static bool draw_step(struct mux *m)
{
    struct mux_source *const s = &m->sources[m->owner];
    struct console_line *const l = &s->line;
    if (l->dirty < l->length) {
        draw_characters(m, l);
        return true;
    }
    if (m->drawn > l->length) {
        set_pen(m, (struct line_style){0});
        move_cursor(m, l->length);
        out_text(m, "\x1b[K");
        m->drawn = l->length;
        return true;
    }
    if (!l->is_complete && m->column != l->cursor) {
        move_cursor(m, l->cursor);
        return true;
    }
    s->unseen_since = MUX_NEVER;
    return false;
}

/* --- who is next ------------------------------------------------------------------------ */

static uint64_t due_time(const struct mux *m, uint16_t source)
{
    const struct mux_source *const s = &m->sources[source];
    const unsigned rest_ms = (source == m->focus) ? MUX_FOCUS_REST_MS : MUX_REST_MS;
    const uint64_t rest = rest_ms * m->ticks_per_ms;
    if (s->unseen_since == MUX_NEVER || !line_has_text(m, source)) {
        return MUX_NEVER;
    }
    return s->unseen_since + rest;
}

/* Does the source want a row: for a complete line, or an unfinished one that has rested? */
static bool wants_row(const struct mux *m, uint16_t source, uint64_t now)
{
    return m->sources[source].line.is_complete ||
           (source != m->owner && due_time(m, source) <= now);
}

static uint16_t next_in_turn(const struct mux *m, uint64_t now)
{
    for (unsigned i = 0; i < MUX_SOURCE_COUNT; i++) {
        LOOP_BOUND(MUX_SOURCE_COUNT);
        const uint16_t source = (uint16_t)((m->turn + i) % MUX_SOURCE_COUNT);
        if (wants_row(m, source, now)) {
            return source;
        }
    }
    return MUX_NONE;
}

/* The owner's unfinished line gives way to `source`. Its row is erased, and it is drawn again
 * below, when something complete comes or when it has the focus; an unfinished line without the
 * focus that meets another unfinished one just ends its row, so that both can be read. */
static void leave_row(struct mux *m, uint16_t source, uint64_t now)
{
    struct mux_source *const s = &m->sources[m->owner];
    if (!m->sources[source].line.is_complete && m->owner != m->focus) {
        end_row(m);
        return;
    }
    erase_row(m);
    if (s->unseen_since == MUX_NEVER) {
        s->unseen_since = now;
    }
}

/* The row shows all of its line: a complete one is over. */
static bool finish_row(struct mux *m)
{
    struct console_line *const l = &m->sources[m->owner].line;
    m->owed = 0;
    if (!l->is_complete) {
        return false;
    }
    end_row(m);
    line_clear(l);
    return true;
}

/* Makes the bytes of the next step, or finds nothing to do. */
static bool advance(struct mux *m, uint64_t now)
{
    if (m->owner != MUX_NONE && (m->owed > 0U || m->sources[m->owner].line.is_complete)) {
        m->owed = (uint16_t)(m->owed - ((m->owed > 0U) ? 1U : 0U));
        if (draw_step(m) || finish_row(m)) {
            return true;
        }
    }
    const uint16_t next = next_in_turn(m, now);
    if (next != MUX_NONE && m->owner == MUX_NONE) {
        begin_row(m, next);
        return true;
    }
    if (next != MUX_NONE) {
        leave_row(m, next, now);
        return true;
    }
    return m->owner != MUX_NONE && (draw_step(m) || finish_row(m));
}

bool mux_step(struct mux *m, uint64_t now)
{
    LOOP_POT(POT_OUT, MUX_OUT_BYTES);
    m->out_taken = 0;
    m->out_count = 0;
    return advance(m, now) && m->out_count > 0U;
}

uint64_t mux_deadline(const struct mux *m)
{
    uint64_t earliest = MUX_NEVER;
    for (unsigned i = 0; i < MUX_SOURCE_COUNT; i++) {
        LOOP_BOUND(MUX_SOURCE_COUNT);
        const uint64_t due = (i == m->owner) ? MUX_NEVER : due_time(m, (uint16_t)i);
        earliest = (due < earliest) ? due : earliest;
    }
    return earliest;
}
