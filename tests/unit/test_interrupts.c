/* sources: world/ns/interrupts.c */
/* Each physical interrupt reaches its one owner and is deactivated by whoever must; a storm does
 * not hold a CPU at EL2; messages act in the order that a stop needs.
 * @req IRQ-1, IRQ-3 */
#include "world/ns/interrupts.h"

#include "core/console.h"
#include "core/mailbox.h"
#include "core/percpu.h"
#include "core/timer.h"
#include "fake/core.h"
#include "gic/gic.h"
#include "health/storm.h"
#include "psci/psci.h"
#include "test.h"
#include "vgic/vgic.h"
#include "vm/life.h"
#include "world/ns/features.h"
#include "world/ns/power.h"

struct percpu percpus[CFG_CPU_COUNT];

static char events[256];
static uint32_t pending[64];
static unsigned pending_count, acknowledged, dropped, deactivated, settled;
static bool vm_runs;
static bool start_waits;

static void note(const char *what, unsigned n)
{
    char line[24];

    snprintf(line, sizeof(line), "%s%u ", what, n);
    if (strlen(events) + strlen(line) < sizeof(events)) {
        strcat(events, line);
    }
}

#include "interrupts_noted.h"

static bool is_stopped, is_suspended;
static uint32_t message_at_end; /* comes when nothing is pending any more; a VM is resumed */

uint32_t fake_gic_acknowledge(void)
{
    CHECK(acknowledged == 0 || settled == dropped);
    if (acknowledged == pending_count && message_at_end != 0) {
        is_suspended = false;
        fake_mailbox[0] |= message_at_end;
    }
    return (acknowledged < pending_count) ? pending[acknowledged++] : GIC_INTID_SPURIOUS;
}

void fake_gic_priority_drop(uint32_t intid)
{
    (void)intid;
    dropped++;
}

void fake_gic_deactivate(uint32_t intid)
{
    (void)intid;
    deactivated++;
}

void fake_gic_settle(void)
{
    settled = dropped;
}

void vgic_inject_hw(struct vcpu *v, uint16_t intid, uint16_t pintid)
{
    CHECK_EQ(intid, pintid);
    note("hw", (unsigned)v->id * 100U + intid);
}

void vgic_inject_hw_spi(uint16_t vm, uint16_t intid, uint16_t pintid)
{
    note("spi", vm * 1000U + intid);
    CHECK(pintid >= 32U);
}

void vgic_sync(struct vcpu *v)
{
    note("sync", v->id);
}

_Atomic uint32_t storm_counts[CFG_WATCH_COUNT + 1U];

void storm_look(uint16_t vm)
{
    note("storm", vm);
    atomic_fetch_sub(&storm_counts[vm], cfg_watches[vm].interrupt_count);
}

bool life_is_running(uint16_t vm)
{
    (void)vm;
    return vm_runs;
}

void life_follow(struct vcpu *v)
{
    note("follow", v->id);
    v->is_on = v->is_loaded = v->is_on && !is_stopped;
    vm_runs = !is_stopped && !is_suspended;
    this_cpu()->guest_runs = v->is_on && vm_runs;
}

void life_finish(uint16_t vm)
{
    note("finish", vm);
}

void life_start_vcpu(struct vcpu *v, uint64_t entry, uint64_t context)
{
    CHECK_EQ(entry, 0x1234);
    CHECK_EQ(context, 0x5678);
    note("start", v->id);
    v->is_on = v->is_loaded = true;
    this_cpu()->guest_runs = true;
}

bool psci_take_start(struct vcpu *v, uint64_t *entry, uint64_t *context)
{
    (void)v;
    *entry = 0x1234;
    *context = 0x5678;
    return start_waits;
}

TEST_SETUP()
{
    events[0] = 0;
    pending_count = acknowledged = dropped = deactivated = settled = 0;
    vm_runs = true;
    start_waits = false;
    is_stopped = is_suspended = false;
    message_at_end = 0;
    vcpus[0].is_on = vcpus[0].is_loaded = true;
    percpus[0] = (struct percpu){.vcpu = &vcpus[0], .guest_runs = true};
    fake_sysreg_set("TPIDR_EL2", (uintptr_t)&percpus[0]);
}

/* As the exit page does: at once if that can be, else in full. */
static void serve_one(uint32_t intid)
{
    if (interrupts_serve_short(&vcpus[0], intid) != 0U) {
        note("full", 0);
        interrupts_serve_in_full(&vcpus[0], intid);
    }
}

TEST(guest_ppis_are_told_apart)
{
    for (uint32_t intid = 0; intid < 64; intid++) {
        CHECK_EQ(interrupts_is_guests_ppi(intid), intid == 27 || intid == 30 || intid == 23);
    }
}

TEST(guest_ppis_without_a_guest_are_put_away)
{
    percpus[0].guest_runs = vcpus[0].is_on = vcpus[0].is_loaded = false;
    pending[0] = 27;
    pending_count = 1;
    start_waits = true;
    message_at_end = MSG_START;
    CHECK(cpu_next_vcpu() == &vcpus[0]);
    CHECK_STR(events, "start0 ");
    CHECK_EQ(deactivated, 1);
}

TEST(own_interrupts_are_served_and_deactivated)
{
    serve_one(25);
    serve_one(26);
    serve_one(33); /* the board's UART */
    CHECK_STR(events, "full0 maint0 full0 timer0 full0 console0 ");
    CHECK_EQ(deactivated, 3);
}

TEST(unknown_interrupts_are_deactivated)
{
    serve_one(5);
    serve_one(31);
    serve_one(63);
    serve_one(1019);
    CHECK_STR(events, "full0 full0 full0 full0 ");
    CHECK_EQ(deactivated, 4);
}

TEST(special_intids_are_no_interrupts)
{
    for (uint32_t intid = 1020; intid <= GIC_INTID_SPURIOUS; intid++) {
        serve_one(intid);
    }
    CHECK_STR(events, "");
    CHECK_EQ(dropped, 0);
    CHECK_EQ(deactivated, 0);
}

TEST(a_passed_through_spi_goes_to_its_vm)
{
    serve_one(cfg_irqs[1].pintid);
    CHECK_EQ(deactivated, 0);
    CHECK_EQ(dropped, 1);
    char expected[32];
    snprintf(expected, sizeof(expected), "spi%u ", cfg_irqs[1].vm * 1000U + cfg_irqs[1].vintid);
    CHECK_STR(events, expected);
}

TEST(a_vgic_message_alone_is_served_at_once)
{
    fake_mailbox[0] = MSG_VGIC;
    serve_one(GIC_SGI_MESSAGE);
    CHECK_STR(events, "sync0 ");
    CHECK_EQ(fake_mailbox[0], 0);
    CHECK_EQ(dropped, 1);
    CHECK_EQ(deactivated, 1);
}

TEST(what_may_stop_the_guest_is_left_to_the_full_exit)
{
    fake_mailbox[0] = MSG_VGIC | MSG_LIFE;
    CHECK_EQ(interrupts_serve_short(&vcpus[0], GIC_SGI_MESSAGE), GIC_SGI_MESSAGE);
    CHECK_EQ(fake_mailbox[0], MSG_VGIC | MSG_LIFE);
    CHECK_EQ(dropped, 0);
    fake_mailbox[0] = 0;
    CHECK_EQ(interrupts_serve_short(&vcpus[0], GIC_SGI_MESSAGE), GIC_SGI_MESSAGE);
}

TEST(a_start_that_comes_with_a_stop_does_not_happen)
{
    start_waits = is_stopped = true;
    fake_mailbox[0] = MSG_LIFE | MSG_START | MSG_VGIC;
    serve_one(GIC_SGI_MESSAGE);
    CHECK_STR(events, "full0 follow0 ");
    CHECK(!percpus[0].guest_runs);
}

/* The virtual GIC takes what arrives, and the CPU does not go on with the guest. */
TEST(interrupts_of_a_suspended_guest_are_kept)
{
    is_suspended = true;
    fake_mailbox[0] = MSG_LIFE;
    serve_one(GIC_SGI_MESSAGE);
    CHECK(!percpus[0].guest_runs);
    events[0] = 0;
    deactivated = 0;
    pending[0] = 27;
    pending[1] = cfg_irqs[0].pintid;
    pending[2] = GIC_PPI_MAINTENANCE;
    pending[3] = GIC_SGI_MESSAGE;
    pending_count = 4;
    fake_mailbox[0] = MSG_VGIC;
    message_at_end = MSG_LIFE;
    CHECK(cpu_next_vcpu() == &vcpus[0]);
    CHECK_STR(events, "sync0 hw27 spi40 maint0 follow0 ");
    CHECK_EQ(deactivated, 2); /* the maintenance interrupt and the message: not the timer */
}

/* A vCPU that was to be switched on while its VM was suspended: its message came to nothing. */
TEST(a_start_waits_for_the_end_of_a_suspension)
{
    vcpus[0].is_on = vcpus[0].is_loaded = percpus[0].guest_runs = false;
    is_suspended = start_waits = true;
    fake_mailbox[0] = MSG_LIFE | MSG_START;
    interrupts_serve_in_full(&vcpus[0], GIC_SGI_MESSAGE);
    CHECK_STR(events, "follow0 ");
    is_suspended = false;
    fake_mailbox[0] = MSG_LIFE;
    interrupts_serve_in_full(&vcpus[0], GIC_SGI_MESSAGE);
    CHECK_STR(events, "follow0 follow0 start0 ");
}

TEST(messages_reach_their_features)
{
    fake_mailbox[0] = MSG_VGIC | MSG_CONSOLE_RX | MSG_CONSOLE_TX;
    serve_one(GIC_SGI_MESSAGE);
    CHECK_STR(events, "full0 sync0 rx0 console0 ");
    CHECK_EQ(deactivated, 1);
}

TEST(a_reset_comes_before_the_end_that_the_stop_for_it_brings)
{
    fake_mailbox[0] = MSG_POWER_OFF | MSG_RESET;
    serve_one(GIC_SGI_MESSAGE);
    CHECK_STR(events, "full0 reset0 off0 ");
}

/* rt, whose device has INTID 42, may have 10 at once; linux0, with INTID 40, has no limit. */
TEST(interrupts_of_devices_are_counted_by_vm)
{
    for (unsigned i = 0; i < 19; i++) {
        events[0] = 0;
        CHECK_EQ(interrupts_serve_short(&vcpus[3], 42), 0);
        CHECK_STR(events, (i % 10 == 9) ? "spi2050 storm2 " : "spi2050 ");
        CHECK_EQ(interrupts_serve_short(&vcpus[0], 40), 0);
    }
    CHECK_EQ(storm_counts[0], 0);
    CHECK_EQ(storm_counts[2], 9);
}

TEST(waiting_ends_with_a_start)
{
    percpus[0].guest_runs = false;
    start_waits = true;
    fake_mailbox[0] = MSG_START;
    CHECK(cpu_next_vcpu() == &vcpus[0]);
    CHECK_STR(events, "start0 ");
}

TEST(a_cpu_without_a_vcpu_serves_the_console)
{
    percpus[0].vcpu = NULL;
    percpus[0].guest_runs = false;
    fake_mailbox[0] = MSG_CONSOLE_TX | MSG_START;
    interrupts_serve_in_full(NULL, GIC_SGI_MESSAGE);
    CHECK_STR(events, "console0 ");
}
