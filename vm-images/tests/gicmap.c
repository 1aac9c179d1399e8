/* Group gicmap: every offset of the distributor's and the redistributors' frames, with every width
 * and at every alignment, holds what [IHI0069 12.8 to 12.11] says for one security state.
 *
 * A table says where registers are, with their reset values, writable bits and widths; everything
 * else is reserved. Before the guest has written anything, all of it is read: reset values, and
 * zeros elsewhere. Then all of it is written with ones, at each width: registers keep what they
 * can hold, and wrong widths, reserved and read-only places ignore it, as registers do that are
 * accessed where they are not aligned. At the end all is read again and must be as at the
 * beginning. Interrupts stay masked all the time.
 *
 * @req IRQ-1 */
#include "exception.h"
#include "gic.h"
#include "psci.h"
#include "result.h"

#define SPI_COUNT 64U /* systems/test-gicmap.yaml */
#define FRAME_BYTES 0x10000U
#define SHOWN_MAX 4U /* places that are printed for one verdict */

enum { BYTE = 1, HALF = 2, WORD = 4, DOUBLE = 8 }; /* widths, or-ed */

enum kind {
    READ_ONLY,
    READ_WRITE, /* holds the bits of `writable` */
    SET,        /* ones set, zeros do nothing; cleared by the register at `partner` */
    CLEAR,      /* shows the same; `partner` sets */
    WRITE_ONLY, /* reads as zero; what writing does is not looked at here */
    ROUTER,     /* IRM takes the affinity away */
    WAKER,      /* ProcessorSleep, which ChildrenAsleep follows */
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

#define BITMAP(first, kind, partner, base)                                                         \
    {(first) + 4U * (base), ((base) == 0U) ? 4U : SPI_COUNT / 8U, 4, WORD, kind, 0, UINT32_MAX,    \
     (partner) + 4U * (base)}

/* GICD_TYPER: ITLinesNumber, MBIS, 10 bits of INTID, A3V, RSS. */
#define TYPER_VALUE (SPI_COUNT / 32U | 1U << 16 | 9U << 19 | 1U << 24 | 1U << 26)

static struct row gicd[] = {
    {0x0000, 4, 4, WORD, READ_WRITE, GICD_CTLR_DS | GICD_CTLR_ARE, 3, 0},
    {0x0004, 4, 4, WORD, READ_ONLY, TYPER_VALUE, 0, 0},
    {0x0008, 4, 4, WORD, READ_ONLY, 0, 0, 0}, /* IIDR: see learn_identification() */
    {0x0040, 4, 4, HALF | WORD, WRITE_ONLY, 0, 0, 0}, /* SETSPI_NSR */
    {0x0048, 4, 4, HALF | WORD, WRITE_ONLY, 0, 0, 0}, /* CLRSPI_NSR */
    BITMAP(GICD_IGROUPR, READ_WRITE, 0, 1U),
    BITMAP(GICD_ISENABLER, SET, GICD_ICENABLER, 1U),
    BITMAP(GICD_ICENABLER, CLEAR, GICD_ISENABLER, 1U),
    BITMAP(GICD_ISPENDR, SET, GICD_ICPENDR, 1U),
    BITMAP(GICD_ICPENDR, CLEAR, GICD_ISPENDR, 1U),
    BITMAP(GICD_ISACTIVER, SET, GICD_ICACTIVER, 1U),
    BITMAP(GICD_ICACTIVER, CLEAR, GICD_ISACTIVER, 1U),
    {GICD_IPRIORITYR + 32U, SPI_COUNT, 4, BYTE | WORD, READ_WRITE, 0, 0xf8f8f8f8, 0},
    {GICD_ICFGR + 8U, SPI_COUNT / 4U, 4, WORD, READ_WRITE, 0, 0xaaaaaaaa, 0},
    {GICD_IROUTER + 8U * 32U, 8U * SPI_COUNT, 8, WORD | DOUBLE, ROUTER, 0,
     UINT64_C(0xff80ffffff), 0},
    {0xffd0, 0x30, 4, WORD, READ_ONLY, 0, 0, 0},
};

static struct row rd[] = {
    {0x0000, 4, 4, WORD, READ_ONLY, 0, 0, 0}, /* CTLR: no LPIs, RWP 0 */
    {0x0004, 4, 4, WORD, READ_ONLY, 0, 0, 0},
    {0x0008, 8, 8, WORD | DOUBLE, READ_ONLY, 0, 0, 0}, /* TYPER: see walk_redistributor() */
    {0x0014, 4, 4, WORD, WAKER, 0, 2, 0},
    {0xffd0, 0x30, 4, WORD, READ_ONLY, 0, 0, 0},
};

static struct row sgi[] = {
    BITMAP(GICD_IGROUPR, READ_WRITE, 0, 0U),
    BITMAP(GICD_ISENABLER, SET, GICD_ICENABLER, 0U),
    BITMAP(GICD_ICENABLER, CLEAR, GICD_ISENABLER, 0U),
    BITMAP(GICD_ISPENDR, SET, GICD_ICPENDR, 0U),
    BITMAP(GICD_ICPENDR, CLEAR, GICD_ISPENDR, 0U),
    BITMAP(GICD_ISACTIVER, SET, GICD_ICACTIVER, 0U),
    BITMAP(GICD_ICACTIVER, CLEAR, GICD_ISACTIVER, 0U),
    {GICD_IPRIORITYR, 32, 4, BYTE | WORD, READ_WRITE, 0, 0xf8f8f8f8, 0},
    {GICD_ICFGR, 4, 4, WORD, READ_ONLY, 0xaaaaaaaa, 0, 0},      /* SGIs: edge-triggered */
    {GICD_ICFGR + 4U, 4, 4, WORD, READ_ONLY, 0, 0, 0},          /* PPIs: level-sensitive */
};

/* One frame in the address space. */
struct map {
    const char *name;
    uintptr_t base;
    struct row *rows;
    unsigned row_count;
};

#define ROWS(rows) (rows), sizeof(rows) / sizeof((rows)[0])

static unsigned shown;
static unsigned wrong;

void guest_main(uint64_t devicetree);

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

/* The identification registers differ from one to the next, so what they hold is learnt. */
static void learn(const struct map *m, uint32_t offset, uint64_t *values)
{
    for (uint32_t i = 0; i < 12U; i++) {
        values[i] = mmio_read32(m->base + offset + 4U * i);
    }
}

static uint64_t identification[12]; /* 0xffd0.. of the frame that is walked */

static uint64_t reset_of(const struct row *row, uint32_t offset)
{
    return (row->first == 0xffd0U) ? identification[(offset - 0xffd0U) / 4U] : row->reset;
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
    for (uint32_t offset = 0; offset < FRAME_BYTES; offset++) {
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
    uint64_t holds = after_ones(row, offset, bytes);

    if (row->kind == WRITE_ONLY) {
        return;
    }
    if (row->kind == CLEAR) {
        write(m, row->partner + within, bytes, UINT64_MAX);
        expect_read(m, offset, bytes, width_mask(bytes), "set by its partner");
        holds = 0;
    } else if (row->kind == READ_ONLY) {
        holds = reset_of(row, offset);
    }
    write(m, offset, bytes, UINT64_MAX);
    expect_read(m, offset, bytes, expected_at(row, offset, bytes, holds), "written with ones");
    if (row->kind == SET) {
        expect_read(m, row->partner + within, bytes, width_mask(bytes), "the partner shows it");
        write(m, offset, bytes, 0);
        expect_read(m, offset, bytes, width_mask(bytes), "zeros do nothing");
    }
    restore(m, row, offset, bytes);
    if (row->kind != READ_ONLY) {
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
    for (uint32_t offset = 0; offset < FRAME_BYTES; offset++) {
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
    for (uint32_t offset = 1; offset < FRAME_BYTES - 8U; offset++) {
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
    learn(m, 0xffd0, identification);
    walk_reading(m, "at reset");
    walk_writing(m);
    walk_misaligned(m);
    walk_reading(m, "at the end");
    verdict(m);
}

static void walk_redistributor(unsigned cpu, bool is_last)
{
    const uintptr_t base = GICR_BASE + cpu * GICR_STRIDE;

    rd[1].reset = mmio_read32(base + 4U);
    rd[2].reset = (cpu_affinity(cpu) << 32) | (uint64_t)cpu << 8 | (is_last ? 1U << 4 : 0U);
    walk(&(struct map){"gicr_rd", base, ROWS(rd)});
    walk(&(struct map){"gicr_sgi", base + GICR_SGI_OFFSET, ROWS(sgi)});
}

/* Implementer, ArchRev, and the four bytes of a component's CIDR. */
static void check_identification(uintptr_t base, uint32_t iidr)
{
    static const uint32_t cidr[] = {0x0d, 0xf0, 0x05, 0xb1};

    TEST_EQUAL("iidr_implementer", mmio_read32(base + iidr) & 0xfffU, 0x43b);
    TEST_EQUAL("pidr2_archrev", (mmio_read32(base + GICD_PIDR2) >> 4) & 0xfU, 3);
    for (unsigned i = 0; i < 4U; i++) {
        TEST_EQUAL("cidr", mmio_read32(base + 0xfff0U + 4U * i), cidr[i]);
    }
}

void guest_main(uint64_t devicetree)
{
    (void)devicetree;
    const unsigned cpus = cpu_count();

    test_begin("gicmap");
    check_identification(GICD_BASE, GICD_IIDR);
    check_identification(GICR_BASE, 4);
    gicd[2].reset = mmio_read32(GICD_BASE + GICD_IIDR);
    walk(&(struct map){"gicd", GICD_BASE, ROWS(gicd)});
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        walk_redistributor(cpu, cpu + 1U == cpus);
    }
    test_done();
}
