/* sources: vm/sched.c */
/* Whose turn it is: windows, turns within a window, modes, and what is measured of them.
 *
 * CPU 0 is shared by vCPUs 0, 2 and 3, CPU 1 has vCPU 1 in windows of its own. The test is the
 * machine around the scheduler: it serves the messages of the vCPU whose turn it is, tells it of
 * interrupts, and looks at it whenever the timer that the scheduler has set is due, or later.
 * The last tests let all of that happen at random, and compare with a model that knows no more than
 * the tables.
 *
 * @req CPU-2, CPU-3 */
#include "vm/sched.h"

#include "core/mailbox.h"
#include "core/percpu.h"
#include "core/timer.h"
#include "fake/core.h"
#include "test.h"
#include "vm/health.h"
#include "vm/life.h"
#include "vm/vcpu_context.h"

#define NEVER UINT64_MAX
enum { NOBODY = 0xFF, SHARED_CPU = 0, OTHER_CPU = 1, CPUS = 2, STANDING_VM = 2, STANDING_VCPU = 3 };

/* --- the system ------------------------------------------------------------------------- */

const struct cfg_vm cfg_vms[CFG_VM_COUNT] = {
    {.name = "two", .vmid = 1, .first_vcpu = 0, .vcpu_count = 2},
    {.name = "one", .vmid = 2, .first_vcpu = 2, .vcpu_count = 1},
    {.name = "stands", .vmid = 3, .flags = CFG_VM_CLOCK_STANDS, .first_vcpu = 3, .vcpu_count = 1},
};
const struct cfg_vcpu cfg_vcpus[CFG_VCPU_COUNT] = {
    {.vm = 0, .index = 0, .cpu = 0},
    {.vm = 0, .index = 1, .cpu = 1},
    {.vm = 1, .index = 0, .cpu = 0},
    {.vm = 2, .index = 0, .cpu = 0},
};
const struct cfg_cpu cfg_cpus[CFG_CPU_COUNT] = {
    {.vcpu = CFG_NONE, .first_resident = 0, .resident_count = 3},
    {.vcpu = CFG_NONE, .first_resident = 3, .resident_count = 1},
    {.vcpu = CFG_NONE, .first_resident = 4},
    {.vcpu = CFG_NONE, .first_resident = 4},
};
const uint16_t cfg_residents[CFG_RESIDENT_COUNT] = {0, 2, 3, 1};
const struct cfg_mode cfg_modes[CFG_MODE_COUNT] = {{"long", 1000}, {"short", 600}};
const struct cfg_cpu_schedule cfg_cpu_schedules[CFG_MODE_COUNT * CFG_CPU_COUNT] = {
    {0, 3}, {3, 1}, {0, 0}, {0, 0}, {4, 2}, {6, 1}, {0, 0}, {0, 0},
};
const struct cfg_slot cfg_slots[CFG_SLOT_COUNT] = {
    {.start = 0, .end = 300, .quantum = 1000, .first_member = 0, .member_count = 1},
    {.start = 300, .end = 700, .quantum = 50, .first_member = 1, .member_count = 2},
    /* 700 to 800 is a gap */
    {.start = 800,
     .end = 1000,
     .quantum = 40,
     .first_member = 3,
     .member_count = 3,
     .spare_count = 1},
    {.start = 100, .end = 1000, .quantum = 1000, .first_member = 6, .member_count = 1},
    {.start = 0, .end = 200, .quantum = 30, .first_member = 7, .member_count = 3, .spare_count = 2},
    /* 200 to 250 is a gap */
    {.start = 250, .end = 550, .quantum = 30, .first_member = 10, .member_count = 3},
    {.start = 0, .end = 600, .quantum = 1000, .first_member = 6, .member_count = 1},
};
const uint16_t cfg_slot_members[CFG_SLOT_MEMBER_COUNT] = {0, 2, 3, 0, 2, 3, 1, 2, 0, 3, 3, 0, 2};

/* --- the machine around the scheduler --------------------------------------------------- */

struct percpu percpus[CFG_CPU_COUNT];

static uint64_t now;
static void (*when_saved)(void); /* while a vCPU leaves the CPU */
static uint64_t deadlines[CFG_CPU_COUNT];
static unsigned in_cpu[CFG_CPU_COUNT];  /* whose registers they are */
static uint64_t due_of[CFG_VCPU_COUNT]; /* its timer */
static bool has_irq[CFG_VCPU_COUNT];
static unsigned loads[CFG_VCPU_COUNT];
static unsigned entered[CFG_CPU_COUNT]; /* whose guest, at the last look */
static unsigned cut_short[CFG_VCPU_COUNT];
static bool has_started[CFG_CPU_COUNT]; /* a vCPU, in the last look */
static uint64_t started_at[CFG_VCPU_COUNT];
static bool starts_vm = true; /* who starts does so with its VM */
static bool has_window[CFG_VCPU_COUNT];
static uint64_t stood_since, stood; /* of the clock of STANDING_VM: 0: it goes */
static char events[512];

static void note(const char *format, uint64_t a, unsigned b)
{
    char line[32];

    snprintf(line, sizeof(line), format, (unsigned)a, b);
    if (strlen(events) + strlen(line) < sizeof(events)) {
        strcat(events, line);
    }
}

uint64_t timer_now(void)
{
    return now;
}

void timer_set(enum timer_client client, uint64_t deadline)
{
    CHECK_EQ(client, TIMER_SCHED);
    deadlines[fake_cpu] = deadline;
}

void vcpu_context_save(const struct vcpu *v)
{
    CHECK_EQ(in_cpu[fake_cpu], v->id);
    in_cpu[fake_cpu] = NOBODY;
    cut_short[v->id] +=
        (v->is_on && !v->is_waiting && !v->is_paused && entered[fake_cpu] == v->id) ? 1 : 0;
    if (when_saved != NULL) {
        when_saved();
    }
}

void vcpu_context_load(const struct vcpu *v)
{
    CHECK_EQ(in_cpu[fake_cpu], NOBODY);
    CHECK(v->is_on);
    CHECK(v->vm != STANDING_VM || stood_since == 0);
    CHECK(has_window[v->id]);
    in_cpu[fake_cpu] = v->id;
    loads[v->id]++;
}

void vcpu_context_started(const struct vcpu *v)
{
    in_cpu[fake_cpu] = v->id;
}

static void park_first(struct vcpu *v)
{
    note("p%u.%u ", 1, v->id);
}

static void park_last(struct vcpu *v)
{
    note("p%u.%u ", 0, v->id);
}

static void load_first(struct vcpu *v)
{
    CHECK_EQ(in_cpu[fake_cpu], v->id);
    note("l%u.%u ", 0, v->id);
}

static void load_last(struct vcpu *v)
{
    note("l%u.%u ", 1, v->id);
}

const struct turn_feature turn_features[] = {
    {.vcpu_park = park_last, .vcpu_load = load_first},
    {.vcpu_park = park_first, .vcpu_load = load_last},
};
const unsigned turn_feature_count = 2;

static uint64_t due(const struct vcpu *v)
{
    CHECK(in_cpu[fake_cpu] != v->id);
    return due_of[v->id];
}

/* The clock of STANDING_VM, with its timer, stands between its windows. */
static void window(struct vcpu *v, bool is_open, uint64_t at)
{
    CHECK(in_cpu[fake_cpu] == NOBODY);
    CHECK(has_window[v->id] != is_open);
    has_window[v->id] = is_open;
    if (v->vm != STANDING_VM) {
        return;
    }
    if (is_open && stood_since != 0) {
        stood += at - stood_since;
        due_of[v->id] += (due_of[v->id] != NEVER) ? at - stood_since : 0;
    }
    stood_since = is_open ? 0 : at;
}

const struct sched_feature sched_feature = {.due = due, .window = window};

/* The health monitor, which has a use for overruns of VM 1 alone. */
const struct cfg_health cfg_healths[CFG_HEALTH_COUNT] = {
    [CFG_FAULT_COUNT + CFG_FAULT_OVERRUN] = {.action = CFG_ACTION_STOP},
};
static unsigned reports;

enum health_answer health_decide(uint16_t vm, enum cfg_fault fault, uint64_t pc, uint64_t detail)
{
    CHECK_EQ(vm, 1);
    CHECK_EQ(fault, CFG_FAULT_OVERRUN);
    CHECK_EQ(pc | detail, 0); /* index of the vCPU */
    reports++;
    return HEALTH_LEAVE;
}

static void start(struct vcpu *v)
{
    CHECK(!v->is_on);
    v->is_on = true;
    v->is_waiting = false;
    v->is_paused = false;
    v->is_loaded = true;
    this_cpu()->guest_runs = true;
    due_of[v->id] = NEVER;
    sched_started(v);
    if (starts_vm) {
        sched_excuse(v);
    }
    has_started[v->cpu] = true;
    started_at[v->id] = now;
}

static void stop(struct vcpu *v)
{
    if (v->is_on) {
        v->is_on = false;
        v->is_loaded = false;
        in_cpu[fake_cpu] = NOBODY;
    }
}

static void serve(struct vcpu *v)
{
    const uint32_t messages = mailbox_take_vcpu(v->id);

    if ((messages & MSG_LIFE) != 0) {
        stop(v);
    }
    if ((messages & MSG_VM) != 0) { /* of this test: suspended, and no more */
        v->is_paused = !v->is_paused;
    }
    if ((messages & MSG_START) != 0 && !v->is_on) {
        start(v);
    }
    if (v->is_loaded && v->is_waiting && has_irq[v->id]) {
        sched_wake(v);
    }
    has_irq[v->id] = has_irq[v->id] && !v->is_loaded;
}

/* As cpu_next_vcpu() does it; whose guest is entered, or NOBODY: the CPU sleeps. */
static unsigned look(unsigned cpu)
{
    struct percpu *const self = &percpus[cpu];

    fake_cpu = cpu;
    has_started[cpu] = false;
    for (unsigned n = 0; n < 8; n++) {
        if ((mailbox_take(cpu) & MSG_VCPUS) != 0) {
            sched_look();
        }
        if (self->vcpu != NULL) {
            serve(self->vcpu);
        }
        const bool has_messages = sched_elect();

        if (has_messages || deadlines[cpu] <= now) { /* or the timer comes at once */
            entered[cpu] = self->guest_runs ? self->vcpu->id : entered[cpu];
            continue;
        }
        if (!self->guest_runs) {
            return NOBODY;
        }
        CHECK(self->vcpu->is_on && self->vcpu->is_loaded && !self->vcpu->is_waiting);
        CHECK(!mailbox_has_vcpu(self->vcpu->id));
        CHECK_EQ(in_cpu[cpu], self->vcpu->id);
        return self->vcpu->id;
    }
    test_fail(__FILE__, __LINE__, "CPU %u does not come to a decision", cpu);
}

/* --- modes, as the documentation has them ----------------------------------------------- */

struct in_force {
    uint64_t at;
    unsigned mode;
};
static struct in_force present, next;
static uint64_t present_since;
static bool has_next;
static bool sched_is_new = true; /* no change was asked for yet */

static uint64_t frame(void)
{
    return cfg_modes[present.mode].frame_ticks;
}

static void follow(void)
{
    if (has_next && now >= next.at) {
        present = next;
        present_since = present.at;
        has_next = false;
    }
}

static bool request(unsigned mode)
{
    follow();
    const bool is_settled = !has_next && (now - present_since >= frame() || sched_is_new);
    const bool is_accepted = sched_request_mode((uint16_t)mode);

    CHECK_EQ(is_accepted, mode < CFG_MODE_COUNT && is_settled);
    sched_is_new = sched_is_new && !is_accepted;
    if (is_accepted) {
        next.at = present.at + ((now - present.at) / frame() + 2) * frame();
        next.mode = mode;
        has_next = true;
    }
    return is_accepted;
}

/* --- begin ------------------------------------------------------------------------------ */

static struct sched_times before[CFG_VCPU_COUNT];

static struct sched_times since_begin(unsigned vcpu)
{
    struct sched_times t;

    sched_read_times(vcpu, &t);
    t.run -= before[vcpu].run;
    t.turns -= before[vcpu].turns;
    t.preemptions -= before[vcpu].preemptions;
    t.overruns -= before[vcpu].overruns;
    t.windows -= before[vcpu].windows;
    return t;
}

/* At `ticks` of the frame that began last. */
static void go_to(uint64_t ticks)
{
    now = present.at + ticks;
}

static void look_at_both(void)
{
    (void)look(OTHER_CPU);
    (void)look(SHARED_CPU);
}

static void on(unsigned vcpu)
{
    vcpus[vcpu].is_on = true;
    in_cpu[vcpus[vcpu].cpu] = NOBODY;
}

/* All vCPUs are off, and a frame of mode 0 begins now. */
TEST_SETUP()
{
    static bool is_later;

    when_saved = NULL;
    reports = 0;
    memset(has_irq, 0, sizeof(has_irq));
    for (unsigned i = 0; i < CFG_VCPU_COUNT; i++) {
        due_of[i] = NEVER;
    }
    for (unsigned i = 0; i < CFG_CPU_COUNT; i++) {
        percpus[i] = (struct percpu){.id = (uint16_t)i};
        in_cpu[i] = entered[i] = NOBODY;
        fake_sysreg_find("TPIDR_EL2")->value[i] = (uintptr_t)&percpus[i];
    }
    if (!is_later) {
        is_later = true;
        now = present.at = 5000;
        sched_init();
    }
    follow();
    now += 10 * frame();
    follow();
    look_at_both();
    CHECK(request(0));
    now = next.at;
    follow();
    present.at += frame();
    now = present.at;
    look_at_both();
    stood = 0;
    for (unsigned i = 0; i < CFG_VCPU_COUNT; i++) {
        sched_read_times(i, &before[i]);
        loads[i] = cut_short[i] = 0;
    }
    events[0] = 0;
}

/* From now until `ticks` of the frame, whenever the timer says so: who runs from when on. */
static void check_walk(unsigned cpu, uint64_t ticks, const char *expected)
{
    char seen[512] = "";

    for (unsigned n = 0; deadlines[cpu] < present.at + ticks; n++) {
        CHECK(n < 100);
        now = deadlines[cpu];
        const unsigned who = look(cpu);
        const size_t length = strlen(seen);
        snprintf(&seen[length], sizeof(seen) - length, (who == NOBODY) ? "%u:- " : "%u:%u ",
                 (unsigned)(now - present.at), who);
    }
    CHECK_STR(seen, expected);
}

/* --- windows ---------------------------------------------------------------------------- */

TEST(windows_follow_one_another_in_every_frame)
{
    on(0);
    on(2);
    CHECK_EQ(look(SHARED_CPU), 0);
    check_walk(SHARED_CPU, 800, "300:2 700:- ");
    check_walk(SHARED_CPU, 1300, "800:0 840:2 880:0 920:2 960:0 1000:0 ");
    check_walk(SHARED_CPU, 1900, "1300:2 1700:- 1800:0 1840:2 1880:0 ");
}

TEST(nobody_runs_in_a_gap)
{
    on(2);
    go_to(650);
    CHECK_EQ(look(SHARED_CPU), 2);
    go_to(700);
    CHECK_EQ(look(SHARED_CPU), NOBODY);
    CHECK(percpus[0].vcpu == NULL);
    CHECK(!vcpus[2].is_loaded);
    CHECK_EQ(in_cpu[0], NOBODY);
    mailbox_post_vcpu(2, MSG_CONSOLE_RX);
    CHECK_EQ(look(SHARED_CPU), NOBODY); /* what EL2 does for it waits for its window */
    CHECK(mailbox_has_vcpu(2));
    go_to(800);
    CHECK_EQ(look(SHARED_CPU), 2);
}

TEST(features_leave_in_the_reverse_order)
{
    on(2);
    on(3);
    go_to(300);
    CHECK_EQ(look(SHARED_CPU), 2);
    go_to(350);
    CHECK_EQ(look(SHARED_CPU), 3);
    CHECK_STR(events, "l0.2 l1.2 p1.2 p0.2 l0.3 l1.3 ");
}

TEST(each_cpu_has_its_own_windows)
{
    on(0);
    on(1);
    CHECK_EQ(look(OTHER_CPU), NOBODY);
    CHECK_EQ(look(SHARED_CPU), 0);
    check_walk(OTHER_CPU, 1200, "100:1 1000:- 1100:1 ");
}

TEST(a_cpu_without_a_schedule_is_left_alone)
{
    fake_cpu = 2;
    percpus[2].guest_runs = true;
    deadlines[2] = 0;
    CHECK(!sched_elect());
    CHECK(percpus[2].guest_runs);
    CHECK_EQ(deadlines[2], 0);
    sched_look(); /* nothing would make its guest run again */
    CHECK(percpus[2].guest_runs);
}

/* --- turns ------------------------------------------------------------------------------ */

TEST(members_take_turns_by_quantum)
{
    on(2);
    on(3);
    go_to(300);
    CHECK_EQ(look(SHARED_CPU), 2);
    check_walk(SHARED_CPU, 800, "350:3 400:2 450:3 500:2 550:3 600:2 650:3 700:- ");
}

TEST(a_turn_that_was_late_is_a_whole_one_all_the_same)
{
    on(2);
    on(3);
    go_to(300);
    CHECK_EQ(look(SHARED_CPU), 2);
    go_to(370);
    CHECK_EQ(look(SHARED_CPU), 3);
    CHECK_EQ(deadlines[0], present.at + 420);
}

TEST(one_that_waits_is_passed_over)
{
    on(2);
    on(3);
    go_to(300);
    CHECK_EQ(look(SHARED_CPU), 2);
    go_to(310);
    sched_wait(&vcpus[2]);
    CHECK(!percpus[0].guest_runs);
    CHECK_EQ(look(SHARED_CPU), 3);
    check_walk(SHARED_CPU, 800, "700:- ");
}

TEST(one_that_waits_alone_stays_loaded_and_is_woken)
{
    on(2);
    go_to(300);
    CHECK_EQ(look(SHARED_CPU), 2);
    sched_wait(&vcpus[2]);
    CHECK_EQ(look(SHARED_CPU), NOBODY);
    CHECK(vcpus[2].is_loaded && percpus[0].vcpu == &vcpus[2]);
    go_to(400);
    has_irq[2] = true;
    CHECK_EQ(look(SHARED_CPU), 2);
    CHECK_EQ(loads[2], 1);
    CHECK_EQ(since_begin(2).run, 0);
    go_to(420);
    sched_wait(&vcpus[2]);
    (void)look(SHARED_CPU);
    CHECK_EQ(since_begin(2).run, 20); /* not what it waited */
}

/* A timer that was due before the vCPU was loaded is of no meaning while it waits in the CPU. */
TEST(the_cpu_of_one_that_waits_sleeps)
{
    on(2);
    go_to(300);
    CHECK_EQ(look(SHARED_CPU), 2);
    sched_wait(&vcpus[2]);
    (void)look(SHARED_CPU);
    due_of[2] = present.at + 820;
    check_walk(SHARED_CPU, 830, "700:- 800:- 820:2 ");
    due_of[2] = NEVER;
    sched_wait(&vcpus[2]);
    CHECK_EQ(look(SHARED_CPU), NOBODY);
    CHECK_EQ(deadlines[0], present.at + 1000);
}

TEST(spare_ones_run_only_while_no_other_can)
{
    on(0);
    on(2);
    on(3);
    go_to(800);
    CHECK_EQ(look(SHARED_CPU), 0);
    sched_wait(&vcpus[0]);
    CHECK_EQ(look(SHARED_CPU), 2);
    sched_wait(&vcpus[2]);
    CHECK_EQ(look(SHARED_CPU), 3);
    go_to(890);
    CHECK_EQ(look(SHARED_CPU), 3);
    mailbox_post_vcpu(0, MSG_VGIC);
    has_irq[0] = true;
    CHECK_EQ(look(SHARED_CPU), 0); /* at once, not at the end of a quantum */
    CHECK_EQ(since_begin(3).preemptions, 1);
    CHECK_EQ(since_begin(3).overruns, 0);
    sched_wait(&vcpus[0]);
    CHECK_EQ(look(SHARED_CPU), 3);
}

TEST(spare_ones_take_turns_too)
{
    on(0);
    on(3);
    CHECK(request(1));
    now = next.at;
    follow();
    CHECK_EQ(look(SHARED_CPU), 0);
    check_walk(SHARED_CPU, 200, "30:3 60:0 90:3 120:0 150:3 180:0 ");
}

TEST(a_waiting_one_gets_a_turn_when_its_timer_is_due)
{
    on(2);
    on(3);
    go_to(300);
    CHECK_EQ(look(SHARED_CPU), 2);
    due_of[2] = present.at + 500;
    sched_wait(&vcpus[2]);
    CHECK_EQ(look(SHARED_CPU), 3);
    /* the turn of 3, which began at 300, is over when the timer is due */
    check_walk(SHARED_CPU, 550, "500:2 ");
    CHECK_EQ(loads[2], 2);
}

/* Its interrupt may need a moment to arrive: the vCPU goes on, and finds it. */
TEST(one_whose_timer_was_due_is_not_parked_before_its_interrupt_arrives)
{
    on(2);
    on(3);
    go_to(300);
    CHECK_EQ(look(SHARED_CPU), 2);
    due_of[2] = present.at + 400;
    sched_wait(&vcpus[2]);
    CHECK_EQ(look(SHARED_CPU), 3);
    go_to(400);
    CHECK_EQ(look(SHARED_CPU), 2);
    go_to(410);
    CHECK_EQ(look(SHARED_CPU), 2);
}

TEST(one_that_has_no_use_for_its_timer_is_not_bothered_again)
{
    on(2);
    on(3);
    go_to(300);
    CHECK_EQ(look(SHARED_CPU), 2);
    due_of[2] = present.at + 350;
    for (unsigned at = 300; at < 650; at += 10) {
        go_to(at);
        if (look(SHARED_CPU) == 2) {
            sched_wait(&vcpus[2]);
            CHECK_EQ(look(SHARED_CPU), 3);
        }
    }
    CHECK_EQ(loads[2], 2);
    CHECK_EQ(deadlines[0], present.at + 700);
}

/* Its VM is suspended: the others do not wait for it. */
TEST(one_that_is_paused_gets_turns_for_messages_alone)
{
    on(2);
    on(3);
    go_to(300);
    CHECK_EQ(look(SHARED_CPU), 2);
    due_of[2] = present.at + 400;
    vcpus[2].is_paused = true;
    CHECK_EQ(look(SHARED_CPU), 3);
    check_walk(SHARED_CPU, 700, "");
    CHECK_EQ(loads[2], 1);
    go_to(500);
    mailbox_post_vcpu(2, MSG_CONSOLE_RX);
    CHECK_EQ(look(SHARED_CPU), 3);
    CHECK_EQ(loads[2], 2);
    CHECK(!mailbox_has_vcpu(2));
    vcpus[2].is_paused = false;
    CHECK_EQ(look(SHARED_CPU), 3);
    check_walk(SHARED_CPU, 620, "550:2 600:3 ");
}

TEST(the_time_of_its_start_counts_as_that_of_a_turn)
{
    on(2);
    mailbox_post_vcpu(3, MSG_START);
    go_to(300);
    CHECK_EQ(look(SHARED_CPU), 2);
    go_to(350);
    CHECK_EQ(look(SHARED_CPU), 3);
    due_of[3] = present.at + 340; /* it sets it to a time that is over, and has no use for it */
    sched_wait(&vcpus[3]);
    CHECK_EQ(look(SHARED_CPU), 2);
    check_walk(SHARED_CPU, 720, "700:- ");
}

TEST(a_timer_beyond_the_window_is_not_waited_for)
{
    on(2);
    on(3);
    go_to(300);
    CHECK_EQ(look(SHARED_CPU), 2);
    due_of[2] = present.at + 750;
    sched_wait(&vcpus[2]);
    CHECK_EQ(look(SHARED_CPU), 3);
    CHECK_EQ(deadlines[0], present.at + 700);
    check_walk(SHARED_CPU, 840, "700:- 800:2 ");
}

TEST(a_message_gives_a_turn_to_one_that_is_off)
{
    on(2);
    go_to(300);
    CHECK_EQ(look(SHARED_CPU), 2);
    mailbox_post_vcpu(3, MSG_START);
    CHECK_EQ(look(SHARED_CPU), 2); /* not before its turn */
    CHECK(mailbox_has_vcpu(3));
    check_walk(SHARED_CPU, 420, "350:3 400:2 ");
    CHECK(vcpus[3].is_on);
}

TEST(a_message_to_one_of_another_window_waits_for_that)
{
    on(2);
    go_to(300);
    CHECK_EQ(look(SHARED_CPU), 2);
    mailbox_post_vcpu(0, MSG_START);
    check_walk(SHARED_CPU, 850, "700:- 800:0 840:2 ");
}

/* What others have asked for comes before the guest's next instruction, not at the end of its turn.
 */
TEST(messages_to_one_that_runs_are_served_before_it_is_entered)
{
    on(2);
    on(3);
    go_to(300);
    CHECK_EQ(look(SHARED_CPU), 2);
    mailbox_post_vcpu(3, MSG_LIFE);
    CHECK_EQ(look(SHARED_CPU), 2);
    go_to(350);
    CHECK_EQ(look(SHARED_CPU), 2);
    CHECK(!vcpus[3].is_on);
}

TEST(one_that_goes_off_is_not_saved)
{
    on(2);
    on(3);
    go_to(300);
    CHECK_EQ(look(SHARED_CPU), 2);
    stop(&vcpus[2]);
    events[0] = 0;
    CHECK_EQ(look(SHARED_CPU), 3);
    CHECK_STR(events, "l0.3 l1.3 ");
}

/* --- modes ------------------------------------------------------------------------------ */

TEST(both_cpus_change_modes_at_the_same_tick)
{
    for (unsigned i = 0; i < CFG_VCPU_COUNT; i++) {
        on(i);
    }
    go_to(250);
    look_at_both();
    CHECK(request(1));
    CHECK_EQ(sched_mode(), 1);
    CHECK_EQ(next.at, present.at + 2000);
    check_walk(SHARED_CPU, 1400,
               "300:2 350:3 400:2 450:3 500:2 550:3 600:2 650:3 700:- 800:0 "
               "840:2 880:0 920:2 960:0 1000:0 1300:2 1350:3 ");
    check_walk(OTHER_CPU, 1400, "1000:- 1100:1 ");
    check_walk(SHARED_CPU, 2100,
               "1400:2 1450:3 1500:2 1550:3 1600:2 1650:3 1700:- 1800:0 1840:2 "
               "1880:0 1920:2 1960:0 2000:2 ");
    CHECK_EQ(deadlines[0], present.at + 2200);
    check_walk(OTHER_CPU, 2100, "2000:1 ");
    CHECK_EQ(deadlines[1], present.at + 2600);
}

TEST(a_second_request_is_refused_until_the_first_is_in_force)
{
    go_to(999);
    look_at_both();
    CHECK(!request(CFG_MODE_COUNT));
    CHECK(request(1));
    CHECK_EQ(next.at, present.at + 2000);
    CHECK(!request(0));
    go_to(1999);
    CHECK(!request(0));
    CHECK_EQ(sched_mode(), 1);
    now = next.at + 600;
    follow();
    look_at_both();
    CHECK(request(0));
    CHECK_EQ(sched_mode(), 0);
    CHECK_EQ(next.at, present.at + 3 * 600);
}

TEST(a_cpu_that_was_late_follows_right)
{
    on(1);
    CHECK(request(1));
    now = next.at + 5 * 600 + 20;
    follow();
    CHECK_EQ(look(SHARED_CPU), NOBODY);
    CHECK(request(0)); /* CPU 1 has not seen the first change yet */
    CHECK_EQ(look(OTHER_CPU), 1);
    CHECK_EQ(deadlines[1], present.at + 6 * 600);
    now = next.at + 150;
    follow();
    CHECK_EQ(look(OTHER_CPU), 1);
    CHECK_EQ(deadlines[1], present.at + 1000);
}

static void request_behind_the_end_of_the_frame(void)
{
    fake_cpu = OTHER_CPU;
    now = next.at + 2;
    CHECK(!sched_request_mode(1));
    fake_cpu = SHARED_CPU;
    now = next.at - 40;
    when_saved = NULL;
}

/* A CPU has read the clock before the end of a frame, and parks; that takes so long that another
 * one asks for a change behind that end. */
TEST(a_request_while_a_cpu_decides_does_not_confuse_it)
{
    on(3);
    CHECK(request(1));
    now = next.at;
    follow();
    look_at_both();
    go_to(600);
    look_at_both();
    CHECK(request(0));
    now = next.at - 60;
    CHECK_EQ(look(SHARED_CPU), 3);
    when_saved = request_behind_the_end_of_the_frame;
    now = next.at - 40; /* behind its window, which ends at 550 of 600 */
    CHECK_EQ(look(SHARED_CPU), NOBODY);
    CHECK(when_saved == NULL);
    CHECK_EQ(deadlines[0], next.at);
}

/* --- what is measured ------------------------------------------------------------------- */

TEST(lateness_is_the_worst_start_of_a_window)
{
    on(0);
    go_to(1000 + 7);
    CHECK_EQ(look(SHARED_CPU), 0);
    go_to(1800 + 3);
    CHECK_EQ(look(SHARED_CPU), 0);
    CHECK_EQ(since_begin(0).windows, 2);
    CHECK(since_begin(0).late_ticks >= 7);
}

TEST(all_that_it_came_to)
{
    on(2);
    on(3);
    go_to(300);
    CHECK_EQ(look(SHARED_CPU), 2);
    go_to(350);
    CHECK_EQ(look(SHARED_CPU), 3);
    go_to(380);
    sched_wait(&vcpus[3]);
    CHECK_EQ(look(SHARED_CPU), 2);
    go_to(720);
    CHECK_EQ(look(SHARED_CPU), NOBODY);
    CHECK_EQ(since_begin(2).run, 50 + 340);
    CHECK_EQ(since_begin(3).run, 30);
    CHECK_EQ(since_begin(2).turns, 2);
    CHECK_EQ(since_begin(2).preemptions, 2);
    CHECK_EQ(since_begin(2).overruns, 1);
    CHECK_EQ(since_begin(2).windows, 1);
    CHECK_EQ(since_begin(3).preemptions, 0);
    CHECK_EQ(since_begin(3).overruns, 0);
    CHECK_EQ(since_begin(3).windows, 0);
    CHECK_EQ(reports, 1);
}

TEST(a_vm_that_starts_in_its_window_is_not_late)
{
    mailbox_post_vcpu(0, MSG_START);
    go_to(1000 + 9);
    CHECK_EQ(look(SHARED_CPU), 0);
    CHECK_EQ(since_begin(0).windows, 0);
}

TEST(the_window_in_which_it_starts_is_not_held_against_it)
{
    mailbox_post_vcpu(2, MSG_START);
    go_to(650);
    CHECK_EQ(look(SHARED_CPU), 2);
    go_to(700);
    CHECK_EQ(look(SHARED_CPU), NOBODY);
    CHECK_EQ(since_begin(2).overruns, 1);
    CHECK_EQ(reports, 0);
    go_to(801);
    CHECK_EQ(look(SHARED_CPU), 2);
    go_to(1001);
    CHECK_EQ(look(SHARED_CPU), NOBODY);
    CHECK_EQ(since_begin(2).overruns, 2);
    CHECK_EQ(reports, 1); /* the next one is */
}

/* Or it could evade by switching itself off and on. */
TEST(one_that_a_sibling_switches_on_is_not_excused)
{
    starts_vm = false;
    mailbox_post_vcpu(2, MSG_START);
    go_to(650);
    CHECK_EQ(look(SHARED_CPU), 2);
    starts_vm = true;
    go_to(700);
    CHECK_EQ(look(SHARED_CPU), NOBODY);
    CHECK_EQ(reports, 1);
}

TEST(a_clock_stands_outside_the_windows_of_its_vm)
{
    on(3);
    go_to(300);
    CHECK_EQ(look(SHARED_CPU), 3);
    CHECK_EQ(stood_since, 0);
    go_to(702);
    (void)look(SHARED_CPU);
    CHECK_EQ(stood_since, present.at + 702); /* it ran so long */
    stood = 0;
    go_to(810);
    CHECK_EQ(look(SHARED_CPU), 3);
    CHECK_EQ(stood, 108);
}

TEST(a_timer_by_a_clock_that_stands_is_not_due_meanwhile)
{
    on(3);
    go_to(300);
    CHECK_EQ(look(SHARED_CPU), 3);
    due_of[3] = present.at + 720; /* in 20 ticks of its own, when the window closes */
    sched_wait(&vcpus[3]);
    check_walk(SHARED_CPU, 900, "700:- 800:- 820:3 ");
}

/* --- anything at any time --------------------------------------------------------------- */

struct window {
    const struct cfg_slot *slot; /* NULL: a gap */
    uint64_t begins, ends;
};

static struct window windows[CPUS]; /* that each CPU has seen last */
static uint64_t last_look[CPUS];
static uint64_t lateness[CPUS];                 /* all of that window */
static uint64_t runnable_since[CFG_VCPU_COUNT]; /* in that window, without having run */
static struct sched_times sums[CFG_VCPU_COUNT];
static unsigned faults; /* overruns of VM 1 that it is told of */

static unsigned pick(unsigned below)
{
    return (unsigned)(test_random() >> 33) % below;
}

static struct window window_now(unsigned cpu)
{
    const struct cfg_cpu_schedule *const s = &cfg_cpu_schedules[present.mode * CFG_CPU_COUNT + cpu];
    const uint64_t begins = now - (now - present.at) % frame();
    struct window w = {.begins = begins, .ends = begins + frame()};

    for (unsigned i = 0; i < s->slot_count; i++) {
        const struct cfg_slot *const slot = &cfg_slots[s->first_slot + i];
        if (now >= begins + slot->start && now < begins + slot->end) {
            return (struct window){slot, begins + slot->start, begins + slot->end};
        }
        w.begins = (now >= begins + slot->end) ? begins + slot->end : w.begins;
        w.ends = (now < begins + slot->start && begins + slot->start < w.ends)
                     ? begins + slot->start
                     : w.ends;
    }
    return w;
}

static bool is_runnable(unsigned vcpu)
{
    return vcpus[vcpu].is_on && !vcpus[vcpu].is_waiting && !vcpus[vcpu].is_paused;
}

static unsigned place_in(const struct cfg_slot *slot, unsigned vcpu)
{
    for (unsigned i = 0; i < slot->member_count; i++) {
        if (cfg_slot_members[slot->first_member + i] == vcpu) {
            return i;
        }
    }
    return NOBODY;
}

static void check_loaded(unsigned cpu)
{
    for (unsigned i = 0; i < CFG_VCPU_COUNT; i++) {
        if (cfg_vcpus[i].cpu == cpu) {
            CHECK_EQ(vcpus[i].is_loaded, in_cpu[cpu] == i);
            CHECK(!vcpus[i].is_loaded || percpus[cpu].vcpu == &vcpus[i]);
        }
    }
}

/* Whoever can run, and is not spare, runs before as much time is over as all turns take. */
static void check_fairness(unsigned cpu, const struct window *w, bool is_new, unsigned who)
{
    const unsigned regular = (unsigned)w->slot->member_count - w->slot->spare_count;

    for (unsigned i = 0; i < regular; i++) {
        const unsigned v = cfg_slot_members[w->slot->first_member + i];
        if (v == who || !is_runnable(v)) {
            runnable_since[v] = NEVER;
        } else if (runnable_since[v] == NEVER || is_new) {
            runnable_since[v] = now;
        }
        CHECK(runnable_since[v] == NEVER ||
              now - runnable_since[v] <= regular * w->slot->quantum + lateness[cpu]);
    }
}

static void check_choice(unsigned cpu, const struct window *w, unsigned who)
{
    const unsigned regular = (unsigned)w->slot->member_count - w->slot->spare_count;
    const unsigned place = (who == NOBODY) ? w->slot->member_count : place_in(w->slot, who);

    CHECK(place != NOBODY);
    for (unsigned i = 0; i < w->slot->member_count; i++) {
        const unsigned v = cfg_slot_members[w->slot->first_member + i];
        if (who == NOBODY || (place >= regular && i < regular)) {
            CHECK_MSG(!is_runnable(v), "CPU %u: %u could run instead of %u", cpu, v, who);
            CHECK_MSG(!mailbox_has_vcpu(v), "CPU %u: nobody serves what %u is asked", cpu, v);
        }
    }
}

/* `ran` ran until now, and `who` runs from now on. */
static void check_sums(unsigned cpu, bool is_new, unsigned ran, unsigned who)
{
    if (ran != NOBODY) {
        sums[ran].run += now - last_look[cpu];
    }
    if (is_new && who != NOBODY && !has_started[cpu]) {
        sums[who].windows++;
        if (now - window_now(cpu).begins > sums[who].late_ticks) {
            sums[who].late_ticks = now - window_now(cpu).begins;
        }
    }
    for (unsigned i = 0; i < CFG_VCPU_COUNT; i++) {
        const struct sched_times t = since_begin(i);
        CHECK_EQ(t.run, sums[i].run);
        CHECK_EQ(t.turns, loads[i]);
        CHECK_EQ(t.preemptions, cut_short[i]);
        CHECK_EQ(t.overruns, sums[i].overruns);
        CHECK_EQ(t.windows, sums[i].windows);
        CHECK_EQ(t.late_ticks, sums[i].late_ticks);
    }
}

static void look_and_check(unsigned cpu)
{
    unsigned cut[CFG_VCPU_COUNT];

    memcpy(cut, cut_short, sizeof(cut));
    follow();
    const struct window w = window_now(cpu);
    const bool is_new = w.slot != windows[cpu].slot || w.begins != windows[cpu].begins;

    lateness[cpu] = is_new ? 0 : lateness[cpu];
    lateness[cpu] += (now > deadlines[cpu]) ? now - deadlines[cpu] : 0;
    const unsigned ran = entered[cpu];
    const unsigned who = look(cpu);

    for (unsigned i = 0; is_new && i < CFG_VCPU_COUNT; i++) {
        const unsigned overruns = (cfg_vcpus[i].cpu == cpu) ? cut_short[i] - cut[i] : 0;

        sums[i].overruns += overruns;
        faults += (cfg_vcpus[i].vm == 1 && started_at[i] < windows[cpu].begins) ? overruns : 0;
    }
    check_loaded(cpu);
    CHECK(deadlines[cpu] <= w.ends);
    if (w.slot == NULL) {
        CHECK_EQ(who, NOBODY);
        CHECK(percpus[cpu].vcpu == NULL);
    } else {
        check_choice(cpu, &w, who);
        check_fairness(cpu, &w, is_new, who);
    }
    check_sums(cpu, is_new, ran, who);
    windows[cpu] = w;
    last_look[cpu] = now;
    entered[cpu] = who;
    if (who != NOBODY && due_of[who] <= now && pick(2) == 0) {
        due_of[who] = NEVER; /* its interrupt has arrived, and the guest has taken it */
    }
}

/* What runs on `cpu`, if anything, waits for an interrupt. */
static void let_wait(unsigned cpu)
{
    const unsigned who = entered[cpu];

    if (who == NOBODY || mailbox_has_vcpu(who) || percpus[cpu].vcpu != &vcpus[who]) {
        return;
    }
    fake_cpu = cpu;
    due_of[who] = (pick(3) == 0) ? NEVER : now + pick(400) - 50;
    sched_wait(&vcpus[who]);
    look_and_check(cpu);
}

static void interrupt(unsigned vcpu)
{
    struct vcpu *const v = &vcpus[vcpu];

    if (v->is_on && v->is_waiting) {
        has_irq[vcpu] = true;
        if (!v->is_loaded) {
            mailbox_post_vcpu(vcpu, MSG_VGIC);
        }
        look_and_check(v->cpu);
    }
}

static void send(unsigned vcpu, uint32_t messages)
{
    mailbox_post_vcpu(vcpu, messages);
    look_and_check(cfg_vcpus[vcpu].cpu);
}

static void something_happens(void)
{
    const unsigned vcpu = pick(CFG_VCPU_COUNT);

    switch (pick(12)) {
    case 0:
    case 1:
    case 2:
    case 3:
        let_wait(pick(CPUS));
        break;
    case 4:
    case 5:
        interrupt(vcpu);
        break;
    case 6:
    case 7:
        send(vcpu, MSG_START);
        break;
    case 8:
        send(vcpu, (pick(4) == 0) ? MSG_LIFE : (pick(3) == 0) ? MSG_VM : MSG_CONSOLE_RX);
        break;
    case 9:
        (void)request(pick(CFG_MODE_COUNT + 1));
        break;
    default:
        look_and_check(pick(CPUS));
        break;
    }
}

static void time_passes(bool may_be_late)
{
    const unsigned first = (deadlines[1] < deadlines[0]) ? 1 : 0;

    if (now < deadlines[first] && pick(2) == 0) {
        now += pick((unsigned)(deadlines[first] - now));
        something_happens();
        return;
    }
    now = (now < deadlines[first]) ? deadlines[first] : now;
    if (may_be_late && pick(4) == 0) {
        now += pick((pick(16) == 0) ? 3000 : 60);
    }
    for (unsigned i = 0; i < CPUS; i++) {
        const unsigned cpu = (first + i) % CPUS;
        if (deadlines[cpu] <= now) {
            look_and_check(cpu);
        }
    }
}

static void check_at_random(bool may_be_late)
{
    memset(sums, 0, sizeof(sums));
    faults = 0;
    for (unsigned i = 0; i < CFG_VCPU_COUNT; i++) {
        sums[i].late_ticks = before[i].late_ticks;
        runnable_since[i] = NEVER;
    }
    for (unsigned i = 0; i < CPUS; i++) {
        windows[i] = window_now(i);
        last_look[i] = now;
    }
    for (unsigned step = 0; step < 200000; step++) {
        time_passes(may_be_late);
    }
    for (unsigned i = 0; i < CFG_VCPU_COUNT; i++) {
        const struct sched_times t = since_begin(i);
        CHECK(t.run > 0 && t.windows > 0 && t.overruns > 0);
        CHECK(cfg_vcpus[i].cpu == OTHER_CPU || t.preemptions > t.overruns);
        CHECK(cfg_vcpus[i].vm != 1 || t.overruns > faults);
    }
    CHECK(faults > 0 && reports == faults);
}

TEST(whatever_happens_whoever_may_run_does)
{
    check_at_random(false);
}

TEST(and_so_it_is_when_a_cpu_is_late)
{
    check_at_random(true);
}
