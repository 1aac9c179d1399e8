/* sources: smccc/schedule.c smccc/arch.c smccc/smccc.c psci/psci_suspend.c */
/* What guests ask of a machine with schedules: modes and times only with the right to, mitigations
 * that are not theirs alone, and sleep that leaves the CPU to others.
 * @req CPU-2, CPU-3, CPU-4, CPU-5 */
#include "arch/barrier.h"
#include "arch/pstate.h"
#include "arch/smc.h"
#include "core/percpu.h"
#include "psci/psci_state.h"
#include "smccc/services.h"
#include "smccc/smccc.h"
#include "test.h"
#include "vgic/vgic.h"
#include "vm/esr.h"
#include "vm/life.h"
#include "vm/sched.h"

#define MODE_SET 0xC600FF10U
#define MODE_GET 0xC600FF11U
#define TIMES_GET 0xC600FF12U
#define ARCH_FEATURES 0x80000001U
#define WORKAROUND_1 0x80008000U
#define WORKAROUND_2 0x80007FFFU
#define CPU_SUSPEND 0xC4000001U
#define SYSTEM_SUSPEND 0xC400000EU
#define POWER_DOWN 0x10000U
#define PC 0x40002000U
#define ENTRY 0x40001000U

enum { SWITCHES = 0, READS = 2, NEITHER = 3 }; /* vCPUs: of VMs with either right */

const struct cfg_vm cfg_vms[CFG_VM_COUNT] = {
    {.name = "switches", .flags = CFG_VM_MAY_SWITCH_MODE, .first_vcpu = 0, .vcpu_count = 2},
    {.name = "reads", .flags = CFG_VM_MAY_READ_TIMES, .first_vcpu = 2, .vcpu_count = 1},
    {.name = "neither", .first_vcpu = 3, .vcpu_count = 1},
};
/* CPU 3 has no schedule. */
const struct cfg_cpu_schedule cfg_cpu_schedules[CFG_MODE_COUNT * CFG_CPU_COUNT] = {
    {0, 1}, {0, 1}, {0, 1}};

const struct smccc_service smccc_services[] = {{0x80000000U, 0x8000FFFFU, smccc_arch_call},
                                               {0xC6000000U, 0xC600FFFFU, schedule_call}};
const unsigned smccc_service_count = 2;

static uint16_t mode;
static bool is_busy;

bool sched_request_mode(uint16_t wanted)
{
    CHECK(wanted < CFG_MODE_COUNT);
    mode = is_busy ? mode : wanted;
    return !is_busy;
}

uint16_t sched_mode(void)
{
    return mode;
}

void sched_read_times(unsigned vcpu, struct sched_times *times)
{
    CHECK(vcpu < CFG_VCPU_COUNT);
    *times = (struct sched_times){.run = 100 + vcpu,
                                  .turns = 2,
                                  .preemptions = 3,
                                  .overruns = 4,
                                  .windows = 5,
                                  .late_ticks = 6};
}

static bool is_pending, is_woken;
static const struct vcpu *was_reset;

bool vgic_has_pending(struct vcpu *v)
{
    (void)v;
    return is_pending;
}

bool vgic_has_wake_request(struct vcpu *v)
{
    (void)v;
    return is_woken;
}

void vcpu_reset(struct vcpu *v, uint64_t entry, uint64_t x0)
{
    CHECK_EQ(entry, ENTRY);
    was_reset = v;
    v->x[0] = x0;
}

enum exit_action psci_return(struct vcpu *v, uint64_t result)
{
    v->x[0] = result;
    return EXIT_SKIP;
}

bool psci_is_entry(uint16_t vm, uint64_t entry)
{
    (void)vm;
    return entry == ENTRY;
}

bool psci_others_are_off(const struct vcpu *v)
{
    (void)v;
    return true;
}

struct percpu percpus[CFG_CPU_COUNT];

TEST_SETUP()
{
    for (uint16_t i = 0; i < CFG_CPU_COUNT; i++) {
        percpus[i] = (struct percpu){.vcpu = &vcpus[i], .id = i};
        fake_sysreg_find("TPIDR_EL2")->value[i] = (uintptr_t)&percpus[i];
    }
    mode = 0;
    is_busy = is_pending = is_woken = false;
    was_reset = NULL;
    fake_sysreg_set_all("SPSR_EL2", PSTATE_M_EL1h | PSTATE_DAIF);
    fake_sysreg_set_all("ESR_EL2", (uint64_t)ESR_EC_HVC64 << 26);
    fake_sysreg_set_all("ELR_EL2", PC + 4);
}

static uint64_t call(unsigned vcpu, uint64_t id, uint64_t x1)
{
    struct vcpu *const v = &vcpus[vcpu];

    fake_cpu = v->cpu;
    for (unsigned i = 0; i < 31; i++) {
        v->x[i] = 0x1111 * i;
    }
    v->x[0] = id;
    v->x[1] = x1;
    CHECK_EQ(smccc_call(v, SMCCC_SMC), EXIT_SKIP);
    for (unsigned i = 7; i < 31; i++) {
        CHECK_EQ(v->x[i], 0x1111 * i);
    }
    return v->x[0];
}

/* --- modes and times -------------------------------------------------------------------- */

TEST(who_may_switches_modes)
{
    CHECK_EQ(call(SWITCHES, MODE_SET, 1), 0);
    CHECK_EQ(mode, 1);
    CHECK_EQ(call(SWITCHES, MODE_GET, 77), 0);
    CHECK_EQ(vcpus[SWITCHES].x[1], 1);
    CHECK_EQ(vcpus[SWITCHES].x[2], 0x2222);
    CHECK_EQ(call(SWITCHES, MODE_SET, CFG_MODE_COUNT), -2);
    CHECK_EQ(call(SWITCHES, MODE_SET, 0x10000), -2); /* not cut off */
    CHECK_EQ(call(SWITCHES, MODE_SET, UINT64_MAX), -2);
    is_busy = true;
    CHECK_EQ(call(SWITCHES, MODE_SET, 0), -4);
    CHECK_EQ(mode, 1);
}

TEST(who_may_reads_times)
{
    CHECK_EQ(call(READS, TIMES_GET, 3), 0);
    CHECK_EQ(vcpus[READS].x[1], 103);
    for (unsigned i = 2; i <= 6; i++) {
        CHECK_EQ(vcpus[READS].x[i], i);
    }
    CHECK_EQ(call(READS, TIMES_GET, CFG_VCPU_COUNT), -2);
    CHECK_EQ(call(READS, TIMES_GET, UINT64_C(1) << 32), -2);
    CHECK_EQ(vcpus[READS].x[2], 0x2222);
}

/* Whatever it asks for, so that it learns nothing. */
TEST(who_may_not_is_denied)
{
    static const uint64_t ids[] = {MODE_SET, MODE_GET, TIMES_GET};

    mode = 1;
    for (unsigned n = 0; n < 3; n++) {
        static const uint64_t arguments[] = {0, 1, 99};
        for (unsigned i = 0; i < 3; i++) {
            CHECK_EQ(call(NEITHER, ids[i], arguments[n]), -3);
            CHECK_EQ(vcpus[NEITHER].x[1], arguments[n]);
        }
        CHECK_EQ(call(READS, MODE_SET, arguments[n]), -3);
        CHECK_EQ(call(READS, MODE_GET, arguments[n]), -3);
        CHECK_EQ(call(SWITCHES, TIMES_GET, arguments[n]), -3);
        CHECK_EQ(vcpus[SWITCHES].x[1], arguments[n]);
    }
    CHECK_EQ(mode, 1);
    CHECK_EQ(call(SWITCHES, 0xC600FF13U, 0), UINT64_MAX);
}

/* --- mitigations ------------------------------------------------------------------------ */

static void el3_has_all(struct smc_regs *r)
{
    r->x[0] = 0;
}

TEST(nobody_switches_a_mitigation_off_that_others_rely_on)
{
    fake_smc_hook = el3_has_all;
    CHECK_EQ(call(0, WORKAROUND_2, 0), 0);
    CHECK_EQ(fake_smc_count, 0);
    CHECK_EQ(call(NEITHER, WORKAROUND_2, 0), 0); /* alone on its CPU */
    CHECK_EQ(fake_smc_count, 1);
}

/* A CPU is asked once whether it needs the call, so each case has its own. */
TEST(a_change_of_vm_drops_predictions_where_that_needs_a_call)
{
    fake_smc_hook = el3_has_all;
    fake_cpu = 0;
    fake_sysreg_set("ID_AA64PFR0_EL1", 0);
    for (unsigned n = 1; n <= 3; n++) {
        smccc_arch_vm_switch();
        CHECK_EQ(fake_smc_count, 1 + n); /* the question, and the call each time */
        CHECK_EQ(fake_smc_last.x[0], WORKAROUND_1);
    }
    fake_cpu = 1;
    fake_sysreg_set("ID_AA64PFR0_EL1", UINT64_C(1) << 56); /* CSV2 */
    smccc_arch_vm_switch();
    CHECK_EQ(fake_smc_count, 4);
    fake_cpu = 2;
    fake_smc_hook = NULL; /* EL3 knows nothing of it */
    smccc_arch_vm_switch();
    smccc_arch_vm_switch();
    CHECK_EQ(fake_smc_count, 5);
}

/* --- sleep ------------------------------------------------------------------------------ */

static enum exit_action suspend(unsigned vcpu, uint64_t state)
{
    struct vcpu *const v = &vcpus[vcpu];

    fake_cpu = v->cpu;
    fake_sysreg_set("ELR_EL2", PC + 4);
    v->x[0] = CPU_SUSPEND;
    v->x[1] = state;
    v->x[2] = ENTRY;
    v->x[3] = 0x55;
    return psci_cpu_suspend(v);
}

TEST(standby_ends_by_an_interrupt_and_leaves_the_cpu_to_others_till_then)
{
    CHECK_EQ(suspend(0, 0), EXIT_WAIT);
    CHECK_EQ(vcpu_pc(), PC); /* the call is made again */
    CHECK_EQ(vcpus[0].x[0], CPU_SUSPEND);
    is_pending = true;
    CHECK_EQ(suspend(0, 0), EXIT_SKIP);
    CHECK_EQ(vcpus[0].x[0], 0);
    CHECK_EQ(vcpu_pc(), PC + 4);
    CHECK_EQ(fake_barriers.wfi, 0);
}

TEST(with_interrupts_enabled_there_is_an_answer_at_once)
{
    fake_sysreg_set_all("SPSR_EL2", PSTATE_M_EL1h);
    CHECK_EQ(suspend(0, 0), EXIT_SKIP);
    CHECK_EQ(fake_barriers.wfi, 0);
}

TEST(power_down_ends_by_a_wake_request)
{
    is_pending = true; /* not what counts here */
    CHECK_EQ(suspend(0, POWER_DOWN), EXIT_WAIT);
    CHECK_EQ(vcpu_pc(), PC);
    CHECK(was_reset == NULL);
    is_woken = true;
    CHECK_EQ(suspend(0, POWER_DOWN), EXIT_RESUME);
    CHECK(was_reset == &vcpus[0]);
    CHECK_EQ(vcpus[0].x[0], 0x55);
    CHECK_EQ(fake_barriers.wfi, 0);
}

TEST(system_suspend_leaves_the_cpu_to_others_too)
{
    vcpus[0].x[0] = SYSTEM_SUSPEND;
    vcpus[0].x[1] = ENTRY;
    vcpus[0].x[2] = 0x66;
    CHECK_EQ(psci_system_suspend(&vcpus[0]), EXIT_WAIT);
    CHECK_EQ(vcpu_pc(), PC);
    CHECK_EQ(fake_barriers.wfi, 0);
}

TEST(alone_on_its_cpu_it_sleeps_there)
{
    CHECK_EQ(suspend(NEITHER, 0), EXIT_RESUME);
    CHECK_EQ(vcpu_pc(), PC);
    CHECK_EQ(fake_barriers.wfi, 1);
}
