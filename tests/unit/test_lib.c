/* sources: */
/* The header-only parts of lib/: bit fields, ranges, the ring; and mem.c under other names.
 * @req CORE-6, CORE-7 */
#include "lib/bits.h"
#include "lib/range.h"
#include "lib/ring.h"
#include "test.h"

#define memcpy our_memcpy
#define memmove our_memmove
#define memset our_memset
#define memcmp our_memcmp
#include "../../runtime/lib/mem.c"
#undef memcpy
#undef memmove
#undef memset
#undef memcmp

TEST(bit_fields)
{
    CHECK_EQ(FIELD(63, 0), UINT64_MAX);
    CHECK_EQ(FIELD(7, 4), 0xf0);
    CHECK_EQ(bits_get(0xabcd, 11, 4), 0xbc);
    CHECK_EQ(bits_set(0xffff, 11, 4, 0x112), 0xf12f);
    CHECK(bit_is_set(BIT(63), 63) && !bit_is_set(BIT(63), 62));
}

TEST(range_edges)
{
    CHECK(range_has(0x1000, 0x10, 0x100f) && !range_has(0x1000, 0x10, 0x1010));
    CHECK(!range_has(0x1000, 0x10, 0xfff) && !range_has(5, 0, 5));
    CHECK(range_has(UINT64_MAX, 1, UINT64_MAX));
    CHECK(range_contains(0x1000, 0x10, 0x100c, 4) && !range_contains(0x1000, 0x10, 0x100d, 4));
    CHECK(!range_contains(0x1000, 0x10, 0x1000, 0));
    CHECK(!range_contains(0x1000, 0x10, 0x1001, UINT64_MAX));
    CHECK(range_contains(0, UINT64_MAX, 1, UINT64_MAX - 1U));
    CHECK(range_contains(UINT64_MAX - 7U, 8, UINT64_MAX - 3U, 4));
    CHECK(range_overlaps(0, 11, 10, 1) && !range_overlaps(0, 10, 10, 1));
    CHECK(range_overlaps(10, 1, 0, 11) && !range_overlaps(10, 1, 0, 10));
    CHECK(!range_overlaps(5, 0, 0, 10) && !range_overlaps(0, 10, 5, 0));
    CHECK(range_overlaps(UINT64_MAX, UINT64_MAX, UINT64_MAX, 1));
    CHECK(!range_overlaps(UINT64_MAX, UINT64_MAX, 0, 1));
}

/* Small ranges in a small space, against the definition. */
TEST(range_by_enumeration)
{
    for (unsigned n = 0; n < 8U * 8U * 8U * 8U; n++) {
        const uint64_t a = n & 7U;
        const uint64_t a_size = (n >> 3) & 7U;
        const uint64_t b = (n >> 6) & 7U;
        const uint64_t b_size = (n >> 9) & 7U;
        bool shared = false;
        bool inside = b_size > 0U;
        for (uint64_t x = 0; x < 16U; x++) {
            const bool in_a = x >= a && x < a + a_size;
            const bool in_b = x >= b && x < b + b_size;
            shared = shared || (in_a && in_b);
            inside = inside && (!in_b || in_a);
        }
        CHECK_MSG(range_overlaps(a, a_size, b, b_size) == shared, "case %u", n);
        CHECK_MSG(range_contains(a, a_size, b, b_size) == inside, "case %u", n);
    }
}

TEST(ring_takes_many_at_once_over_its_end)
{
    uint8_t storage[8];
    struct ring ring = {.put = 0xFFFFFFFA, .taken = 0xFFFFFFFA}; /* the indices wrap too */
    uint8_t byte = 0;

    CHECK(ring_put_all(&ring, storage, sizeof(storage), "abcde", 5));
    CHECK(!ring_put_all(&ring, storage, sizeof(storage), "wxyz", 4));
    CHECK(ring_put_all(&ring, storage, sizeof(storage), "fgh", 3));
    CHECK(ring_put_all(&ring, storage, sizeof(storage), "", 0));
    CHECK(!ring_put_all(&ring, storage, sizeof(storage), "i", 1));
    for (unsigned i = 0; i < 8; i++) {
        CHECK(ring_take(&ring, storage, sizeof(storage), &byte));
        CHECK_EQ(byte, "abcdefgh"[i]);
    }
    CHECK_EQ(ring_fill(&ring), 0);
}

TEST(ring_is_first_in_first_out_and_bounded)
{
    struct ring ring = {0};
    uint8_t storage[8] = {0};
    uint8_t byte = 0;
    CHECK(!ring_take(&ring, storage, sizeof(storage), &byte));
    for (uint8_t i = 0; i < 8U; i++) {
        CHECK(ring_put(&ring, storage, sizeof(storage), i));
    }
    CHECK(!ring_put(&ring, storage, sizeof(storage), 99));
    CHECK_EQ(ring_fill(&ring), 8);
    for (uint8_t i = 0; i < 8U; i++) {
        CHECK(ring_take(&ring, storage, sizeof(storage), &byte));
        CHECK_EQ(byte, i);
    }
    CHECK(!ring_take(&ring, storage, sizeof(storage), &byte));
}

TEST(ring_survives_the_wrap_of_its_counters)
{
    struct ring ring = {UINT32_MAX - 2U, UINT32_MAX - 2U};
    uint8_t storage[4] = {0};
    uint8_t byte = 0;
    for (uint8_t i = 0; i < 20U; i++) {
        CHECK(ring_put(&ring, storage, sizeof(storage), i));
        CHECK_EQ(ring_fill(&ring), 1);
        CHECK(ring_take(&ring, storage, sizeof(storage), &byte));
        CHECK_EQ(byte, i);
    }
}

TEST(memory_functions_at_every_alignment)
{
    for (size_t n = 0; n < 4000U; n++) {
        uint8_t ours[64];
        uint8_t theirs[64];
        for (size_t i = 0; i < sizeof(ours); i++) {
            ours[i] = theirs[i] = (uint8_t)test_random();
        }
        const size_t to = n % 16U;
        const size_t from = (n / 16U) % 16U;
        const size_t bytes = test_random() % 33U;
        our_memmove(ours + to, ours + from, bytes);
        memmove(theirs + to, theirs + from, bytes);
        CHECK(memcmp(ours, theirs, sizeof(ours)) == 0);
        our_memset(ours + to, (int)n, bytes);
        memset(theirs + to, (int)n, bytes);
        CHECK(memcmp(ours, theirs, sizeof(ours)) == 0);
        uint8_t copy[64] = {0};
        our_memcpy(copy + from, ours + to, bytes);
        CHECK(memcmp(copy + from, ours + to, bytes) == 0 && copy[from + bytes] == 0);
        const int sign = memcmp(ours, ours + from, bytes);
        const int our_sign = our_memcmp(ours, ours + from, bytes);
        CHECK((sign < 0) == (our_sign < 0) && (sign > 0) == (our_sign > 0));
    }
}
