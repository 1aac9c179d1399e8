/* sources: core/console_mux.c core/console_line.c lib/fmt.c */
/* The multiplexer's policy, seen on a terminal.
 * @req DEV-1 */
#include "core/console_mux.h"

#include "terminal.h"
#include "test.h"

#define MS 1000U /* ticks */

static struct mux mux;
static uint64_t now;

static void start_anew(void)
{
    memset(&mux, 0, sizeof(mux));
    mux_init(&mux, MS);
}

TEST_SETUP()
{
    terminal_reset();
    start_anew();
    now = 1000U * MS;
}

static unsigned draw(void)
{
    uint8_t byte;
    unsigned count = 0;
    while (mux_next(&mux, now, &byte)) {
        terminal_byte(byte);
        count++;
        CHECK_MSG(count < 100000U, "the drawing does not end");
    }
    return count;
}

/* As the console feeds: a complete line is drawn before the next byte of its source is taken. */
static void put(uint16_t source, const char *text)
{
    for (; *text != '\0'; text++) {
        if (!mux_accepts(&mux, source)) {
            draw();
        }
        if (!mux_put(&mux, source, (uint8_t)*text, now)) {
            draw();
            CHECK(mux_put(&mux, source, (uint8_t)*text, now));
        }
    }
}

static void pass(unsigned ms)
{
    now += (uint64_t)ms * MS;
    draw();
}

#define ROW(n, expected) CHECK_STR(terminal.rows[n], expected)

TEST(whole_lines_are_labelled)
{
    put(0, "one\r\n");
    put(2, "two\n");
    put(MUX_LOG, "three\n");
    draw();
    ROW(0, "linux0   | one");
    ROW(1, "rt       | two");
    ROW(2, "bulkhead | three");
    CHECK_EQ(terminal.erased_rows, 0);
}

/* Characters of one style go out in as few steps as they fit, and what is drawn is the same. */
TEST(a_run_of_one_style_is_few_steps)
{
    char text[161];
    unsigned steps = 0;
    uint8_t byte;
    memset(text, 'a', sizeof(text) - 1U);
    memcpy(text + 80, "\x1b[31mred\x1b[0m", 12);
    text[sizeof(text) - 1U] = '\0';
    put(0, text);
    put(0, "\n");
    while (mux_next(&mux, now, &byte)) {
        steps += (mux.out_taken == 1U) ? 1U : 0U;
        terminal_byte(byte);
    }
    CHECK_EQ(strlen(terminal.rows[0]), 11U + 160U - 9U);
    CHECK_EQ(terminal.styles[0][11 + 79], ' ');
    CHECK_EQ(terminal.styles[0][11 + 80], '1');
    CHECK_EQ(terminal.styles[0][11 + 82], '1');
    CHECK_EQ(terminal.styles[0][11 + 83], ' ');
    CHECK(steps <= 8U);
}

TEST(an_empty_line_has_its_label)
{
    put(1, "\n\n");
    draw();
    ROW(0, "linux1   | ");
    ROW(1, "linux1   | ");
}

TEST(a_prompt_waits_until_it_rests)
{
    mux_set_focus(&mux, 0);
    put(0, "~ # ");
    CHECK_EQ(draw(), 0);
    CHECK_EQ(mux_deadline(&mux), now + MUX_FOCUS_REST_MS * MS);
    pass(MUX_FOCUS_REST_MS - 1U);
    ROW(0, "");
    pass(1);
    ROW(0, "linux0   | ~ # ");
    CHECK_EQ(mux_deadline(&mux), MUX_NEVER);
}

TEST(what_is_typed_is_echoed_at_once)
{
    mux_set_focus(&mux, 0);
    put(0, "~ # ");
    pass(MUX_FOCUS_REST_MS);
    put(0, "l");
    draw();
    ROW(0, "linux0   | ~ # l");
    put(0, "\b \b");
    draw();
    ROW(0, "linux0   | ~ #  ");
    CHECK_EQ(terminal.column, 15);
    put(0, "ls\r\n");
    draw();
    ROW(0, "linux0   | ~ # ls");
    CHECK_EQ(terminal.row, 1);
    CHECK_EQ(terminal.erased_rows, 0);
}

TEST(an_interrupted_prompt_is_drawn_again)
{
    mux_set_focus(&mux, 0);
    put(0, "~ # ");
    pass(MUX_FOCUS_REST_MS);
    put(1, "news\n");
    draw();
    ROW(0, "linux1   | news");
    ROW(1, "");
    pass(MUX_FOCUS_REST_MS);
    ROW(1, "linux0   | ~ # ");
    CHECK_EQ(terminal.column, 15);
    put(0, "x");
    draw();
    ROW(1, "linux0   | ~ # x");
}

TEST(without_focus_the_prompt_of_the_last_speaker_stays)
{
    put(0, "a: ");
    pass(MUX_REST_MS);
    ROW(0, "linux0   | a: ");
    put(1, "b: ");
    pass(MUX_REST_MS);
    ROW(0, "linux0   | a: ");
    ROW(1, "linux1   | b: ");
    CHECK_EQ(terminal.erased_rows, 0);
}

TEST(a_prompt_without_focus_is_shown_above_the_one_with_it)
{
    mux_set_focus(&mux, 0);
    put(0, "~ # ");
    pass(MUX_FOCUS_REST_MS);
    put(1, "login: ");
    pass(MUX_REST_MS);
    pass(MUX_FOCUS_REST_MS);
    ROW(0, "linux1   | login: ");
    ROW(1, "linux0   | ~ # ");
    CHECK_EQ(mux_deadline(&mux), MUX_NEVER);
}

TEST(moving_the_focus_brings_the_prompt)
{
    put(0, "~ # ");
    pass(MUX_REST_MS);
    put(1, "login: ");
    pass(MUX_REST_MS);
    mux_set_focus(&mux, 0);
    pass(0);
    ROW(2, "linux0   | ~ # ");
    mux_set_focus(&mux, MUX_NONE);
    pass(1000);
    CHECK_EQ(terminal.row, 2);
}

TEST(a_line_in_progress_is_not_torn)
{
    put(0, "first ha");
    put(1, "other\n");
    draw();
    put(0, "lf\n");
    draw();
    ROW(0, "linux1   | other");
    ROW(1, "linux0   | first half");
    CHECK_EQ(terminal.erased_rows, 0);
}

TEST(editing_on_the_terminal_row)
{
    mux_set_focus(&mux, 0);
    put(0, "abcdef");
    pass(MUX_FOCUS_REST_MS);
    put(0, "\x1b[4D\x1b[2P");
    draw();
    ROW(0, "linux0   | abef");
    CHECK_EQ(terminal.column, 11 + 2);
    put(0, "\r\x1b[KX");
    draw();
    ROW(0, "linux0   | X");
}

TEST(a_line_end_just_ends_the_row)
{
    mux_set_focus(&mux, 0);
    put(0, "login: ");
    pass(MUX_FOCUS_REST_MS);
    put(0, "\r");
    CHECK_EQ(draw(), 0);
    put(0, "\n");
    CHECK_EQ(draw(), 2);
}

TEST(colours_do_not_leak)
{
    put(0, "\x1b[31mred\n");
    put(1, "plain\n");
    put(0, "still\n");
    draw();
    CHECK_EQ(terminal.styles[0][0], ' ');
    CHECK_EQ(terminal.styles[0][11], '1');
    CHECK_EQ(terminal.styles[1][11], ' ');
    CHECK_EQ(terminal.styles[2][0], ' ');
    CHECK_EQ(terminal.styles[2][11], '1');
}

/* Lines of a flood and of a quiet source: the quiet one waits for one line at most. */
TEST(a_flood_does_not_starve_the_others)
{
    unsigned floods = 0;
    put(2, "me\n");
    for (unsigned i = 0; i < 50U; i++) {
        while (mux_accepts(&mux, 0)) {
            (void)mux_put(&mux, 0, (mux.sources[0].line.length > 5U) ? '\n' : 'x', now);
        }
        uint8_t byte;
        const unsigned row = terminal.row;
        while (terminal.row == row && mux_next(&mux, now, &byte)) {
            terminal_byte(byte);
        }
        floods += (terminal.rows[row][0] == 'l') ? 1U : 0U;
        if (terminal.rows[row][0] == 'r') {
            CHECK(floods <= 1U);
            return;
        }
    }
    CHECK_MSG(false, "rt never had its turn");
}

/* A line that is rewritten for ever never completes, and yet others get through. */
TEST(a_spinner_does_not_starve_the_others)
{
    mux_set_focus(&mux, 0);
    for (unsigned i = 0; i < 2000U; i++) {
        put(0, (i % 2U == 0U) ? "\rspin |" : "\rspin -");
        now += MS / 10U;
        if (i == 1000U) {
            put(1, "me\n");
        }
        uint8_t byte;
        for (unsigned n = 0; n < 8U && mux_next(&mux, now, &byte); n++) {
            terminal_byte(byte);
        }
    }
    ROW(0, "linux1   | me");
}

/* A prompt is seen even while another source floods. */
TEST(a_flood_does_not_hide_a_prompt)
{
    mux_set_focus(&mux, 1);
    put(1, "login: ");
    bool seen = false;
    for (unsigned i = 0; i < 100U && !seen; i++) {
        put(0, "flood\n");
        uint8_t byte;
        for (unsigned n = 0; n < 40U && mux_next(&mux, now, &byte); n++) {
            terminal_byte(byte);
            seen = seen || strcmp(terminal.rows[terminal.row], "linux1   | login: ") == 0;
        }
        now += MS;
    }
    CHECK(seen);
}

TEST(a_long_line_continues_with_its_label)
{
    char text[LINE_COLUMNS + 20U];
    memset(text, 'y', sizeof(text));
    text[sizeof(text) - 2U] = '\n';
    text[sizeof(text) - 1U] = '\0';
    put(0, text);
    draw();
    CHECK_EQ(strlen(terminal.rows[0]), 11U + LINE_COLUMNS);
    ROW(1, "linux0   | yyyyyyyyyyyyyyyyyy");
}

/* No guest can put another label at the start of a row. */
TEST(forging_a_label_fails)
{
    static const char *const attempts[] = {
        "x\rlinux1   | forged\n",
        "\b\b\b\b\b\b\b\b\b\b\b\b\blinux1   | forged\n",
        "\x1b[1Glinux1   | forged\n",
        "\x1b[99Dlinux1   | forged\n",
        "\x1b[1;1Hlinux1   | forged\n",
        "\x1b[Flinux1   | forged\n",
        "\x1b[1000@linux1   | forged\n",
        "\x0b\x0clinux1   | forged\n",
        "\x1b" "Elinux1   | forged\n",
        "\x9b" "1Glinux1   | forged\n",
        "\xc2\x85linux1   | forged\n",
        "\x1b[s\x1b[ulinux1   | forged\n",
    };
    for (unsigned i = 0; i < ARRAY_COUNT(attempts); i++) {
        put(0, attempts[i]);
        draw();
        CHECK_MSG(strncmp(terminal.rows[i], "linux0   | ", 11) == 0, "attempt %u: %s", i,
                  terminal.rows[i]);
    }
}

/* Hostile bytes from all sources, at random times: every row that is left bears a true label. */
TEST(random_output_keeps_labels_true)
{
    static const char likely[] = "\x1b\x1b[[;0123456789mKJPX@CDGH\r\b\n\tlinux1   | abc";
    for (unsigned n = 0; n < 60000U && terminal.row < TERMINAL_ROWS - 400U; n++) {
        const uint64_t r = test_random();
        const uint16_t source = (uint16_t)((r >> 40) % MUX_SOURCE_COUNT);
        const uint8_t byte =
            ((r & 0x700U) != 0U) ? (uint8_t)likely[(r >> 16) % (sizeof(likely) - 1U)] : (uint8_t)r;
        if (mux_accepts(&mux, source)) {
            (void)mux_put(&mux, source, byte, now);
        }
        if ((r >> 50) % 97U == 0U) {
            mux_set_focus(&mux, (uint16_t)((r >> 30) % CFG_CONSOLE_COUNT));
        }
        if ((r >> 20) % 3U == 0U) {
            uint8_t out;
            for (unsigned k = 0; k < (r >> 24) % 200U && mux_next(&mux, now, &out); k++) {
                terminal_byte(out);
            }
        }
        now += (r >> 33) % (5U * MS);
    }
    pass(10000);
    CHECK(terminal.row > 500U);
    for (unsigned i = 0; i < terminal.row; i++) {
        bool is_true = false;
        for (uint16_t s = 0; s < MUX_SOURCE_COUNT; s++) {
            char label[16];
            snprintf(label, sizeof(label), "%-8s | ", mux_label(s));
            is_true = is_true || strncmp(terminal.rows[i], label, 11) == 0;
        }
        CHECK_MSG(is_true, "row %u: %s", i, terminal.rows[i]);
    }
}

/* What stands on the terminal is what the owner's line holds, after any sequence of edits. */
TEST(random_edits_are_drawn_faithfully)
{
    static const char likely[] = "\x1b\x1b[[;0123456789KJPX@CDGH\r\b\tabcdefg";
    mux_set_focus(&mux, 0);
    for (unsigned n = 0; n < 20000U; n++) {
        const uint64_t r = test_random();
        const struct console_line *const l = &mux.sources[0].line;
        if (!mux_accepts(&mux, 0) || l->length > 200U) {
            terminal_reset();
            start_anew();
            mux_set_focus(&mux, 0);
        }
        (void)mux_put(&mux, 0, (uint8_t)likely[(r >> 16) % (sizeof(likely) - 1U)], now);
        if (r % 4U == 0U) {
            pass(MUX_FOCUS_REST_MS);
            if (mux.owner == 0U && mux_accepts(&mux, 0)) {
                CHECK_EQ(strlen(terminal.rows[0]), 11U + l->length);
                CHECK(memcmp(terminal.rows[0] + 11, l->text, l->length) == 0);
                CHECK_EQ(terminal.column, 11U + l->cursor);
            }
        }
    }
}
