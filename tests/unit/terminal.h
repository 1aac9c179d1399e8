/* A terminal for tests: rows of text, and the sequences that the multiplexer may send. Anything
 * else that is not printable is a failure. Wide enough that no row wraps. */
#ifndef TERMINAL_H
#define TERMINAL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "test.h"

#define TERMINAL_ROWS 4000U
#define TERMINAL_COLUMNS 400U

struct terminal {
    char rows[TERMINAL_ROWS][TERMINAL_COLUMNS];
    char styles[TERMINAL_ROWS][TERMINAL_COLUMNS]; /* 'b' where bold, digit of the foreground */
    unsigned row;
    unsigned column;
    char sequence[24];
    unsigned sequence_length;
    char style;
    unsigned erased_rows;
};

static struct terminal terminal;

static void terminal_reset(void)
{
    memset(&terminal, 0, sizeof(terminal));
    terminal.style = ' ';
}

static void terminal_pad(unsigned column)
{
    char *const row = terminal.rows[terminal.row];
    for (unsigned i = (unsigned)strlen(row); i < column; i++) {
        row[i] = ' ';
        terminal.styles[terminal.row][i] = ' ';
    }
}

static void terminal_sequence(char final)
{
    const unsigned n = (terminal.sequence_length > 1U) ? (unsigned)atoi(terminal.sequence + 1) : 1U;
    char *const row = terminal.rows[terminal.row];
    switch (final) {
    case 'C':
        terminal.column += n;
        break;
    case 'D':
        CHECK(terminal.column >= n);
        terminal.column -= n;
        break;
    case 'K':
        CHECK_STR(terminal.sequence, (terminal.sequence_length > 1U) ? "[2" : "[");
        terminal.erased_rows += (terminal.sequence_length > 1U) ? 1U : 0U;
        if (terminal.sequence_length > 1U) {
            memset(row, 0, TERMINAL_COLUMNS);
        } else {
            memset(row + terminal.column, 0, TERMINAL_COLUMNS - terminal.column);
        }
        break;
    case 'm':
        terminal.style = ' ';
        if (strstr(terminal.sequence, ";1;") != NULL || strcmp(terminal.sequence, "[0;1") == 0) {
            terminal.style = 'b';
        }
        if (strstr(terminal.sequence, ";3") != NULL) {
            terminal.style = strstr(terminal.sequence, ";3")[2];
        }
        break;
    default:
        CHECK_MSG(false, "sequence %s%c reached the terminal", terminal.sequence, final);
    }
    terminal.sequence_length = 0;
    CHECK(terminal.column < TERMINAL_COLUMNS);
}

static void terminal_byte(uint8_t byte)
{
    if (terminal.sequence_length > 0U) {
        if (byte == '[' || byte == ';' || (byte >= '0' && byte <= '9')) {
            CHECK(terminal.sequence_length < sizeof(terminal.sequence) - 1U);
            terminal.sequence[terminal.sequence_length - 1U] = (char)byte;
            terminal.sequence[terminal.sequence_length++] = '\0';
            return;
        }
        terminal.sequence_length -= 1U;
        terminal_sequence((char)byte);
        return;
    }
    switch (byte) {
    case 0x1B:
        terminal.sequence_length = 1;
        terminal.sequence[0] = '\0';
        break;
    case '\r':
        terminal.column = 0;
        break;
    case '\n':
        CHECK_EQ(terminal.column, 0);
        CHECK_EQ(terminal.style, ' ');
        terminal.row++;
        CHECK(terminal.row < TERMINAL_ROWS);
        break;
    case '\b':
        CHECK(terminal.column > 0U);
        terminal.column--;
        break;
    default:
        CHECK_MSG(byte >= 0x20U && byte < 0x7FU, "byte %#x reached the terminal", byte);
        terminal_pad(terminal.column);
        terminal.rows[terminal.row][terminal.column] = (char)byte;
        terminal.styles[terminal.row][terminal.column] = terminal.style;
        terminal.column++;
    }
}

#endif
