/* sources: world/ns/interrupts.c */
/* With schedules: a vCPU's messages are served in its turn and not before; one that waits in the
 * CPU goes on by its interrupt; nobody's interrupt is taken for another's.
 * @req CPU-2, CPU-3, IRQ-1 */
#include "world/ns/interrupts.h"

#include "arch/barrier.h"
#include "core/console.h"
#include "core/mailbox.h"
#include "core/percpu.h"
#include "core/timer.h"
#include "fake/core.h"
#include "health/storm.h"
#include "psci/psci.h"
#include "test.h"
#include "vgic/vgic.h"
#include "vm/life.h"
#include "vm/sched.h"
#include "world/ns/features.h"
#include "world/ns/power.h"

struct percpu percpus[CFG_CPU_COUNT];

/* vCPUs 0, 2 and 3 share CPU 0. */
const struct cfg_vcpu cfg_vcpus[CFG_VCPU_COUNT] = {
    {.vm = 0, .index = 0, .cpu = 0},
    {.vm = 0, .index = 1, .cpu = 1},
    {.vm = 1, .index = 0, .cpu = 0},
    {.vm = 2, .index = 0, .cpu = 0},
};

static char events[256];
static uint32_t pending[8];
static unsigned pending_count, acknowledged, deactivated;
static bool has_wake_request;

static void note(const char *what, unsigned n)
{
    char line[24];

    snprintf(line, sizeof(line), "%s%u ", what, n);
    CHECK(strlen(events) + strlen(line) < sizeof(events));
    strcat(events, line);
}

#include "interrupts_noted.h"

uint32_t fake_gic_acknowledge(void)
{
    return (acknowledged < pending_count) ? pending[acknowledged++] : GIC_INTID_SPURIOUS;
}

void fake_gic_priority_drop(uint32_t intid)
{
    (void)intid;
}

void fake_gic_deactivate(uint32_t intid)
{
    (void)intid;
    deactivated++;
}

void fake_gic_settle(void)
{
}

void vgic_inject_hw(struct vcpu *v, uint16_t intid, uint16_t pintid)
{
    CHECK_EQ(intid, pintid);
    note("hw", (unsigned)v->id * 100U + intid);
    has_wake_request = true;
}

void vgic_inject_hw_spi(uint16_t vm, uint16_t intid, uint16_t pintid)
{
    (void)pintid;
    note("spi", vm * 1000U + intid);
}

void vgic_sync(struct vcpu *v)
{
    CHECK(v->is_loaded);
    note("sync", v->id);
}

bool vgic_has_wake_request(struct vcpu *v)
{
    CHECK(v->is_loaded);
    return has_wake_request;
}

_Atomic uint32_t storm_counts[CFG_WATCH_COUNT + 1U];

void storm_look(uint16_t vm)
{
    note("storm", vm);
}

bool life_is_running(uint16_t vm)
{
    (void)vm;
    return true;
}

void life_follow(struct vcpu *v)
{
    note("life", v->id);
}

void life_finish(uint16_t vm)
{
    note("finish", vm);
}

void life_start_vcpu(struct vcpu *v, uint64_t entry, uint64_t context)
{
    (void)entry;
    (void)context;
    note("start", v->id);
    this_cpu()->guest_runs = true;
    v->is_on = v->is_loaded = true;
}

bool psci_take_start(struct vcpu *v, uint64_t *entry, uint64_t *context)
{
    (void)v;
    *entry = *context = 0;
    return true;
}

/* The scheduler: whose turn it is, and how often the CPU has to look for messages once more. */
static struct vcpu *next;
static unsigned has_messages, elections;

bool sched_elect(void)
{
    CHECK(++elections < 20);
    if (this_cpu()->vcpu != next) {
        note("turn", (next != NULL) ? next->id : 9);
    }
    this_cpu()->vcpu = next;
    this_cpu()->guest_runs = next != NULL && next->is_on && !next->is_waiting;
    return has_messages != 0 && has_messages-- != 0;
}

void sched_look(void)
{
    note("look", 0);
    this_cpu()->guest_runs = false;
}

void sched_wake(struct vcpu *v)
{
    note("wake", v->id);
    v->is_waiting = false;
}

TEST_SETUP()
{
    events[0] = 0;
    pending_count = acknowledged = deactivated = 0;
    has_wake_request = false;
    has_messages = elections = 0;
    percpus[0] = (struct percpu){.vcpu = &vcpus[0], .guest_runs = true};
    vcpus[0].is_on = vcpus[0].is_loaded = true;
    next = &vcpus[0];
    fake_sysreg_set("TPIDR_EL2", (uintptr_t)&percpus[0]);
}

TEST(messages_to_another_one_wait_for_its_turn)
{
    mailbox_post_vcpu(2, MSG_LIFE | MSG_CONSOLE_RX);
    CHECK_EQ(interrupts_serve_short(&vcpus[0], GIC_SGI_MESSAGE), GIC_SGI_MESSAGE);
    interrupts_serve_in_full(&vcpus[0], GIC_SGI_MESSAGE);
    CHECK_STR(events, "look0 ");
    CHECK(!percpus[0].guest_runs); /* who has the turn is to be decided anew */
    CHECK_EQ(fake_vcpu_mailbox[2], MSG_LIFE | MSG_CONSOLE_RX);
}

TEST(messages_to_the_one_that_has_the_turn_are_served)
{
    mailbox_post_vcpu(0, MSG_VGIC | MSG_CONSOLE_RX | MSG_LIFE);
    interrupts_serve_in_full(&vcpus[0], GIC_SGI_MESSAGE);
    CHECK_STR(events, "life0 start0 sync0 rx0 look0 ");
    CHECK_EQ(fake_vcpu_mailbox[0], 0);
    CHECK_EQ(deactivated, 1);
}

TEST(in_a_gap_nobodys_are)
{
    percpus[0].vcpu = NULL;
    percpus[0].guest_runs = false;
    mailbox_post_vcpu(0, MSG_LIFE);
    mailbox_post(0, MSG_CONSOLE_TX);
    interrupts_serve_in_full(NULL, GIC_SGI_MESSAGE);
    CHECK_STR(events, "look0 console0 ");
    CHECK_EQ(fake_vcpu_mailbox[0], MSG_LIFE);
}

TEST(one_that_is_off_is_started_in_its_turn)
{
    percpus[0].vcpu = NULL;
    percpus[0].guest_runs = false;
    vcpus[2].is_on = false;
    next = &vcpus[2];
    mailbox_post_vcpu(2, MSG_START | MSG_VGIC);
    has_messages = 1;
    CHECK(cpu_next_vcpu() == &vcpus[2]);
    CHECK_STR(events, "look0 turn2 start2 sync2 look0 ");
    CHECK_EQ(fake_barriers.wfi, 0);
}

TEST(the_state_of_one_that_is_off_is_left_alone)
{
    vcpus[0].is_on = vcpus[0].is_loaded = false;
    mailbox_post_vcpu(0, MSG_VGIC);
    interrupts_serve_in_full(&vcpus[0], GIC_SGI_MESSAGE);
    interrupts_serve_in_full(&vcpus[0], GIC_PPI_MAINTENANCE);
    CHECK_STR(events, "look0 ");
}

TEST(one_that_waits_in_the_cpu_goes_on_by_its_timer)
{
    vcpus[0].is_waiting = true;
    percpus[0].guest_runs = false;
    pending[0] = GIC_PPI_VTIMER;
    pending_count = 1;
    CHECK(cpu_next_vcpu() == &vcpus[0]);
    CHECK_STR(events, "hw27 wake0 ");
    CHECK_EQ(deactivated, 0); /* that is the guest's */
}

TEST(one_that_waits_in_the_cpu_goes_on_by_a_message)
{
    vcpus[0].is_waiting = true;
    percpus[0].guest_runs = false;
    has_wake_request = true;
    mailbox_post_vcpu(0, MSG_VGIC);
    CHECK(cpu_next_vcpu() == &vcpus[0]);
    CHECK_STR(events, "sync0 look0 wake0 ");
}

TEST(what_is_not_for_the_guest_does_not_wake_it)
{
    vcpus[0].is_waiting = true;
    percpus[0].guest_runs = false;
    pending[0] = GIC_PPI_HTIMER;
    pending[1] = GIC_PPI_PTIMER;
    pending_count = 2;
    CHECK(cpu_next_vcpu() == &vcpus[0]);
    CHECK_STR(events, "timer0 hw30 wake0 ");
    CHECK_EQ(fake_barriers.wfi, 1);
}

TEST(a_timer_interrupt_of_nobody_is_put_away)
{
    percpus[0].vcpu = NULL;
    percpus[0].guest_runs = false;
    vcpus[2].is_on = false;
    next = &vcpus[2];
    mailbox_post_vcpu(2, MSG_START);
    has_messages = 1; /* or the CPU would sleep for ever */
    pending[0] = GIC_PPI_VTIMER;
    pending_count = 1;
    CHECK(cpu_next_vcpu() == &vcpus[2]);
    CHECK_STR(events, "look0 turn2 start2 look0 ");
    CHECK_EQ(deactivated, 1);
}
