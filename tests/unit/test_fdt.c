/* sources: core/fdt.c */
/* The devicetree reader: a good tree is visited whole, and no damage makes it leave the blob.
 * @req CORE-10 */
#include "core/fdt.h"

#include "fdt_builder.h"
#include "test.h"

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

/* Names are read a word at a time: each length ends in another byte of its word. Bytes from 0x80
 * up, next to the end, are no ends. */
TEST(names_of_every_length_end_where_they_end)
{
    static const char *const names[] = {"a", "ab", "abc", "abcd", "abcde", "abc\xff", "ab\x81\xff",
                                        "\x01", "\x01\x01\x01"};
    struct builder b = {.structure_bytes = 0};
    struct fdt fdt;
    struct seen seen = {0};
    char expected[256] = "";
    uint32_t total = 0;

    begin(&b, "");
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        begin(&b, names[i]);
        property(&b, "p", "", 0);
        end(&b);
        sprintf(expected + strlen(expected), "2 <%s>p;", names[i]);
    }
    end(&b);
    token(&b, 9);
    uint8_t *blob = finish(&b, &total);
    CHECK(fdt_open(&fdt, blob, total));
    CHECK(fdt_walk(&fdt, visit, &seen));
    CHECK_STR(seen.text, expected);
    free(blob);
}

TEST(a_strings_block_without_an_end_is_refused)
{
    uint32_t total = 0;
    uint8_t *blob = sample(&total);
    struct fdt fdt;

    blob[total - 1] = 'x';
    CHECK(!fdt_open(&fdt, blob, total));
    free(blob);
}

/* A property that follows a subnode belongs to the node around it. */
TEST(properties_are_of_the_node_that_is_open)
{
    struct builder b = {.structure_bytes = 0};
    struct fdt fdt;
    struct seen seen = {0};
    uint32_t total = 0;

    begin(&b, "");
    begin(&b, "one");
    begin(&b, "inner");
    end(&b);
    property(&b, "p", "", 0);
    end(&b);
    property(&b, "q", "", 0);
    end(&b);
    token(&b, 9);
    uint8_t *blob = finish(&b, &total);
    CHECK(fdt_open(&fdt, blob, total));
    CHECK(fdt_walk(&fdt, visit, &seen));
    CHECK_STR(seen.text, "2 <one>p;1 <>q;");
    free(blob);
}
