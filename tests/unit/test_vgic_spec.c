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

#include "vgic_guests_machine.h"
#include "vgic_machine.h"

enum { DEFAULT_STEPS = 100000 };

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

/* --- registers ------------------------------------------------------------------------------- */

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

/* Not of one that is active: whether that has an effect is the implementation's choice
 * [IHI0069 12.9.20]. */
static void step_priority(unsigned owner, unsigned intid)
{
    struct spec_place at = {.frame = (intid < 32) ? SPEC_SGI : SPEC_GICD,
                            .cpu = (intid < 32) ? owner : 0,
                            .offset = IPRIORITYR + intid,
                            .bytes = 1};

    if (guests_need_order()) {
        machine_settle();
        spec_settle();
    }
    if (!guests_may_be_active(owner, intid)) {
        guest_write(&at, test_random());
    }
    if (guests_need_order()) {
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

/* Anything anywhere; mostly reserved, and then written too. */
static void step_anywhere(unsigned cpu)
{
    static const uint32_t bases[] = {0,       0x40,  IGROUPR,   ISENABLER, ICENABLER,  ISPENDR,
                                     ICPENDR, ICFGR, ISACTIVER, ICACTIVER, IPRIORITYR, IROUTER,
                                     0x800,   0xD00, 0xE00,     0xF00,     0xFFD0};
    struct spec_place at = {.frame = (enum spec_frame)pick(3),
                            .cpu = pick(SPEC_CPUS),
                            .offset = bases[pick(sizeof(bases) / sizeof(bases[0]))] + pick(0x20),
                            .bytes = 1U << pick(4)};

    at.cpu = (at.frame == SPEC_GICD) ? 0 : at.cpu;
    at.offset = (pick(4) == 0) ? pick(0x10000) : at.offset;
    at.offset &= (pick(4) == 0) ? UINT32_MAX : ~(at.bytes - 1);
    at.offset = (at.offset + at.bytes > 0x10000) ? 0xFFF8 : at.offset;
    guest_read(cpu, &at);
    if (spec_ignores_writes(&at)) {
        guest_write(&at, (pick(2) == 0) ? test_random() : hot[pick(HOT_COUNT)].intid);
    }
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
            (void)guest_take(fake_cpu);
        }
    }
}

/* --- events ---------------------------------------------------------------------------------- */

static void step_line(unsigned owner, unsigned which)
{
    const unsigned intid = hot[which].intid;
    struct fake_physical *const p = guests_physical(owner, intid);
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

/* --- sequences ------------------------------------------------------------------------------- */

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
        guest_change_interface(cpu);
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
            guest_power(owner);
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
        (void)guest_take(cpu);
    } else if (kind < 84) {
        fake_cpu = cpu;
        guest_end(cpu);
        if (pick(2) == 0) {
            guest_deactivate(cpu);
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

    for (uint64_t skip = UINT64_C(1000003) * setting("VGIC_SPEC_SEED", 0); skip > 0; skip--) {
        (void)test_random();
    }
    guests_begin(wanted);
    for (step = 0; step < steps; step++) {
        spec_is_traced = step >= setting("VGIC_SPEC_TRACE", UINT32_MAX);
        one_step();
        guests_check();
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
