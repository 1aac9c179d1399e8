/* sources: vgic/turn.c vgic/vgic.c vgic/reset.c vgic/route.c vgic/lists.c vgic/choice.c vgic/hw.c vgic/wake.c vgic/regs.c vgic/regs_irq.c vgic/v3/target.c vgic/v3/sgi.c vgic/v3/dir.c vgic/v3/gicd.c vgic/v3/gicr.c lib/mem.c */
/* The virtual GIC of a vCPU that shares its CPU: its turn is over and comes back, and neither it
 * nor its siblings see anything of that but that time has passed. vCPU 0 has the turns here; its
 * siblings 1 and 2 have CPUs of their own.
 *
 * @req IRQ-1, CPU-2, CPU-3 */
#include "core/mailbox.h"
#include "core/percpu.h"
#include "fake/access.h"
#include "vgic/state.h"
#include "vgic_machine.h"
#include "vgic_turns_machine.h"

enum { VTIMER = 27, PTIMER = 30, SOFT_PPI = 20 };

static struct vcpu *const v = &vcpus[0];

TEST_SETUP()
{
    machine_boot();
    machine_open_groups();
}

static struct fake_physical *ppi(unsigned intid)
{
    return &fake_ppis[0][intid];
}

static bool is_silent(unsigned intid)
{
    return !ppi(intid)->enabled && !ppi(intid)->pending && !ppi(intid)->active;
}

/* What the registers of vCPU 0 and the distributor show of pending and active ones, to vCPU 1. */
struct shown {
    uint64_t value[10];
};

static struct shown show(void)
{
    const unsigned cpu = fake_cpu;
    struct shown s;

    fake_cpu = 1;
    machine_settle();
    s = (struct shown){{gicr_read(0, ISPENDR), gicr_read(0, ISACTIVER), gicr_read(0, ISENABLER),
                        gicr_read(0, IGROUPR), gicd_read(ISPENDR + 4), gicd_read(ISPENDR + 8),
                        gicd_read(ISACTIVER + 4), gicd_read(ISACTIVER + 8),
                        gicd_read(ISENABLER + 4), gicd_read(0)}};
    fake_cpu = cpu;
    return s;
}

static void check_shown(struct shown before)
{
    const struct shown now = show();

    for (unsigned i = 0; i < sizeof(now.value) / sizeof(now.value[0]); i++) {
        CHECK_MSG(now.value[i] == before.value[i], "register %u shows %#jx, before %#jx", i,
                  (uintmax_t)now.value[i], (uintmax_t)before.value[i]);
    }
}

/* The turn is over and comes back; what a line is at is there again when its timer is. */
static void over_and_back(void)
{
    const struct shown before = show();

    machine_park(0);
    check_shown(before);
    machine_load(0);
    machine_settle();
    check_shown(before);
}

static void take(unsigned intid)
{
    machine_settle();
    CHECK_EQ(fake_guest_acknowledge(), intid);
}

static void end(unsigned intid)
{
    fake_guest_end(intid);
    machine_settle();
}

static void sgi_to_0(unsigned from, unsigned intid)
{
    const unsigned cpu = fake_cpu;

    fake_cpu = from;
    vgic_sgi_write(&vcpus[from], VGIC_SGI1R, (uint64_t)intid << 24 | 1);
    fake_cpu = cpu;
}

/* The timer's line is high, and the interrupt arrives. */
static void raise(unsigned intid)
{
    fake_physical_set_line(ppi(intid), true);
    machine_settle();
}

TEST(what_is_pending_is_pending_again)
{
    machine_prepare(3, 0x80);
    machine_prepare(SOFT_PPI, 0x40);
    machine_prepare(33, 0x60);
    sgi_to_0(0, 3);
    vgic_set_line(0, 0, SOFT_PPI, true);
    vgic_set_line(0, 0, 33, true);
    over_and_back();
    take(SOFT_PPI);
    vgic_set_line(0, 0, SOFT_PPI, false);
    end(SOFT_PPI);
    take(33);
    vgic_set_line(0, 0, 33, false);
    end(33);
    take(3);
    end(3);
    CHECK_EQ(fake_guest_would_acknowledge(), FAKE_NO_INTID);
}

TEST(what_is_active_is_active_again_and_can_be_ended)
{
    machine_prepare(3, 0x80);
    machine_prepare(33, 0x40);
    sgi_to_0(0, 3);
    take(3);
    vgic_set_line(0, 0, 33, true);
    take(33);
    over_and_back();
    CHECK_EQ(fake_guest_running_priority(), 0x40);
    vgic_set_line(0, 0, 33, false);
    end(33);
    CHECK_EQ(fake_guest_running_priority(), 0x80);
    end(3);
    CHECK(!machine_bit(ISACTIVER, 3) && !machine_bit(ISACTIVER, 33));
}

TEST(more_than_the_list_registers_hold)
{
    for (unsigned i = 0; i < 10; i++) {
        machine_prepare(i, (uint8_t)(0x80 - 8 * i));
    }
    for (unsigned i = 0; i < 6; i++) {
        sgi_to_0(0, i);
        take(i);
    }
    for (unsigned i = 6; i < 10; i++) {
        sgi_to_0(0, i);
    }
    for (unsigned i = 10; i > 0; i--) {
        over_and_back();
        if (i > 6) {
            take(i - 1);
            over_and_back();
        }
        end(i - 1);
    }
    CHECK_EQ(show().value[0] | show().value[1], 0);
}

TEST(the_interface_is_as_the_guest_left_it)
{
    fake_guest_enable_groups(false, true);
    fake_guest_set_mask(0x50);
    const struct fake_cpuif before = fake_cpuifs[0];
    over_and_back();
    CHECK_EQ(fake_cpuifs[0].vmcr, before.vmcr);
    CHECK_EQ(fake_cpuifs[0].apr, before.apr);
    CHECK_EQ(fake_cpuifs[0].hcr, before.hcr);
}

/* --- PPIs with a physical one behind them ----------------------------------------------- */

TEST(a_timer_that_was_acknowledged_by_el2_alone)
{
    machine_prepare(VTIMER, 0x80);
    raise(VTIMER);
    CHECK(ppi(VTIMER)->active);
    const struct shown before = show();
    fake_physical_set_line(ppi(VTIMER), false);
    machine_park(0);
    CHECK(is_silent(VTIMER));
    check_shown(before);
    machine_load(0);
    fake_physical_set_line(ppi(VTIMER), true);
    take(VTIMER);
    CHECK(ppi(VTIMER)->active && !ppi(VTIMER)->pending);
    fake_physical_set_line(ppi(VTIMER), false);
    end(VTIMER);
    CHECK(!ppi(VTIMER)->active);
    CHECK_EQ(fake_guest_would_acknowledge(), FAKE_NO_INTID);
}

TEST(a_timer_that_the_guest_is_handling)
{
    machine_prepare(VTIMER, 0x80);
    raise(VTIMER);
    take(VTIMER);
    const struct shown before = show();
    fake_physical_set_line(ppi(VTIMER), false);
    machine_park(0);
    CHECK(is_silent(VTIMER));
    machine_load(0);
    fake_physical_set_line(ppi(VTIMER), true);
    CHECK(ppi(VTIMER)->active); /* it does not arrive twice */
    machine_settle();
    check_shown(before);
    fake_physical_set_line(ppi(VTIMER), false);
    end(VTIMER);
    CHECK(!ppi(VTIMER)->active);
    CHECK_EQ(fake_guest_would_acknowledge(), FAKE_NO_INTID);
}

TEST(a_timer_whose_line_is_high_is_not_kept_as_pending)
{
    raise(VTIMER); /* and disabled */
    CHECK(machine_bit(ISPENDR, VTIMER));
    fake_physical_set_line(ppi(VTIMER), false);
    machine_park(0);
    machine_load(0);
    CHECK(!machine_bit(ISPENDR, VTIMER));
}

TEST(one_that_the_guest_has_made_pending)
{
    machine_set_bit(ISPENDR, PTIMER);
    CHECK(ppi(PTIMER)->pending);
    over_and_back();
    CHECK(ppi(PTIMER)->pending);
    machine_prepare(PTIMER, 0x80);
    take(PTIMER);
    end(PTIMER);
    CHECK(!machine_bit(ISPENDR, PTIMER));
}

TEST(one_that_is_active_and_pending)
{
    machine_prepare(PTIMER, 0x80);
    machine_set_bit(ISPENDR, PTIMER);
    take(PTIMER);
    machine_set_bit(ISPENDR, PTIMER);
    over_and_back();
    CHECK(ppi(PTIMER)->active && ppi(PTIMER)->pending);
    end(PTIMER);
    take(PTIMER);
    end(PTIMER);
    CHECK_EQ(fake_guest_would_acknowledge(), FAKE_NO_INTID);
}

TEST(it_is_enabled_as_the_guest_has_it)
{
    machine_prepare(VTIMER, 0x80);
    over_and_back();
    CHECK(ppi(VTIMER)->enabled);
    CHECK(!ppi(PTIMER)->enabled);
    CHECK(!ppi(23)->enabled);
}

/* The PPIs of the CPU are another's meanwhile. */
TEST(a_sibling_changes_those_of_one_that_is_parked)
{
    machine_prepare(VTIMER, 0x80);
    machine_set_bit(ISACTIVER, VTIMER);
    machine_park(0);
    ppi(VTIMER)->active = ppi(PTIMER)->enabled = ppi(PTIMER)->pending = true; /* the other's */
    fake_cpu = 1;
    gicr_write(0, ICENABLER, 1U << VTIMER | 1U << PTIMER);
    gicr_write(0, ICACTIVER, 1U << VTIMER);
    gicr_write(0, ICPENDR, 1U << PTIMER);
    gicr_write(0, ISPENDR, 1U << VTIMER);
    gicr_write(0, ISACTIVER, 1U << PTIMER);
    CHECK(ppi(VTIMER)->active && !ppi(VTIMER)->pending && !ppi(VTIMER)->enabled);
    CHECK(ppi(PTIMER)->enabled && ppi(PTIMER)->pending && !ppi(PTIMER)->active);
    CHECK_EQ(gicr_read(0, ISPENDR), 1U << VTIMER);
    CHECK_EQ(gicr_read(0, ISACTIVER), 1U << PTIMER);
    gicr_write(0, ISENABLER, 1U << VTIMER | 1U << PTIMER);
    *ppi(VTIMER) = *ppi(PTIMER) = (struct fake_physical){0};
    fake_cpu = 0;
    machine_load(0);
    CHECK(ppi(VTIMER)->pending && !ppi(VTIMER)->active && ppi(VTIMER)->enabled);
    CHECK(ppi(PTIMER)->active && !ppi(PTIMER)->pending && ppi(PTIMER)->enabled);
    take(VTIMER);
}

/* --- messages --------------------------------------------------------------------------- */

static void park_waiting(bool is_waiting)
{
    machine_settle();
    v->is_waiting = is_waiting;
    machine_park(0);
    memset(fake_mailbox, 0, sizeof(fake_mailbox));
    fake_vcpu_mailbox[0] = 0;
}

TEST(one_that_waits_is_told_once)
{
    machine_prepare(3, 0x80);
    machine_prepare(33, 0x40);
    park_waiting(true);
    sgi_to_0(1, 3);
    CHECK_EQ(fake_vcpu_mailbox[0], MSG_VGIC);
    CHECK_EQ(fake_mailbox[0], MSG_VCPUS);
    fake_vcpu_mailbox[0] = 0;
    sgi_to_0(1, 3);
    fake_cpu = 1;
    vgic_set_line(0, 0, 33, true);
    CHECK_EQ(fake_vcpu_mailbox[0], 0);
    fake_cpu = 0;
    machine_load(0);
    CHECK(vgic_has_wake_request(v));
    take(33);
}

TEST(one_that_waits_is_told_of_lines)
{
    machine_prepare(33, 0x40);
    park_waiting(true);
    fake_cpu = 1;
    vgic_set_line(0, 0, 33, true);
    CHECK_EQ(fake_vcpu_mailbox[0], MSG_VGIC);
}

TEST(one_that_waits_is_not_told_of_what_is_disabled)
{
    park_waiting(true);
    sgi_to_0(1, 3);
    fake_cpu = 1;
    vgic_set_line(0, 0, 33, true);
    gicr_write(0, IPRIORITYR + VTIMER / 4U * 4U, 0);
    CHECK_EQ(fake_vcpu_mailbox[0], 0);
    gicr_write(0, IGROUPR, 1U << 3);
    gicr_write(0, ISENABLER, 1U << 3);
    CHECK_EQ(fake_vcpu_mailbox[0], MSG_VGIC);
}

/* Its timer may have been due for long: with the interrupt let through, the wait is over. The line
 * itself is only there when it is loaded. */
TEST(one_that_waits_is_told_of_what_a_sibling_lets_through)
{
    static const unsigned offsets[] = {ISENABLER, ICACTIVER, IPRIORITYR + VTIMER / 4U * 4U, IGROUPR};

    for (unsigned i = 0; i < sizeof(offsets) / sizeof(offsets[0]); i++) {
        machine_prepare(VTIMER, 0x80);
        if (i == 0U) {
            gicr_write(0, ICENABLER, 1U << VTIMER);
        }
        park_waiting(true);
        fake_cpu = 1;
        gicr_write(0, offsets[i], 1U << VTIMER);
        CHECK_MSG(fake_vcpu_mailbox[0] == MSG_VGIC, "offset %#x", offsets[i]);
        fake_cpu = 0;
        machine_load(0);
        CHECK(ppi(VTIMER)->enabled);
    }
    park_waiting(true);
    fake_cpu = 1;
    gicd_write(0, 0);
    gicd_write(0, 3);
    CHECK_EQ(fake_vcpu_mailbox[0], MSG_VGIC);
}

/* While it is loaded its CPU sees its lines by itself; but it may be on the way out, its timers off
 * already. What a guest does to itself it knows. */
TEST(one_that_is_loaded_is_told_too_by_another_one)
{
    machine_prepare(VTIMER, 0x80);
    machine_settle();
    fake_vcpu_mailbox[0] = 0;
    gicr_write(0, ICACTIVER, 1U << VTIMER);
    CHECK_EQ(fake_vcpu_mailbox[0], 0);
    fake_cpu = 1;
    gicr_write(0, ICACTIVER, 1U << VTIMER);
    CHECK_EQ(fake_vcpu_mailbox[0], MSG_VGIC);
}

TEST(one_that_only_lost_its_turn_finds_all_when_it_is_loaded)
{
    machine_prepare(3, 0x80);
    machine_prepare(33, 0x40);
    park_waiting(false);
    sgi_to_0(1, 3);
    fake_cpu = 1;
    vgic_set_line(0, 0, 33, true);
    CHECK_EQ(fake_vcpu_mailbox[0] | fake_mailbox[0], 0);
    fake_cpu = 0;
    machine_load(0);
    CHECK_EQ(fake_guest_would_acknowledge(), 33);
    take(33);
}

/* A sibling may be one of the same CPU: it would wait until its own turn is over. */
TEST(nobody_waits_for_the_turn_of_one_that_is_parked)
{
    machine_prepare(33, 0x40);
    vgic_set_line(0, 0, 33, true);
    machine_settle();
    park_waiting(false);
    fake_cpu = 1;
    gicd_write(ICENABLER + 4, 2);
    CHECK_EQ(gicd_read(0) >> 31, 0);
    gicr_write(0, ICENABLER, UINT32_MAX);
    CHECK_EQ(machine_read(true, 0, 4), 0);
    machine_write(true, 0x14, 4, 2);
    CHECK_EQ(machine_read(true, 0x14, 4), 6);
    fake_cpu = 0;
    machine_load(0);
    CHECK_EQ(fake_guest_would_acknowledge(), FAKE_NO_INTID);
}

/* --- windows and physical SPIs ---------------------------------------------------------- */

static struct fake_physical *const edge = &fake_spis[MACHINE_EDGE_PINTID];

TEST(a_physical_spi_arrives_only_in_a_window_of_its_target)
{
    machine_prepare(MACHINE_EDGE_VINTID, 0x80);
    CHECK(edge->enabled);
    machine_park(0);
    vgic_window(v, false);
    CHECK(!edge->enabled);
    CHECK(fake_spis[MACHINE_LEVEL_PINTID].enabled == false);
    fake_physical_set_line(edge, true);
    machine_settle();
    CHECK(!edge->active && edge->pending);
    fake_cpu = 1;
    CHECK(machine_bit(ISENABLER, MACHINE_EDGE_VINTID));
    CHECK(machine_bit(ISPENDR, MACHINE_EDGE_VINTID));
    fake_cpu = 0;
    vgic_window(v, true);
    machine_load(0);
    CHECK(edge->enabled);
    take(MACHINE_EDGE_VINTID);
}

TEST(a_sibling_enables_one_outside_the_windows)
{
    vgic_window(v, false);
    fake_cpu = 1;
    machine_set_bit(ISENABLER, MACHINE_EDGE_VINTID);
    CHECK(!edge->enabled);
    vgic_window(v, true);
    CHECK(edge->enabled);
    vgic_window(v, false);
    machine_set_bit(ICENABLER, MACHINE_EDGE_VINTID);
    vgic_window(v, true);
    CHECK(!edge->enabled);
}

TEST(a_route_leads_in_and_out_of_windows)
{
    machine_prepare(MACHINE_EDGE_VINTID, 0x80);
    vgic_window(v, false);
    fake_cpu = 1;
    machine_write(false, IROUTER + 8 * MACHINE_EDGE_VINTID, 8, 1);
    CHECK(edge->enabled && edge->cpu == 1);
    machine_write(false, IROUTER + 8 * MACHINE_EDGE_VINTID, 8, 0);
    CHECK(!edge->enabled);
    vgic_window(&vcpus[1], false); /* not its target */
    vgic_window(v, true);
    CHECK(edge->enabled && edge->cpu == 0);
}
