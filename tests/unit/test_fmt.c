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
