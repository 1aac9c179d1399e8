/* sources: psci/psci.c psci/psci_cpu.c psci/psci_suspend.c psci/psci_system.c smccc/smccc.c */
/* PSCI for guests: each function by both conduits, the power states, and what a guest may not do.
 * @req CPU-4 */
#include "arch/barrier.h"
#include "arch/pstate.h"
#include "arch/smc.h"
#include "core/mailbox.h"
#include "fake/core.h"
#include "psci/psci_state.h"
#include "smccc/smccc.h"
#include "test.h"
#include "vgic/vgic.h"
#include "vm/esr.h"
#include "vm/guest_mem.h"
#include "vm/life.h"

enum {
    VERSION = 0x84000000,
    CPU_OFF = 0x84000002,
    AFFINITY_INFO_32 = 0x84000004,
    SYSTEM_OFF = 0x84000008,
    SYSTEM_RESET = 0x84000009,
    FEATURES = 0x8400000A
};
#define CPU_SUSPEND_32 0x84000001U
#define CPU_SUSPEND_64 0xC4000001U
#define CPU_ON_32 0x84000003U
#define CPU_ON_64 0xC4000003U
#define AFFINITY_INFO_64 0xC4000004U
#define SYSTEM_SUSPEND_64 0xC400000EU
#define SYSTEM_RESET2_32 0x84000012U
#define SYSTEM_RESET2_64 0xC4000012U

#define ENTRY 0x40001000U
#define GUEST_PC 0x40002000U /* of the HVC or SMC */

const struct smccc_service smccc_services[] = {
    {0x84000000U, 0x8400001FU, psci_call},
    {0xC4000000U, 0xC400001FU, psci_call},
};
const unsigned smccc_service_count = 2;

static int pending_after_wfi; /* -1: pending at once; 0: never; 1: once the CPU has slept */
static int life_asked;
static enum life_request life_what;
static uint16_t life_vm;
static const struct vcpu *reset_vcpu;
static uint64_t reset_entry;

bool vgic_has_pending(struct vcpu *v)
{
    (void)v;
    return pending_after_wfi < 0 || (pending_after_wfi > 0 && fake_barriers.wfi > 0);
}

/* Of a vCPU whose guest has put its GIC interface to sleep, only this one speaks. */
static bool is_interface_asleep;

bool vgic_has_wake_request(struct vcpu *v)
{
    return is_interface_asleep || vgic_has_pending(v);
}

bool life_request(uint16_t vm, enum life_request what)
{
    life_asked++;
    life_vm = vm;
    life_what = what;
    return true;
}

void vcpu_reset(struct vcpu *v, uint64_t entry, uint64_t x0)
{
    reset_vcpu = v;
    reset_entry = entry;
    v->x[0] = x0;
    vcpu_set_pc(entry);
}

const struct cfg_window *guest_window(uint16_t vm, ipa_t ipa)
{
    for (unsigned i = 0; i < cfg_vms[vm].window_count; i++) {
        const struct cfg_window *w = &cfg_windows[cfg_vms[vm].first_window + i];

        if (ipa.ipa >= w->ipa && ipa.ipa - w->ipa < w->size) {
            return w;
        }
    }
    return NULL;
}

TEST_SETUP()
{
    pending_after_wfi = 0;
    is_interface_asleep = false;
    life_asked = 0;
    reset_vcpu = NULL;
    reset_entry = 0;
    for (uint16_t vm = 0; vm < CFG_VM_COUNT; vm++) {
        psci_vm_reset(vm);
    }
    for (unsigned i = 0; i < CFG_VCPU_COUNT; i++) {
        if (cfg_vcpus[i].index == 0) {
            psci_boot_vcpu_on(&vcpus[i]);
        }
    }
}

/* Makes the call on the CPU of `v`; PC and ESR_EL2 as the conduit leaves them. All other
 * registers hold values that must come back unchanged. */
static enum exit_action call(struct vcpu *v, enum smccc_conduit conduit, uint64_t id, uint64_t x1,
                             uint64_t x2, uint64_t x3)
{
    const bool is_hvc = conduit == SMCCC_HVC;
    const uint64_t arguments[] = {id, x1, x2, x3};

    fake_cpu = v->cpu;
    for (unsigned i = 0; i < 31; i++) {
        v->x[i] = (i < 4) ? arguments[i] : 0x1111000000000000U + i;
    }
    vcpu_set_pc(is_hvc ? GUEST_PC + 4 : GUEST_PC);
    fake_sysreg_set("ESR_EL2", (uint64_t)(is_hvc ? ESR_EC_HVC64 : ESR_EC_SMC64) << 26 | 1U << 25);
    const enum exit_action action = smccc_call(v, conduit);

    for (unsigned i = 1; i < 31; i++) {
        CHECK_MSG(v->x[i] == ((i < 4) ? arguments[i] : 0x1111000000000000U + i),
                  "call %#jx changed x%u", (uintmax_t)id, i);
    }
    return action;
}

/* A call that returns to the caller: its result, by either conduit. */
static int64_t result(struct vcpu *v, uint64_t id, uint64_t x1, uint64_t x2, uint64_t x3)
{
    CHECK_EQ(call(v, SMCCC_SMC, id, x1, x2, x3), EXIT_SKIP);
    CHECK_EQ(vcpu_pc(), GUEST_PC);
    return (int64_t)v->x[0];
}

static int64_t result_hvc(struct vcpu *v, uint64_t id, uint64_t x1, uint64_t x2, uint64_t x3)
{
    CHECK_EQ(call(v, SMCCC_HVC, id, x1, x2, x3), EXIT_RESUME);
    CHECK_EQ(vcpu_pc(), GUEST_PC + 4);
    return (int64_t)v->x[0];
}

TEST(version_by_both_conduits)
{
    CHECK_EQ(result(&vcpus[0], VERSION, 0, 0, 0), 0x10001);
    CHECK_EQ(result_hvc(&vcpus[0], VERSION, 0, 0, 0), 0x10001);
}

static bool is_implemented(uint32_t id)
{
    static const uint32_t ids[] = {
        0x84000000, 0x84000001, 0x84000002, 0x84000003, 0x84000004, 0x84000006,
        0x84000008, 0x84000009, 0x8400000A, 0x8400000E, 0x84000012, 0xC4000001,
        0xC4000003, 0xC4000004, 0xC400000E, 0xC4000012, 0x80000000,
    };

    for (unsigned i = 0; i < ARRAY_COUNT(ids); i++) {
        if (ids[i] == id) {
            return true;
        }
    }
    return false;
}

TEST(features_of_every_id)
{
    for (uint32_t group = 0; group < 2; group++) {
        for (uint32_t n = 0; n < 0x40; n++) {
            const uint32_t id = (group == 0 ? 0x84000000U : 0xC4000000U) + n;

            CHECK_MSG(result(&vcpus[0], FEATURES, id, 0, 0) == (is_implemented(id) ? 0 : -1),
                      "PSCI_FEATURES(%#x)", id);
        }
    }
    CHECK_EQ(result(&vcpus[0], FEATURES, 0x80000000U, 0, 0), 0);
    CHECK_EQ(result(&vcpus[0], FEATURES, 0xFFFFFFFF84000003U, 0, 0), 0); /* w1 alone counts */
}

TEST(what_is_not_implemented_is_not_supported)
{
    for (uint32_t n = 0; n < 0x20; n++) {
        if (!is_implemented(0x84000000U + n)) {
            CHECK_EQ(result(&vcpus[0], 0x84000000U + n, 1, 2, 3), -1);
        }
        if (!is_implemented(0xC4000000U + n)) {
            CHECK_EQ(result(&vcpus[0], 0xC4000000U + n, 1, 2, 3), -1);
        }
    }
    CHECK_EQ(fake_smc_count, 0); /* nothing of PSCI ever reaches EL3 */
}

TEST(migrate_info_type_says_no_trusted_os)
{
    CHECK_EQ(result(&vcpus[0], 0x84000006, 0, 0, 0), 2);
}

TEST(cpu_on_goes_through_pending)
{
    uint64_t entry = 0;
    uint64_t context = 0;

    CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_64, 1, 0, 0), 1);
    CHECK_EQ(result(&vcpus[0], CPU_ON_64, 1, ENTRY, 0xABCDEF0123456789U), 0);
    CHECK_EQ(fake_mailbox[1], MSG_START);
    CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_64, 1, 0, 0), 2);
    CHECK_EQ(result(&vcpus[0], CPU_ON_64, 1, ENTRY + 8, 0), -5);
    fake_cpu = 1;
    CHECK(psci_take_start(&vcpus[1], &entry, &context));
    CHECK_EQ(entry, ENTRY);
    CHECK_EQ(context, 0xABCDEF0123456789U);
    CHECK(!psci_take_start(&vcpus[1], &entry, &context));
    CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_64, 1, 0, 0), 0);
    CHECK_EQ(result(&vcpus[0], CPU_ON_64, 1, ENTRY, 0), -4);
}

/* Its CPU fills in who the vCPU is when it comes up, which may be later. */
TEST(cpu_on_of_a_vcpu_whose_cpu_is_not_up_yet)
{
    memset(&vcpus[1], 0, sizeof(vcpus[1]));
    CHECK_EQ(result(&vcpus[0], CPU_ON_64, 1, ENTRY, 5), 0);
    CHECK_EQ(fake_mailbox[0], 0);
    CHECK_EQ(fake_mailbox[1], MSG_START);
    vcpus[1].id = 1;
    uint64_t entry = 0;
    uint64_t context = 0;

    CHECK(psci_take_start(&vcpus[1], &entry, &context));
    CHECK_EQ(context, 5);
}

TEST(cpu_on_of_oneself_is_already_on)
{
    CHECK_EQ(result_hvc(&vcpus[0], CPU_ON_64, 0, ENTRY, 0), -4);
}

TEST(cpu_off_then_on_again)
{
    uint64_t entry = 0;
    uint64_t context = 0;

    CHECK_EQ(result(&vcpus[0], CPU_ON_64, 1, ENTRY, 1), 0);
    CHECK(psci_take_start(&vcpus[1], &entry, &context));
    CHECK_EQ(call(&vcpus[1], SMCCC_HVC, CPU_OFF, 0, 0, 0), EXIT_RESCHEDULE);
    CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_64, 1, 0, 0), 0); /* until all of it is down */
    psci_set_off(&vcpus[1]);
    CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_64, 1, 0, 0), 1);
    CHECK_EQ(result(&vcpus[0], CPU_ON_64, 1, ENTRY + 4, 2), 0);
    CHECK(psci_take_start(&vcpus[1], &entry, &context));
    CHECK_EQ(entry, ENTRY + 4);
    CHECK_EQ(context, 2);
}

TEST(the_last_vcpu_going_off_is_reported)
{
    atomic_store(&psci_power[1], POWER_ON);
    CHECK_EQ(call(&vcpus[1], SMCCC_HVC, CPU_OFF, 0, 0, 0), EXIT_RESCHEDULE);
    CHECK_EQ(fake_log_guest_count, 0);
    psci_set_off(&vcpus[1]);
    CHECK_EQ(call(&vcpus[0], SMCCC_HVC, CPU_OFF, 0, 0, 0), EXIT_RESCHEDULE);
    CHECK_EQ(fake_log_guest_count, 1);
    CHECK_EQ(fake_log_guest_vm, VM_LINUX0);
}

TEST(cpu_on_only_reaches_the_own_vm)
{
    CHECK_EQ(result(&vcpus[2], CPU_ON_64, 1, ENTRY, 0), -2); /* linux1 has no vCPU 1 */
    CHECK_EQ(result(&vcpus[0], CPU_ON_64, 2, ENTRY, 0), -2);
    CHECK_EQ(result(&vcpus[0], CPU_ON_64, 0x80000001U, ENTRY, 0), -2);
    CHECK_EQ(result(&vcpus[0], CPU_ON_64, 0x100000001U, ENTRY, 0), -2);
    CHECK_EQ(result(&vcpus[0], CPU_ON_64, UINT64_MAX, ENTRY, 0), -2);
    for (unsigned cpu = 0; cpu < 4; cpu++) {
        CHECK_EQ(fake_mailbox[cpu], 0);
    }
}

TEST(cpu_on_needs_an_executable_entry)
{
    static const uint64_t refused[] = {0,          0x3FFFFFFC,     0x40010000,
                                       0x70000000, ENTRY + 1,      ENTRY + 2,
                                       UINT64_MAX, UINT64_MAX - 3, 0x140001000U};

    for (unsigned i = 0; i < ARRAY_COUNT(refused); i++) {
        CHECK_MSG(result(&vcpus[0], CPU_ON_64, 1, refused[i], 0) == -9, "entry %#jx",
                  (uintmax_t)refused[i]);
    }
    CHECK_EQ(fake_mailbox[1], 0);
    CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_64, 1, 0, 0), 1);
    CHECK_EQ(result(&vcpus[0], CPU_ON_64, 1, 0x60000FFCU, 0), 0); /* read-only image */
}

TEST(calls_of_32_bits_use_low_words)
{
    uint64_t entry = 0;
    uint64_t context = 0;

    CHECK_EQ(result(&vcpus[0], CPU_ON_32, 0xFFFFFFFF00000001U, 0x8765432100000000U + ENTRY,
                    0xFEDCBA9876543210U),
             0);
    CHECK(psci_take_start(&vcpus[1], &entry, &context));
    CHECK_EQ(entry, ENTRY);
    CHECK_EQ(context, 0x76543210);
    CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_32, 0xFF00000001U | 1ULL << 40, 0, 0), 0);
}

TEST(a_stale_start_message_starts_nothing)
{
    uint64_t entry = 7;
    uint64_t context = 7;

    CHECK(!psci_take_start(&vcpus[1], &entry, &context));
    CHECK_EQ(result(&vcpus[0], CPU_ON_64, 1, ENTRY, 0), 0);
    psci_vm_reset(VM_LINUX0);
    CHECK(!psci_take_start(&vcpus[1], &entry, &context));
    /* Another vCPU has claimed this one and not yet written where it starts. */
    atomic_store(&psci_power[1], POWER_CLAIMED);
    CHECK(!psci_take_start(&vcpus[1], &entry, &context));
    CHECK_EQ(entry, 7);
    psci_boot_vcpu_on(&vcpus[0]);
    CHECK_EQ(result(&vcpus[0], CPU_ON_64, 1, ENTRY, 0), -5);
    CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_64, 1, 0, 0), 2);
}

TEST(vm_reset_touches_the_own_vm_only)
{
    psci_vm_reset(VM_LINUX0);
    CHECK_EQ(result(&vcpus[2], AFFINITY_INFO_64, 0, 0, 0), 0);
    CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_64, 0, 0, 0), 1);
}

TEST(affinity_info_of_higher_levels)
{
    for (uint64_t level = 1; level <= 3; level++) {
        CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_64, 0xFF, level, 0), 0);
        psci_set_off(&vcpus[0]);
        CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_64, 1, level, 0), 1);
        atomic_store(&psci_power[1], POWER_ON_PENDING);
        CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_64, 0, level, 0), 2);
        psci_set_off(&vcpus[1]);
        psci_boot_vcpu_on(&vcpus[0]);
    }
    CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_64, 0x100, 0, 0), -2);
    CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_64, 0x100, 1, 0), -2);
    CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_64, 0x1FF, 2, 0), 0);
    CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_64, 0x10000, 2, 0), -2);
    CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_64, 0x1FFFF, 3, 0), 0);
    CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_64, 0x100000000U, 3, 0), -2);
    CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_64, 0, 4, 0), -2);
    CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_64, 0, UINT64_MAX, 0), -2);
    CHECK_EQ(result(&vcpus[0], AFFINITY_INFO_64, 0x80000000U, 0, 0), -2);
}

TEST(standby_with_a_pending_interrupt_returns_at_once)
{
    pending_after_wfi = -1;
    CHECK_EQ(result(&vcpus[0], CPU_SUSPEND_64, 0, 0, 0), 0);
    CHECK_EQ(result_hvc(&vcpus[0], CPU_SUSPEND_32, 0xFFFF, 0, 0), 0); /* any StateID */
    CHECK_EQ(fake_barriers.wfi, 0);
}

TEST(standby_waits_for_the_guests_interrupt)
{
    fake_sysreg_set_all("SPSR_EL2", PSTATE_M_EL1h | PSTATE_DAIF);
    pending_after_wfi = 1;
    CHECK_EQ(result(&vcpus[0], CPU_SUSPEND_64, 0, 0, 0), 0);
    CHECK_EQ(fake_barriers.wfi, 1);
}

TEST(standby_is_repeated_when_something_else_woke_the_cpu)
{
    static const enum smccc_conduit conduits[] = {SMCCC_HVC, SMCCC_SMC};

    fake_sysreg_set_all("SPSR_EL2", PSTATE_M_EL1h | PSTATE_DAIF);
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(call(&vcpus[0], conduits[i], CPU_SUSPEND_64, 0, 0, 0), EXIT_RESUME);
        CHECK_EQ(vcpu_pc(), GUEST_PC);
        CHECK_EQ(vcpus[0].x[0], CPU_SUSPEND_64);
        CHECK_EQ(fake_barriers.wfi, i + 1);
    }
}

TEST(standby_with_interrupts_enabled_waits_once)
{
    static const uint64_t unmasked[] = {0, PSTATE_I, PSTATE_F};

    for (unsigned i = 0; i < 3; i++) {
        fake_sysreg_set_all("SPSR_EL2", PSTATE_M_EL1h | unmasked[i]);
        CHECK_EQ(result(&vcpus[0], CPU_SUSPEND_64, 0, 0, 0), 0);
        CHECK_EQ(fake_barriers.wfi, i + 1);
    }
}

TEST(suspend_refuses_states_that_do_not_exist)
{
    pending_after_wfi = -1;
    for (unsigned bit = 17; bit < 32; bit++) {
        CHECK_EQ(result(&vcpus[0], CPU_SUSPEND_64, 1ULL << bit, ENTRY, 0), -2);
    }
    CHECK_EQ(result(&vcpus[0], CPU_SUSPEND_64, 1ULL << 32, ENTRY, 0), 0); /* power_state is w1 */
    CHECK_EQ(result(&vcpus[0], CPU_SUSPEND_64, 0x10000, 0x70000000, 0), -9);
    CHECK(reset_vcpu == NULL);
}

TEST(power_down_resumes_at_the_entry)
{
    static const enum smccc_conduit conduits[] = {SMCCC_HVC, SMCCC_SMC};

    pending_after_wfi = -1;
    for (unsigned i = 0; i < 2; i++) {
        CHECK_EQ(call(&vcpus[1], conduits[i], CPU_SUSPEND_64, 0x10000, ENTRY, 0x55AA), EXIT_RESUME);
        CHECK(reset_vcpu == &vcpus[1]);
        CHECK_EQ(reset_entry, ENTRY);
        CHECK_EQ(vcpu_pc(), ENTRY);
        CHECK_EQ(vcpus[1].x[0], 0x55AA);
    }
}

TEST(power_down_sleeps_first)
{
    fake_sysreg_set_all("SPSR_EL2", PSTATE_M_EL1h | PSTATE_DAIF);
    CHECK_EQ(call(&vcpus[0], SMCCC_HVC, CPU_SUSPEND_64, 0x10000, ENTRY, 0), EXIT_RESUME);
    CHECK_EQ(vcpu_pc(), GUEST_PC);
    CHECK(reset_vcpu == NULL);
}

TEST(power_down_ends_by_a_wake_request)
{
    fake_sysreg_set_all("SPSR_EL2", PSTATE_M_EL1h | PSTATE_DAIF);
    is_interface_asleep = true;
    CHECK_EQ(call(&vcpus[0], SMCCC_HVC, CPU_SUSPEND_64, 0x10000, ENTRY, 0), EXIT_RESUME);
    CHECK(reset_vcpu == &vcpus[0]);
    CHECK_EQ(call(&vcpus[0], SMCCC_HVC, CPU_SUSPEND_64, 0, 0, 0), EXIT_RESUME);
    CHECK_EQ(vcpu_pc(), GUEST_PC); /* standby: no */
}

TEST(system_suspend_needs_the_others_off)
{
    static const uint8_t not_off[] = {POWER_CLAIMED, POWER_ON_PENDING, POWER_ON};

    pending_after_wfi = -1;
    for (unsigned i = 0; i < 3; i++) {
        atomic_store(&psci_power[1], not_off[i]);
        CHECK_EQ(result(&vcpus[0], SYSTEM_SUSPEND_64, ENTRY, 0, 0), -3);
    }
    psci_set_off(&vcpus[1]);
    CHECK_EQ(result(&vcpus[0], SYSTEM_SUSPEND_64, 0x40010000, 0, 0), -9);
    CHECK_EQ(call(&vcpus[0], SMCCC_HVC, SYSTEM_SUSPEND_64, ENTRY, 9, 0), EXIT_RESUME);
    CHECK(reset_vcpu == &vcpus[0]);
    CHECK_EQ(vcpus[0].x[0], 9);
}

TEST(system_off_and_reset_are_the_vms_life)
{
    CHECK_EQ(call(&vcpus[2], SMCCC_HVC, SYSTEM_OFF, 0, 0, 0), EXIT_RESCHEDULE);
    CHECK_EQ(life_vm, VM_LINUX1);
    CHECK_EQ(life_what, LIFE_STOP);
    CHECK_EQ(call(&vcpus[3], SMCCC_SMC, SYSTEM_RESET, 0, 0, 0), EXIT_RESCHEDULE);
    CHECK_EQ(life_vm, VM_RT);
    CHECK_EQ(life_what, LIFE_RESTART);
    CHECK_EQ(life_asked, 2);
}

TEST(system_reset2_knows_the_warm_reset_only)
{
    CHECK_EQ(result(&vcpus[0], SYSTEM_RESET2_64, 1, 0, 0), -2);
    CHECK_EQ(result(&vcpus[0], SYSTEM_RESET2_64, 0x80000000U, 0, 0), -2);
    CHECK_EQ(result(&vcpus[0], SYSTEM_RESET2_32, 0xFFFFFFFFU, 0, 0), -2);
    CHECK_EQ(life_asked, 0);
    CHECK_EQ(call(&vcpus[0], SMCCC_HVC, SYSTEM_RESET2_32, 0, 0, 0), EXIT_RESCHEDULE);
    CHECK_EQ(call(&vcpus[0], SMCCC_HVC, SYSTEM_RESET2_64, 0, 5, 0), EXIT_RESCHEDULE);
    CHECK_EQ(life_what, LIFE_RESTART);
    CHECK_EQ(life_asked, 2);
}

TEST(random_calls_stay_in_the_vm)
{
    pending_after_wfi = -1;
    for (unsigned i = 0; i < 200000; i++) {
        struct vcpu *v = &vcpus[2]; /* linux1, alone on CPU 2 */
        const uint64_t id =
            (test_random() & 1U ? 0xC4000000U : 0x84000000U) | (test_random() & 31U);

        (void)call(v, (test_random() & 1U) ? SMCCC_HVC : SMCCC_SMC, id,
                   test_random() & test_random() & test_random(), ENTRY ^ (test_random() & 3U),
                   test_random());
        CHECK_EQ(atomic_load(&psci_power[0]), POWER_ON);
        CHECK_EQ(atomic_load(&psci_power[1]), POWER_OFF);
        CHECK_EQ(fake_mailbox[0] | fake_mailbox[1] | fake_mailbox[3], 0);
        CHECK(life_asked == 0 || life_vm == VM_LINUX1);
    }
}
