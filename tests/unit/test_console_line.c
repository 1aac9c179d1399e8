/* sources: core/console_line.c */
/* The one-line terminal that a guest's output edits.
 * @req DEV-1 */
#include "core/console_line.h"

#include "test.h"

static struct console_line line;

TEST_SETUP()
{
    memset(&line, 0, sizeof(line));
}

static void put(const char *text)
{
    for (; *text != '\0'; text++) {
        CHECK(!line.is_complete);
        CHECK(line_put(&line, (uint8_t)*text));
    }
}

static const char *text(void)
{
    static char copy[LINE_COLUMNS + 1];
    memcpy(copy, line.text, line.length);
    copy[line.length] = '\0';
    return copy;
}

#define SHOWS(input, expected)                                                                     \
    do {                                                                                           \
        memset(&line, 0, sizeof(line));                                                            \
        put(input);                                                                                \
        CHECK_STR(text(), expected);                                                               \
    } while (0)

TEST(printable_text_and_newline)
{
    put("hello\r\n");
    CHECK(line.is_complete);
    CHECK_STR(text(), "hello");
    line_clear(&line);
    CHECK(!line.is_complete);
    CHECK_STR(text(), "");
}

TEST(cursor_and_overwriting)
{
    SHOWS("abc\rX", "Xbc");
    SHOWS("abc\b\bX", "aXc");
    SHOWS("\b\b\bX", "X");
    SHOWS("abc\x1b[2DX", "aXc");
    SHOWS("abc\x1b[99DX", "Xbc");
    SHOWS("a\x1b[3CX", "a   X");
    SHOWS("abc\x1b[2GX", "aXc");
    SHOWS("abc\x1b[HX", "Xbc");
    SHOWS("abc\x1b[5;2HX", "aXc");
    SHOWS("a\tb\tc", "a       b       c");
}

TEST(erasing_and_inserting)
{
    SHOWS("abcdef\b\b\b\x1b[K", "abc");
    SHOWS("abcdef\b\b\b\x1b[J", "abc");
    SHOWS("abcdef\b\b\b\x1b[1K", "    ef");
    SHOWS("abcdef\x1b[2Kx", "      x");
    SHOWS("abcdef\r\x1b[2P", "cdef");
    SHOWS("abcdef\r\x1b[99P", "");
    SHOWS("abcdef\r\x1b[2@", "  abcdef");
    SHOWS("abcdef\r\x1b[2X", "  cdef");
    SHOWS("~ # ls\b \b\b \b", "~ #   ");
}

TEST(other_controls_vanish)
{
    SHOWS("a\x07\x0b\x0c\x01\x7f" "b", "ab");
    SHOWS("a\x1b[6n\x1b[?25l\x1b[s\x1b[u\x1b[2;5r\x1b[5A\x1b[9B\x1b[!pb", "ab");
    SHOWS("a\x1b" "7\x1b" "8\x1b" "c\x1b" "D\x1b" "Mb", "ab");
    SHOWS("a\x1b(0\x1b#8b", "ab");
    SHOWS("a\x1b]0;title\x07" "b", "ab");
    SHOWS("a\x1b]0;title\x1b\\b", "ab");
    SHOWS("a\x1bPq...\x1b\\b", "ab");
    SHOWS("a\xc2\x9b" "2Kb", "a??2Kb");
    SHOWS("a\x9b" "2Kb", "a?2Kb");
}

/* A control string that never ends hides one line at most. */
TEST(newline_ends_a_sequence)
{
    put("a\x1b]0;title\n");
    CHECK(line.is_complete);
    line_clear(&line);
    put("seen");
    CHECK_STR(text(), "seen");
}

TEST(colours)
{
    put("a\x1b[1;31mb\x1b[22mc\x1b[0md\x1b[94;47me\x1b[39;49mf\x1b[4;7mg\x1b[24;27mh");
    CHECK_STR(text(), "abcdefgh");
    CHECK(line_style_equals(line.style[0], (struct line_style){0}));
    CHECK_EQ(line.style[1].foreground, 2);
    CHECK_EQ(line.style[1].flags, 1);
    CHECK_EQ(line.style[2].flags, 0);
    CHECK(line_style_equals(line.style[3], (struct line_style){0}));
    CHECK_EQ(line.style[4].foreground, 13);
    CHECK_EQ(line.style[4].background, 8);
    CHECK(line_style_equals(line.style[5], (struct line_style){0}));
    CHECK_EQ(line.style[6].flags, 0x48);
    CHECK_EQ(line.style[7].flags, 0);
}

TEST(concealed_text_still_shows)
{
    put("\x1b[8;5mx");
    CHECK(line_style_equals(line.style[0], (struct line_style){0}));
    put("\x1b[38;5;1;8mx");
    CHECK(line_style_equals(line.style[1], (struct line_style){0}));
}

TEST(a_long_line_is_broken)
{
    for (unsigned i = 0; i < LINE_COLUMNS; i++) {
        CHECK(line_put(&line, (uint8_t)('a' + i % 26U)));
    }
    CHECK(!line.is_complete);
    CHECK(!line_put(&line, 'X'));
    CHECK(line.is_complete);
    CHECK_EQ(line.length, LINE_COLUMNS);
    line_clear(&line);
    CHECK(line_put(&line, 'X'));
    CHECK_STR(text(), "X");
}

TEST(newline_right_at_the_limit_does_not_add_a_line)
{
    for (unsigned i = 0; i < LINE_COLUMNS; i++) {
        CHECK(line_put(&line, 'a'));
    }
    CHECK(line_put(&line, '\n'));
    CHECK(line.is_complete);
}

/* Whatever comes, the line stays within its bounds and its text printable. */
TEST(random_bytes)
{
    static const char likely[] = "\x1b\x1b[[;;0123456789mKJPX@CDGH\r\b\tabc";
    for (unsigned n = 0; n < 2000000U; n++) {
        const uint64_t r = test_random();
        const uint8_t byte =
            ((r & 0x700U) != 0U) ? (uint8_t)likely[(r >> 16) % (sizeof(likely) - 1U)] : (uint8_t)r;
        const uint16_t before = line.dirty;
        const bool taken = line_put(&line, byte);
        CHECK(line.length <= LINE_COLUMNS && line.cursor <= LINE_COLUMNS && line.dirty <= before);
        CHECK(taken || line.is_complete);
        if (line.length > 0U) {
            const uint8_t c = line.text[r % line.length];
            CHECK(c >= 0x20U && c < 0x7FU);
        }
        if (line.is_complete || (r >> 32) % 5000U == 0U) {
            line_clear(&line);
        }
        line.dirty = line.length;
    }
}
