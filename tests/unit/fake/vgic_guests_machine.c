/* Guests on the specification and on the vGIC; tests/unit/vgic_guests_machine.h. */
#include "vgic_guests_machine.h"

#include "fake/access.h"

enum { DEPTH_MAX = 24, INTERRUPTS_MAX = 4 };

/* A vCPU's interface and its guest: what it has acknowledged. */
struct guest {
    bool group0, group1;
    uint8_t mask;
    unsigned depth; /* priority not dropped yet */
    struct {
        unsigned iar, priority;
    } running[DEPTH_MAX];
    unsigned dropped_count; /* EOImode 1: dropped, not deactivated yet */
    unsigned dropped[DEPTH_MAX];
};

static struct guest guests[SPEC_CPUS];
struct plan plan;
unsigned step;
bool guests_are_parked[SPEC_CPUS];

bool guests_can_act(unsigned cpu)
{
    return spec_is_online(cpu) && !guests_are_parked[cpu];
}

unsigned pick(unsigned below)
{
    return (unsigned)(test_random() >> 33) % below;
}

struct fake_physical *guests_physical(unsigned cpu, unsigned intid)
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

void guests_begin(struct plan wanted)
{
    const uint64_t edge = UINT64_C(1) << (MACHINE_EDGE_VINTID - 32);
    const uint64_t level = UINT64_C(1) << (MACHINE_LEVEL_VINTID - 32);

    plan = wanted;
    memset(fake_cpuifs, 0, sizeof(fake_cpuifs));
    memset(fake_ppis, 0, sizeof(fake_ppis));
    memset(fake_spis, 0, sizeof(fake_spis));
    memset(fake_mailbox, 0, sizeof(fake_mailbox));
    memset(guests, 0, sizeof(guests));
    memset(guests_are_parked, 0, sizeof(guests_are_parked));
    fake_lr_count = plan.lr_count;
    machine_boot();
    fake_cpu = 0;
    spec_begin(edge | level, edge, 1U << 27 | 1U << 30);
    for (fake_cpu = 0; fake_cpu < SPEC_CPUS; fake_cpu++) {
        fake_guest_set_eoimode(plan.is_eoimode1);
    }
}

/* --- what is seen, against what is allowed --------------------------------------------------- */

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

/* Several vCPUs may take it, and which one does is the distributor's choice. */
static bool is_one_of_n(const struct spec_irq *q)
{
    return (q->targets & (q->targets - 1)) != 0;
}

/* The lowest priority value that must be signalled to `cpu`; 0x100: none. */
static unsigned best_priority(unsigned cpu)
{
    unsigned best = 0x100;

    for (unsigned i = 0; i < SPEC_ALL; i++) {
        unsigned owner, intid;
        const struct spec_belief *const b = spec_irq_at(i, &owner, &intid);
        const struct spec_irq *const q = &b->members[0].irq;
        if ((b->must_deliver >> cpu & 1) != 0 && !is_one_of_n(q) && q->priority < best &&
            is_accepted(&guests[cpu], q)) {
            best = q->priority;
        }
    }
    return best;
}

/* INTID, or FAKE_NO_INTID. */
static unsigned would_acknowledge(unsigned cpu)
{
    fake_cpu = cpu;
    return spec_intid_of(fake_guest_would_acknowledge());
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
        bool is_served = !is_one_of_n(q) || b->must_deliver == 0;
        for (unsigned c = 0; c < SPEC_CPUS && !is_served; c++) {
            if ((b->must_deliver >> c & 1) != 0) {
                const unsigned signalled = would_acknowledge(c);
                is_served = !guests_can_act(c) || !is_accepted(&guests[c], q) ||
                            (signalled != FAKE_NO_INTID &&
                             spec_irq_of(c, signalled)->members[0].irq.priority <= q->priority);
            }
        }
        CHECK_MSG(is_served, "step %u: nobody is signalled INTID %u, which is 1 of N", step, intid);
    }
}

static bool ask_active(const struct spec_irq *q, unsigned argument)
{
    (void)argument;
    return q->is_active;
}

static bool ask_alive(const struct spec_irq *q, unsigned argument)
{
    (void)argument;
    return q->is_active || spec_irq_is_pending(q);
}

static const struct spec_question is_active = {ask_active, 0};
static const struct spec_question is_alive = {ask_alive, 0};

/* A physical interrupt is active while its virtual one is, and left alone when that is over. */
static void check_physical(void)
{
    for (unsigned i = 0; i < SPEC_ALL; i++) {
        unsigned owner, intid;
        struct spec_belief *const b = spec_irq_at(i, &owner, &intid);
        const struct fake_physical *const p = guests_physical(owner, intid);
        if (p != NULL && (owner == SPEC_NO_CPU || guests_can_act(owner))) {
            CHECK_MSG(p->active || spec_belief_allows(b, is_active, false),
                      "step %u: INTID %u is only virtually active", step, intid);
            CHECK_MSG(!p->active || spec_belief_allows(b, is_alive, true),
                      "step %u: INTID %u is only physically active", step, intid);
        }
    }
}

/* After each step: what no message is needed for any more has taken effect. */
void guests_check(void)
{
    if (!plan.is_late || spec_is_full() || pick(24) == 0) {
        machine_settle();
    }
    if (!machine_is_quiet()) {
        return;
    }
    spec_settle();
    for (unsigned c = 0; c < SPEC_CPUS; c++) {
        if (guests_can_act(c)) {
            check_signal(c);
        }
    }
    check_one_of_n();
    check_physical();
    if (step % 16 == 0) {
        guests_check_version();
    }
}

/* --- accesses -------------------------------------------------------------------------------- */

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

void guest_write(const struct spec_place *at, uint64_t value)
{
    spec_write(at, value & width_mask(at));
    machine_write(at->frame != SPEC_GICD, offset_of(at), at->bytes, value & width_mask(at));
}

/* What others do while a read waits for its answer. */
static bool step_of_others(unsigned cpu)
{
    const unsigned other = pick(SPEC_CPUS);

    if (!plan.is_late || other == cpu || !guests_can_act(other) || pick(3) != 0) {
        return false;
    }
    fake_cpu = other;
    if (!guest_take(other)) {
        guest_end(other);
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
        if (guest_take(cpu)) {
            guest_end(cpu);
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
void guest_read(unsigned cpu, const struct spec_place *at)
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

void guest_walk(unsigned cpu, enum spec_frame frame, unsigned whose, uint32_t size)
{
    for (unsigned bytes = 1; bytes <= 8; bytes *= 2) {
        for (uint32_t offset = 0; offset + bytes <= size; offset++) {
            const struct spec_place at = {frame, whose, offset, bytes};
            guest_read(cpu, &at);
            if (spec_ignores_writes(&at)) {
                guest_write(&at, UINT64_MAX);
                guest_read(cpu, &at);
            }
        }
    }
}

/* --- what a vCPU does with its interface ----------------------------------------------------- */

bool guest_take(unsigned cpu)
{
    struct guest *const p = &guests[cpu];
    const unsigned iar = (p->depth == DEPTH_MAX) ? FAKE_NO_INTID : fake_guest_acknowledge();
    unsigned priority;

    if (iar == FAKE_NO_INTID) {
        return false;
    }
    priority = fake_guest_running_priority();
    CHECK_MSG(spec_acknowledge(cpu, iar, priority, open_groups(p)),
              "step %u: vCPU %u acknowledges INTID %u (%#x), and nothing explains it", step, cpu,
              spec_intid_of(iar), iar);
    p->running[p->depth].iar = iar;
    p->running[p->depth].priority = priority;
    p->depth++;
    return true;
}

void guest_end(unsigned cpu)
{
    struct guest *const p = &guests[cpu];
    unsigned iar;

    if (p->depth == 0 || p->dropped_count == DEPTH_MAX) {
        return;
    }
    iar = p->running[--p->depth].iar;
    fake_guest_end(iar);
    if (plan.is_eoimode1) {
        p->dropped[p->dropped_count++] = iar;
    } else {
        spec_end(cpu, iar);
    }
    /* No message has to travel for the maintenance interrupt of what was not listed. */
    if (fake_maintenance_is_asserted()) {
        vgic_maintenance(&vcpus[cpu]);
    }
}

void guest_deactivate(unsigned cpu)
{
    struct guest *const p = &guests[cpu];
    const unsigned by = (pick(4) == 0) ? pick(SPEC_CPUS) : cpu;
    unsigned at, iar;

    if (p->dropped_count == 0) {
        return;
    }
    at = pick(p->dropped_count);
    iar = p->dropped[at];
    if (by != cpu && (spec_intid_of(iar) < SPEC_PRIVATE || !guests_can_act(by))) {
        return;
    }
    p->dropped[at] = p->dropped[--p->dropped_count];
    fake_cpu = by;
    spec_deactivate(cpu, iar);
    guests_write_dir(by, iar);
}

void guest_change_interface(unsigned cpu)
{
    struct guest *const p = &guests[cpu];

    p->group0 = pick(4) != 0;
    p->group1 = pick(8) != 0;
    p->mask = (uint8_t)((pick(4) != 0) ? 0xF8 : pick(32) << 3);
    fake_guest_enable_groups(p->group0, p->group1);
    fake_guest_set_mask(p->mask);
}

bool guests_need_order(void)
{
    return !plan.only_hot && !plan.is_eoimode1;
}

bool guests_may_be_active(unsigned owner, unsigned intid)
{
    return spec_belief_allows(spec_irq_of(owner, intid), is_active, true);
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

void guest_power(unsigned cpu)
{
    const bool on = !spec_is_online(cpu);

    if (guests_are_parked[cpu]) {
        return;
    }
    machine_settle();
    spec_settle();
    if (!on && guests_need_order() && has_active(cpu)) {
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
