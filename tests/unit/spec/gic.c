/* The registers of a GICv3 with one security state; spec/gic.h.
 *
 * Without LPIs, extended INTIDs and NMIs; with message-based SPIs, 1-of-N and range selectors;
 * five bits of priority. */
#include "spec/gic.h"

#include <stdio.h>
#include <string.h>

#define BIT64(n) (UINT64_C(1) << (n))

static struct spec_belief spis[SPEC_INTIDS - SPEC_PRIVATE];
static struct spec_belief privates[SPEC_CPUS][SPEC_PRIVATE];
static struct spec_irq settings[SPEC_CPUS][SPEC_INTIDS]; /* SPIs: in row 0 */
static uint64_t routers[SPEC_INTIDS];
static uint32_t ctlr;
static bool asleep[SPEC_CPUS];
static bool online[SPEC_CPUS];
static bool quiesced[SPEC_CPUS]; /* ChildrenAsleep was seen, and ProcessorSleep is still 1 */

/* Aff3.Aff2.Aff1.Aff0 as in IROUTER. */
static const uint64_t affinities[SPEC_CPUS] = {0, 1, 0x100};

bool spec_is_traced;

static void trace(unsigned cpu, unsigned intid, const struct spec_event *e)
{
    static const char *const names[] = {
        "ISENABLER",  "ICENABLER", "ISPENDR", "ICPENDR", "ISACTIVER",   "ICACTIVER", "IGROUPR",
        "IPRIORITYR", "ICFGR",     "IROUTER", "CTLR",    "WAKER",       "power",     "line",
        "SETSPI",     "CLRSPI",    "SGI1R",   "SGI0R",   "acknowledge", "end",
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

/* To one interrupt: its registers show it at once, its life follows. */
static void change(unsigned cpu, unsigned intid, enum spec_event_kind kind, uint8_t argument)
{
    const struct spec_event e = {.kind = kind, .argument = argument};
    struct spec_irq next[SPEC_NEXT_MAX];

    trace(cpu, intid, &e);
    (void)spec_irq_next(setting(cpu, intid), e, next);
    *setting(cpu, intid) = next[0];
    spec_belief_change(spec_irq_of(cpu, intid), e);
}

static void change_all(struct spec_event e)
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
        .is_edge = edge,
        .target = (uint8_t)(is_private ? cpu : 0),
        .active_on = SPEC_NO_CPU,
        .online = (1U << SPEC_CPUS) - 1U,
        .is_physical = physical,
    };

    *setting(cpu, intid) = q;
    spec_belief_begin(spec_irq_of(cpu, intid), &q);
}

/* Reset values [IHI0069 12.9, 12.11]: all zero, but SGIs are edge-triggered. */
void spec_begin(uint64_t physical, uint64_t edges, uint32_t private_physical)
{
    memset(routers, 0, sizeof(routers));
    ctlr = 0;
    for (unsigned cpu = 0; cpu < SPEC_CPUS; cpu++) {
        asleep[cpu] = false;
        quiesced[cpu] = false;
        online[cpu] = true;
        for (unsigned intid = 0; intid < SPEC_PRIVATE; intid++) {
            begin_irq(cpu, intid, intid < 16, ((private_physical >> intid) & 1) != 0);
        }
    }
    for (unsigned n = 0; n < SPEC_INTIDS - SPEC_PRIVATE; n++) {
        begin_irq(0, SPEC_PRIVATE + n, ((edges >> n) & 1) != 0, ((physical >> n) & 1) != 0);
    }
}

bool spec_acknowledge(unsigned cpu, unsigned intid, unsigned priority, unsigned groups)
{
    trace(cpu, intid,
          &(struct spec_event){.kind = SPEC_ACKNOWLEDGE, .argument = (uint8_t)priority});
    return intid < SPEC_INTIDS && !quiesced[cpu] &&
           spec_belief_acknowledge(spec_irq_of(cpu, intid), cpu, priority, groups);
}

void spec_end(unsigned cpu, unsigned intid)
{
    const struct spec_event e = {.kind = SPEC_END, .cpu = (uint8_t)cpu};

    trace(cpu, intid, &e);
    spec_belief_now(spec_irq_of(cpu, intid), e);
}

void spec_deactivate(unsigned cpu, unsigned intid)
{
    change(cpu, intid, SPEC_CLEAR_ACTIVE, 0);
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

enum field {
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
    FIELD_ROUTER,
};

/* GICD and the SGI frame of GICR have them at the same offsets. From `base`, `bits` an INTID. */
static const struct {
    uint32_t base;
    uint8_t bits;
    uint8_t widths; /* bytes, or-ed [IHI0069 12.1.3] */
    enum field field;
} layout[] = {
    {0x0080, 1, 4, FIELD_GROUP},         {0x0100, 1, 4, FIELD_ENABLE},
    {0x0180, 1, 4, FIELD_DISABLE},       {0x0200, 1, 4, FIELD_SET_PENDING},
    {0x0280, 1, 4, FIELD_CLEAR_PENDING}, {0x0300, 1, 4, FIELD_SET_ACTIVE},
    {0x0380, 1, 4, FIELD_CLEAR_ACTIVE},  {0x0400, 8, 1 | 4, FIELD_PRIORITY},
    {0x0C00, 2, 4, FIELD_CONFIG},        {0x6000, 64, 4 | 8, FIELD_ROUTER},
};

/* The fields that an access covers, and its first and last INTID; FIELD_NONE: reserved, of another
 * size, or of interrupts that are not in this frame. With affinity routing SGIs and PPIs are in
 * the redistributors only [IHI0069 12.9]. */
static enum field find(const struct spec_place *at, unsigned *first, unsigned *last)
{
    const unsigned begin = (at->frame == SPEC_GICD) ? SPEC_PRIVATE : 0;
    const unsigned end = (at->frame == SPEC_GICD) ? SPEC_INTIDS : SPEC_PRIVATE;

    if (at->frame == SPEC_RD || at->offset % at->bytes != 0) {
        return FIELD_NONE;
    }
    for (unsigned i = 0; i < sizeof(layout) / sizeof(layout[0]); i++) {
        const uint32_t from = layout[i].base + begin * layout[i].bits / 8U;
        const uint32_t to = layout[i].base + end * layout[i].bits / 8U;
        if (at->offset >= from && at->offset < to && (layout[i].widths & at->bytes) != 0 &&
            (layout[i].field != FIELD_ROUTER || at->frame == SPEC_GICD)) {
            *first = (at->offset - layout[i].base) * 8U / layout[i].bits;
            *last = (at->offset - layout[i].base + at->bytes) * 8U / layout[i].bits - 1U;
            *last = (layout[i].field == FIELD_ROUTER) ? *first : *last;
            return layout[i].field;
        }
    }
    return FIELD_NONE;
}

static enum spec_event_kind event_of(enum field field)
{
    static const enum spec_event_kind kinds[] = {
        [FIELD_ENABLE] = SPEC_ENABLE,           [FIELD_DISABLE] = SPEC_DISABLE,
        [FIELD_SET_PENDING] = SPEC_SET_PENDING, [FIELD_CLEAR_PENDING] = SPEC_CLEAR_PENDING,
        [FIELD_SET_ACTIVE] = SPEC_SET_ACTIVE,   [FIELD_CLEAR_ACTIVE] = SPEC_CLEAR_ACTIVE,
    };

    return kinds[field];
}

/* IRM, Aff3 and Aff2.Aff1.Aff0 are held; with IRM the affinity is not [IHI0069 12.9.22]. */
static uint64_t router_of(uint64_t value)
{
    return ((value >> 31) & 1) != 0 ? BIT64(31) : value & UINT64_C(0xFF00FFFFFF);
}

static void write_router(const struct spec_place *at, unsigned intid, uint64_t value)
{
    uint64_t router = value;
    uint8_t target = SPEC_NO_CPU;

    if (at->bytes == 4) {
        router = (at->offset % 8 != 0) ? (value << 32) | (uint32_t)routers[intid]
                                       : (routers[intid] & ~UINT64_C(0xFFFFFFFF)) | value;
    }
    router = router_of(router);
    routers[intid] = router;
    for (uint8_t c = 0; c < SPEC_CPUS; c++) {
        target = (affinities[c] == router) ? c : target;
    }
    change(0, intid, SPEC_ROUTE, (router == BIT64(31)) ? (uint8_t)SPEC_ANY_CPU : target);
}

static void write_field(const struct spec_place *at, enum field field, unsigned intid,
                        uint64_t value)
{
    switch (field) {
    case FIELD_GROUP:
        change(at->cpu, intid, SPEC_GROUP, value & 1);
        break;
    case FIELD_PRIORITY:
        change(at->cpu, intid, SPEC_PRIORITY, value & 0xF8);
        break;
    case FIELD_CONFIG: /* SGIs and PPIs are what they are wired to [IHI0069 12.11, GICR_ICFGR] */
        if (intid >= SPEC_PRIVATE) {
            change(at->cpu, intid, SPEC_CONFIGURE, (value >> 1) & 1);
        }
        break;
    default: /* set and clear registers: a 0 does nothing */
        if ((value & 1) != 0) {
            change(at->cpu, intid, event_of(field), 0);
        }
        break;
    }
}

static unsigned bits_of(enum field field)
{
    return (field == FIELD_PRIORITY) ? 8 : (field == FIELD_CONFIG) ? 2 : 1;
}

static bool is_active(const struct spec_irq *q)
{
    return q->is_active;
}

static spec_question question_of(enum field field)
{
    switch (field) {
    case FIELD_SET_PENDING:
    case FIELD_CLEAR_PENDING:
        return spec_irq_is_pending;
    case FIELD_SET_ACTIVE:
    case FIELD_CLEAR_ACTIVE:
        return is_active;
    default:
        return NULL;
    }
}

/* Where the value is known. */
static uint64_t exact_field(const struct spec_place *at, enum field field, unsigned intid)
{
    const struct spec_irq *const s = setting(at->cpu, intid);

    switch (field) {
    case FIELD_GROUP:
        return s->is_group1;
    case FIELD_PRIORITY:
        return s->priority;
    case FIELD_CONFIG:
        return s->is_edge ? 2 : 0;
    default:
        return s->is_enabled;
    }
}

static struct spec_value read_fields(const struct spec_place *at, enum field field, unsigned first,
                                     unsigned last)
{
    const unsigned bits = bits_of(field);
    const spec_question question = question_of(field);
    struct spec_value v = {0, 0};

    for (unsigned intid = first; intid <= last; intid++) {
        const unsigned shift = (intid - first) * bits;
        const uint64_t mask = (BIT64(bits) - 1U) << shift;
        if (question != NULL) {
            struct spec_belief *const b = spec_irq_of(at->cpu, intid);
            v.ones |= spec_belief_allows(b, question, true) ? mask : 0;
            v.zeros |= spec_belief_allows(b, question, false) ? mask : 0;
        } else {
            const uint64_t exact = exact_field(at, field, intid) << shift;
            v.ones |= exact;
            v.zeros |= mask & ~exact;
        }
    }
    return v;
}

/* --- other registers ------------------------------------------------------------------------- */

static struct spec_value exactly(uint64_t value)
{
    return (struct spec_value){value, ~value};
}

static bool is_word(const struct spec_place *at, enum spec_frame frame, uint32_t offset)
{
    return at->frame == frame && at->offset == offset && at->bytes == 4;
}

/* PIDR4..7, PIDR0..3, CIDR0..3: ArchRev 3 in PIDR2, the class of a CoreLink component in CIDR1;
 * the part number and the designer are the implementation's [IHI0069 12.9]. */
static struct spec_value identification(uint32_t offset)
{
    static const struct {
        uint8_t value, known;
    } ids[12] = {
        [6] = {0x38, 0xF8}, /* ArchRev, JEDEC */
        [8] = {0x0D, 0xFF}, [9] = {0xF0, 0xFF}, [10] = {0x05, 0xFF}, [11] = {0xB1, 0xFF},
    };
    const unsigned i = (offset - 0xFFD0) / 4;

    return (struct spec_value){(ids[i].value | ~ids[i].known) & 0xFF, ~(uint64_t)ids[i].value};
}

static bool is_identification(const struct spec_place *at)
{
    return at->frame != SPEC_SGI && at->offset >= 0xFFD0 && at->offset <= 0xFFFC &&
           at->offset % 4 == 0 && at->bytes == 4;
}

/* Whether RWP is 1 longer than it has to be is not for the manual to say; that it becomes 0 is
 * the caller's to check. [IHI0069 12.9.4; 12.11, GICR_CTLR] */
static struct spec_value with_rwp(uint64_t value, unsigned rwp)
{
    struct spec_value v = exactly(value);

    v.ones |= BIT64(rwp);
    return v;
}

/* ChildrenAsleep follows ProcessorSleep when the interface is quiet [IHI0069 12.11, GICR_WAKER]. */
static struct spec_value gicr_waker(unsigned cpu)
{
    return (struct spec_value){.ones = asleep[cpu] ? 6 : 4,
                               .zeros = asleep[cpu] ? ~UINT64_C(2) : ~UINT64_C(0)};
}

static uint64_t gicr_typer(unsigned cpu)
{
    const uint64_t last = (cpu == SPEC_CPUS - 1) ? 1 : 0;

    return (affinities[cpu] << 32) | (cpu << 8) | (last << 4);
}

/* ITLinesNumber, MBIS, IDbits = 10 - 1, A3V, RSS; no LPIs, no second security state. */
#define GICD_TYPER_VALUE                                                                           \
    ((SPEC_INTIDS / 32U - 1U) | (1U << 16) | (9U << 19) | (1U << 24) | (1U << 26))

static struct spec_value read_typer(const struct spec_place *at)
{
    const uint64_t typer = gicr_typer(at->cpu);

    return exactly((at->bytes == 8) ? typer : (at->offset == 12) ? typer >> 32 : (uint32_t)typer);
}

/* Implementer: Arm's JEP106 code; the rest is the implementation's. */
static struct spec_value read_iidr(void)
{
    return (struct spec_value){UINT32_MAX & ~(0xFFFU & ~0x43BU), ~UINT64_C(0x43B)};
}

static struct spec_value read_other(const struct spec_place *at)
{
    if (is_word(at, SPEC_GICD, 0)) {
        return with_rwp(0x50 | ctlr, 31); /* DS, ARE: fixed at 1 */
    }
    if (is_word(at, SPEC_GICD, 4)) {
        return exactly(GICD_TYPER_VALUE);
    }
    if (is_word(at, SPEC_GICD, 8) || is_word(at, SPEC_RD, 4)) {
        return read_iidr();
    }
    if (is_word(at, SPEC_RD, 0)) {
        return with_rwp(0, 3);
    }
    if (is_word(at, SPEC_RD, 0x14)) {
        return gicr_waker(at->cpu);
    }
    if (at->frame == SPEC_RD && (at->offset == 8 || at->offset == 12) && at->bytes >= 4 &&
        at->offset % at->bytes == 0) {
        return read_typer(at);
    }
    return is_identification(at) ? identification(at->offset) : exactly(0);
}

/* GICD_SETSPI_NSR, GICD_CLRSPI_NSR: also written by half-words [IHI0069 12.1.3, 12.9.33]. */
static bool is_message(const struct spec_place *at, uint32_t offset)
{
    return at->frame == SPEC_GICD && at->offset == offset && (at->bytes == 4 || at->bytes == 2);
}

/* They hold the INTID of an SPI. */
static void write_message(uint64_t value, enum spec_event_kind kind)
{
    const unsigned intid = value & 0x3FF;

    if (intid >= SPEC_PRIVATE && intid < SPEC_INTIDS) {
        change(0, intid, kind, 0);
    }
}

static void write_waker(unsigned cpu, bool sleep)
{
    if (asleep[cpu] != sleep) {
        asleep[cpu] = sleep;
        quiesced[cpu] = false;
        change_all((struct spec_event){SPEC_SLEEP, (uint8_t)cpu, sleep});
    }
}

static void write_other(const struct spec_place *at, uint64_t value)
{
    if (is_word(at, SPEC_GICD, 0)) {
        ctlr = value & 3;
        change_all((struct spec_event){.kind = SPEC_GROUPS, .argument = (uint8_t)ctlr});
    } else if (is_message(at, 0x40)) {
        write_message(value, SPEC_SETSPI);
    } else if (is_message(at, 0x48)) {
        write_message(value, SPEC_CLRSPI);
    } else if (is_word(at, SPEC_RD, 0x14)) {
        write_waker(at->cpu, ((value >> 1) & 1) != 0);
    }
}

/* --- accesses -------------------------------------------------------------------------------- */

void spec_write(const struct spec_place *at, uint64_t value)
{
    unsigned first, last;
    const enum field field = find(at, &first, &last);

    if (field == FIELD_NONE) {
        write_other(at, value);
    } else if (field == FIELD_ROUTER) {
        write_router(at, first, value);
    } else {
        for (unsigned intid = first; intid <= last; intid++) {
            write_field(at, field, intid, value >> ((intid - first) * bits_of(field)));
        }
    }
}

bool spec_ignores_writes(const struct spec_place *at)
{
    unsigned first, last;

    return find(at, &first, &last) == FIELD_NONE && !is_word(at, SPEC_GICD, 0) &&
           !is_message(at, 0x40) && !is_message(at, 0x48) && !is_word(at, SPEC_RD, 0x14);
}

struct spec_value spec_read(const struct spec_place *at)
{
    unsigned first, last;
    const enum field field = find(at, &first, &last);

    if (field == FIELD_NONE) {
        return read_other(at);
    }
    if (field == FIELD_ROUTER) {
        return exactly((at->bytes == 8)      ? routers[first]
                       : at->offset % 8 != 0 ? routers[first] >> 32
                                             : (uint32_t)routers[first]);
    }
    return read_fields(at, field, first, last);
}

/* All interrupts, or those of one redistributor (`cpu`), or the SPIs (SPEC_NO_CPU). */
static bool fence(bool (*is_meant)(struct spec_event, unsigned cpu), unsigned cpu,
                  bool (*is_in)(unsigned owner, unsigned cpu))
{
    bool is_possible = true;

    for (unsigned i = 0; i < SPEC_ALL; i++) {
        unsigned owner, intid;
        struct spec_belief *const b = spec_irq_at(i, &owner, &intid);
        if (is_in(owner, cpu)) {
            is_possible = spec_belief_fence(b, is_meant, cpu) && is_possible;
        }
    }
    return is_possible;
}

static bool is_any(unsigned owner, unsigned cpu)
{
    (void)owner;
    (void)cpu;
    return true;
}

static bool is_spi(unsigned owner, unsigned cpu)
{
    (void)cpu;
    return owner == SPEC_NO_CPU;
}

static bool is_own(unsigned owner, unsigned cpu)
{
    return owner == cpu;
}

static bool is_disable(struct spec_event e, unsigned cpu)
{
    (void)cpu;
    return e.kind == SPEC_DISABLE;
}

static bool is_group_change(struct spec_event e, unsigned cpu)
{
    (void)cpu;
    return e.kind == SPEC_GROUPS;
}

/* RWP is 0: what was disabled before is not delivered any more [IHI0069 12.9.4, 12.9.7].
 * ChildrenAsleep is 1: nothing is. */
static bool other_read_done(const struct spec_place *at, uint64_t value)
{
    if (is_word(at, SPEC_GICD, 0) && (value >> 31) == 0) {
        return fence(is_disable, 0, is_spi) && fence(is_group_change, 0, is_any);
    }
    if (is_word(at, SPEC_RD, 0) && ((value >> 3) & 1) == 0) {
        return fence(is_disable, at->cpu, is_own);
    }
    if (is_word(at, SPEC_RD, 0x14) && ((value >> 1) & 3) == 3) {
        quiesced[at->cpu] = true;
    }
    return true;
}

bool spec_read_done(const struct spec_place *at, uint64_t value)
{
    unsigned first, last;
    const enum field field = find(at, &first, &last);
    const spec_question question = question_of(field);
    bool is_possible = true;

    if (field == FIELD_NONE) {
        return other_read_done(at, value);
    }
    for (unsigned intid = first; question != NULL && intid <= last; intid++) {
        const bool yes = ((value >> (intid - first)) & 1) != 0;
        is_possible = spec_belief_learn(spec_irq_of(at->cpu, intid), question, yes) && is_possible;
    }
    return is_possible;
}

/* --- SGIs, lines, power ---------------------------------------------------------------------- */

/* Does Aff3.Aff2.Aff1 and the target list name it? [IHI0069 12.2, ICC_SGI1R_EL1] */
static bool is_named(unsigned cpu, uint64_t value)
{
    const uint64_t aff1 = (value >> 16) & 0xFF, aff2 = (value >> 32) & 0xFF;
    const uint64_t aff3 = (value >> 48) & 0xFF, range = (value >> 44) & 0xF;

    for (unsigned k = 0; k < 16; k++) {
        const uint64_t affinity = (aff3 << 32) | (aff2 << 16) | (aff1 << 8) | (range * 16 + k);
        if (((value >> k) & 1) != 0 && affinity == affinities[cpu]) {
            return true;
        }
    }
    return false;
}

void spec_send_sgi(unsigned cpu, enum spec_event_kind kind, uint64_t value)
{
    const bool to_others = ((value >> 40) & 1) != 0; /* IRM */

    for (unsigned c = 0; c < SPEC_CPUS; c++) {
        if (to_others ? c != cpu : is_named(c, value)) {
            change(c, (value >> 24) & 0xF, kind, 0);
        }
    }
}

void spec_line(unsigned cpu, unsigned intid, bool high)
{
    change(cpu, intid, SPEC_LINE, high);
}

void spec_power(unsigned cpu, bool on)
{
    online[cpu] = on;
    change_all((struct spec_event){SPEC_POWER, (uint8_t)cpu, on});
}
