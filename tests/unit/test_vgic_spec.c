/* sources: spec/gic_irq.c spec/gic_belief.c spec/gic.c vgic/vgic.c vgic/reset.c vgic/route.c vgic/lists.c vgic/choice.c vgic/hw.c vgic/regs.c vgic/regs_irq.c vgic/v3/sgi.c vgic/v3/dir.c vgic/v3/target.c vgic/v3/gicd.c vgic/v3/gicr.c lib/mem.c */
/* The vGIC against the executable specification of spec/gic.h.
 *
 * Random sequences of register accesses (any vCPU, any frame, offset and width), line changes,
 * physical interrupts, SGIs, acknowledges and ends by three vCPUs, power and sleep are made on
 * both. Whatever a guest can see must be one of the things that the specification allows: what
 * each vCPU would acknowledge, what it does acknowledge, what each read returns. Only public
 * functions of the vGIC are used, so any implementation can be judged.
 *
 * Prompt runs deliver every message at once: then nearly everything has one outcome. Late runs
 * deliver each CPU's messages at random times, let other vCPUs act while a read waits for its
 * answer, and hold the vGIC to what it says of itself by GICD_CTLR.RWP, GICR_CTLR.RWP and
 * GICR_WAKER.ChildrenAsleep; as soon as no message is under way, everything must have taken effect.
 *
 * VGIC_SPEC_STEPS sets the number of steps, VGIC_SPEC_SEED another sequence, and VGIC_SPEC_TRACE
 * the step from which on all changes are printed.
 *
 * @req IRQ-1, IRQ-3 */
#include <stdlib.h>

#include "spec/gic.h"
#include "fake/access.h"
#include "vgic_machine.h"

enum { DEFAULT_STEPS = 125000, DEPTH_MAX = 24, INTERRUPTS_MAX = 4 };

/* With EOImode 0 an end does not say which interrupt it is for when that is not in a list register:
 * it is taken for the active one of the highest priority, which it is as long as a CPU ends what it
 * took, and nothing else is active there, and priorities are what they were when it took it. So
 * there is either room for all that may be active at once (only_hot), or EOImode is 1, or ISACTIVER
 * and ICACTIVER are not used, no vCPU goes off with something active, and no priority changes while
 * the interrupt may be on its way. */
struct plan {
    unsigned lr_count;
    bool is_late;
    bool active_by_register; /* GICD_ISACTIVER and GICD_ICACTIVER */
    bool only_hot;           /* never more interrupts than list registers */
    bool is_eoimode1;
    bool power;
};

/* A vCPU's interface and its guest: what it has acknowledged. */
struct guest {
    bool group0, group1;
    uint8_t mask;
    unsigned depth; /* priority not dropped yet */
    struct {
        unsigned intid, priority;
    } running[DEPTH_MAX];
    unsigned dropped_count; /* EOImode 1: dropped, not deactivated yet */
    unsigned dropped[DEPTH_MAX];
};

static struct guest guests[SPEC_CPUS];
static struct plan plan;
static unsigned step;

/* Interrupts that most steps are about, so that they meet. */
static const struct {
    unsigned intid;
    bool has_wire; /* level or edge as configured; others are made pending by register or message */
} hot[] = {
    {0, false},  {15, false}, {20, true}, {27, true}, {30, true},
    {32, true},  {33, true},  {34, true}, {40, true}, {41, true},
    {48, false}, {49, false}, {64, true}, {65, true}, {95, false},
};
enum { HOT_COUNT = sizeof(hot) / sizeof(hot[0]) };

static unsigned pick(unsigned below)
{
    return (unsigned)(test_random() >> 33) % below;
}

static struct fake_physical *physical_of(unsigned cpu, unsigned intid)
{
    switch (intid) {
    case 27:
    case 30:
        return &fake_ppis[cpu][intid];
    case MACHINE_EDGE_VINTID:
        return &fake_spis[MACHINE_EDGE_PINTID];
    case MACHINE_LEVEL_VINTID:
        return &fake_spis[MACHINE_LEVEL_PINTID];
    default:
        return NULL;
    }
}

static void begin(void)
{
    const uint64_t edge = UINT64_C(1) << (MACHINE_EDGE_VINTID - 32);
    const uint64_t level = UINT64_C(1) << (MACHINE_LEVEL_VINTID - 32);

    memset(fake_cpuifs, 0, sizeof(fake_cpuifs));
    memset(fake_ppis, 0, sizeof(fake_ppis));
    memset(fake_spis, 0, sizeof(fake_spis));
    memset(fake_mailbox, 0, sizeof(fake_mailbox));
    memset(guests, 0, sizeof(guests));
    fake_lr_count = plan.lr_count;
    machine_boot();
    fake_cpu = 0;
    spec_begin(edge | level, edge, 1U << 27 | 1U << 30);
}

/* --- what is seen, against what is allowed ---------------------------------------------------- */

static unsigned open_groups(const struct guest *p)
{
    return (p->group0 ? 1U : 0U) | (p->group1 ? 2U : 0U);
}

static unsigned running_priority(const struct guest *p)
{
    return (p->depth == 0) ? 0x100U : p->running[p->depth - 1].priority;
}

/* Would the interface of `cpu` signal it, were it delivered? [IHI0069 4.8] */
static bool is_accepted(const struct guest *p, const struct spec_irq *q)
{
    return ((open_groups(p) >> q->is_group1) & 1U) != 0 && q->priority < p->mask &&
           q->priority < running_priority(p);
}

/* The lowest priority value that must be signalled to `cpu`; 0x100: none. */
static unsigned best_priority(unsigned cpu)
{
    unsigned best = 0x100;

    for (unsigned i = 0; i < SPEC_ALL; i++) {
        unsigned owner, intid;
        const struct spec_belief *const b = spec_irq_at(i, &owner, &intid);
        const struct spec_irq *const q = &b->members[0].irq;
        if ((b->must_deliver >> cpu & 1) != 0 && q->target != SPEC_ANY_CPU && q->priority < best &&
            is_accepted(&guests[cpu], q)) {
            best = q->priority;
        }
    }
    return best;
}

static unsigned would_acknowledge(unsigned cpu)
{
    fake_cpu = cpu;
    return fake_guest_would_acknowledge();
}

/* The machine is quiet: the signal to each vCPU is exactly what the state demands. */
static void check_signal(unsigned cpu)
{
    const unsigned intid = would_acknowledge(cpu);
    const unsigned best = best_priority(cpu);

    if (intid == FAKE_NO_INTID) {
        CHECK_MSG(best == 0x100, "step %u: vCPU %u is signalled nothing, but must be one of %#x",
                  step, cpu, best);
        return;
    }
    const struct spec_belief *const b = spec_irq_of(cpu, intid);
    const struct spec_irq *const q = &b->members[0].irq;
    CHECK_MSG((b->may_deliver >> cpu & 1) != 0 && is_accepted(&guests[cpu], q),
              "step %u: vCPU %u is signalled INTID %u, and must not be: delivered to %#x, priority "
              "%#x, mask %#x, runs %#x, groups %#x",
              step, cpu, intid, b->may_deliver, q->priority, guests[cpu].mask,
              running_priority(&guests[cpu]), open_groups(&guests[cpu]));
    CHECK_MSG(q->priority <= best,
              "step %u: vCPU %u is signalled INTID %u of %#x before one of %#x", step, cpu, intid,
              q->priority, best);
}

/* A 1-of-N interrupt is signalled to one of the vCPUs that are on and awake, if all of these would
 * take it; which one, and whether to one that has no mind to, is the distributor's choice. */
static void check_one_of_n(void)
{
    for (unsigned i = 0; i < SPEC_INTIDS - SPEC_PRIVATE; i++) {
        unsigned owner, intid;
        const struct spec_belief *const b = spec_irq_at(i, &owner, &intid);
        const struct spec_irq *const q = &b->members[0].irq;
        bool is_served = q->target != SPEC_ANY_CPU || b->must_deliver == 0;
        for (unsigned c = 0; c < SPEC_CPUS && !is_served; c++) {
            if ((b->must_deliver >> c & 1) != 0) {
                const unsigned signalled = would_acknowledge(c);
                is_served = !is_accepted(&guests[c], q) ||
                            (signalled != FAKE_NO_INTID &&
                             spec_irq_of(c, signalled)->members[0].irq.priority <= q->priority);
            }
        }
        CHECK_MSG(is_served, "step %u: nobody is signalled INTID %u, which is 1 of N", step, intid);
    }
}

static bool is_active(const struct spec_irq *q)
{
    return q->is_active;
}

static bool is_alive(const struct spec_irq *q)
{
    return q->is_active || spec_irq_is_pending(q);
}

/* A physical interrupt is active while its virtual one is, and left alone when that is over. */
static void check_physical(void)
{
    for (unsigned i = 0; i < SPEC_ALL; i++) {
        unsigned owner, intid;
        struct spec_belief *const b = spec_irq_at(i, &owner, &intid);
        const struct fake_physical *const p = physical_of(owner, intid);
        if (p != NULL && (owner == SPEC_NO_CPU || spec_is_online(owner))) {
            CHECK_MSG(p->active || spec_belief_allows(b, is_active, false),
                      "step %u: INTID %u is only virtually active", step, intid);
            CHECK_MSG(!p->active || spec_belief_allows(b, is_alive, true),
                      "step %u: INTID %u is only physically active", step, intid);
        }
    }
}

/* RWP is 0, and ChildrenAsleep is ProcessorSleep. */
static void check_nothing_is_under_way(void)
{
    fake_cpu = 0;
    CHECK_MSG(gicd_read(0) >> 31 == 0, "step %u: GICD_CTLR.RWP stays 1", step);
    for (unsigned c = 0; c < SPEC_CPUS; c++) {
        const uint64_t waker = machine_read(true, c * 0x20000U + 0x14, 4);
        CHECK_MSG(machine_read(true, c * 0x20000U, 4) == 0, "step %u: GICR_CTLR.RWP stays 1", step);
        CHECK_MSG(waker == 0 || waker == 6, "step %u: GICR_WAKER stays %#jx", step,
                  (uintmax_t)waker);
    }
}

/* After each step: what no message is needed for any more has taken effect. */
static void check_quiet_machine(void)
{
    if (!plan.is_late || spec_is_full() || pick(24) == 0) {
        machine_settle();
    }
    if (!machine_is_quiet()) {
        return;
    }
    spec_settle();
    for (unsigned c = 0; c < SPEC_CPUS; c++) {
        if (spec_is_online(c)) {
            check_signal(c);
        }
    }
    check_one_of_n();
    check_physical();
    if (step % 16 == 0) {
        check_nothing_is_under_way();
    }
}

/* --- accesses --------------------------------------------------------------------------------- */

static uint64_t offset_of(const struct spec_place *at)
{
    return (at->frame == SPEC_GICD)
               ? at->offset
               : at->cpu * 0x20000U + (at->frame == SPEC_SGI ? 0x10000U : 0U) + at->offset;
}

static uint64_t width_mask(const struct spec_place *at)
{
    return UINT64_MAX >> (64 - 8 * at->bytes);
}

static void guest_write(const struct spec_place *at, uint64_t value)
{
    spec_write(at, value & width_mask(at));
    machine_write(at->frame != SPEC_GICD, offset_of(at), at->bytes, value & width_mask(at));
}

static bool take(unsigned cpu);
static void end(unsigned cpu);

/* What others do while a read waits for its answer. */
static bool step_of_others(unsigned cpu)
{
    const unsigned other = pick(SPEC_CPUS);

    if (!plan.is_late || other == cpu || !spec_is_online(other) || pick(3) != 0) {
        return false;
    }
    fake_cpu = other;
    if (!take(other)) {
        end(other);
    }
    fake_cpu = cpu;
    return true;
}

/* The reader is interrupted as long as it is signalled something, and takes its time. */
static bool interrupt_reader(unsigned cpu)
{
    bool is_interrupted = false;

    for (unsigned n = 0; n < INTERRUPTS_MAX && would_acknowledge(cpu) != FAKE_NO_INTID; n++) {
        is_interrupted = true;
        if (take(cpu)) {
            end(cpu);
        }
        for (unsigned i = 0; i < 8; i++) {
            (void)step_of_others(cpu);
        }
    }
    return is_interrupted;
}

static void widen(struct spec_value *allowed, const struct spec_place *at)
{
    const struct spec_value now = spec_read(at);

    allowed->ones |= now.ones;
    allowed->zeros |= now.zeros;
}

static void check_value(unsigned cpu, const struct spec_place *at, uint64_t value,
                        struct spec_value allowed)
{
    const uint64_t mask = width_mask(at);

    CHECK_MSG((value & mask & ~allowed.ones) == 0 && (~value & mask & ~allowed.zeros) == 0 &&
                  (value & ~mask) == 0,
              "step %u: vCPU %u reads %#jx at %u:%u:%#x, %u bytes; may be 1: %#jx, 0: %#jx", step,
              cpu, (uintmax_t)value, at->frame, at->cpu, at->offset, at->bytes,
              (uintmax_t)allowed.ones, (uintmax_t)allowed.zeros);
}

/* The guest reads, as often as it is made to repeat its load. What it gets was true at some time
 * after the load began; if it is interrupted in between, the load begins anew behind that. */
static void guest_read(unsigned cpu, const struct spec_place *at)
{
    struct mmio_access a = {.offset = offset_of(at), .size_bytes = (uint8_t)at->bytes};
    struct spec_value allowed = spec_read(at);
    /* With PSTATE.I clear nothing can have been signalled when the load began. */
    const bool is_interruptible = would_acknowledge(cpu) == FAKE_NO_INTID && pick(2) == 0;
    bool is_disturbed = false;

    for (unsigned tries = 0;; tries++) {
        fake_cpu = cpu;
        a.retry = false;
        CHECK((at->frame != SPEC_GICD ? vgic_gicr_access : vgic_gicd_access)(MACHINE_VM, &a));
        if (!a.retry) {
            break;
        }
        CHECK_MSG(tries < 1000, "step %u: the read is never answered", step);
        is_disturbed = step_of_others(cpu) || is_disturbed;
        for (unsigned n = pick(3); n > 0; n--) {
            machine_settle_cpu(pick(SPEC_CPUS));
        }
        if (is_interruptible && interrupt_reader(cpu)) {
            if (would_acknowledge(cpu) != FAKE_NO_INTID) {
                return; /* a line that stays high never lets it come back to its load */
            }
            allowed = (struct spec_value){0, 0};
            is_disturbed = true;
        }
        if (machine_is_quiet()) {
            spec_settle();
        }
        widen(&allowed, at);
    }
    check_value(cpu, at, a.value, allowed);
    CHECK_MSG(is_disturbed || spec_read_done(at, a.value),
              "step %u: vCPU %u reads %#jx at %u:%u:%#x: in no order", step, cpu,
              (uintmax_t)a.value, at->frame, at->cpu, at->offset);
}

static struct spec_place word_at(uint32_t base, unsigned cpu, unsigned intid)
{
    return (struct spec_place){.frame = (intid < 32) ? SPEC_SGI : SPEC_GICD,
                               .cpu = (intid < 32) ? cpu : 0,
                               .offset = base + intid / 32 * 4,
                               .bytes = 4};
}

/* One interrupt, some of its neighbours, or all of its word. */
static uint64_t some_of_word(unsigned intid)
{
    uint64_t mask = UINT64_C(1) << (intid % 32);

    if (pick(3) == 0) {
        for (unsigned i = 0; i < HOT_COUNT; i++) {
            mask |= (hot[i].intid / 32 == intid / 32 && pick(2) == 0)
                        ? UINT64_C(1) << (hot[i].intid % 32)
                        : 0;
        }
    }
    return (pick(64) == 0 && !plan.only_hot) ? test_random() & UINT32_MAX : mask;
}

static void write_bits(uint32_t base, unsigned owner, unsigned intid)
{
    const struct spec_place at = word_at(base, owner, intid);

    guest_write(&at, some_of_word(intid));
}

static void step_group(unsigned owner, unsigned intid)
{
    const struct spec_place at = word_at(IGROUPR, owner, intid);
    const uint64_t now = spec_read(&at).ones;
    const uint64_t some = some_of_word(intid);

    guest_write(&at, (pick(4) != 0) ? now | some : now & ~some);
}

static bool needs_order(void)
{
    return !plan.only_hot && !plan.is_eoimode1;
}

/* Not of one that is active: whether that has an effect is the implementation's choice
 * [IHI0069 12.9.20]. */
static void step_priority(unsigned owner, unsigned intid)
{
    struct spec_place at = {.frame = (intid < 32) ? SPEC_SGI : SPEC_GICD,
                            .cpu = (intid < 32) ? owner : 0,
                            .offset = IPRIORITYR + intid,
                            .bytes = 1};

    if (needs_order()) {
        machine_settle();
        spec_settle();
    }
    if (!spec_belief_allows(spec_irq_of(owner, intid), is_active, true)) {
        guest_write(&at, test_random());
    }
    if (needs_order()) {
        machine_settle();
    }
}

/* Changing the configuration of an interrupt that is enabled is UNPREDICTABLE [IHI0069 12.9.9]. */
static void step_configure(unsigned intid)
{
    const struct spec_place at = {SPEC_GICD, 0, ICFGR + intid / 16 * 4, 4};
    uint64_t value = test_random();

    if (intid < 32 || spec_is_full()) {
        return;
    }
    for (unsigned i = 0; i < 16; i++) {
        const struct spec_irq q = spec_settings_of(0, (intid & ~15U) + i);
        if (q.is_enabled || spec_irq_of(0, (intid & ~15U) + i)->change_count > 0) {
            value &= ~(UINT64_C(3) << (2 * i));
            value |= (uint64_t)(q.is_edge ? 2 : 0) << (2 * i);
        }
    }
    guest_write(&at, value);
}

static void step_route(unsigned intid)
{
    static const uint64_t routers[] = {
        0, 1, 0x100, UINT64_C(1) << 31, UINT64_C(0x180000001), 7, UINT64_C(1) << 32};
    struct spec_place at = {SPEC_GICD, 0, IROUTER + 8 * intid, (pick(4) == 0) ? 4 : 8};

    if (intid >= 32) {
        at.offset += (at.bytes == 4 && pick(4) == 0) ? 4 : 0;
        guest_write(&at, (at.offset % 8 == 0) ? routers[pick(7)] : pick(2));
    }
}

static void step_distributor(void)
{
    const struct spec_place at = {SPEC_GICD, 0, 0, 4};

    guest_write(&at, (pick(6) != 0) ? 3 : pick(4));
}

static void step_message(unsigned intid)
{
    const struct spec_place at = {SPEC_GICD, 0, (pick(2) == 0) ? 0x40 : 0x48,
                                  (pick(2) == 0) ? 2 : 4};

    guest_write(&at, (pick(8) == 0 && !plan.only_hot) ? test_random() & 0xFF
                     : (intid < 48)                   ? 48
                                                      : intid);
}

static void step_sleep(unsigned cpu)
{
    const struct spec_place at = {SPEC_RD, cpu, 0x14, 4};

    guest_write(&at, (pick(4) == 0) ? 2 : 0);
}

/* Anything anywhere; mostly reserved. The frames above the last vCPU's have nothing. */
static void step_anywhere(unsigned cpu)
{
    struct spec_place at = {.frame = (enum spec_frame)pick(3),
                            .cpu = pick(SPEC_CPUS),
                            .offset = pick(2) == 0 ? pick(0x1000) : pick(0x10000),
                            .bytes = 1U << pick(4)};

    at.cpu = (at.frame == SPEC_GICD) ? 0 : at.cpu;
    at.offset &= (pick(4) == 0) ? UINT32_MAX : ~(at.bytes - 1);
    at.offset = (at.offset + at.bytes > 0x10000) ? 0xFFF8 : at.offset;
    guest_read(cpu, &at);
}

static void step_read(unsigned cpu, unsigned owner, unsigned intid)
{
    static const uint32_t bases[] = {ISPENDR, ICPENDR, ISACTIVER, ICACTIVER, ISENABLER, IGROUPR};
    struct spec_place at = word_at(bases[pick(6)], owner, intid);

    if (pick(8) == 0) {
        at.offset = (pick(2) == 0) ? IPRIORITYR + (intid & ~3U) : ICFGR + intid / 16 * 4;
    } else if (pick(8) == 0 && intid >= 32) {
        at.offset = IROUTER + 8 * intid;
        at.bytes = 8;
    }
    guest_read(cpu, &at);
}

/* RWP or ChildrenAsleep just behind what it tells of; then the others try to acknowledge. */
static void step_poll(unsigned cpu, unsigned owner, unsigned intid)
{
    struct spec_place at = {.frame = SPEC_GICD, .bytes = 4};

    if (pick(3) == 0) {
        step_sleep(owner);
        at = (struct spec_place){SPEC_RD, owner, 0x14, 4};
    } else {
        write_bits(ICENABLER, owner, intid);
        if (intid < 32) {
            at = (struct spec_place){SPEC_RD, owner, 0, 4};
        }
    }
    guest_read(cpu, &at);
    for (fake_cpu = 0; fake_cpu < SPEC_CPUS; fake_cpu++) {
        if (spec_is_online(fake_cpu)) {
            (void)take(fake_cpu);
        }
    }
}

/* --- events ----------------------------------------------------------------------------------- */

static void step_line(unsigned owner, unsigned which)
{
    const unsigned intid = hot[which].intid;
    struct fake_physical *const p = physical_of(owner, intid);
    const bool high = pick(2) != 0;

    if (!hot[which].has_wire || (intid < 32 && !spec_is_online(owner))) {
        return;
    }
    spec_line(owner, intid, high);
    if (p != NULL) {
        fake_physical_set_line(p, high);
        return;
    }
    fake_cpu = (intid < 32) ? owner : pick(4);
    vgic_set_line(MACHINE_VM, (uint16_t)((intid < 32) ? owner : 0), (uint16_t)intid, high);
}

static void step_sgi(unsigned cpu)
{
    static const struct {
        enum vgic_sgi_kind kind;
        enum spec_event_kind event;
    } kinds[] = {{VGIC_SGI1R, SPEC_SGI1R}, {VGIC_SGI0R, SPEC_SGI0R}, {VGIC_ASGI1R, SPEC_SGI0R}};
    static const uint64_t clusters[] = {0,
                                        0,
                                        UINT64_C(1) << 16,
                                        UINT64_C(1) << 16,
                                        UINT64_C(1) << 32,
                                        UINT64_C(1) << 44,
                                        UINT64_C(1) << 48};
    const unsigned k = (pick(3) == 0) ? pick(3) : 0;
    const unsigned intid = (pick(8) == 0 && !plan.only_hot) ? pick(16) : pick(2) * 15;
    uint64_t value = (uint64_t)intid << 24;

    value |= clusters[pick(7)] | (uint64_t)((pick(16) == 0) ? pick(0x10000) : pick(4));
    value |= (pick(5) == 0) ? UINT64_C(1) << 40 : 0;
    spec_send_sgi(cpu, kinds[k].event, value);
    vgic_sgi_write(&vcpus[cpu], kinds[k].kind, value);
}

static bool take(unsigned cpu)
{
    struct guest *const p = &guests[cpu];
    const unsigned intid = (p->depth == DEPTH_MAX) ? FAKE_NO_INTID : fake_guest_acknowledge();
    unsigned priority;

    if (intid == FAKE_NO_INTID) {
        return false;
    }
    priority = fake_guest_running_priority();
    CHECK_MSG(spec_acknowledge(cpu, intid, priority, open_groups(p)),
              "step %u: vCPU %u acknowledges INTID %u, and nothing explains it", step, cpu, intid);
    p->running[p->depth].intid = intid;
    p->running[p->depth].priority = priority;
    p->depth++;
    return true;
}

static void end(unsigned cpu)
{
    struct guest *const p = &guests[cpu];
    unsigned intid;

    if (p->depth == 0 || p->dropped_count == DEPTH_MAX) {
        return;
    }
    intid = p->running[--p->depth].intid;
    fake_guest_end(intid);
    if (plan.is_eoimode1) {
        p->dropped[p->dropped_count++] = intid;
    } else {
        spec_end(cpu, intid);
    }
    /* No message has to travel for the maintenance interrupt of what was not listed. */
    if (fake_maintenance_is_asserted()) {
        vgic_maintenance(&vcpus[cpu]);
    }
}

/* ICC_DIR_EL1, in any order; of an SPI also by a vCPU that did not acknowledge it. */
static void step_deactivate(unsigned cpu)
{
    struct guest *const p = &guests[cpu];
    const unsigned by = (pick(4) == 0) ? pick(SPEC_CPUS) : cpu;
    unsigned at, intid;

    if (p->dropped_count == 0) {
        return;
    }
    at = pick(p->dropped_count);
    intid = p->dropped[at];
    if (by != cpu && (intid < 32 || !spec_is_online(by))) {
        return;
    }
    p->dropped[at] = p->dropped[--p->dropped_count];
    fake_cpu = by;
    CHECK_MSG((fake_cpuifs[by].hcr >> 14 & 1) != 0, "step %u: ICC_DIR does not trap", step);
    spec_deactivate(cpu, intid);
    vgic_dir_write(&vcpus[by], intid);
}

static void step_interface(unsigned cpu)
{
    struct guest *const p = &guests[cpu];

    p->group0 = pick(4) != 0;
    p->group1 = pick(8) != 0;
    p->mask = (uint8_t)((pick(4) != 0) ? 0xF8 : pick(32) << 3);
    fake_guest_enable_groups(p->group0, p->group1);
    fake_guest_set_mask(p->mask);
}

static bool has_active(unsigned cpu)
{
    bool has = false;

    for (unsigned i = 0; i < SPEC_ALL; i++) {
        unsigned owner, intid;
        struct spec_belief *const b = spec_irq_at(i, &owner, &intid);
        has = has ||
              ((owner == cpu || owner == SPEC_NO_CPU) && spec_belief_allows(b, is_active, true));
    }
    return has;
}

/* The timers' lines drop before their vCPU goes off. */
static void step_power(unsigned cpu)
{
    const bool on = !spec_is_online(cpu);

    machine_settle();
    spec_settle();
    if (!on && needs_order() && has_active(cpu)) {
        return;
    }
    guests[cpu] = (struct guest){0};
    if (on) {
        machine_vcpu_on(cpu);
        fake_cpu = cpu;
        fake_guest_set_eoimode(plan.is_eoimode1);
    } else {
        fake_physical_set_line(&fake_ppis[cpu][27], false);
        fake_physical_set_line(&fake_ppis[cpu][30], false);
        machine_vcpu_off(cpu);
    }
    spec_power(cpu, on);
    machine_settle();
    spec_settle();
}

/* --- sequences -------------------------------------------------------------------------------- */

static void step_registers(unsigned owner, unsigned intid)
{
    switch (pick(20)) {
    case 0:
    case 1:
    case 2:
    case 3:
        write_bits(ISENABLER, owner, intid);
        break;
    case 4:
    case 5:
        write_bits(ICENABLER, owner, intid);
        break;
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
        write_bits(ISPENDR, owner, intid);
        break;
    case 11:
    case 12:
        write_bits(ICPENDR, owner, intid);
        break;
    case 13:
        step_group(owner, intid);
        break;
    case 14:
    case 15:
        step_priority(owner, intid);
        break;
    case 16:
    case 17:
        step_route(intid);
        break;
    case 18:
        step_message(intid);
        break;
    default:
        step_configure(intid);
        break;
    }
}

static void step_rare(unsigned cpu, unsigned owner, unsigned intid)
{
    switch (pick(8)) {
    case 0:
    case 1:
        step_interface(cpu);
        break;
    case 2:
        step_distributor();
        break;
    case 3:
        step_sleep(owner);
        break;
    case 4:
    case 5:
        if (plan.active_by_register) {
            write_bits((pick(3) == 0) ? ISACTIVER : ICACTIVER, owner, intid);
        }
        break;
    case 6:
        step_anywhere(cpu);
        break;
    default:
        if (plan.power && owner != 0) {
            step_power(owner);
        }
        break;
    }
}

static void one_step(void)
{
    const unsigned which = pick(HOT_COUNT);
    const unsigned intid = (pick(16) == 0 && !plan.only_hot) ? pick(SPEC_INTIDS) : hot[which].intid;
    const unsigned owner = pick(SPEC_CPUS); /* whose redistributor; need not be on */
    const unsigned cpu = spec_is_online(owner) ? owner : 0;
    const unsigned kind = pick(100);

    fake_cpu = pick(4) == 0 ? 0 : cpu; /* vCPU 0 is always on */
    if (kind < 30) {
        step_registers(owner, intid);
    } else if (kind < 38) {
        step_line(owner, which);
    } else if (kind < 44) {
        step_sgi(fake_cpu);
    } else if (kind < 66) {
        fake_cpu = cpu;
        (void)take(cpu);
    } else if (kind < 84) {
        fake_cpu = cpu;
        end(cpu);
        if (pick(2) == 0) {
            step_deactivate(cpu);
        }
    } else if (kind < 90) {
        step_read(fake_cpu, owner, intid);
    } else if (kind < 92) {
        step_poll(fake_cpu, owner, intid);
    } else if (kind < 97) {
        step_rare(fake_cpu, owner, intid);
    } else {
        machine_settle_cpu(cpu);
    }
}

static unsigned setting(const char *name, unsigned otherwise)
{
    const char *const text = getenv(name);

    return (text != NULL) ? (unsigned)strtoul(text, NULL, 0) : otherwise;
}

static void run(struct plan wanted)
{
    const unsigned steps = setting("VGIC_SPEC_STEPS", DEFAULT_STEPS);

    plan = wanted;
    for (uint64_t skip = UINT64_C(1000003) * setting("VGIC_SPEC_SEED", 0); skip > 0; skip--) {
        (void)test_random();
    }
    begin();
    for (fake_cpu = 0; fake_cpu < SPEC_CPUS; fake_cpu++) {
        fake_guest_set_eoimode(plan.is_eoimode1);
    }
    for (step = 0; step < steps; step++) {
        spec_is_traced = step >= setting("VGIC_SPEC_TRACE", UINT32_MAX);
        one_step();
        check_quiet_machine();
    }
}

#define RUN(name, ...)                                                                             \
    TEST(name)                                                                                     \
    {                                                                                              \
        run((struct plan){__VA_ARGS__});                                                           \
    }

RUN(prompt_with_room_for_all, .lr_count = 16, .active_by_register = true, .only_hot = true,
    .power = true)
RUN(prompt_sixteen_list_registers, .lr_count = 16, .power = true)
RUN(prompt_four_list_registers, .lr_count = 4, .power = true)
RUN(prompt_two_list_registers, .lr_count = 2, .power = true)
RUN(prompt_one_list_register, .lr_count = 1)
RUN(prompt_separate_deactivation_sixteen, .lr_count = 16, .active_by_register = true,
    .is_eoimode1 = true, .power = true)
RUN(prompt_separate_deactivation_four, .lr_count = 4, .active_by_register = true,
    .is_eoimode1 = true, .power = true)
RUN(prompt_separate_deactivation_one, .lr_count = 1, .active_by_register = true,
    .is_eoimode1 = true)
RUN(late_with_room_for_all, .lr_count = 16, .is_late = true, .active_by_register = true,
    .only_hot = true, .power = true)
RUN(late_sixteen_list_registers, .lr_count = 16, .is_late = true, .power = true)
RUN(late_four_list_registers, .lr_count = 4, .is_late = true, .power = true)
RUN(late_two_list_registers, .lr_count = 2, .is_late = true)
RUN(late_one_list_register, .lr_count = 1, .is_late = true)
RUN(late_separate_deactivation_sixteen, .lr_count = 16, .is_late = true, .active_by_register = true,
    .is_eoimode1 = true, .power = true)
RUN(late_separate_deactivation_four, .lr_count = 4, .is_late = true, .active_by_register = true,
    .is_eoimode1 = true, .power = true)
RUN(late_separate_deactivation_one, .lr_count = 1, .is_late = true, .active_by_register = true,
    .is_eoimode1 = true)
