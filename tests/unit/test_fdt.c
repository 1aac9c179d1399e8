/* sources: core/fdt.c */
/* The devicetree reader: a good tree is visited whole, and no damage makes it leave the blob. */
#include "core/fdt.h"

#include <stdlib.h>

#include "test.h"

struct builder {
    uint8_t structure[512];
    uint32_t structure_bytes;
    uint8_t strings[128];
    uint32_t strings_bytes;
};

static void put32(uint8_t *at, uint32_t v)
{
    at[0] = (uint8_t)(v >> 24);
    at[1] = (uint8_t)(v >> 16);
    at[2] = (uint8_t)(v >> 8);
    at[3] = (uint8_t)v;
}

static void token(struct builder *b, uint32_t v)
{
    put32(&b->structure[b->structure_bytes], v);
    b->structure_bytes += 4;
}

static void text(struct builder *b, const char *s)
{
    memcpy(&b->structure[b->structure_bytes], s, strlen(s) + 1);
    b->structure_bytes += (uint32_t)(strlen(s) + 4) & ~3U;
}

static void begin(struct builder *b, const char *name)
{
    token(b, 1);
    text(b, name);
}

static void property(struct builder *b, const char *name, const void *value, uint32_t bytes)
{
    token(b, 3);
    token(b, bytes);
    token(b, b->strings_bytes);
    memcpy(&b->strings[b->strings_bytes], name, strlen(name) + 1);
    b->strings_bytes += (uint32_t)strlen(name) + 1;
    memcpy(&b->structure[b->structure_bytes], value, bytes);
    b->structure_bytes += (bytes + 3) & ~3U;
}

/* A blob of exactly its size on the heap, so that ASan sees a read outside it. */
static uint8_t *finish(const struct builder *b, uint32_t *total)
{
    *total = 40 + b->structure_bytes + b->strings_bytes;
    uint8_t *blob = calloc(1, *total);

    put32(blob, 0xd00dfeed);
    put32(blob + 4, *total);
    put32(blob + 8, 40);
    put32(blob + 12, 40 + b->structure_bytes);
    put32(blob + 20, 17);
    put32(blob + 32, b->strings_bytes);
    put32(blob + 36, b->structure_bytes);
    memcpy(blob + 40, b->structure, b->structure_bytes);
    memcpy(blob + 40 + b->structure_bytes, b->strings, b->strings_bytes);
    return blob;
}

static uint8_t *sample(uint32_t *total)
{
    struct builder b = {.structure_bytes = 0};
    const uint8_t two[4] = {0, 0, 0, 2};

    begin(&b, "");
    property(&b, "#address-cells", two, 4);
    begin(&b, "cpus");
    begin(&b, "cpu@1");
    property(&b, "reg", two, 4);
    token(&b, 2);
    token(&b, 2);
    token(&b, 4); /* NOP */
    token(&b, 2);
    token(&b, 9);
    return finish(&b, total);
}

struct seen {
    unsigned count;
    char text[256];
    uint32_t sum;
};

static void visit(void *context, const struct fdt_property *p)
{
    struct seen *s = context;
    char line[80];

    snprintf(line, sizeof(line), "%u %.20s<%.20s>%.20s;", p->depth, p->parent, p->node, p->name);
    if (strlen(s->text) + strlen(line) < sizeof(s->text)) {
        strcat(s->text, line);
    }
    for (uint32_t i = 0; i < p->bytes; i++) {
        s->sum += p->value[i];
    }
    s->count++;
}

TEST(a_good_tree_is_visited_in_order)
{
    uint32_t total = 0;
    uint8_t *blob = sample(&total);
    struct fdt fdt;
    struct seen seen = {0};

    CHECK(fdt_open(&fdt, blob, total));
    CHECK(fdt_walk(&fdt, visit, &seen));
    CHECK_STR(seen.text, "1 <>#address-cells;3 cpus<cpu@1>reg;");
    free(blob);
}

TEST(every_truncation_ends_inside_the_blob)
{
    uint32_t total = 0;
    uint8_t *blob = sample(&total);

    for (uint32_t bytes = 0; bytes < total; bytes++) {
        uint8_t *cut = malloc(bytes + (bytes == 0));
        struct fdt fdt;

        memcpy(cut, blob, bytes);
        CHECK(!fdt_open(&fdt, cut, bytes)); /* totalsize is larger than what there is */
        free(cut);
    }
    free(blob);
}

TEST(every_damaged_byte_ends_inside_the_blob)
{
    uint32_t total = 0;
    uint8_t *blob = sample(&total);

    for (uint32_t at = 0; at < total; at++) {
        for (unsigned value = 0; value < 256; value++) {
            struct fdt fdt;
            struct seen seen = {0};
            const uint8_t before = blob[at];

            blob[at] = (uint8_t)value;
            if (fdt_open(&fdt, blob, total)) {
                (void)fdt_walk(&fdt, visit, &seen);
                CHECK(seen.count <= total / 12U);
            }
            blob[at] = before;
        }
    }
    free(blob);
}

TEST(random_damage_ends_inside_the_blob)
{
    uint32_t total = 0;
    uint8_t *blob = sample(&total);
    uint8_t *work = malloc(total);

    for (unsigned round = 0; round < 20000; round++) {
        struct fdt fdt;
        struct seen seen = {0};

        memcpy(work, blob, total);
        for (unsigned i = 0; i < 4; i++) {
            work[40 + test_random() % (total - 40)] = (uint8_t)test_random();
        }
        if (fdt_open(&fdt, work, total)) {
            (void)fdt_walk(&fdt, visit, &seen);
        }
    }
    free(work);
    free(blob);
}

TEST(depth_is_bounded)
{
    struct builder b = {.structure_bytes = 0};
    struct fdt fdt;
    struct seen seen = {0};
    uint32_t total = 0;

    for (unsigned i = 0; i < 40; i++) {
        begin(&b, "n");
    }
    uint8_t *blob = finish(&b, &total);
    CHECK(fdt_open(&fdt, blob, total));
    CHECK(!fdt_walk(&fdt, visit, &seen));
    free(blob);
}
