/* The registers that only a GICv3 with one security state has; spec/gic_version.h.
 *
 * With message-based SPIs, 1-of-N and range selectors. */
#include "spec/gic_version.h"

#include <string.h>

#define BIT64(n) (UINT64_C(1) << (n))

static uint64_t routers[SPEC_INTIDS];
static bool asleep[SPEC_CPUS];
static bool quiesced[SPEC_CPUS]; /* ChildrenAsleep was seen, and ProcessorSleep is still 1 */

/* Aff3.Aff2.Aff1.Aff0 as in IROUTER. */
static const uint64_t affinities[SPEC_CPUS] = {0, 1, 0x100};

const struct spec_row spec_version_rows[] = {{0x6000, 1020, 64, 4 | 8, FIELD_ROUTE}};
const unsigned spec_version_row_count = 1;

void spec_version_begin(void)
{
    memset(routers, 0, sizeof(routers));
    memset(asleep, 0, sizeof(asleep));
    memset(quiesced, 0, sizeof(quiesced));
}

bool spec_version_has_sources(unsigned intid)
{
    (void)intid;
    return false;
}

/* IROUTER is 0, the affinity of vCPU 0. */
uint8_t spec_version_reset_targets(void)
{
    return 1;
}

/* With affinity routing SGIs and PPIs are in the redistributors only, and have no IROUTER
 * [IHI0069 12.9]. */
void spec_version_frame(enum spec_frame frame, unsigned *begin, unsigned *end)
{
    *begin = (frame == SPEC_GICD) ? SPEC_PRIVATE : 0;
    *end = (frame == SPEC_GICD) ? SPEC_INTIDS : (frame == SPEC_SGI) ? SPEC_PRIVATE : 0;
}

bool spec_version_is_quiet(unsigned cpu)
{
    return quiesced[cpu];
}

/* IRM, Aff3 and Aff2.Aff1.Aff0 are held; with IRM the affinity is not [IHI0069 12.9.22]. */
static uint64_t router_of(uint64_t value)
{
    return ((value >> 31) & 1) != 0 ? BIT64(31) : value & UINT64_C(0xFF00FFFFFF);
}

void spec_version_write_route(const struct spec_place *at, unsigned intid, uint64_t value)
{
    uint64_t router = value;
    uint8_t targets = 0;

    if (at->bytes == 4) {
        router = (at->offset % 8 != 0) ? (value << 32) | (uint32_t)routers[intid]
                                       : (routers[intid] & ~UINT64_C(0xFFFFFFFF)) | value;
    }
    router = router_of(router);
    routers[intid] = router;
    for (unsigned c = 0; c < SPEC_CPUS; c++) {
        targets |= (uint8_t)((router == BIT64(31) || affinities[c] == router) ? 1U << c : 0U);
    }
    spec_change(0, intid, SPEC_ROUTE, targets);
}

uint64_t spec_version_route(const struct spec_place *at, unsigned intid)
{
    return (at->offset % 8 != 0) ? routers[intid] >> 32 : routers[intid];
}

/* --- other registers ------------------------------------------------------------------------- */

static bool is_identification(const struct spec_place *at)
{
    return at->frame != SPEC_SGI && at->offset >= 0xFFD0 && at->offset <= 0xFFFC &&
           at->offset % 4 == 0 && at->bytes == 4;
}

/* Whether RWP is 1 longer than it has to be is not for the manual to say; that it becomes 0 is
 * the caller's to check. [IHI0069 12.9.4; 12.11, GICR_CTLR] */
static struct spec_value with_rwp(uint64_t value, unsigned rwp)
{
    struct spec_value v = spec_exactly(value);

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

    return spec_exactly((at->bytes == 8)     ? typer
                        : (at->offset == 12) ? typer >> 32
                                             : (uint32_t)typer);
}

struct spec_value spec_version_read(const struct spec_place *at)
{
    if (spec_is_word(at, SPEC_GICD, 0)) {
        return with_rwp(0x50 | spec_ctlr_groups(), 31); /* DS, ARE: fixed at 1 */
    }
    if (spec_is_word(at, SPEC_GICD, 4)) {
        return spec_exactly(GICD_TYPER_VALUE);
    }
    if (spec_is_word(at, SPEC_GICD, 8) || spec_is_word(at, SPEC_RD, 4)) {
        return spec_iidr();
    }
    if (spec_is_word(at, SPEC_RD, 0)) {
        return with_rwp(0, 3);
    }
    if (spec_is_word(at, SPEC_RD, 0x14)) {
        return gicr_waker(at->cpu);
    }
    if (at->frame == SPEC_RD && (at->offset == 8 || at->offset == 12) && at->bytes >= 4 &&
        at->offset % at->bytes == 0) {
        return read_typer(at);
    }
    return is_identification(at) ? spec_identification(at->offset - 0xFFD0, 3) : spec_exactly(0);
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
        spec_change(0, intid, kind, 0);
    }
}

static void write_waker(unsigned cpu, bool sleep)
{
    if (asleep[cpu] != sleep) {
        asleep[cpu] = sleep;
        quiesced[cpu] = false;
        spec_change_all((struct spec_event){SPEC_SLEEP, (uint8_t)cpu, sleep});
    }
}

void spec_version_write(const struct spec_place *at, uint64_t value)
{
    if (is_message(at, 0x40)) {
        write_message(value, SPEC_SETSPI);
    } else if (is_message(at, 0x48)) {
        write_message(value, SPEC_CLRSPI);
    } else if (spec_is_word(at, SPEC_RD, 0x14)) {
        write_waker(at->cpu, ((value >> 1) & 1) != 0);
    }
}

bool spec_version_ignores_writes(const struct spec_place *at)
{
    return !is_message(at, 0x40) && !is_message(at, 0x48) && !spec_is_word(at, SPEC_RD, 0x14);
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
bool spec_version_read_done(const struct spec_place *at, uint64_t value)
{
    if (spec_is_word(at, SPEC_GICD, 0) && (value >> 31) == 0) {
        return fence(is_disable, 0, is_spi) && fence(is_group_change, 0, is_any);
    }
    if (spec_is_word(at, SPEC_RD, 0) && ((value >> 3) & 1) == 0) {
        return fence(is_disable, at->cpu, is_own);
    }
    if (spec_is_word(at, SPEC_RD, 0x14) && ((value >> 1) & 3) == 3) {
        quiesced[at->cpu] = true;
    }
    return true;
}

/* --- SGIs ------------------------------------------------------------------------------------ */

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
            spec_change(c, (value >> 24) & 0xF, kind, 1);
        }
    }
}
