/* Random sequences of steps on the guests; tests/unit/vgic_plans_machine.h. */
#include "vgic_plans_machine.h"

#include <stdlib.h>

enum { DEFAULT_STEPS = 100000 };

const struct hot hot[HOT_COUNT] = {
    {0, false},  {15, false}, {20, true}, {27, true}, {30, true},
    {32, true},  {33, true},  {34, true}, {40, true}, {41, true},
    {48, false}, {49, false}, {64, true}, {65, true}, {95, false},
};

/* --- registers ------------------------------------------------------------------------------- */

static struct spec_place word_at(uint32_t base, unsigned owner, unsigned intid)
{
    return guests_place(owner, intid, base + intid / 32 * 4, 4);
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

void guests_write_bits(uint32_t base, unsigned owner, unsigned intid)
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
    const struct spec_place at = guests_place(owner, intid, IPRIORITYR + intid, 1);

    if (guests_need_order()) {
        machine_settle();
        spec_settle();
    }
    if (!guests_may_be_active(at.cpu, intid)) {
        guest_write(&at, test_random());
    }
    if (guests_need_order()) {
        machine_settle();
    }
}

/* Changing the configuration of an interrupt that is enabled is UNPREDICTABLE [IHI0069 12.9.9]. */
static void step_configure(unsigned intid)
{
    const struct spec_place at = guests_place(0, intid, ICFGR + intid / 16 * 4, 4);
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

static void step_distributor(void)
{
    const struct spec_place at = guests_place(0, 32, 0, 4);

    guest_write(&at, (pick(6) != 0) ? 3 : pick(4));
}

/* Anything anywhere; mostly reserved, and then written too. */
static void step_anywhere(unsigned cpu)
{
    static const uint32_t bases[] = {0,       IGROUPR,   ISENABLER, ICENABLER,  ISPENDR,
                                     ICPENDR, ISACTIVER, ICACTIVER, IPRIORITYR, 0x800,
                                     ICFGR,   0xD00,     0xE00,     0xF00};
    const unsigned bytes = 1U << pick(4);
    uint32_t offset = bases[pick(sizeof(bases) / sizeof(bases[0]))] + pick(0x20);

    offset &= (pick(4) == 0) ? UINT32_MAX : ~(bytes - 1);
    const struct spec_place at = guests_place_anywhere(offset, bytes);

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
    }
    guest_read(cpu, &at);
}

/* --- events ---------------------------------------------------------------------------------- */

static void step_line(unsigned owner, unsigned which)
{
    const unsigned intid = hot[which].intid;
    struct fake_physical *const p = guests_physical(owner, intid);
    const bool high = pick(2) != 0;

    if (!hot[which].has_wire || (intid < 32 && !guests_can_act(owner))) {
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

/* --- sequences ------------------------------------------------------------------------------- */

static void step_registers(unsigned owner, unsigned intid)
{
    switch (pick(19)) {
    case 0:
    case 1:
    case 2:
    case 3:
        guests_write_bits(ISENABLER, owner, intid);
        break;
    case 4:
    case 5:
        guests_write_bits(ICENABLER, owner, intid);
        break;
    case 6:
    case 7:
    case 8:
    case 9:
    case 10:
        guests_write_bits(ISPENDR, owner, intid);
        break;
    case 11:
    case 12:
        guests_write_bits(ICPENDR, owner, intid);
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
        guests_step_route(fake_cpu, intid);
        break;
    default:
        step_configure(intid);
        break;
    }
}

static void step_rare(unsigned cpu, unsigned owner, unsigned intid)
{
    switch (pick(7)) {
    case 0:
    case 1:
        guest_change_interface(cpu);
        break;
    case 2:
        step_distributor();
        break;
    case 3:
    case 4:
        if (plan.active_by_register) {
            guests_write_bits((pick(3) == 0) ? ISACTIVER : ICACTIVER, owner, intid);
        }
        break;
    case 5:
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
    const unsigned cpu = guests_can_act(owner) ? owner : 0;
    const unsigned kind = pick(100);

    fake_cpu = pick(4) == 0 ? 0 : cpu; /* vCPU 0 is always on */
    if (kind < 30) {
        step_registers(owner, intid);
    } else if (kind < 38) {
        step_line(owner, which);
    } else if (kind < 44) {
        guests_step_sgi(fake_cpu);
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
    } else if (kind < 93) {
        guests_step_version(fake_cpu, owner, intid);
    } else if (kind < 98) {
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
        if (CFG_SCHEDULED) {
            guests_step_turn();
        }
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
