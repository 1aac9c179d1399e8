/* sources: vm/life.c vm/loading.c vm/stage2.c lib/sha256.c */
/* Life of a VM: what each request makes of each state, who stops, who finishes, what is loaded and
 * reset, who waits for whom; and random requests on all CPUs at once, whose messages come late.
 * @req CPU-4, CPU-6 */
#include "vm/health.h"
#include "vm/life.h"

#include "arch/memory.h"
#include "core/mailbox.h"
#include "core/percpu.h"
#include "fake/core.h"
#include "test.h"
#include "vm/loading.h"

struct percpu percpus[CFG_CPU_COUNT];

static char events[512];
static unsigned started[CFG_VCPU_COUNT]; /* starts less stops: 0 or 1 */

static void note(const char *what, unsigned id)
{
    char line[32];

    snprintf(line, sizeof(line), "%s%u ", what, id);
    if (strlen(events) + strlen(line) < sizeof(events)) {
        strcat(events, line);
    }
}

static unsigned interleave; /* of 256 posts or resets, at how many another CPU acts in between */

static void feature_reset(uint16_t vm)
{
    for (unsigned i = 0; i < cfg_vms[vm].vcpu_count; i++) {
        CHECK_EQ(started[cfg_vms[vm].first_vcpu + i], 0);
    }
    note("reset", vm);
    if ((test_random() & 255U) < interleave) {
        (void)life_request(vm, (enum life_request)(test_random() % LIFE_REQUEST_COUNT));
    }
}

static void feature_start(struct vcpu *v)
{
    CHECK_EQ(started[v->id]++, 0);
    note("start", v->id);
}

static void feature_stop(struct vcpu *v)
{
    note("stop", v->id);
}

static void feature_stop_first(struct vcpu *v)
{
    CHECK_EQ(started[v->id]--, 1);
    note("stop_first", v->id);
}

const struct life_feature life_features[] = {
    {.vm_reset = feature_reset, .vcpu_stop = feature_stop},
    {.vcpu_start = feature_start, .vcpu_stop = feature_stop_first},
};
const unsigned life_feature_count = 2;

void vcpu_reset(struct vcpu *v, uint64_t entry, uint64_t x0)
{
    note("vcpu_reset", v->id);
    v->x[0] = x0;
    v->x[1] = entry;
}

void vcpu_leave(const struct vcpu *v)
{
    CHECK(v->is_on);
    note("leave", v->id);
}

static unsigned image_faults;

enum health_answer health_decide(uint16_t vm, enum cfg_fault fault, uint64_t pc, uint64_t detail)
{
    (void)vm;
    CHECK_EQ(fault, CFG_FAULT_IMAGE);
    CHECK_EQ(pc + detail, 0);
    image_faults++;
    return HEALTH_LEAVE;
}

/* linux0 is an image of 0x9FFF bytes and zeros behind it; the others are zeros. */
#define IMAGE_PA 0x48008000U
#define IMAGE_BYTES 0x9FFFU
static uint8_t memory[3][0x10000];
static uint8_t image[IMAGE_BYTES];
const struct cfg_load cfg_loads[CFG_LOAD_COUNT] = {
    {IMAGE_PA, 0x50000000, IMAGE_BYTES, {0x1d, 0xd5, 0xaa, 0x9c, 0xd8, 0x36, 0x34, 0xa4,
                                         0x97, 0x50, 0xb1, 0xa8, 0xb8, 0x50, 0x5f, 0xc4,
                                         0xc1, 0xb6, 0x29, 0x48, 0x0f, 0xf5, 0x00, 0x24,
                                         0x35, 0x43, 0xd5, 0x5e, 0xe8, 0xc6, 0x57, 0x82}},
    {0, 0x54000000, 0x10000, {0}},
    {0, 0x56000000, 0x10000, {0}},
};

/* --- CPUs and their messages --------------------------------------------------------------- */

static uint32_t posted[CFG_CPU_COUNT];
static unsigned power_offs;

static void serve(unsigned cpu);

void mailbox_post(unsigned cpu, uint32_t messages)
{
    const unsigned self = fake_cpu;

    CHECK((posted[cpu] & messages & MSG_VM) == 0); /* one at most is on its way */
    power_offs += (messages & MSG_POWER_OFF) != 0;
    posted[cpu] |= messages & ~(uint32_t)MSG_POWER_OFF;
    if ((test_random() & 255U) < interleave) {
        const unsigned other = (unsigned)(test_random() % CFG_CPU_COUNT);

        if (other != self) {
            serve(other);
            fake_cpu = self;
        }
    }
}

/* As world/ns/interrupts.c does. */
static void serve(unsigned cpu)
{
    const uint32_t messages = posted[cpu];
    struct vcpu *const v = &vcpus[cpu];

    fake_cpu = cpu;
    posted[cpu] = 0;
    if ((messages & MSG_LIFE) != 0) {
        life_follow(v);
    }
    if ((messages & MSG_VM) != 0) {
        life_finish(v->vm);
    }
}

static void settle(void)
{
    unsigned rounds = 0;

    while ((posted[0] | posted[1] | posted[2] | posted[3]) != 0) {
        CHECK(++rounds < 100000U);
        for (unsigned cpu = 0; cpu < CFG_CPU_COUNT; cpu++) {
            serve(cpu);
        }
    }
    fake_cpu = 0;
}

static void start_vcpu(unsigned id)
{
    fake_cpu = id;
    life_start_vcpu(&vcpus[id], 0x40000000, 0);
}

/* Each test begins with all VMs off: the states outlive a test. */
TEST_SETUP()
{
    memset(posted, 0, sizeof(posted));
    interleave = 0;
    for (uint16_t i = 0; i < CFG_CPU_COUNT; i++) {
        percpus[i] = (struct percpu){.vcpu = &vcpus[i], .id = i};
        fake_cpu = i;
        fake_sysreg_set("TPIDR_EL2", (uintptr_t)&percpus[i]);
        vcpus[i].is_on = started[i] != 0;
    }
    for (unsigned i = 0; i < 3; i++) {
        memset(memory[i], 0xA5, sizeof(memory[i]));
        fake_memory_add(cfg_loads[i].dst_pa, memory[i], sizeof(memory[i]));
    }
    for (unsigned i = 0; i < IMAGE_BYTES; i++) {
        image[i] = (uint8_t)(i * 7U + i / 256U);
    }
    fake_memory_add(IMAGE_PA, image, sizeof(image));
    for (uint16_t vm = 0; vm < CFG_VM_COUNT; vm++) {
        CHECK(life_request(vm, LIFE_ORDER_STOP));
    }
    settle();
    for (uint16_t vm = 0; vm < CFG_VM_COUNT; vm++) {
        CHECK_EQ(life_state_of(vm), LIFE_OFF);
    }
    events[0] = 0;
    power_offs = 0;
}

static void order(uint16_t vm, enum life_request what)
{
    CHECK(life_request(vm, what));
    settle();
}

/* --- start of the machine, and who waits for whom ------------------------------------------ */

/* The CPUs come up. */
static void boot(void)
{
    life_init();
    for (uint16_t vm = 0; vm < CFG_VM_COUNT; vm++) {
        fake_cpu = cfg_vcpus[cfg_vms[vm].first_vcpu].cpu;
        life_start(vm);
    }
    fake_cpu = 0;
}

/* An event counts once since power-on: this test is the first. */
TEST(a_vm_starts_when_all_that_it_waits_for_has_happened)
{
    boot();
    CHECK_STR(events, "reset0 vcpu_reset0 start0 reset2 vcpu_reset3 start3 ");
    CHECK_EQ(posted[0] | posted[1] | posted[2] | posted[3], 0);
    CHECK_EQ(life_state_of(VM_LINUX1), LIFE_WAITING);
    order(VM_LINUX0, LIFE_RESTART); /* started again: still one event of the two */
    CHECK_EQ(life_state_of(VM_LINUX1), LIFE_WAITING);
    life_set_ready(VM_LINUX0);
    CHECK_EQ(life_state_of(VM_LINUX1), LIFE_WAITING);
    fake_cpu = 3;
    life_set_ready(VM_RT);
    CHECK_EQ(life_state_of(VM_LINUX1), LIFE_LOADING);
    CHECK_EQ(posted[2], MSG_VM);
    settle();
    CHECK(life_is_running(VM_LINUX1));
    order(VM_LINUX1, LIFE_STOP);
    life_set_ready(VM_RT);
    CHECK_EQ(life_state_of(VM_LINUX1), LIFE_OFF);
    order(VM_LINUX0, LIFE_STOP);
    CHECK_EQ(power_offs, 0);
    order(VM_RT, LIFE_STOP);
    CHECK_EQ(power_offs, 1);
}

/* The machine is not switched off by the first VM to stop when others are not up yet, but a VM that
 * waits in vain does not keep it on. */
TEST(who_starts_with_the_machine_counts_before_its_cpu_is_up)
{
    life_init();
    CHECK_EQ(power_offs, 0);
    life_start(VM_LINUX0);
    order(VM_LINUX0, LIFE_STOP);
    CHECK_EQ(power_offs, 0);
    CHECK(
        life_request(VM_RT, LIFE_ORDER_STOP)); /* its CPU finds that it does not start after all */
    fake_cpu = 3;
    life_start(VM_RT);
    CHECK_EQ(life_state_of(VM_RT), LIFE_OFF);
    CHECK_EQ(power_offs, 1);
    life_report_left();
    CHECK_STR(fake_log_last, "linux1: has not started, since what it waits for has not happened");
}

TEST(an_image_that_has_changed_does_not_start_at_boot)
{
    image[IMAGE_BYTES / 2U] ^= 1U;
    boot();
    CHECK_EQ(life_state_of(VM_LINUX0), LIFE_OFF);
    CHECK(life_is_running(VM_RT));
}

/* --- start, stop, restart ------------------------------------------------------------------ */

TEST(a_start_loads_resets_and_enters_vcpu_0)
{
    const uint32_t before = life_start_count(VM_LINUX0);

    fake_cpu = 3; /* not one of its CPUs */
    CHECK(life_request(VM_LINUX0, LIFE_ORDER_START));
    CHECK_EQ(life_state_of(VM_LINUX0), LIFE_LOADING);
    CHECK_EQ(posted[0], MSG_VM);
    CHECK_EQ(posted[1] | posted[2] | posted[3], 0);
    settle();
    CHECK(life_is_running(VM_LINUX0));
    CHECK_STR(events, "reset0 vcpu_reset0 start0 ");
    CHECK_EQ(memcmp(memory[0], image, IMAGE_BYTES), 0);
    CHECK_EQ(memory[0][IMAGE_BYTES], 0xA5);
    CHECK(percpus[0].guest_runs && vcpus[0].is_on);
    CHECK(!percpus[1].guest_runs && !vcpus[1].is_on);
    CHECK_EQ(vcpus[0].x[0], cfg_vms[VM_LINUX0].boot_x[0]);
    fake_cpu = 0;
    CHECK_EQ(fake_sysreg_get("VTTBR_EL2") >> 48, 1);
    CHECK_EQ(life_start_count(VM_LINUX0), before + 1);
}

TEST(a_stop_is_finished_by_the_last_vcpu_to_report)
{
    order(VM_LINUX0, LIFE_ORDER_START);
    start_vcpu(1); /* vCPU 1 asks */
    events[0] = 0;
    CHECK(life_request(VM_LINUX0, LIFE_STOP));
    CHECK_EQ(life_state_of(VM_LINUX0), LIFE_STOPPING);
    CHECK_EQ(posted[0], MSG_LIFE);
    CHECK_EQ(posted[1], MSG_LIFE);
    CHECK_EQ(posted[2] | posted[3], 0);
    life_leave(&vcpus[1]); /* the end of its exit */
    serve(1);
    CHECK_EQ(posted[0], MSG_LIFE); /* not yet: vCPU 0 has not reported */
    CHECK_STR(events, "leave1 stop_first1 stop1 ");
    posted[1] = MSG_LIFE; /* one that comes late reports nothing more */
    serve(1);
    serve(0);
    CHECK_EQ(posted[0], MSG_VM);
    CHECK(!percpus[0].guest_runs && !percpus[1].guest_runs);
    serve(0);
    CHECK_STR(events, "leave1 stop_first1 stop1 leave0 stop_first0 stop0 reset0 ");
    CHECK_EQ(life_state_of(VM_LINUX0), LIFE_OFF);
    CHECK_EQ(power_offs, 1); /* it was the last */
}

/* Its CPU fills in who the vCPU is when it comes up, which may be later. */
TEST(a_vcpu_whose_cpu_is_not_up_yet_is_told)
{
    order(VM_LINUX0, LIFE_ORDER_START);
    vcpus[1].cpu = 0;
    CHECK(life_request(VM_LINUX0, LIFE_STOP));
    CHECK_EQ(posted[1], MSG_LIFE);
    settle();
}

TEST(a_vcpu_leaves_once)
{
    order(VM_LINUX0, LIFE_ORDER_START);
    events[0] = 0;
    life_leave(&vcpus[0]);
    life_leave(&vcpus[0]);
    CHECK_STR(events, "leave0 stop_first0 stop0 "); /* in reverse order of start */
}

TEST(a_restart_loads_the_pristine_image_again)
{
    const uint32_t before = life_start_count(VM_LINUX0);

    order(VM_LINUX0, LIFE_ORDER_START);
    memset(memory[0], 0x5A, IMAGE_BYTES);
    life_set_ready(VM_LINUX0);
    CHECK(life_is_ready(VM_LINUX0));
    order(VM_LINUX0, LIFE_RESTART);
    CHECK(life_is_running(VM_LINUX0));
    CHECK(!life_is_ready(VM_LINUX0));
    CHECK_EQ(memcmp(memory[0], image, IMAGE_BYTES), 0);
    CHECK_EQ(life_start_count(VM_LINUX0), before + 2);
    CHECK_EQ(power_offs, 0);
}

/* Loading gives way to whatever else its CPU has to do. */
TEST(a_start_is_made_in_pieces)
{
    unsigned pieces = 0;

    CHECK(life_request(VM_LINUX0, LIFE_ORDER_START));
    while (life_state_of(VM_LINUX0) == LIFE_LOADING) {
        CHECK_EQ(posted[0], MSG_VM);
        serve(0);
        pieces++;
    }
    CHECK(pieces > IMAGE_BYTES / 1024U);
}

TEST(a_stop_breaks_a_start_off)
{
    CHECK(life_request(VM_LINUX0, LIFE_ORDER_START));
    serve(0);
    order(VM_LINUX0, LIFE_ORDER_STOP);
    CHECK_EQ(life_state_of(VM_LINUX0), LIFE_OFF);
    CHECK_EQ(memory[0][IMAGE_BYTES - 1U],
             image[IMAGE_BYTES - 1U]); /* the first piece is all of it */
    CHECK_EQ(power_offs, 1);
    order(VM_LINUX0, LIFE_ORDER_START); /* from the beginning */
    CHECK(life_is_running(VM_LINUX0));
    CHECK_STR(events, "reset0 reset0 vcpu_reset0 start0 ");
}

TEST(an_image_that_has_changed_does_not_start)
{
    static const unsigned places[] = {0, 63, 64, 0x8000, IMAGE_BYTES - 1U};
    const unsigned before = image_faults;

    for (unsigned i = 0; i < ARRAY_COUNT(places); i++) {
        image[places[i]] ^= 0x10U;
        events[0] = 0;
        order(VM_LINUX0, LIFE_ORDER_START);
        CHECK_EQ(life_state_of(VM_LINUX0), LIFE_OFF);
        CHECK_STR(events, "reset0 ");
        image[places[i]] ^= 0x10U;
    }
    CHECK_EQ(image_faults, before + ARRAY_COUNT(places)); /* each told to the health monitor */
    order(VM_LINUX0, LIFE_ORDER_START);
    CHECK(life_is_running(VM_LINUX0));
}

/* --- suspend and resume -------------------------------------------------------------------- */

TEST(a_suspended_vm_keeps_its_state)
{
    order(VM_RT, LIFE_ORDER_START);
    order(VM_LINUX0, LIFE_ORDER_START);
    start_vcpu(1);
    events[0] = 0;
    order(VM_LINUX0, LIFE_ORDER_SUSPEND);
    CHECK_EQ(life_state_of(VM_LINUX0), LIFE_SUSPENDED);
    CHECK(!percpus[0].guest_runs && !percpus[1].guest_runs);
    CHECK(vcpus[0].is_on && vcpus[1].is_on);
    CHECK(!life_is_running(VM_LINUX0)); /* none of its vCPUs is switched on meanwhile */
    order(VM_LINUX0, LIFE_ORDER_RESUME);
    CHECK(percpus[0].guest_runs && percpus[1].guest_runs);
    CHECK_STR(events, "");
    CHECK_EQ(power_offs, 0);
}

TEST(a_resume_switches_no_vcpu_on)
{
    order(VM_RT, LIFE_ORDER_START);
    order(VM_LINUX0, LIFE_ORDER_START);
    order(VM_LINUX0, LIFE_ORDER_SUSPEND);
    order(VM_LINUX0, LIFE_ORDER_RESUME);
    CHECK(percpus[0].guest_runs && !percpus[1].guest_runs);
}

TEST(a_suspended_vm_stops)
{
    order(VM_RT, LIFE_ORDER_START);
    order(VM_LINUX0, LIFE_ORDER_START);
    order(VM_LINUX0, LIFE_ORDER_SUSPEND);
    events[0] = 0;
    order(VM_LINUX0, LIFE_ORDER_STOP);
    CHECK_STR(events, "leave0 stop_first0 stop0 reset0 ");
    CHECK_EQ(life_state_of(VM_LINUX0), LIFE_OFF);
    CHECK_EQ(power_offs, 0);
    order(VM_RT, LIFE_STOP);
    CHECK_EQ(power_offs, 1);
}

/* Two that suspend one another: nobody is left to resume them. */
TEST(the_machine_ends_when_all_are_suspended)
{
    order(VM_RT, LIFE_ORDER_START);
    order(VM_LINUX0, LIFE_ORDER_START);
    order(VM_LINUX0, LIFE_ORDER_SUSPEND);
    CHECK_EQ(power_offs, 0);
    order(VM_RT, LIFE_ORDER_SUSPEND);
    CHECK_EQ(power_offs, 1);
    life_report_left();
    CHECK_STR(fake_log_last, "rt: is still suspended");
}

/* --- which of several requests counts ------------------------------------------------------ */

TEST(of_the_vms_own_requests_the_first_counts)
{
    order(VM_LINUX0, LIFE_ORDER_START);
    CHECK(life_request(VM_LINUX0, LIFE_RESTART));
    CHECK(!life_request(VM_LINUX0, LIFE_STOP));
    settle();
    CHECK(life_is_running(VM_LINUX0));
    CHECK(life_request(VM_LINUX0, LIFE_STOP));
    CHECK(!life_request(VM_LINUX0, LIFE_RESTART)); /* a guest does not get round a stop */
    settle();
    CHECK_EQ(life_state_of(VM_LINUX0), LIFE_OFF);
}

TEST(of_orders_the_last_counts)
{
    order(VM_LINUX0, LIFE_ORDER_START);
    CHECK(life_request(VM_LINUX0, LIFE_STOP));
    CHECK(life_request(VM_LINUX0, LIFE_ORDER_RESTART));
    CHECK(!life_request(VM_LINUX0, LIFE_STOP));
    settle();
    CHECK(life_is_running(VM_LINUX0));
    CHECK(life_request(VM_LINUX0, LIFE_ORDER_RESTART));
    CHECK(life_request(VM_LINUX0, LIFE_ORDER_STOP));
    settle();
    CHECK_EQ(life_state_of(VM_LINUX0), LIFE_OFF);
    CHECK(life_request(VM_LINUX0, LIFE_ORDER_START));
    serve(0);
    CHECK(life_request(VM_LINUX0, LIFE_ORDER_STOP));
    CHECK(life_request(VM_LINUX0, LIFE_ORDER_START));
    settle();
    CHECK(life_is_running(VM_LINUX0));
}

static void bring_to(enum life_state state)
{
    if (state == LIFE_WAITING) {
        boot(); /* and nothing happens any more that it waits for */
        return;
    }
    if (state != LIFE_OFF) {
        CHECK(life_request(VM_LINUX1, LIFE_ORDER_START));
    }
    if (state != LIFE_OFF && state != LIFE_LOADING) {
        settle();
    }
    if (state == LIFE_SUSPENDED) {
        order(VM_LINUX1, LIFE_ORDER_SUSPEND);
    } else if (state == LIFE_STOPPING || state == LIFE_RESTARTING) {
        CHECK(life_request(VM_LINUX1, state == LIFE_STOPPING ? LIFE_STOP : LIFE_RESTART));
    }
}

/* What each request comes to in each state, in letters: of the state at once, then of the one that
 * it ends in; - and the state's own where it is refused. */
TEST(each_request_in_each_state)
{
    static const char letters[] = "owlrsxa"; /* off waiting loading running suspended stops again */
    static const char *const expected[LIFE_REQUEST_COUNT][LIFE_STATE_COUNT] = {
        [LIFE_STOP] = {"-o", "-w", "xo", "xo", "xo", "xo", "-r"},
        [LIFE_RESTART] = {"-o", "-w", "ar", "ar", "ar", "-o", "ar"},
        [LIFE_ORDER_START] = {"lr", "lr", "lr", "rr", "-s", "ar", "ar"},
        [LIFE_ORDER_STOP] = {"oo", "oo", "xo", "xo", "xo", "xo", "xo"},
        [LIFE_ORDER_RESTART] = {"-o", "-w", "ar", "ar", "ar", "ar", "ar"},
        [LIFE_ORDER_SUSPEND] = {"-o", "-w", "-r", "ss", "ss", "-o", "-r"},
        [LIFE_ORDER_RESUME] = {"-o", "-w", "-r", "rr", "rr", "-o", "-r"},
    };

    order(VM_RT, LIFE_ORDER_START);
    for (unsigned what = 0; what < LIFE_REQUEST_COUNT; what++) {
        for (unsigned state = 0; state < LIFE_STATE_COUNT; state++) {
            const char *const e = expected[what][state];

            bring_to((enum life_state)state);
            CHECK_EQ(life_state_of(VM_LINUX1), state);
            const bool is_taken = life_request(VM_LINUX1, (enum life_request)what);
            const enum life_state at_once = life_state_of(VM_LINUX1);

            CHECK_MSG(is_taken == (e[0] != '-') &&
                          letters[at_once] == (is_taken ? e[0] : letters[state]),
                      "request %u in state %u: %d, %c", what, state, is_taken, letters[at_once]);
            if (state != LIFE_WAITING || is_taken) {
                settle();
            }
            CHECK_MSG(letters[life_state_of(VM_LINUX1)] == e[1],
                      "request %u in state %u ends in %c", what, state,
                      letters[life_state_of(VM_LINUX1)]);
            CHECK(life_request(VM_LINUX1, LIFE_ORDER_STOP));
            CHECK(life_request(VM_LINUX0, LIFE_ORDER_STOP));
            settle();
        }
    }
}

/* --- all at once ----------------------------------------------------------------------- */

TEST(random_requests_from_everywhere)
{
    static const enum life_state still[] = {LIFE_OFF, LIFE_WAITING, LIFE_RUNNING, LIFE_SUSPENDED};

    interleave = 64;
    for (unsigned i = 0; i < 100000; i++) {
        const uint64_t r = test_random();
        const unsigned cpu = (unsigned)(r % CFG_CPU_COUNT);

        fake_cpu = cpu;
        switch ((r >> 8) % 8U) {
        case 0: /* a guest that stops itself */
            if (percpus[cpu].guest_runs) {
                (void)life_request(vcpus[cpu].vm, (r >> 16) & 1U ? LIFE_STOP : LIFE_RESTART);
                fake_cpu = cpu;
                life_leave(&vcpus[cpu]);
            }
            break;
        case 1:
        case 2:
            (void)life_request((uint16_t)((r >> 16) % CFG_VM_COUNT),
                               (enum life_request)((r >> 32) % LIFE_REQUEST_COUNT));
            break;
        case 3: /* CPU_ON, which is served while the VM runs */
            if (life_is_running(VM_LINUX0) && !vcpus[1].is_on && vcpus[0].is_on) {
                start_vcpu(1);
            }
            break;
        default:
            serve(cpu);
            break;
        }
        if (i % 64U == 0U) {
            settle();
            for (uint16_t vm = 0; vm < CFG_VM_COUNT; vm++) {
                const enum life_state state = life_state_of(vm);
                const unsigned boot = cfg_vms[vm].first_vcpu;
                unsigned found = 0;

                for (unsigned s = 0; s < ARRAY_COUNT(still); s++) {
                    found += state == still[s];
                }
                CHECK_EQ(found, 1);
                for (unsigned c = boot; c < boot + cfg_vms[vm].vcpu_count; c++) {
                    CHECK_EQ(percpus[c].guest_runs, vcpus[c].is_on && state == LIFE_RUNNING);
                    CHECK(!vcpus[c].is_on || state == LIFE_RUNNING || state == LIFE_SUSPENDED);
                }
            }
        }
    }
}
