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

uint32_t fdt_u32(const uint8_t *value)
{
    return ((uint32_t)value[0] << 24) | ((uint32_t)value[1] << 16) | ((uint32_t)value[2] << 8) |
           value[3];
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
    *fdt = (struct fdt){b, struct_start, struct_start + struct_bytes, strings_start,
                        strings_start + strings_bytes};
    return true;
}

/* Bytes of the string at `at` with its NUL, or 0 when it does not end before `end`. */
static uint32_t string_bytes(const struct fdt *fdt, uint32_t at, uint32_t end)
{
    for (uint32_t i = at; i < end; i++) {
        if (fdt->blob[i] == 0U) {
            return i - at + 1U;
        }
    }
    return 0;
}

struct walk {
    const char *names[FDT_MAX_DEPTH + 1U]; /* names[d]: the node open at depth d */
    unsigned depth;
    uint32_t at;
};

static bool walk_begin_node(const struct fdt *fdt, struct walk *w)
{
    const uint32_t bytes = string_bytes(fdt, w->at, fdt->struct_end);

    if (bytes == 0U || w->depth == FDT_MAX_DEPTH) {
        return false;
    }
    w->depth++;
    w->names[w->depth] = (const char *)&fdt->blob[w->at];
    w->at += (bytes + 3U) & ~3U;
    return true;
}

static bool walk_property(const struct fdt *fdt, struct walk *w, fdt_visitor visit, void *context)
{
    if (!fits(w->at, 8, fdt->struct_end) || w->depth == 0U) {
        return false;
    }
    const uint32_t bytes = fdt_u32(&fdt->blob[w->at]);
    const uint32_t name_offset = fdt_u32(&fdt->blob[w->at + 4U]);
    const uint32_t value = w->at + 8U;

    if (!fits(value, bytes, fdt->struct_end) ||
        name_offset >= fdt->strings_end - fdt->strings_start ||
        fdt->blob[fdt->strings_end - 1U] != 0U) { /* else every name in the block has an end */
        return false;
    }
    const struct fdt_property p = {
        .name = (const char *)&fdt->blob[fdt->strings_start + name_offset],
        .value = &fdt->blob[value],
        .bytes = bytes,
        .depth = w->depth,
        .node = w->names[w->depth],
        .parent = (w->depth > 1U) ? w->names[w->depth - 1U] : "",
    };
    visit(context, &p);
    w->at = value + ((bytes + 3U) & ~3U);
    return true;
}

bool fdt_walk(const struct fdt *fdt, fdt_visitor visit, void *context)
{
    struct walk w = {.depth = 0, .at = fdt->struct_start};

    while (fits(w.at, 4, fdt->struct_end)) {
        const uint32_t token = fdt_u32(&fdt->blob[w.at]);
        bool ok = true;

        w.at += 4U;
        if (token == FDT_BEGIN_NODE) {
            ok = walk_begin_node(fdt, &w);
        } else if (token == FDT_PROP) {
            ok = walk_property(fdt, &w, visit, context);
        } else if (token == FDT_END_NODE) {
            ok = w.depth > 0U;
            w.depth -= ok ? 1U : 0U;
        } else if (token == FDT_END) {
            return w.depth == 0U;
        } else {
            ok = token == FDT_NOP;
        }
        if (!ok) {
            return false;
        }
    }
    return false;
}
