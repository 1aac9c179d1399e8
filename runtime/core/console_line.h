/* One line of a source's output, as a one-line terminal would show it.
 *
 * What a guest prints never goes to the real terminal: it edits this line, and the multiplexer
 * draws the line behind its label. So a guest can colour, rewrite and erase its own text, yet no
 * byte of it can move the cursor out of the line or stand where a label stands.
 *
 * Understood: printable ASCII; \n (the line is complete) \r \t \b; CSI sequences C D G H (cursor),
 * K J X (erase), P @ (delete, insert), m (colours 0..15, bold, faint, underlined, reversed). Other
 * control characters and sequences vanish; bytes above 0x7E show as '?', because what they do to
 * a terminal's columns depends on the terminal. [ECMA-48] */
#ifndef CORE_CONSOLE_LINE_H
#define CORE_CONSOLE_LINE_H

#include <stdbool.h>
#include <stdint.h>

#define LINE_COLUMNS 256U /* a longer line is broken here */
#define LINE_PARAMETERS 8U

/* How a character looks: foreground and background colour (0 is the terminal's own, else 1 + one
 * of 16), and flags. Zero is plain. */
struct line_style {
    uint8_t foreground;
    uint8_t background;
    uint8_t flags; /* bit n: SGR n + 1: bold, faint, -, underlined, -, -, reversed */
};

struct console_line {
    uint8_t text[LINE_COLUMNS];
    struct line_style style[LINE_COLUMNS];
    uint16_t length;
    uint16_t cursor; /* column of the next character, <= LINE_COLUMNS */
    uint16_t dirty;  /* columns from here on may have changed since the drawer lowered it */
    bool is_complete;
    bool is_returned; /* \r was the last byte */
    struct line_style pen;
    uint8_t state; /* of the sequence parser */
    uint8_t parameter_count;
    uint16_t parameters[LINE_PARAMETERS];
};

/* An empty line; colour and parser stay as they are. */
void line_clear(struct console_line *l);
/* Adds one byte of output; only while !is_complete. A byte that finds the line full completes it
 * and is not taken (false): it belongs to the next line. */
bool line_put(struct console_line *l, uint8_t byte);

static inline bool line_style_equals(struct line_style a, struct line_style b)
{
    return a.foreground == b.foreground && a.background == b.background && a.flags == b.flags;
}

#endif
