/* What is the same in the registers of a GICv3 and of a GICv2; spec/gic.h.
 *
 * Without LPIs, extended INTIDs and NMIs; five bits of priority. */
#include "spec/gic_version.h"

#include <stdio.h>
#include <string.h>

static struct spec_belief spis[SPEC_INTIDS - SPEC_PRIVATE];
static struct spec_belief privates[SPEC_CPUS][SPEC_PRIVATE];
static struct spec_irq settings[SPEC_CPUS][SPEC_INTIDS]; /* SPIs: in row 0 */
static uint32_t ctlr;
static bool online[SPEC_CPUS];

bool spec_is_traced;

static void trace(unsigned cpu, unsigned intid, const struct spec_event *e)
{
    static const char *const names[] = {
        "ISENABLER", "ICENABLER",   "set pending", "clear pending", "ISACTIVER", "ICACTIVER",
        "DIR",       "IGROUPR",     "IPRIORITYR",  "ICFGR",         "route",     "CTLR",
        "WAKER",     "power",       "line",        "SETSPI",        "CLRSPI",    "SGI1R",
        "SGI0R",     "acknowledge", "end",
    };

    if (spec_is_traced) {
        printf("  %u of %u: %s %#x\n", intid, cpu, names[e->kind], e->argument);
    }
}

/* --- interrupts ------------------------------------------------------------------------------ */

struct spec_belief *spec_irq_of(unsigned cpu, unsigned intid)
{
    return (intid < SPEC_PRIVATE) ? &privates[cpu][intid] : &spis[intid - SPEC_PRIVATE];
}

struct spec_belief *spec_irq_at(unsigned i, unsigned *owner, unsigned *intid)
{
    const unsigned spi_count = SPEC_INTIDS - SPEC_PRIVATE;

    *owner = (i < spi_count) ? (unsigned)SPEC_NO_CPU : (i - spi_count) / SPEC_PRIVATE;
    *intid = (i < spi_count) ? i + SPEC_PRIVATE : (i - spi_count) % SPEC_PRIVATE;
    return spec_irq_of((i < spi_count) ? 0 : *owner, *intid);
}

static struct spec_irq *setting(unsigned cpu, unsigned intid)
{
    return &settings[(intid < SPEC_PRIVATE) ? cpu : 0][intid];
}

struct spec_irq spec_settings_of(unsigned cpu, unsigned intid)
{
    return *setting(cpu, intid);
}

bool spec_is_online(unsigned cpu)
{
    return online[cpu];
}

void spec_change(unsigned cpu, unsigned intid, enum spec_event_kind kind, uint8_t argument)
{
    const struct spec_event e = {.kind = kind, .argument = argument};
    struct spec_irq next[SPEC_NEXT_MAX];

    trace(cpu, intid, &e);
    (void)spec_irq_next(setting(cpu, intid), e, next);
    *setting(cpu, intid) = next[0];
    spec_belief_change(spec_irq_of(cpu, intid), e);
}

void spec_change_all(struct spec_event e)
{
    trace(e.cpu, SPEC_INTIDS, &e);
    for (unsigned i = 0; i < SPEC_ALL; i++) {
        unsigned owner, intid;
        spec_belief_change(spec_irq_at(i, &owner, &intid), e);
    }
}

static void begin_irq(unsigned cpu, unsigned intid, bool edge, bool physical)
{
    const bool is_private = intid < SPEC_PRIVATE;
    const struct spec_irq q = {
        .is_private = is_private,
        .by_source = spec_version_has_sources(intid),
        .is_edge = edge,
        .targets = is_private ? (uint8_t)(1U << cpu) : spec_version_reset_targets(),
        .active_on = SPEC_NO_CPU,
        .online = (1U << SPEC_CPUS) - 1U,
        .is_physical = physical,
    };

    *setting(cpu, intid) = q;
    spec_belief_begin(spec_irq_of(cpu, intid), &q);
}

/* Reset values [IHI0069 12.9, 12.11; IHI0048 4.1.2]: all zero, but SGIs are edge-triggered. */
void spec_begin(uint64_t physical, uint64_t edges, uint32_t private_physical)
{
    ctlr = 0;
    spec_version_begin();
    for (unsigned cpu = 0; cpu < SPEC_CPUS; cpu++) {
        online[cpu] = true;
        for (unsigned intid = 0; intid < SPEC_PRIVATE; intid++) {
            begin_irq(cpu, intid, intid < 16, ((private_physical >> intid) & 1) != 0);
        }
    }
    for (unsigned n = 0; n < SPEC_INTIDS - SPEC_PRIVATE; n++) {
        begin_irq(0, SPEC_PRIVATE + n, ((edges >> n) & 1) != 0, ((physical >> n) & 1) != 0);
    }
}

static uint8_t source_of(unsigned iar)
{
    return (uint8_t)(iar >> 10);
}

bool spec_acknowledge(unsigned cpu, unsigned iar, unsigned priority, unsigned groups)
{
    const unsigned intid = spec_intid_of(iar);

    trace(cpu, intid,
          &(struct spec_event){.kind = SPEC_ACKNOWLEDGE, .argument = (uint8_t)priority});
    return intid < SPEC_INTIDS && !spec_version_is_quiet(cpu) &&
           spec_belief_acknowledge(spec_irq_of(cpu, intid), cpu, source_of(iar), priority, groups);
}

void spec_end(unsigned cpu, unsigned iar)
{
    const struct spec_event e = {SPEC_END, (uint8_t)cpu, source_of(iar)};

    trace(cpu, spec_intid_of(iar), &e);
    spec_belief_now(spec_irq_of(cpu, spec_intid_of(iar)), e);
}

void spec_deactivate(unsigned cpu, unsigned iar)
{
    spec_change(cpu, spec_intid_of(iar), SPEC_DEACTIVATE, source_of(iar));
}

void spec_line(unsigned cpu, unsigned intid, bool high)
{
    spec_change(cpu, intid, SPEC_LINE, high);
}

void spec_power(unsigned cpu, bool on)
{
    online[cpu] = on;
    spec_change_all((struct spec_event){SPEC_POWER, (uint8_t)cpu, on});
}

bool spec_is_full(void)
{
    bool is_full = false;

    for (unsigned i = 0; i < SPEC_ALL && !is_full; i++) {
        unsigned owner, intid;
        is_full = spec_belief_is_full(spec_irq_at(i, &owner, &intid));
    }
    return is_full;
}

void spec_settle(void)
{
    for (unsigned i = 0; i < SPEC_ALL; i++) {
        unsigned owner, intid;
        spec_belief_settle(spec_irq_at(i, &owner, &intid));
    }
}

/* --- registers with fields for single interrupts --------------------------------------------- */

/* GICD and the SGI frame of a GICv3 have them at the same offsets, as a GICv2 has. */
static const struct spec_row rows[] = {
    {0x080, 1024, 1, 4, FIELD_GROUP},         {0x100, 1024, 1, 4, FIELD_ENABLE},
    {0x180, 1024, 1, 4, FIELD_DISABLE},       {0x200, 1024, 1, 4, FIELD_SET_PENDING},
    {0x280, 1024, 1, 4, FIELD_CLEAR_PENDING}, {0x300, 1024, 1, 4, FIELD_SET_ACTIVE},
    {0x380, 1024, 1, 4, FIELD_CLEAR_ACTIVE},  {0x400, 1024, 8, 1 | 4, FIELD_PRIORITY},
    {0xC00, 1024, 2, 4, FIELD_CONFIG},
};
enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

static const struct spec_row no_row = {.field = FIELD_NONE};

static bool covers(const struct spec_row *row, const struct spec_place *at)
{
    unsigned begin, end;

    spec_version_frame(at->frame, &begin, &end);
    end = (end < row->count) ? end : row->count;
    return at->offset % at->bytes == 0 && (row->widths & at->bytes) != 0 &&
           at->offset >= row->base + begin * row->bits / 8U &&
           at->offset < row->base + end * row->bits / 8U;
}

/* The fields that an access covers, and its first and last INTID; FIELD_NONE: reserved, of another
 * size, or of interrupts that are not in this frame. */
static const struct spec_row *find(const struct spec_place *at, unsigned *first, unsigned *last)
{
    for (unsigned i = 0; i < ROW_COUNT + spec_version_row_count; i++) {
        const struct spec_row *const row =
            (i < ROW_COUNT) ? &rows[i] : &spec_version_rows[i - ROW_COUNT];
        if (covers(row, at)) {
            *first = (at->offset - row->base) * 8U / row->bits;
            *last = ((at->offset - row->base + at->bytes) * 8U - 1U) / row->bits;
            return row;
        }
    }
    return &no_row;
}

static enum spec_event_kind event_of(enum spec_field field)
{
    static const enum spec_event_kind kinds[] = {
        [FIELD_ENABLE] = SPEC_ENABLE,           [FIELD_DISABLE] = SPEC_DISABLE,
        [FIELD_SET_PENDING] = SPEC_SET_PENDING, [FIELD_CLEAR_PENDING] = SPEC_CLEAR_PENDING,
        [FIELD_SET_ACTIVE] = SPEC_SET_ACTIVE,   [FIELD_CLEAR_ACTIVE] = SPEC_CLEAR_ACTIVE,
        [FIELD_SET_SOURCES] = SPEC_SET_PENDING, [FIELD_CLEAR_SOURCES] = SPEC_CLEAR_PENDING,
    };

    return kinds[field];
}

static void write_field(const struct spec_place *at, enum spec_field field, unsigned intid,
                        uint64_t value)
{
    switch (field) {
    case FIELD_GROUP:
        spec_change(at->cpu, intid, SPEC_GROUP, value & 1);
        break;
    case FIELD_PRIORITY:
        spec_change(at->cpu, intid, SPEC_PRIORITY, value & 0xF8);
        break;
    case FIELD_CONFIG: /* SGIs and PPIs are what they are wired to [IHI0069 12.11, GICR_ICFGR] */
        if (intid >= SPEC_PRIVATE) {
            spec_change(at->cpu, intid, SPEC_CONFIGURE, (value >> 1) & 1);
        }
        break;
    case FIELD_ROUTE:
        spec_version_write_route(at, intid, value);
        break;
    case FIELD_SET_SOURCES: /* vCPUs that there are not send nothing [IHI0048 4.3.16, 4.3.17] */
    case FIELD_CLEAR_SOURCES:
        value &= (1U << SPEC_CPUS) - 1U;
        if (value != 0) {
            spec_change(at->cpu, intid, event_of(field), (uint8_t)value);
        }
        break;
    case FIELD_SET_PENDING: /* read-only for what is pending by source [IHI0048 4.3.7, 4.3.8] */
    case FIELD_CLEAR_PENDING:
        if ((value & 1) != 0 && !spec_version_has_sources(intid)) {
            spec_change(at->cpu, intid, event_of(field), 1);
        }
        break;
    default: /* set and clear registers: a 0 does nothing */
        if ((value & 1) != 0) {
            spec_change(at->cpu, intid, event_of(field), 0);
        }
        break;
    }
}

static bool is_pending(const struct spec_irq *q, unsigned argument)
{
    (void)argument;
    return spec_irq_is_pending(q);
}

static bool is_active(const struct spec_irq *q, unsigned argument)
{
    (void)argument;
    return q->is_active;
}

/* What bit `bit` of the field asks, where its value is not known. */
static struct spec_question question_of(enum spec_field field, unsigned bit)
{
    switch (field) {
    case FIELD_SET_PENDING:
    case FIELD_CLEAR_PENDING:
        return (struct spec_question){is_pending, 0};
    case FIELD_SET_ACTIVE:
    case FIELD_CLEAR_ACTIVE:
        return (struct spec_question){is_active, 0};
    case FIELD_SET_SOURCES:
    case FIELD_CLEAR_SOURCES:
        return (struct spec_question){spec_irq_has_latched, bit};
    default:
        return (struct spec_question){NULL, 0};
    }
}

/* Where the value is known. */
static uint64_t exact_field(const struct spec_place *at, enum spec_field field, unsigned intid)
{
    const struct spec_irq *const s = setting(at->cpu, intid);

    switch (field) {
    case FIELD_GROUP:
        return s->is_group1;
    case FIELD_PRIORITY:
        return s->priority;
    case FIELD_CONFIG:
        return s->is_edge ? 2 : 0;
    case FIELD_ROUTE:
        return spec_version_route(at, intid);
    default:
        return s->is_enabled;
    }
}

static struct spec_value read_field(const struct spec_place *at, const struct spec_row *row,
                                    unsigned intid)
{
    struct spec_value v = {0, 0};

    if (question_of(row->field, 0).ask == NULL) {
        v.ones = exact_field(at, row->field, intid);
        v.zeros = ~v.ones & (UINT64_MAX >> (64U - row->bits));
        return v;
    }
    for (unsigned bit = 0; bit < row->bits; bit++) {
        const struct spec_belief *const b = spec_irq_of(at->cpu, intid);
        const struct spec_question question = question_of(row->field, bit);
        v.ones |= (uint64_t)spec_belief_allows(b, question, true) << bit;
        v.zeros |= (uint64_t)spec_belief_allows(b, question, false) << bit;
    }
    return v;
}

static bool learn_field(const struct spec_place *at, const struct spec_row *row, unsigned intid,
                        uint64_t value)
{
    bool is_possible = true;

    for (unsigned bit = 0; bit < row->bits && question_of(row->field, bit).ask != NULL; bit++) {
        is_possible = spec_belief_learn(spec_irq_of(at->cpu, intid), question_of(row->field, bit),
                                        ((value >> bit) & 1) != 0) &&
                      is_possible;
    }
    return is_possible;
}

/* --- other registers ------------------------------------------------------------------------- */

uint32_t spec_ctlr_groups(void)
{
    return ctlr;
}

struct spec_value spec_iidr(void)
{
    return (struct spec_value){UINT32_MAX & ~(0xFFFU & ~0x43BU), ~UINT64_C(0x43B)};
}

struct spec_value spec_identification(uint32_t offset, unsigned revision)
{
    const struct {
        uint8_t value, known;
    } ids[12] = {
        [6] = {(uint8_t)(revision << 4 | 8), 0xF8}, /* ArchRev, JEDEC */
        [8] = {0x0D, 0xFF},
        [9] = {0xF0, 0xFF},
        [10] = {0x05, 0xFF},
        [11] = {0xB1, 0xFF},
    };
    const unsigned i = offset / 4;

    return (struct spec_value){(ids[i].value | ~ids[i].known) & 0xFF, ~(uint64_t)ids[i].value};
}

/* --- accesses -------------------------------------------------------------------------------- */

void spec_write(const struct spec_place *at, uint64_t value)
{
    unsigned first, last;
    const struct spec_row *const row = find(at, &first, &last);

    if (spec_is_word(at, SPEC_GICD, 0)) {
        ctlr = value & 3;
        spec_change_all((struct spec_event){.kind = SPEC_GROUPS, .argument = (uint8_t)ctlr});
    } else if (row->field == FIELD_NONE) {
        spec_version_write(at, value);
    } else {
        for (unsigned intid = first; intid <= last; intid++) {
            write_field(at, row->field, intid, value >> ((intid - first) * row->bits));
        }
    }
}

bool spec_ignores_writes(const struct spec_place *at)
{
    unsigned first, last;

    return find(at, &first, &last)->field == FIELD_NONE && !spec_is_word(at, SPEC_GICD, 0) &&
           spec_version_ignores_writes(at);
}

struct spec_value spec_read(const struct spec_place *at)
{
    unsigned first, last;
    const struct spec_row *const row = find(at, &first, &last);
    struct spec_value v = {0, 0};

    if (row->field == FIELD_NONE) {
        return spec_version_read(at);
    }
    for (unsigned intid = first; intid <= last; intid++) {
        const struct spec_value one = read_field(at, row, intid);
        v.ones |= one.ones << ((intid - first) * row->bits);
        v.zeros |= one.zeros << ((intid - first) * row->bits);
    }
    return v;
}

bool spec_read_done(const struct spec_place *at, uint64_t value)
{
    unsigned first, last;
    const struct spec_row *const row = find(at, &first, &last);
    bool is_possible = true;

    if (row->field == FIELD_NONE) {
        return spec_version_read_done(at, value);
    }
    for (unsigned intid = first; intid <= last; intid++) {
        is_possible =
            learn_field(at, row, intid, value >> ((intid - first) * row->bits)) && is_possible;
    }
    return is_possible;
}
