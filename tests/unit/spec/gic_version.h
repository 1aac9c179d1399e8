/* Between spec/gic.c and spec/gic_v3.c or spec/gic_v2.c: what of the registers depends on the
 * version of the GIC. */
#ifndef SPEC_GIC_VERSION_H
#define SPEC_GIC_VERSION_H

#include "spec/gic.h"

/* --- spec/gic.c has -------------------------------------------------------------------------- */

enum spec_field {
    FIELD_NONE,
    FIELD_GROUP,
    FIELD_ENABLE,
    FIELD_DISABLE,
    FIELD_SET_PENDING,
    FIELD_CLEAR_PENDING,
    FIELD_SET_ACTIVE,
    FIELD_CLEAR_ACTIVE,
    FIELD_PRIORITY,
    FIELD_CONFIG,
    FIELD_SET_SOURCES,
    FIELD_CLEAR_SOURCES,
    FIELD_ROUTE, /* the version's to read and write */
};

/* Registers with a field of `bits` for each of `count` INTIDs, from `base`. */
struct spec_row {
    uint32_t base;
    uint16_t count;
    uint8_t bits;
    uint8_t widths; /* bytes, or-ed */
    enum spec_field field;
};

/* To one interrupt: its registers show it at once, its life follows. */
void spec_change(unsigned cpu, unsigned intid, enum spec_event_kind kind, uint8_t argument);
void spec_change_all(struct spec_event e);
/* The enables of the groups in GICD_CTLR. */
uint32_t spec_ctlr_groups(void);

static inline struct spec_value spec_exactly(uint64_t value)
{
    return (struct spec_value){value, ~value};
}

static inline bool spec_is_word(const struct spec_place *at, enum spec_frame frame, uint32_t offset)
{
    return at->frame == frame && at->offset == offset && at->bytes == 4;
}

/* Implementer in GICD_IIDR and its like: Arm's JEP106 code; the rest is the implementation's. */
struct spec_value spec_iidr(void);
/* PIDR4..7, PIDR0..3, CIDR0..3 from `offset` 0, with that architecture's revision: that, JEDEC and
 * the class of a component are known; part number and designer are the implementation's. */
struct spec_value spec_identification(uint32_t offset, unsigned revision);

/* --- the version has ------------------------------------------------------------------------- */

/* Its own registers with fields for single interrupts. */
extern const struct spec_row spec_version_rows[];
extern const unsigned spec_version_row_count;

void spec_version_begin(void);
/* Is it pending by source? */
bool spec_version_has_sources(unsigned intid);
/* vCPUs that an SPI goes to at reset. */
uint8_t spec_version_reset_targets(void);
/* INTIDs whose registers are in the frame: from *begin, below *end. */
void spec_version_frame(enum spec_frame frame, unsigned *begin, unsigned *end);
/* FIELD_ROUTE. */
void spec_version_write_route(const struct spec_place *at, unsigned intid, uint64_t value);
uint64_t spec_version_route(const struct spec_place *at, unsigned intid);
/* Everything but the fields for single interrupts, and writes of GICD_CTLR. */
void spec_version_write(const struct spec_place *at, uint64_t value);
bool spec_version_ignores_writes(const struct spec_place *at);
struct spec_value spec_version_read(const struct spec_place *at);
bool spec_version_read_done(const struct spec_place *at, uint64_t value);
/* Has been seen that the CPU interface of `cpu` is given nothing? */
bool spec_version_is_quiet(unsigned cpu);

#endif
