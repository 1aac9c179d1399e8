/* sources: lib/fmt.c */
/* The formatter against the host's printf, and where the two differ on purpose.
 * @req OPS-1 */
#include "lib/fmt.h"

#include "test.h"

static char ours[200];
static char theirs[200];

#define SAME(...)                                                                                  \
    do {                                                                                           \
        fmt_text(ours, sizeof(ours), __VA_ARGS__);                                                 \
        snprintf(theirs, sizeof(theirs), __VA_ARGS__);                                             \
        CHECK_STR(ours, theirs);                                                                   \
    } while (0)

TEST(integers)
{
    SAME("%d %d %d", 0, -1, 2147483647);
    SAME("%d", -2147483647 - 1);
    SAME("%ld %lld", INT64_MIN, (long long)INT64_MAX);
    SAME("%u %x", 4294967295U, 0xdeadbeefU);
    SAME("%lu %lx %llx", UINT64_MAX, UINT64_MAX, 1ULL << 63);
    SAME("%d %lld %u %llu", -1, -1LL, 1U, 1ULL);
}

TEST(width_and_padding)
{
    SAME("[%5d] [%-5d] [%05d] [%05d]", 42, 42, 42, -42);
    SAME("[%5d] [%-5d]", -42, -42);
    SAME("[%8x] [%08x] [%-8x] [%016lx]", 0xabcU, 0xabcU, 0xabcU, UINT64_C(0x123));
    SAME("[%*d] [%*u]", 6, 1, 3, 12345U);
    SAME("[%10s] [%-10s] [%s] [%-*s]", "ab", "ab", "", 4, "c");
    SAME("[%3c] [%-3c] [%c]", 'a', 'b', 'c');
}

TEST(text)
{
    SAME("plain");
    SAME("%s", "");
    SAME("a%sb%sc", "1", "22");
}

TEST(pointer_has_16_digits)
{
    fmt_text(ours, sizeof(ours), "%p|", (void *)0x1234);
    CHECK_STR(ours, "0x0000000000001234|");
}

TEST(null_string)
{
    const char *volatile none = NULL;
    fmt_text(ours, sizeof(ours), "%s", none);
    CHECK_STR(ours, "(null)");
}

TEST(unknown_conversions_are_shown_and_take_nothing)
{
    const char *volatile odd = "%q %5y %X %% %d";
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"
    fmt_text(ours, sizeof(ours), odd, 9);
    CHECK_STR(ours, "%q %5y %X %% 9");
    odd = "cut %";
    fmt_text(ours, sizeof(ours), odd, 9);
    CHECK_STR(ours, "cut %");
    odd = "cut %08l";
    fmt_text(ours, sizeof(ours), odd, 9);
    CHECK_STR(ours, "cut %08l");
    odd = "%-04d|";
    fmt_text(ours, sizeof(ours), odd, 9);
    CHECK_STR(ours, "9   |");
#pragma GCC diagnostic pop
}

TEST(cut_off_at_the_room)
{
    char small[5] = {1, 1, 1, 1, 1};
    CHECK_EQ(fmt_text(small, sizeof(small), "%s", "abcdefgh"), 4);
    CHECK_STR(small, "abcd");
    CHECK_EQ(fmt_text(small, 1, "%d", 12), 0);
    CHECK_STR(small, "");
}

TEST(width_is_bounded)
{
    const size_t length = fmt_text(ours, sizeof(ours), "%*d", 1000000, 1);
    CHECK_EQ(length, 64);
    CHECK_EQ(fmt_text(ours, sizeof(ours), "%*d", -5, 1), 1);
}

/* With formats that the compiler does not see. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-security"

TEST(output_is_bounded)
{
    static char whole[2U * FMT_OUTPUT_MAX];
    static char text[2U * FMT_OUTPUT_MAX];
    const char *volatile format = text;
    memset(text, 'x', sizeof(text) - 1U);
    CHECK_EQ(fmt_text(whole, sizeof(whole), format), FMT_OUTPUT_MAX);
    CHECK_EQ(fmt_text(whole, sizeof(whole), "%s", text), FMT_OUTPUT_MAX);
    CHECK_EQ(fmt_text(whole, sizeof(whole), "%64d%-64d%64s%62s|%d", 1, 2, "3", "4", 5),
             FMT_OUTPUT_MAX);
    CHECK_EQ(whole[FMT_OUTPUT_MAX - 1U], '|');
    CHECK_EQ(fmt_text(whole, sizeof(whole), "%64d%64d%64d%62d%d", 1, 2, 3, 4, 567), FMT_OUTPUT_MAX);
    CHECK_EQ(whole[FMT_OUTPUT_MAX - 1U], '5');
    text[FMT_OUTPUT_MAX] = '\0';
    CHECK_EQ(fmt_text(whole, sizeof(whole), "%s%s", text, text), FMT_OUTPUT_MAX);
}

TEST(conversions_of_a_format_are_bounded)
{
    const char *volatile format = "%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d%d|%d";
    fmt_text(ours, sizeof(ours), format, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6);
    CHECK_STR(ours, "0123456789012345|");
    format = "%0000d|%-----d|%0001d|%12345d|%lllu";
    fmt_text(ours, sizeof(ours), format, 9, 9, 9, 9, 9);
    CHECK_STR(ours, "9|%-----d|9|%12345d|%lllu");
}

#pragma GCC diagnostic pop
