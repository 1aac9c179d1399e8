/* Walks frames of registers: every offset, with every width and at every alignment, holds what a
 * table says. A header of gicmap.c and gicmapv2.c.
 *
 * A table says where registers are, with their reset values, writable bits and widths; everything
 * else is reserved. Before the guest has written anything, all of it is read: reset values, and
 * zeros elsewhere. Then all of it is written with ones, at each width: registers keep what they
 * can hold, and wrong widths, reserved and read-only places ignore it, as registers do that are
 * accessed where they are not aligned. At the end all is read again and must be as at the
 * beginning. */
#ifndef GICMAP_H
#define GICMAP_H

#include "exception.h"
#include "result.h"

#define SHOWN_MAX 4U /* places that are printed for one verdict */

enum { BYTE = 1, HALF = 2, WORD = 4, DOUBLE = 8 }; /* widths, or-ed */

enum kind {
    READ_ONLY,
    IDENTIFICATION, /* read-only, and learnt: each register differs from the next */
    READ_WRITE,     /* holds the bits of `writable` */
    SET,            /* ones set those of `writable`, zeros do nothing; `partner` clears */
    CLEAR,          /* shows the same; `partner` sets */
    WRITE_ONLY,     /* reads as zero; what writing does is not looked at here */
    ROUTER,         /* IRM takes the affinity away */
    WAKER,          /* ProcessorSleep, which ChildrenAsleep follows */
};

struct row {
    uint32_t first;
    uint32_t bytes; /* of all registers of the row */
    uint32_t unit;  /* of one register */
    unsigned widths;
    enum kind kind;
    uint64_t reset;    /* of one register */
    uint64_t writable; /* of one register */
    uint32_t partner;  /* of the row's first register */
};

/* One frame in the address space. */
struct map {
    const char *name;
    uintptr_t base;
    uint32_t bytes;
    struct row *rows;
    unsigned row_count;
};

#define ROWS(rows) (rows), sizeof(rows) / sizeof((rows)[0])

static unsigned shown;
static unsigned wrong;

static void note(const struct map *m, uint32_t offset, unsigned bytes, uint64_t is,
                 uint64_t expected, const char *when)
{
    wrong++;
    if (shown < SHOWN_MAX) {
        shown++;
        test_fail(m->name, "%s, %u bytes at 0x%x: 0x%lx, expected 0x%lx", when, bytes, offset, is,
                  expected);
    }
}

static uint64_t width_mask(unsigned bytes)
{
    return UINT64_MAX >> (64U - 8U * bytes);
}

static const struct row *find(const struct map *m, uint32_t offset)
{
    for (unsigned i = 0; i < m->row_count; i++) {
        if (offset >= m->rows[i].first && offset - m->rows[i].first < m->rows[i].bytes) {
            return &m->rows[i];
        }
    }
    return NULL;
}

#define IDENTIFICATION_MAX 12U
static uint64_t identification[IDENTIFICATION_MAX]; /* of the frame that is walked */

static void learn_identification(const struct map *m)
{
    for (unsigned i = 0; i < m->row_count; i++) {
        const struct row *const row = &m->rows[i];
        for (uint32_t n = 0; row->kind == IDENTIFICATION && n < row->bytes / 4U; n++) {
            identification[n] = mmio_read32(m->base + row->first + 4U * n);
        }
    }
}

static uint64_t reset_of(const struct row *row, uint32_t offset)
{
    return (row->kind == IDENTIFICATION) ? identification[(offset - row->first) / 4U] : row->reset;
}

static uint64_t expected_at(const struct row *row, uint32_t offset, unsigned bytes, uint64_t value)
{
    const uint32_t within = (offset - row->first) % row->unit;

    return (value >> (8U * within)) & width_mask(bytes);
}

static bool is_allowed(const struct row *row, unsigned bytes)
{
    return row != NULL && (row->widths & bytes) != 0U;
}

static void expect_read(const struct map *m, uint32_t offset, unsigned bytes, uint64_t expected,
                        const char *when)
{
    uint64_t value = 0;
    const struct fault f = probe_read(m->base + offset, bytes, &value);

    if (f.taken || value != expected) {
        note(m, offset, bytes, f.taken ? f.esr : value, expected, when);
    }
}

static void write(const struct map *m, uint32_t offset, unsigned bytes, uint64_t value)
{
    const struct fault f = probe_write(m->base + offset, bytes, value & width_mask(bytes));

    if (f.taken) {
        note(m, offset, bytes, f.esr, 0, "a write faults");
    }
}

/* Everything reads as after reset. */
static void walk_reading(const struct map *m, const char *when)
{
    for (uint32_t offset = 0; offset < m->bytes; offset++) {
        const struct row *const row = find(m, offset);
        for (unsigned bytes = 1; bytes <= 8U && offset % bytes == 0U; bytes *= 2U) {
            const uint64_t expected =
                is_allowed(row, bytes) ? expected_at(row, offset, bytes, reset_of(row, offset)) : 0;
            expect_read(m, offset, bytes, expected, when);
        }
    }
}

/* What a register holds after ones were written to `bytes` at `offset` of it. */
static uint64_t after_ones(const struct row *row, uint32_t offset, unsigned bytes)
{
    const uint64_t written = width_mask(bytes) << (8U * ((offset - row->first) % row->unit));
    uint64_t value = (row->reset & ~row->writable) | (row->writable & written);

    value = (row->kind == ROUTER && ((value >> 31) & 1U) != 0U) ? UINT64_C(1) << 31 : value;
    return (row->kind == WAKER) ? 6U : value;
}

/* Back to the reset value, by the partner where zeros do nothing. */
static void restore(const struct map *m, const struct row *row, uint32_t offset, unsigned bytes)
{
    const uint32_t within = offset - row->first;

    switch (row->kind) {
    case SET:
        write(m, row->partner + within, bytes, UINT64_MAX);
        break;
    case READ_WRITE:
    case ROUTER:
    case WAKER:
        write(m, offset, bytes, expected_at(row, offset, bytes, row->reset));
        break;
    default:
        break;
    }
}

/* A register at one of its widths. */
static void poke_register(const struct map *m, const struct row *row, uint32_t offset,
                          unsigned bytes)
{
    const uint32_t within = offset - row->first;
    const uint64_t all = expected_at(row, offset, bytes, row->writable);
    uint64_t holds = after_ones(row, offset, bytes);

    if (row->kind == WRITE_ONLY) {
        return;
    }
    if (row->kind == CLEAR) {
        write(m, row->partner + within, bytes, UINT64_MAX);
        expect_read(m, offset, bytes, all, "set by its partner");
        holds = 0;
    } else if (row->kind == READ_ONLY || row->kind == IDENTIFICATION) {
        holds = reset_of(row, offset);
    }
    write(m, offset, bytes, UINT64_MAX);
    expect_read(m, offset, bytes, expected_at(row, offset, bytes, holds), "written with ones");
    if (row->kind == SET) {
        expect_read(m, row->partner + within, bytes, all, "the partner shows it");
        write(m, offset, bytes, 0);
        expect_read(m, offset, bytes, all, "zeros do nothing");
    }
    restore(m, row, offset, bytes);
    if (row->kind != READ_ONLY && row->kind != IDENTIFICATION) {
        expect_read(m, offset, bytes, expected_at(row, offset, bytes, row->reset), "put back");
    }
}

/* Neither a register nor, at this width, a part of one. */
static void poke_reserved(const struct map *m, const struct row *row, uint32_t offset,
                          unsigned bytes)
{
    write(m, offset, bytes, UINT64_MAX);
    if (row != NULL && row->kind != WRITE_ONLY) {
        const uint32_t at = row->first + (offset - row->first) / row->unit * row->unit;
        expect_read(m, at, row->unit, reset_of(row, at), "written with a wrong width");
    } else {
        expect_read(m, offset, bytes, 0, "reserved, written");
    }
}

static void walk_writing(const struct map *m)
{
    for (uint32_t offset = 0; offset < m->bytes; offset++) {
        const struct row *const row = find(m, offset);
        for (unsigned bytes = 1; bytes <= 8U && offset % bytes == 0U; bytes *= 2U) {
            if (is_allowed(row, bytes)) {
                poke_register(m, row, offset, bytes);
            } else {
                poke_reserved(m, row, offset, bytes);
            }
        }
    }
}

/* Device memory faults where it is not aligned; a CPU that does not look at that makes an access
 * that reads as zero and is ignored. */
static bool is_refused(const struct fault *f, uint64_t value)
{
    return f->taken ? ESR_FSC(f->esr) == FSC_ALIGNMENT : value == 0U;
}

static void walk_misaligned(const struct map *m)
{
    for (uint32_t offset = 1; offset < m->bytes - 8U; offset++) {
        for (unsigned bytes = 2; bytes <= 8U; bytes *= 2U) {
            if (offset % bytes != 0U && find(m, offset - offset % bytes) != NULL) {
                uint64_t value = 0;
                const struct fault r = probe_read(m->base + offset, bytes, &value);
                const struct fault w = probe_write(m->base + offset, bytes, UINT64_MAX);
                if (!is_refused(&r, value) || !is_refused(&w, 0)) {
                    note(m, offset, bytes, r.taken ? r.esr : value, 0, "misaligned");
                }
            }
        }
    }
}

static void verdict(const struct map *m)
{
    test_check(wrong == 0U, m->name, "%u places are wrong", wrong);
    wrong = 0;
    shown = 0;
}

static void walk(const struct map *m)
{
    learn_identification(m);
    walk_reading(m, "at reset");
    walk_writing(m);
    walk_misaligned(m);
    walk_reading(m, "at the end");
    verdict(m);
}

#endif
