/* sources: vm/life.c vm/stage2.c */
/* Life of a VM: who stops, who finishes, what is loaded and reset, and which request wins.
 * @req CPU-4 */
#include "vm/life.h"

#include "arch/memory.h"
#include "core/mailbox.h"
#include "core/percpu.h"
#include "fake/core.h"
#include "test.h"

struct percpu percpus[CFG_CPU_COUNT];

static char events[512];

static void note(const char *what, unsigned id)
{
    char line[32];

    snprintf(line, sizeof(line), "%s%u ", what, id);
    strcat(events, line);
}

static void feature_reset(uint16_t vm)
{
    note("reset", vm);
}

static void feature_start(struct vcpu *v)
{
    note("start", v->id);
}

static void feature_stop(struct vcpu *v)
{
    note("stop", v->id);
}

static void feature_stop_first(struct vcpu *v)
{
    note("stop_first", v->id);
}

const struct life_feature life_features[] = {
    {feature_reset, NULL, feature_stop},
    {NULL, feature_start, feature_stop_first},
};
const unsigned life_feature_count = 2;

void vcpu_reset(struct vcpu *v, uint64_t entry, uint64_t x0)
{
    note("vcpu_reset", v->id);
    v->x[0] = x0;
    v->x[1] = entry;
}

static uint8_t memory[3][0x10000];

/* As many chunks as the VM's loads have, one at a time, each asking for the next. */
static void finish_restart(uint16_t vm)
{
    unsigned chunks = 0;

    for (; !life_is_running(vm); chunks++) {
        fake_mailbox[0] = 0;
        life_finish(vm);
        CHECK(chunks < 100000U);
        CHECK_EQ(fake_mailbox[0], life_is_running(vm) ? 0 : MSG_VM);
    }
    CHECK(chunks > 1U);
}

static void run_on(unsigned cpu)
{
    fake_cpu = cpu;
}

TEST_SETUP()
{
    events[0] = 0;
    for (uint16_t i = 0; i < CFG_CPU_COUNT; i++) {
        percpus[i] = (struct percpu){.vcpu = &vcpus[i], .id = i};
        fake_cpu = i;
        fake_sysreg_set("TPIDR_EL2", (uintptr_t)&percpus[i]);
    }
    for (unsigned i = 0; i < 3; i++) {
        memset(memory[i], 0xA5, sizeof(memory[i]));
        fake_memory_add(cfg_loads[i].dst_pa, memory[i], sizeof(memory[i]));
    }
    run_on(0);
}

/* Each test leaves the VMs it started off again, since the states outlive a test. */
static void stop_linux0(void)
{
    run_on(0);
    life_request(VM_LINUX0, LIFE_STOP);
    for (unsigned cpu = 0; cpu < 2; cpu++) {
        run_on(cpu);
        life_stop_vcpu(&vcpus[cpu]);
    }
    run_on(0);
    life_finish(VM_LINUX0);
}

TEST(start_loads_resets_and_enters_vcpu_0)
{
    CHECK(!life_is_running(VM_LINUX0));
    life_start(VM_LINUX0);
    CHECK(life_is_running(VM_LINUX0));
    CHECK_EQ(life_running_count(), 1);
    CHECK_STR(events, "reset0 vcpu_reset0 start0 ");
    CHECK_EQ(memory[0][0], 0);
    CHECK_EQ(memory[0][0xFFFF], 0);
    CHECK_EQ(memory[1][0], 0xA5);
    CHECK(percpus[0].guest_runs);
    CHECK(!percpus[1].guest_runs);
    CHECK_EQ(vcpus[0].x[0], cfg_vms[VM_LINUX0].boot_x[0]);
    CHECK_EQ(fake_sysreg_get("VTTBR_EL2") >> 48, 1);
    stop_linux0();
    CHECK_EQ(life_running_count(), 0);
}

TEST(stop_is_finished_by_the_last_cpu_to_report)
{
    life_start(VM_LINUX0);
    percpus[1].guest_runs = true;
    run_on(1); /* vCPU 1 asks */
    life_request(VM_LINUX0, LIFE_STOP);
    CHECK(!life_is_running(VM_LINUX0));
    CHECK_EQ(fake_mailbox[0], MSG_STOP);
    CHECK_EQ(fake_mailbox[1], MSG_STOP);
    CHECK_EQ(fake_mailbox[2], 0);
    life_leave(&vcpus[1]);
    life_stop_vcpu(&vcpus[1]);
    CHECK_EQ(fake_mailbox[0], MSG_STOP); /* not yet: CPU 0 has not reported */
    run_on(0);
    life_stop_vcpu(&vcpus[0]);
    CHECK_EQ(fake_mailbox[0], MSG_STOP | MSG_VM);
    CHECK(!percpus[0].guest_runs && !percpus[1].guest_runs);
    events[0] = 0;
    life_finish(VM_LINUX0);
    CHECK_STR(events, "reset0 ");
    CHECK_EQ(life_running_count(), 0);
}

/* Its CPU fills in who the vCPU is when it comes up, which may be later. */
TEST(a_vcpu_whose_cpu_is_not_up_yet_is_told)
{
    life_start(VM_LINUX0);
    vcpus[1].cpu = 0;
    life_request(VM_LINUX0, LIFE_STOP);
    CHECK_EQ(fake_mailbox[1], MSG_STOP);
    for (unsigned cpu = 0; cpu < 2; cpu++) {
        run_on(cpu);
        life_stop_vcpu(&vcpus[cpu]);
    }
    run_on(0);
    life_finish(VM_LINUX0);
}

TEST(a_vcpu_leaves_once)
{
    life_start(VM_LINUX0);
    events[0] = 0;
    life_leave(&vcpus[0]);
    life_leave(&vcpus[0]);
    CHECK_STR(events, "stop_first0 stop0 "); /* in reverse order of start */
    stop_linux0();
}

TEST(the_first_request_wins)
{
    life_start(VM_LINUX0);
    life_request(VM_LINUX0, LIFE_RESTART);
    fake_mailbox[0] = fake_mailbox[1] = 0;
    life_request(VM_LINUX0, LIFE_STOP);
    CHECK_EQ(fake_mailbox[0], 0);
    life_stop_vcpu(&vcpus[0]);
    run_on(1);
    life_stop_vcpu(&vcpus[1]);
    run_on(0);
    memset(memory[0], 0x5A, sizeof(memory[0]));
    finish_restart(VM_LINUX0);
    CHECK(life_is_running(VM_LINUX0)); /* it was restarted, not stopped */
    CHECK_EQ(memory[0][0x1234], 0);
    CHECK_EQ(life_running_count(), 1);
    stop_linux0();
}

TEST(a_request_for_a_vm_that_is_off_does_nothing)
{
    life_request(VM_LINUX0, LIFE_RESTART);
    CHECK_EQ(fake_mailbox[0], 0);
    CHECK(!life_is_running(VM_LINUX0));
}
