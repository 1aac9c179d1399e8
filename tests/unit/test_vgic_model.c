/* sources: vgic/vgic.c vgic/reset.c vgic/route.c vgic/lists.c vgic/choice.c vgic/hw.c vgic/regs.c vgic/regs_irq.c vgic/v3/target.c vgic/v3/sgi.c vgic/v3/dir.c vgic/v3/gicd.c vgic/v3/gicr.c lib/mem.c */
/* The vGIC against a model of IHI0069 that knows no list registers.
 *
 * The model holds the state of a few interrupts as chapter 4 describes it. Random sequences of
 * register accesses, line changes, SGIs, acknowledges and ends by three vCPUs are made on both.
 * After each step, messages delivered, what each vCPU would acknowledge must be a pending
 * interrupt of the highest priority that the model allows, and from time to time all registers
 * must read alike. Runs with 1 to 16 list registers.
 *
 * @req IRQ-1 */
#include "vgic/state.h"
#include "vgic_machine.h"

enum { NOBODY = -1, MODEL_STACK = 64 };

struct model_irq {
    unsigned intid;
    int owner; /* vCPU of SGIs and PPIs, NOBODY for SPIs */
    bool edge;
    struct fake_physical *physical; /* or NULL */
    bool enabled, group1, latch, line, active;
    bool must; /* made pending after it was last taken or cleared: may not be lost */
    bool captured; /* of physical ones: acknowledged by EL2, so it no longer follows its line */
    uint8_t priority;
    uint64_t router;
    int active_on;
};

struct model_cpu {
    bool is_on, group0, group1;
    uint8_t mask;
    unsigned depth;
    struct {
        unsigned intid;
        uint8_t priority;
    } running[MODEL_STACK];
    unsigned dropped_count; /* EOImode 1: priority dropped, not deactivated yet */
    unsigned dropped[MODEL_STACK];
};

static struct model_irq irqs[64];
static unsigned irq_count;
static struct model_cpu cpus[MACHINE_VCPUS];
static bool dist_group0, dist_group1;
static bool is_eoimode1; /* on all CPUs */
static unsigned step;

static unsigned pick(unsigned below)
{
    return (unsigned)(test_random() >> 33) % below;
}

static void add(unsigned intid, int owner, bool edge, struct fake_physical *physical)
{
    irqs[irq_count++] = (struct model_irq){.intid = intid, .owner = owner, .edge = edge,
                                           .physical = physical, .active_on = NOBODY};
}

static void model_begin(unsigned lr_count, unsigned spis)
{
    memset(fake_cpuifs, 0, sizeof(fake_cpuifs));
    memset(fake_ppis, 0, sizeof(fake_ppis));
    memset(fake_spis, 0, sizeof(fake_spis));
    memset(fake_mailbox, 0, sizeof(fake_mailbox));
    memset(vgic_redists, 0, sizeof(vgic_redists));
    fake_lr_count = lr_count;
    machine_boot();
    memset(irqs, 0, sizeof(irqs));
    memset(cpus, 0, sizeof(cpus));
    irq_count = 0;
    dist_group0 = dist_group1 = false;
    for (int c = 0; c < MACHINE_VCPUS; c++) {
        cpus[c].is_on = true;
        add(0, c, true, NULL);
        add(15, c, true, NULL);
        add(20, c, false, NULL);
        add(27, c, false, &fake_ppis[c][27]);
    }
    for (unsigned i = 0; i < spis; i++) {
        add(32 + i, NOBODY, i % 2 == 0, NULL);
    }
    add(MACHINE_EDGE_VINTID, NOBODY, true, &fake_spis[MACHINE_EDGE_PINTID]);
    add(MACHINE_LEVEL_VINTID, NOBODY, false, &fake_spis[MACHINE_LEVEL_PINTID]);
    add(95, NOBODY, false, NULL);
    fake_cpu = 0;
    gicd_write(ICFGR + 8, 0x22222222);
}

/* --- the model ---------------------------------------------------------------------------- */

static bool model_is_pending(const struct model_irq *q)
{
    return q->latch || q->captured || (q->line && !q->edge);
}

static int model_target(const struct model_irq *q)
{
    static const uint64_t affinity[MACHINE_VCPUS] = {0, 1, 0x100};

    if (q->owner != NOBODY) {
        return q->owner;
    }
    for (int c = 0; c < MACHINE_VCPUS; c++) {
        if ((q->router >> 31 & 1) != 0 ? cpus[c].is_on : q->router == affinity[c]) {
            return c;
        }
    }
    return NOBODY;
}

/* EL2 takes a physical interrupt as soon as it is enabled. */
static void model_capture(void)
{
    for (unsigned i = 0; i < irq_count; i++) {
        struct model_irq *const q = &irqs[i];
        const bool reachable = q->owner == NOBODY || cpus[q->owner].is_on;
        if (q->physical != NULL && reachable && q->enabled && !q->captured && !q->active &&
            model_is_pending(q)) {
            q->captured = true;
            q->latch = false;
        }
    }
}

static unsigned running_priority(const struct model_cpu *p)
{
    return (p->depth == 0) ? 0x100U : p->running[p->depth - 1].priority;
}

static bool is_deliverable(const struct model_irq *q, int c)
{
    const struct model_cpu *const p = &cpus[c];
    const bool open = q->group1 ? dist_group1 && p->group1 : dist_group0 && p->group0;

    return p->is_on && open && q->enabled && model_is_pending(q) && !q->active &&
           model_target(q) == c && q->priority < p->mask && q->priority < running_priority(p);
}

/* The lowest priority value that `c` could take, 0x100 for none. */
static unsigned best_priority(int c)
{
    unsigned best = 0x100;

    for (unsigned i = 0; i < irq_count; i++) {
        if (is_deliverable(&irqs[i], c) && irqs[i].priority < best) {
            best = irqs[i].priority;
        }
    }
    return best;
}

static struct model_irq *model_find(unsigned intid, int c)
{
    for (unsigned i = 0; i < irq_count; i++) {
        if (irqs[i].intid == intid && (irqs[i].owner == c || irqs[i].owner == NOBODY)) {
            return &irqs[i];
        }
    }
    test_fail(__FILE__, __LINE__, "step %u: INTID %u is not in the model", step, intid);
}

/* --- comparison --------------------------------------------------------------------------- */

static void check_signal(int c)
{
    uint32_t intid;

    fake_cpu = (unsigned)c;
    intid = fake_guest_would_acknowledge();
    if (best_priority(c) == 0x100) {
        CHECK_MSG(intid == FAKE_NO_INTID, "step %u: vCPU %d would take INTID %u, model none",
                  step, c, intid);
        return;
    }
    CHECK_MSG(intid != FAKE_NO_INTID, "step %u: vCPU %d would take nothing, model one of %#x",
              step, c, best_priority(c));
    CHECK_MSG(is_deliverable(model_find(intid, c), c) &&
                  model_find(intid, c)->priority == best_priority(c),
              "step %u: vCPU %d would take INTID %u, not one of priority %#x", step, c, intid,
              best_priority(c));
}

static uint64_t word_read(uint64_t offset, const struct model_irq *q)
{
    return (q->owner == NOBODY) ? gicd_read(offset + q->intid / 32 * 4)
                                : gicr_read((unsigned)q->owner, offset);
}

static void check_registers(void)
{
    for (unsigned i = 0; i < irq_count; i++) {
        const struct model_irq *const q = &irqs[i];
        const unsigned b = q->intid % 32;
        const bool pending = (word_read(ISPENDR, q) >> b & 1) != 0;
        const bool active = (word_read(ISACTIVER, q) >> b & 1) != 0;
        CHECK_MSG(pending == model_is_pending(q), "step %u: INTID %u of %d pending %d, model %d",
                  step, q->intid, q->owner, pending, model_is_pending(q));
        CHECK_MSG(active == q->active, "step %u: INTID %u of %d active %d, model %d", step,
                  q->intid, q->owner, active, q->active);
        CHECK_EQ((word_read(ICENABLER, q) >> b & 1) != 0, q->enabled);
        if (q->physical != NULL) {
            CHECK_EQ(q->physical->active, q->active || q->captured);
        }
    }
}

/* --- steps, on both ----------------------------------------------------------------------- */

static void both_write(const struct model_irq *q, uint64_t offset)
{
    const uint64_t bit = UINT64_C(1) << (q->intid % 32);

    if (q->owner == NOBODY) {
        gicd_write(offset + q->intid / 32 * 4, bit);
    } else {
        gicr_write((unsigned)q->owner, offset, bit);
    }
}

static void step_enable(struct model_irq *q)
{
    q->enabled = pick(4) != 0;
    both_write(q, q->enabled ? ISENABLER : ICENABLER);
}

static void step_pending(struct model_irq *q)
{
    if (pick(3) != 0) {
        q->latch = q->latch || !q->captured;
        q->must = true;
        both_write(q, ISPENDR);
    } else {
        q->latch = false;
        q->captured = false;
        q->must = false;
        both_write(q, ICPENDR);
    }
}

static void step_active(struct model_irq *q)
{
    if (pick(3) == 0) {
        if (!q->active) {
            q->active = true;
            q->active_on = (model_target(q) == NOBODY) ? 0 : model_target(q);
            q->latch = q->latch || q->captured; /* waits in the physical distributor again */
            q->captured = false;
        }
        both_write(q, ISACTIVER);
    } else {
        q->active = false;
        both_write(q, ICACTIVER);
    }
}

/* Not while it is active: whether that has an effect is the implementation's choice
 * [IHI0069 12.9.20], and it is one that running_priority() does not follow. */
static void step_priority(struct model_irq *q)
{
    if (q->active) {
        return;
    }
    q->priority = (uint8_t)(pick(32) << 3);
    if (q->owner == NOBODY) {
        machine_write(false, IPRIORITYR + q->intid, 1, q->priority | pick(8));
    } else {
        machine_write(true, (unsigned)q->owner * 0x20000U + 0x10000U + IPRIORITYR + q->intid, 1,
                      q->priority | pick(8));
    }
}

static void step_group(struct model_irq *q)
{
    const uint64_t b = UINT64_C(1) << (q->intid % 32);
    const uint64_t value = word_read(IGROUPR, q);

    q->group1 = pick(4) != 0;
    if (q->owner == NOBODY) {
        gicd_write(IGROUPR + q->intid / 32 * 4, q->group1 ? value | b : value & ~b);
    } else {
        gicr_write((unsigned)q->owner, IGROUPR, q->group1 ? value | b : value & ~b);
    }
}

static void step_line(struct model_irq *q)
{
    const bool high = pick(2) != 0;
    const int c = q->owner;

    if (q->intid < 16 || (c != NOBODY && !cpus[c].is_on)) {
        return;
    }
    if (high && !q->line && q->edge) {
        q->latch = true;
        q->must = true;
    }
    q->line = high;
    if (q->physical != NULL) {
        fake_physical_set_line(q->physical, high);
        return;
    }
    fake_cpu = (c != NOBODY) ? (unsigned)c : pick(4);
    vgic_set_line(MACHINE_VM, (uint16_t)((c != NOBODY) ? c : 0), (uint16_t)q->intid, high);
}

static void step_route(struct model_irq *q)
{
    static const uint64_t routers[] = {0, 1, 0x100, UINT64_C(1) << 31, 0x7};

    if (q->owner == NOBODY) {
        q->router = routers[pick(5)];
        machine_write(false, IROUTER + 8 * q->intid, 8, q->router);
    }
}

static void step_sgi(int c)
{
    static const uint64_t targets[MACHINE_VCPUS] = {1, 2, (UINT64_C(1) << 16) | 1};
    const uint64_t intid = pick(2) * 15;
    const unsigned to = pick(4);

    for (int t = 0; t < MACHINE_VCPUS; t++) {
        if ((to == 3) ? t != c : t == (int)to) {
            model_find((unsigned)intid, t)->latch = true;
            model_find((unsigned)intid, t)->must = true;
        }
    }
    vgic_sgi_write(&vcpus[c], VGIC_SGI1R,
                   (intid << 24) | ((to == 3) ? UINT64_C(1) << 40 : targets[to]));
}

static void step_take(int c)
{
    const uint32_t intid = fake_guest_acknowledge();
    struct model_irq *q;

    if (intid == FAKE_NO_INTID || cpus[c].depth == MODEL_STACK) {
        return;
    }
    q = model_find(intid, c);
    q->active = true;
    q->active_on = c;
    q->latch = q->captured && q->latch; /* an edge since EL2 took the physical one */
    q->captured = false;
    q->must = false;
    cpus[c].running[cpus[c].depth].intid = intid;
    /* As taken: a new priority may still have been under way. */
    cpus[c].running[cpus[c].depth].priority = (uint8_t)fake_guest_running_priority();
    cpus[c].depth++;
}

/* An SPI that another vCPU acknowledged is only reached by a DIR that traps. */
static void model_deactivate(unsigned intid, int c, bool trapped)
{
    struct model_irq *const q = model_find(intid, c);

    if (q->active_on == c || trapped) {
        q->active = false;
    }
}

static void step_end(int c)
{
    struct model_cpu *const p = &cpus[c];
    unsigned intid;

    if (p->depth == 0 || p->dropped_count == MODEL_STACK) {
        return;
    }
    intid = p->running[--p->depth].intid;
    fake_guest_set_eoimode(is_eoimode1);
    fake_guest_end(intid);
    if (is_eoimode1) {
        p->dropped[p->dropped_count++] = intid;
    } else {
        model_deactivate(intid, c, false);
    }
}

static void step_deactivate(int c)
{
    struct model_cpu *const p = &cpus[c];
    const bool trapped = (fake_cpuifs[c].hcr >> 14 & 1) != 0; /* TDIR */
    unsigned at, intid;

    if (p->dropped_count == 0) {
        return;
    }
    at = pick(p->dropped_count);
    intid = p->dropped[at];
    p->dropped[at] = p->dropped[--p->dropped_count];
    if (trapped) {
        vgic_dir_write(&vcpus[c], intid);
    } else {
        fake_guest_deactivate(intid);
    }
    model_deactivate(intid, c, trapped);
}

static void step_interface(int c)
{
    cpus[c].group0 = pick(4) != 0;
    cpus[c].group1 = pick(8) != 0;
    cpus[c].mask = (uint8_t)((pick(4) != 0) ? 0xF8 : pick(32) << 3);
    fake_guest_enable_groups(cpus[c].group0, cpus[c].group1);
    fake_guest_set_mask(cpus[c].mask);
}

static void step_distributor(void)
{
    dist_group0 = pick(8) != 0;
    dist_group1 = pick(8) != 0;
    gicd_write(0, (dist_group0 ? 1U : 0U) | (dist_group1 ? 2U : 0U));
}

static void step_power(int c)
{
    if (cpus[c].is_on) {
        struct model_irq *const timer = model_find(27, c);
        fake_physical_set_line(timer->physical, false);
        timer->line = timer->latch = timer->captured = timer->active = false;
        cpus[c] = (struct model_cpu){0};
        machine_vcpu_off((unsigned)c);
    } else {
        cpus[c].is_on = true;
        machine_vcpu_on((unsigned)c);
    }
}

struct plan {
    bool active_by_register;
    bool power;
};

static void one_step(const struct plan *plan)
{
    struct model_irq *const q = &irqs[pick(irq_count)];
    const int c = (int)pick(MACHINE_VCPUS);
    const unsigned kind = pick(100);

    if (!cpus[c].is_on || (q->owner != NOBODY && !cpus[q->owner].is_on)) {
        if (plan->power && !cpus[c].is_on) {
            step_power(c);
        }
        return;
    }
    fake_cpu = (unsigned)c;
    if (kind < 12) {
        step_enable(q);
    } else if (kind < 24) {
        step_pending(q);
    } else if (kind < 28) {
        step_priority(q);
    } else if (kind < 31) {
        step_group(q);
    } else if (kind < 46) {
        step_line(q);
    } else if (kind < 50) {
        step_route(q);
    } else if (kind < 56) {
        step_sgi(c);
    } else if (kind < 76) {
        step_take(c);
    } else if (kind < 93) {
        step_end(c);
        if (pick(3) == 0) {
            machine_settle();
            step_deactivate(c);
        }
    } else if (kind < 95) {
        step_interface(c);
    } else if (kind < 96) {
        step_distributor();
    } else if (kind < 98) {
        if (plan->active_by_register) {
            step_active(q);
        }
    } else if (plan->power && c != 0) {
        step_power(c);
    }
}

static void run(unsigned lr_count, unsigned spis, unsigned steps, struct plan plan)
{
    model_begin(lr_count, spis);
    for (step = 0; step < steps; step++) {
        one_step(&plan);
        machine_settle();
        model_capture();
        for (int c = 0; c < MACHINE_VCPUS; c++) {
            if (cpus[c].is_on) {
                check_signal(c);
            }
        }
        if (step % 16 == 0) {
            fake_cpu = 0; /* vCPU 0 is always on */
            check_registers();
        }
    }
}

/* --- with messages that are late ----------------------------------------------------------- */

/* No SPI may be in the list registers of two CPUs, however late their messages are. */
static void check_listed_once(void)
{
    for (unsigned i = 0; i < MACHINE_VCPUS * fake_lr_count; i++) {
        const uint64_t a = fake_cpuifs[i / fake_lr_count].lr[i % fake_lr_count];
        for (unsigned j = 0; j < i; j++) {
            const uint64_t b = fake_cpuifs[j / fake_lr_count].lr[j % fake_lr_count];
            CHECK_MSG(a >> 62 == 0 || b >> 62 == 0 || (uint32_t)a < 32 || (uint32_t)a != (uint32_t)b,
                      "step %u: INTID %u is listed twice", step, (unsigned)a);
        }
    }
}

/* What happens to an interrupt while messages are under way may happen in either order, so here
 * the model learns the outcome from the registers, and checks that nothing was lost. */
static void learn_from_registers(void)
{
    for (unsigned i = 0; i < irq_count; i++) {
        struct model_irq *const q = &irqs[i];
        const bool pending = (word_read(ISPENDR, q) >> (q->intid % 32) & 1) != 0;
        q->active = (word_read(ISACTIVER, q) >> (q->intid % 32) & 1) != 0;
        q->captured = false;
        q->latch = pending && (q->edge || !q->line);
        CHECK_MSG(pending || !q->must, "step %u: INTID %u of %d is lost", step, q->intid,
                  q->owner);
        CHECK_MSG(pending || q->edge || !q->line, "step %u: INTID %u of %d does not show its line",
                  step, q->intid, q->owner);
        if (q->physical != NULL) {
            CHECK_MSG(q->physical->active || !q->active, "step %u: INTID %u is only virtually active",
                      step, q->intid);
            CHECK_MSG(!q->physical->active || q->active || pending,
                      "step %u: INTID %u is only physically active", step, q->intid);
        }
    }
}

static void run_late(unsigned lr_count, unsigned spis, unsigned steps, struct plan plan)
{
    model_begin(lr_count, spis);
    for (step = 0; step < steps; step++) {
        one_step(&plan);
        if (pick(3) == 0) {
            machine_settle_cpu(pick(4));
        }
        check_listed_once();
        if (pick(24) == 0) {
            machine_settle();
            fake_cpu = 0;
            learn_from_registers();
            for (int c = 0; c < MACHINE_VCPUS; c++) {
                check_signal(c);
            }
        }
    }
}

TEST(late_messages)
{
    run_late(16, 6, 40000, (struct plan){.active_by_register = true});
    run_late(4, 8, 40000, (struct plan){0});
    run_late(2, 8, 20000, (struct plan){0});
}

TEST(sixteen_list_registers)
{
    run(16, 6, 60000, (struct plan){.active_by_register = true});
}

TEST(four_list_registers)
{
    run(4, 8, 60000, (struct plan){0});
}

TEST(each_number_of_list_registers)
{
    for (unsigned n = 1; n <= 16; n++) {
        run(n, 8, 6000, (struct plan){0});
    }
}

TEST(separate_deactivation)
{
    is_eoimode1 = true;
    run(16, 6, 20000, (struct plan){.active_by_register = true});
    run(4, 8, 20000, (struct plan){.active_by_register = true});
    run(1, 8, 10000, (struct plan){.active_by_register = true});
    is_eoimode1 = false;
}

TEST(vcpus_come_and_go)
{
    run(16, 6, 40000, (struct plan){.power = true});
}
