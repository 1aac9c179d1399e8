/* Bounded walk over a flattened devicetree; core/fdt.h.
 * @req CORE-10 */
#include "core/fdt.h"

#define FDT_MAGIC 0xD00DFEEDU
#define FDT_HEADER_BYTES 40U
#define FDT_BEGIN_NODE 1U
#define FDT_END_NODE 2U
#define FDT_PROP 3U
#define FDT_NOP 4U
#define FDT_END 9U
#define FDT_MAX_DEPTH 16U

/* May alias the bytes that it stands for. */
typedef uint32_t __attribute__((may_alias)) be32_t;

uint32_t fdt_u32(const uint8_t *value)
{
    return __builtin_bswap32(*(const be32_t *)(const void *)value);
}

uint64_t fdt_u64(const uint8_t *value)
{
    return ((uint64_t)fdt_u32(value) << 32) | fdt_u32(value + 4);
}

/* [start, start + bytes) lies inside [0, total), without overflow. */
static bool fits(uint32_t start, uint32_t bytes, uint32_t total)
{
    return start <= total && bytes <= total - start;
}

bool fdt_open(struct fdt *fdt, const void *blob, uint32_t max_bytes)
{
    const uint8_t *b = blob;

    if (max_bytes < FDT_HEADER_BYTES || fdt_u32(b) != FDT_MAGIC) {
        return false;
    }
    const uint32_t total = fdt_u32(b + 4);
    const uint32_t struct_start = fdt_u32(b + 8);
    const uint32_t strings_start = fdt_u32(b + 12);
    const uint32_t strings_bytes = fdt_u32(b + 32);
    const uint32_t struct_bytes = fdt_u32(b + 36);

    if (total > max_bytes || (struct_start & 3U) != 0U ||
        !fits(struct_start, struct_bytes, total) || !fits(strings_start, strings_bytes, total)) {
        return false;
    }
    /* The last string has an end, and so has every name that starts in the block. */
    if (strings_bytes != 0U && b[strings_start + strings_bytes - 1U] != 0U) {
        return false;
    }
    *fdt = (struct fdt){b, struct_start, struct_start + (struct_bytes & ~3U), strings_start,
                        strings_start + strings_bytes};
    return true;
}

/* Bytes up to the end of the word that ends the string at `at`; 0 when it does not end before the
 * structure does. A word at a time: less one in each byte borrows into bit 7 of the lowest byte
 * that is 0, and of bytes above it at most. */
static uint32_t padded_bytes(const struct fdt *fdt, uint32_t at)
{
    const uint32_t ones = 0x01010101U;

    for (uint32_t i = at; i < fdt->struct_end; i += 4U) {
        const uint32_t word = *(const be32_t *)(const void *)&fdt->blob[i];

        if (((word - ones) & ~word & (ones << 7)) != 0U) {
            return i - at + 4U;
        }
    }
    return 0;
}

struct walk {
    const char *names[FDT_MAX_DEPTH + 1U]; /* names[d]: the node open at depth d */
    struct fdt_property p;                 /* what is visited: of its node, and the property */
    uint32_t at;                           /* 4-byte aligned, as struct_end is */
};

/* The properties that follow are of the node open at `depth`. */
static void enter_depth(struct walk *w, unsigned depth)
{
    w->p.depth = depth;
    w->p.node = w->names[depth];
    w->p.parent = (depth > 1U) ? w->names[depth - 1U] : "";
}

static bool walk_begin_node(const struct fdt *fdt, struct walk *w)
{
    const uint32_t bytes = padded_bytes(fdt, w->at);
    const unsigned depth = w->p.depth + 1U;

    if (bytes == 0U || depth > FDT_MAX_DEPTH) {
        return false;
    }
    w->names[depth] = (const char *)&fdt->blob[w->at];
    enter_depth(w, depth);
    w->at += bytes;
    return true;
}

static bool walk_end_node(struct walk *w)
{
    if (w->p.depth == 0U) {
        return false;
    }
    enter_depth(w, w->p.depth - 1U);
    return true;
}

static bool walk_property(const struct fdt *fdt, struct walk *w, fdt_visitor visit, void *context)
{
    if (fdt->struct_end - w->at < 8U || w->p.depth == 0U) {
        return false;
    }
    const uint32_t bytes = fdt_u32(&fdt->blob[w->at]);
    const uint32_t name_offset = fdt_u32(&fdt->blob[w->at + 4U]);
    const uint32_t value = w->at + 8U;

    if (bytes > fdt->struct_end - value || name_offset >= fdt->strings_end - fdt->strings_start) {
        return false;
    }
    w->p.name = (const char *)&fdt->blob[fdt->strings_start + name_offset];
    w->p.value = &fdt->blob[value];
    w->p.bytes = bytes;
    visit(context, &w->p);
    w->at = value + ((bytes + 3U) & ~3U);
    return true;
}

bool fdt_walk(const struct fdt *fdt, fdt_visitor visit, void *context)
{
    struct walk w = {.names = {""}, .at = fdt->struct_start};

    while (w.at < fdt->struct_end) {
        const uint32_t token = fdt_u32(&fdt->blob[w.at]);
        bool ok = true;

        w.at += 4U;
        if (token == FDT_PROP) {
            ok = walk_property(fdt, &w, visit, context);
        } else if (token == FDT_BEGIN_NODE) {
            ok = walk_begin_node(fdt, &w);
        } else if (token == FDT_END_NODE) {
            ok = walk_end_node(&w);
        } else if (token == FDT_END) {
            return w.p.depth == 0U;
        } else {
            ok = token == FDT_NOP;
        }
        if (!ok) {
            return false;
        }
    }
    return false;
}
