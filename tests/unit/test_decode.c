/* sources: mmio/decode.c */
/* The load/store decoder against a table of single instructions, as their pages in the manual
 * give them [DDI0487 C6.2, C7.2], over every value of bits 31:10 of the load/store space and a
 * choice of Rt and Rn. The decoder goes by the classes of C4.1.94 instead; what no row of the
 * table matches, it must not claim to have decoded.
 * @req CORE-6 */
#include "mmio/decode.h"

#include "lib/bits.h"
#include "lib/types.h"
#include "test.h"

enum form { UIMM, IMM9, POST, PRE, REG, PAIR, PAIR_POST, PAIR_PRE, PLAIN, LITERAL };
#define W 1U   /* store */
#define S 2U   /* sign-extends */
#define X 4U   /* to or from 64 bits */
#define V 8U   /* vector registers */
#define O 16U  /* ordered */

struct row {
    uint32_t match;
    uint32_t mask;
    uint8_t form;
    uint8_t size;
    uint8_t flags;
};

/* The 21 kinds of LDR and STR, which five forms share: the form's bits are or-ed to them. */
static const struct row kinds[] = {
    {0x38000000, 0, 0, 1, W},      {0x38400000, 0, 0, 1, 0},     {0x38800000, 0, 0, 1, S | X},
    {0x38C00000, 0, 0, 1, S},      {0x78000000, 0, 0, 2, W},     {0x78400000, 0, 0, 2, 0},
    {0x78800000, 0, 0, 2, S | X},  {0x78C00000, 0, 0, 2, S},     {0xB8000000, 0, 0, 4, W},
    {0xB8400000, 0, 0, 4, 0},      {0xB8800000, 0, 0, 4, S | X}, {0xF8000000, 0, 0, 8, W | X},
    {0xF8400000, 0, 0, 8, X},      {0x3C000000, 0, 0, 1, V | W}, {0x3C400000, 0, 0, 1, V},
    {0x3C800000, 0, 0, 16, V | W}, {0x3CC00000, 0, 0, 16, V},    {0x7C000000, 0, 0, 2, V | W},
    {0x7C400000, 0, 0, 2, V},      {0xBC000000, 0, 0, 4, V | W}, {0xBC400000, 0, 0, 4, V},
    {0xFC000000, 0, 0, 8, V | W},  {0xFC400000, 0, 0, 8, V},
};

static const struct row forms[] = {
    {0x01000000, 0xFFC00000, UIMM, 0, 0}, {0x00000000, 0xFFE00C00, IMM9, 0, 0},
    {0x00000400, 0xFFE00C00, POST, 0, 0}, {0x00000C00, 0xFFE00C00, PRE, 0, 0},
    {0x00204800, 0xFFE04C00, REG, 0, 0},
};

static const struct row singles[] = {
    /* LDTR and family: general registers only. */
    {0x38000800, 0xFFE00C00, IMM9, 1, W},
    {0x38400800, 0xFFE00C00, IMM9, 1, 0},
    {0x38800800, 0xFFE00C00, IMM9, 1, S | X},
    {0x38C00800, 0xFFE00C00, IMM9, 1, S},
    {0x78000800, 0xFFE00C00, IMM9, 2, W},
    {0x78400800, 0xFFE00C00, IMM9, 2, 0},
    {0x78800800, 0xFFE00C00, IMM9, 2, S | X},
    {0x78C00800, 0xFFE00C00, IMM9, 2, S},
    {0xB8000800, 0xFFE00C00, IMM9, 4, W},
    {0xB8400800, 0xFFE00C00, IMM9, 4, 0},
    {0xB8800800, 0xFFE00C00, IMM9, 4, S | X},
    {0xF8000800, 0xFFE00C00, IMM9, 8, W | X},
    {0xF8400800, 0xFFE00C00, IMM9, 8, X},
    /* STNP, LDNP; STP, LDP, LDPSW: post-index, offset, pre-index. */
    {0x28000000, 0xFFC00000, PAIR, 4, W},
    {0x28400000, 0xFFC00000, PAIR, 4, 0},
    {0xA8000000, 0xFFC00000, PAIR, 8, W | X},
    {0xA8400000, 0xFFC00000, PAIR, 8, X},
    {0x2C000000, 0xFFC00000, PAIR, 4, V | W},
    {0x2C400000, 0xFFC00000, PAIR, 4, V},
    {0x6C000000, 0xFFC00000, PAIR, 8, V | W},
    {0x6C400000, 0xFFC00000, PAIR, 8, V},
    {0xAC000000, 0xFFC00000, PAIR, 16, V | W},
    {0xAC400000, 0xFFC00000, PAIR, 16, V},
    {0x28800000, 0xFFC00000, PAIR_POST, 4, W},
    {0x28C00000, 0xFFC00000, PAIR_POST, 4, 0},
    {0x68C00000, 0xFFC00000, PAIR_POST, 4, S | X},
    {0xA8800000, 0xFFC00000, PAIR_POST, 8, W | X},
    {0xA8C00000, 0xFFC00000, PAIR_POST, 8, X},
    {0x2C800000, 0xFFC00000, PAIR_POST, 4, V | W},
    {0x2CC00000, 0xFFC00000, PAIR_POST, 4, V},
    {0x6C800000, 0xFFC00000, PAIR_POST, 8, V | W},
    {0x6CC00000, 0xFFC00000, PAIR_POST, 8, V},
    {0xAC800000, 0xFFC00000, PAIR_POST, 16, V | W},
    {0xACC00000, 0xFFC00000, PAIR_POST, 16, V},
    {0x29000000, 0xFFC00000, PAIR, 4, W},
    {0x29400000, 0xFFC00000, PAIR, 4, 0},
    {0x69400000, 0xFFC00000, PAIR, 4, S | X},
    {0xA9000000, 0xFFC00000, PAIR, 8, W | X},
    {0xA9400000, 0xFFC00000, PAIR, 8, X},
    {0x2D000000, 0xFFC00000, PAIR, 4, V | W},
    {0x2D400000, 0xFFC00000, PAIR, 4, V},
    {0x6D000000, 0xFFC00000, PAIR, 8, V | W},
    {0x6D400000, 0xFFC00000, PAIR, 8, V},
    {0xAD000000, 0xFFC00000, PAIR, 16, V | W},
    {0xAD400000, 0xFFC00000, PAIR, 16, V},
    {0x29800000, 0xFFC00000, PAIR_PRE, 4, W},
    {0x29C00000, 0xFFC00000, PAIR_PRE, 4, 0},
    {0x69C00000, 0xFFC00000, PAIR_PRE, 4, S | X},
    {0xA9800000, 0xFFC00000, PAIR_PRE, 8, W | X},
    {0xA9C00000, 0xFFC00000, PAIR_PRE, 8, X},
    {0x2D800000, 0xFFC00000, PAIR_PRE, 4, V | W},
    {0x2DC00000, 0xFFC00000, PAIR_PRE, 4, V},
    {0x6D800000, 0xFFC00000, PAIR_PRE, 8, V | W},
    {0x6DC00000, 0xFFC00000, PAIR_PRE, 8, V},
    {0xAD800000, 0xFFC00000, PAIR_PRE, 16, V | W},
    {0xADC00000, 0xFFC00000, PAIR_PRE, 16, V},
    /* STLLR, STLR, LDLAR, LDAR: bits 20:16 and 14:10 should be one and do not matter. */
    {0x08800000, 0xFFE08000, PLAIN, 1, O | W},
    {0x08808000, 0xFFE08000, PLAIN, 1, O | W},
    {0x08C00000, 0xFFE08000, PLAIN, 1, O},
    {0x08C08000, 0xFFE08000, PLAIN, 1, O},
    {0x48800000, 0xFFE08000, PLAIN, 2, O | W},
    {0x48808000, 0xFFE08000, PLAIN, 2, O | W},
    {0x48C00000, 0xFFE08000, PLAIN, 2, O},
    {0x48C08000, 0xFFE08000, PLAIN, 2, O},
    {0x88800000, 0xFFE08000, PLAIN, 4, O | W},
    {0x88808000, 0xFFE08000, PLAIN, 4, O | W},
    {0x88C00000, 0xFFE08000, PLAIN, 4, O},
    {0x88C08000, 0xFFE08000, PLAIN, 4, O},
    {0xC8800000, 0xFFE08000, PLAIN, 8, O | W | X},
    {0xC8808000, 0xFFE08000, PLAIN, 8, O | W | X},
    {0xC8C00000, 0xFFE08000, PLAIN, 8, O | X},
    {0xC8C08000, 0xFFE08000, PLAIN, 8, O | X},
    /* LDAPR. */
    {0x38BFC000, 0xFFFFFC00, PLAIN, 1, O},
    {0x78BFC000, 0xFFFFFC00, PLAIN, 2, O},
    {0xB8BFC000, 0xFFFFFC00, PLAIN, 4, O},
    {0xF8BFC000, 0xFFFFFC00, PLAIN, 8, O | X},
    /* STLUR, LDAPUR and family. */
    {0x19000000, 0xFFE00C00, IMM9, 1, O | W},
    {0x19400000, 0xFFE00C00, IMM9, 1, O},
    {0x19800000, 0xFFE00C00, IMM9, 1, O | S | X},
    {0x19C00000, 0xFFE00C00, IMM9, 1, O | S},
    {0x59000000, 0xFFE00C00, IMM9, 2, O | W},
    {0x59400000, 0xFFE00C00, IMM9, 2, O},
    {0x59800000, 0xFFE00C00, IMM9, 2, O | S | X},
    {0x59C00000, 0xFFE00C00, IMM9, 2, O | S},
    {0x99000000, 0xFFE00C00, IMM9, 4, O | W},
    {0x99400000, 0xFFE00C00, IMM9, 4, O},
    {0x99800000, 0xFFE00C00, IMM9, 4, O | S | X},
    {0xD9000000, 0xFFE00C00, IMM9, 8, O | W | X},
    {0xD9400000, 0xFFE00C00, IMM9, 8, O | X},
    /* Literals. */
    {0x18000000, 0xFF000000, LITERAL, 4, 0},
    {0x58000000, 0xFF000000, LITERAL, 8, X},
    {0x98000000, 0xFF000000, LITERAL, 4, S | X},
    {0x1C000000, 0xFF000000, LITERAL, 4, V},
    {0x5C000000, 0xFF000000, LITERAL, 8, V},
    {0x9C000000, 0xFF000000, LITERAL, 16, V},
};

/* Instructions that touch memory in ways that no device can answer. */
static const struct row refused[] = {
    {0x08000000, 0x3FA00000, 0, 0, 0}, /* STXR, LDXR, STLXR, LDAXR */
    {0x08207C00, 0xBFA07C00, 0, 0, 0}, /* CASP */
    {0x88200000, 0xBFA00000, 0, 0, 0}, /* STXP, LDXP and ordered */
    {0x08A07C00, 0x3FA07C00, 0, 0, 0}, /* CAS */
    {0x38200000, 0x3F208C00, 0, 0, 0}, /* LDADD .. LDUMIN */
    {0x38208000, 0x3F20FC00, 0, 0, 0}, /* SWP */
    {0xF8200400, 0xFF200400, 0, 0, 0}, /* LDRAA, LDRAB */
    {0x0C000000, 0xBFBF0000, 0, 0, 0}, /* LD1..LD4, ST1..ST4 (multiple) */
    {0x0C800000, 0xBFA00000, 0, 0, 0}, /* the same, post-index */
    {0x0D000000, 0xBF9F0000, 0, 0, 0}, /* single structures */
    {0x0D800000, 0xBF800000, 0, 0, 0}, /* the same, post-index */
    {0xD9200000, 0xFF200000, 0, 0, 0}, /* LDG, STG, ST2G, ... */
    {0x68000000, 0xFFC00000, 0, 0, 1}, /* the no-allocate hole of STGP is not one */
    {0x68800000, 0xFFC00000, 0, 0, 0}, /* STGP */
    {0x69000000, 0xFFC00000, 0, 0, 0},
    {0x69800000, 0xFFC00000, 0, 0, 0},
};

#define TABLE_MAX 300U
static struct row table[TABLE_MAX];
static unsigned table_count;

static void build_table(void)
{
    table_count = 0;
    for (unsigned f = 0; f < ARRAY_COUNT(forms); f++) {
        for (unsigned k = 0; k < ARRAY_COUNT(kinds); k++) {
            table[table_count++] =
                (struct row){kinds[k].match | forms[f].match, forms[f].mask, forms[f].form,
                             kinds[k].size, kinds[k].flags};
        }
    }
    for (unsigned s = 0; s < ARRAY_COUNT(singles); s++) {
        table[table_count++] = singles[s];
    }
    CHECK(table_count <= TABLE_MAX);
}

/* Rows by the top ten bits, so that each word meets few of them. */
static const struct row *find(uint32_t word)
{
    static uint16_t buckets[1024][24];
    static uint8_t counts[1024];
    static bool is_built;
    if (!is_built) {
        is_built = true;
        for (unsigned top = 0; top < 1024U; top++) {
            for (unsigned r = 0; r < table_count; r++) {
                const uint32_t mask = table[r].mask & 0xFFC00000U;
                if (((top << 22) & mask) == (table[r].match & mask)) {
                    CHECK(counts[top] < 24U);
                    buckets[top][counts[top]++] = (uint16_t)r;
                }
            }
        }
    }
    const struct row *found = NULL;
    for (unsigned i = 0; i < counts[word >> 22]; i++) {
        const struct row *const r = &table[buckets[word >> 22][i]];
        if ((word & r->mask) == r->match) {
            CHECK_MSG(found == NULL, "two rows for %08x", word);
            found = r;
        }
    }
    return found;
}

static int64_t sign_extend(uint32_t value, unsigned bits)
{
    return ((int64_t)((uint64_t)value << (64U - bits))) >> (64U - bits);
}

static bool is_pair(const struct row *r)
{
    return r->form == PAIR || r->form == PAIR_POST || r->form == PAIR_PRE;
}

static bool writes_back(const struct row *r)
{
    return r->form == POST || r->form == PRE || r->form == PAIR_POST || r->form == PAIR_PRE;
}

static int64_t offset_of(const struct row *r, uint32_t word)
{
    switch (r->form) {
    case UIMM:
        return (int64_t)((word >> 10) & 0xFFFU) * r->size;
    case IMM9:
    case POST:
    case PRE:
        return sign_extend((word >> 12) & 0x1FFU, 9);
    case PAIR:
    case PAIR_POST:
    case PAIR_PRE:
        return sign_extend((word >> 15) & 0x7FU, 7) * r->size;
    case LITERAL:
        return sign_extend((word >> 5) & 0x7FFFFU, 19) * 4;
    default:
        return 0;
    }
}

static uint8_t addressing_of(const struct row *r)
{
    switch (r->form) {
    case POST:
    case PAIR_POST:
        return MMIO_POST_INDEX;
    case PRE:
    case PAIR_PRE:
        return MMIO_PRE_INDEX;
    case REG:
        return MMIO_REGISTER;
    case LITERAL:
        return MMIO_LITERAL;
    default:
        return MMIO_OFFSET;
    }
}

static bool is_unpredictable(const struct row *r, uint32_t word)
{
    const unsigned rt = word & 31U;
    const unsigned rn = (word >> 5) & 31U;
    const unsigned rt2 = (word >> 10) & 31U;
    const bool moves_base = (r->flags & V) == 0U && (rt == rn || (is_pair(r) && rt2 == rn));
    if (writes_back(r) && rn != 31U && moves_base) {
        return true;
    }
    return is_pair(r) && (r->flags & W) == 0U && rt == rt2;
}

static void check_word(uint32_t word)
{
    struct mmio_instruction i;
    const enum mmio_decode_result result = mmio_decode(word, &i);
    const struct row *const r = find(word);
    if (r == NULL || is_unpredictable(r, word)) {
        CHECK_MSG(result != MMIO_DECODED, "%08x was decoded", word);
        return;
    }
    CHECK_MSG(result == MMIO_DECODED, "%08x was not decoded", word);
    CHECK_MSG(i.is_write == ((r->flags & W) != 0U), "%08x direction", word);
    CHECK_MSG(i.is_signed == ((r->flags & S) != 0U), "%08x sign", word);
    CHECK_MSG(i.is_simd == ((r->flags & V) != 0U), "%08x registers", word);
    CHECK_MSG(i.is_ordered == ((r->flags & O) != 0U), "%08x order", word);
    CHECK_MSG(i.is_pair == is_pair(r), "%08x pair", word);
    CHECK_MSG(i.size_bytes == r->size, "%08x size", word);
    CHECK_MSG(i.is_simd || i.is_64bit == ((r->flags & X) != 0U), "%08x width", word);
    CHECK_MSG(i.addressing == addressing_of(r), "%08x addressing", word);
    CHECK_MSG(i.offset == offset_of(r, word), "%08x offset", word);
    CHECK_MSG(i.rt == (word & 31U) && i.rn == ((word >> 5) & 31U), "%08x rt, rn", word);
    CHECK_MSG(!i.is_pair || i.rt2 == ((word >> 10) & 31U), "%08x rt2", word);
    if (r->form == REG) {
        const unsigned shift = (unsigned)__builtin_ctz(r->size);
        CHECK_MSG(i.rm == ((word >> 16) & 31U), "%08x rm", word);
        CHECK_MSG(i.extend == ((word >> 13) & 7U), "%08x extend", word);
        CHECK_MSG(i.shift == ((((word >> 12) & 1U) != 0U) ? shift : 0U), "%08x shift", word);
    }
}

/* Spreads 20 bits over bits 31:10 with bit 27 set and bit 25 clear: op0 is x1x0. */
static uint32_t load_store_word(uint32_t n, uint32_t low)
{
    const uint32_t top = ((n >> 17) & 7U) << 29 | ((n >> 16) & 1U) << 28 | BIT(27) |
                         ((n >> 15) & 1U) << 26;
    return top | (n & 0x7FFFU) << 10 | low;
}

/* Rt and Rn: different, the same, 31 on either side, and equal to likely values of Rt2. */
static const uint32_t lows[] = {
    0U | 1U << 5, 1U | 1U << 5, 31U | 31U << 5, 31U | 4U << 5, 4U | 31U << 5, 0U | 2U << 5,
};

TEST(every_load_and_store)
{
    build_table();
    for (uint32_t n = 0; n < 1U << 20; n++) {
        for (unsigned l = 0; l < ARRAY_COUNT(lows); l++) {
            check_word(load_store_word(n, lows[l]));
        }
    }
}

TEST(random_words)
{
    build_table();
    for (unsigned n = 0; n < 3000000U; n++) {
        const uint32_t word = (uint32_t)test_random();
        if ((word & (BIT(27) | BIT(25))) == BIT(27)) {
            check_word(word);
        } else {
            struct mmio_instruction i;
            CHECK_EQ(mmio_decode(word, &i), MMIO_NO_ACCESS);
        }
    }
}

TEST(what_touches_memory_otherwise_is_named_so)
{
    struct mmio_instruction i;
    for (unsigned r = 0; r < ARRAY_COUNT(refused); r++) {
        const enum mmio_decode_result expected =
            (refused[r].flags == 0U) ? MMIO_NOT_EMULATED : MMIO_NO_ACCESS;
        for (unsigned n = 0; n < 20000U; n++) {
            const uint32_t word =
                refused[r].match | ((uint32_t)test_random() & ~refused[r].mask);
            const bool is_ldapr = (word & 0x3FFFFC00U) == 0x38BFC000U;
            CHECK_MSG(is_ldapr || mmio_decode(word, &i) == expected, "%08x", word);
        }
    }
}

/* Prefetches make no access that could fault, so one at a device is not believed. */
TEST(prefetches_are_no_accesses)
{
    struct mmio_instruction i;
    CHECK_EQ(mmio_decode(0xF9800000, &i), MMIO_NO_ACCESS); /* PRFM [x0] */
    CHECK_EQ(mmio_decode(0xF8800000, &i), MMIO_NO_ACCESS); /* PRFUM */
    CHECK_EQ(mmio_decode(0xF8A04800, &i), MMIO_NO_ACCESS); /* PRFM [x0, w0, uxtw] */
    CHECK_EQ(mmio_decode(0xD8000000, &i), MMIO_NO_ACCESS); /* PRFM literal */
}
