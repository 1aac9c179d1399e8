/* A small reader of flattened devicetrees, for comparing the firmware's with what the image was
 * built for [Devicetree Specification v0.4, chapter 5]. Reads only inside [blob, blob + size);
 * every step is bounded by the size, whatever the blob contains. */
#ifndef CORE_FDT_H
#define CORE_FDT_H

#include "lib/types.h"

struct fdt {
    const uint8_t *blob;
    uint32_t struct_start; /* offsets into the blob, bytes; of the structure whole words */
    uint32_t struct_end;
    uint32_t strings_start;
    uint32_t strings_end;
};

/* A property as the walk meets it. */
struct fdt_property {
    const char *name;      /* NUL-terminated inside the blob */
    const uint8_t *value;
    uint32_t bytes;
    unsigned depth;        /* of its node: 1 is the root */
    const char *node;      /* the node's name, with unit address; "" for the root */
    const char *parent;    /* the name of the node above, "" at depth 1 and 2 */
};

#define FDT_MAX_BYTES (2U * 1024U * 1024U)

/* True when a well-formed devicetree of at most max_bytes starts at `blob` (8-byte aligned). */
bool fdt_open(struct fdt *fdt, const void *blob, uint32_t max_bytes);

typedef void (*fdt_visitor)(void *context, const struct fdt_property *p);
/* Calls `visit` for each property in order. False when the structure is malformed; then the
 * properties before the damage have been visited. */
bool fdt_walk(const struct fdt *fdt, fdt_visitor visit, void *context);

/* Of a property's value: cells are 4-byte aligned [Devicetree Specification v0.4, 5.4.1]. */
uint32_t fdt_u32(const uint8_t *value);
uint64_t fdt_u64(const uint8_t *value);

#endif
