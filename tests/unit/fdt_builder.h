/* Builds small devicetrees for tests [Devicetree Specification v0.4, chapter 5]. */
#ifndef FDT_BUILDER_H
#define FDT_BUILDER_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct builder {
    uint8_t structure[2048];
    uint32_t structure_bytes;
    uint8_t strings[512];
    uint32_t strings_bytes;
};

static inline void put32(uint8_t *at, uint32_t v)
{
    at[0] = (uint8_t)(v >> 24);
    at[1] = (uint8_t)(v >> 16);
    at[2] = (uint8_t)(v >> 8);
    at[3] = (uint8_t)v;
}

static inline void token(struct builder *b, uint32_t v)
{
    put32(&b->structure[b->structure_bytes], v);
    b->structure_bytes += 4;
}

static inline void text(struct builder *b, const char *s)
{
    memcpy(&b->structure[b->structure_bytes], s, strlen(s) + 1);
    b->structure_bytes += (uint32_t)(strlen(s) + 4) & ~3U;
}

static inline void begin(struct builder *b, const char *name)
{
    token(b, 1);
    text(b, name);
}

static inline void property(struct builder *b, const char *name, const void *value, uint32_t bytes)
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
static inline uint8_t *finish(const struct builder *b, uint32_t *total)
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

static inline void end(struct builder *b)
{
    token(b, 2);
}

#endif
