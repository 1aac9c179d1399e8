/* Which source's line stands on the terminal, and how it gets there. Pure policy: no UART, no
 * rings, no clock; the caller hands in bytes and the time, and takes bytes for the terminal.
 *
 * Every row starts with the label of its source. A complete line is drawn whole; sources with
 * complete lines take turns, a line each. One unfinished line (a prompt) can stay on the last row:
 * that of the source with the input focus, or else of whoever printed last. When a line of
 * another source comes in between, the row is erased and drawn again below it.
 * An unfinished line is drawn once it has rested for a moment (MUX_FOCUS_REST_MS with the focus,
 * else MUX_REST_MS): a line that is just being printed would otherwise be drawn and erased over
 * and over. While it stands on the terminal, what is added to it is drawn at once. */
#ifndef CORE_CONSOLE_MUX_H
#define CORE_CONSOLE_MUX_H

#include "config/config.h"
#include "core/console_line.h"

/* The VMs' consoles, the log, and the console's own notices. */
enum {
    MUX_LOG = CFG_CONSOLE_COUNT,
    MUX_NOTICE = CFG_CONSOLE_COUNT + 1,
    MUX_SOURCE_COUNT = CFG_CONSOLE_COUNT + 2,
    MUX_NONE = 0xFFFF,
};

#define MUX_FOCUS_REST_MS 20U
#define MUX_REST_MS 250U
#define MUX_NEVER UINT64_MAX
#define MUX_OUT_BYTES 64U /* the longest single step: a label with its control sequences */
_Static_assert(CFG_NAME_WIDTH + 16U <= MUX_OUT_BYTES, "a label fits a step");

struct mux_source {
    struct console_line line;
    uint64_t unseen_since; /* time of the oldest change that the terminal has not, or MUX_NEVER */
};

struct mux {
    struct mux_source sources[MUX_SOURCE_COUNT];
    uint64_t ticks_per_ms;
    uint16_t focus; /* source with the input, or MUX_NONE */
    uint16_t owner; /* source whose line stands on the last row, or MUX_NONE */
    uint16_t turn;  /* source that is asked first for the next row */
    /* The terminal, for the owner's row: */
    uint16_t column; /* cursor, in columns of the text */
    uint16_t drawn;  /* columns of text that stand there */
    uint16_t owed;   /* steps for which the row cannot be taken away */
    struct line_style pen;
    uint8_t out[MUX_OUT_BYTES]; /* bytes of the step under way */
    uint8_t out_taken;
    uint8_t out_count;
};

/* `m` is all zero before, as a static object is. */
void mux_init(struct mux *m, uint64_t ticks_per_ms);
/* Can the source's line take a byte, or is it complete and waits to be drawn? */
bool mux_accepts(const struct mux *m, uint16_t source);
/* Adds a byte of output; false when it has to be offered again, once the line is drawn. */
bool mux_put(struct mux *m, uint16_t source, uint8_t byte, uint64_t now);
void mux_set_focus(struct mux *m, uint16_t source);
/* Makes the bytes of the next step, those of the last being taken; false when there is nothing to
 * draw now. */
bool mux_step(struct mux *m, uint64_t now);
/* The next byte for the terminal; false when there is nothing to draw now. */
static inline bool mux_next(struct mux *m, uint64_t now, uint8_t *byte)
{
    if (m->out_taken == m->out_count && !mux_step(m, now)) {
        return false;
    }
    *byte = m->out[m->out_taken++];
    return true;
}
/* When mux_next() has something to draw though nothing more is put: MUX_NEVER if then neither. */
uint64_t mux_deadline(const struct mux *m);

const char *mux_label(uint16_t source);

#endif
