/* sources: world/ns/exit.c world/ns/exceptions.c */
/* The exit page: each named action has its one effect, and each class its handler.
 * @req CORE-5 */
#include "world/ns/exit.h"

#include "core/percpu.h"
#include "fake/core.h"
#include "gic_cpu.h"
#include "mmio/mmio.h"
#include "psci/psci.h"
#include "smccc/smccc.h"
#include "test.h"
#include "vm/fault_report.h"
#include "vm/health.h"
#include "vm/inject.h"
#include "vm/life.h"
#include "vm/sched.h"
#include "vm/sysreg_trap.h"
#include "world/ns/exceptions.h"
#include "world/ns/interrupts.h"

struct percpu percpus[CFG_CPU_COUNT];

static enum exit_action next_action;
static unsigned undefs, aborts, leaves, stops, waits, reports, mmio_calls, smc_calls, sysregs;
static unsigned plain_calls, short_mmio_calls, short_sysregs;
static uint32_t served_short, served_in_full;
static bool is_short; /* what can be short is */
static ipa_t mmio_ipa;

void inject_undefined(struct vcpu *v)
{
    (void)v;
    undefs++;
}

void inject_external_abort(struct vcpu *v, uint64_t esr, uint64_t far)
{
    (void)v;
    (void)esr;
    CHECK_EQ(far, 0xABCD123);
    aborts++;
}

void life_leave(struct vcpu *v)
{
    (void)v;
    leaves++;
}

bool life_request(uint16_t vm, enum life_request what)
{
    CHECK_EQ(vm, VM_LINUX0);
    CHECK_EQ(what, LIFE_STOP);
    stops++;
    return true;
}

struct vcpu *cpu_next_vcpu(void)
{
    waits++;
    return &vcpus[0];
}

uint32_t interrupts_serve_short(struct vcpu *v, uint32_t intid)
{
    CHECK(v == &vcpus[0]);
    served_short = intid;
    return is_short ? 0U : intid;
}

void interrupts_serve_in_full(struct vcpu *v, uint32_t intid)
{
    CHECK(v == &vcpus[0]);
    served_in_full = intid;
}

enum exit_action psci_call_plain(struct vcpu *v)
{
    (void)v;
    plain_calls++;
    return is_short ? EXIT_RESUME : EXIT_IN_FULL;
}

static unsigned sgis;
static uint64_t sgi_value;

enum exit_action vgic_sgi1r_short(struct vcpu *v, uint64_t value)
{
    CHECK(v == &vcpus[0]);
    sgis++;
    sgi_value = value;
    return next_action;
}

static unsigned acknowledged_intid;
static char order[32]; /* what exit_irq() has done */

void vgic_inject_hw(struct vcpu *v, uint16_t intid, uint16_t pintid)
{
    CHECK(v == &vcpus[0]);
    CHECK_EQ(intid, acknowledged_intid);
    CHECK_EQ(pintid, intid);
    strcat(order, "inject ");
}

void fake_gic_priority_drop(uint32_t intid)
{
    CHECK_EQ(intid, acknowledged_intid);
    strcat(order, "drop ");
}

uint32_t fake_gic_acknowledge(void)
{
    return acknowledged_intid;
}

void fault_report_print_access(const struct vcpu *v, uint64_t esr, ipa_t ipa)
{
    (void)v;
    (void)esr;
    (void)ipa;
    reports++;
}

void fault_report_print_stop(const struct vcpu *v, uint64_t esr, ipa_t ipa, const char *reason)
{
    (void)v;
    (void)esr;
    (void)ipa;
    CHECK(strlen(reason) > 10);
    reports++;
}

static bool is_woken;
static unsigned sched_waits;

bool vgic_has_wake_request(struct vcpu *v)
{
    CHECK(v == &vcpus[0]);
    return is_woken;
}

void sched_wait(struct vcpu *v)
{
    CHECK(v == &vcpus[0]);
    sched_waits++;
}

static bool is_device;
static enum health_answer answer;
static unsigned health_reports;
static enum cfg_fault reported_fault;
static uint64_t reported_pc, reported_detail;

bool fault_is_at_device(uint16_t vm, ipa_t ipa)
{
    CHECK_EQ(vm, VM_LINUX0);
    CHECK_EQ(ipa.ipa & ~UINT64_C(0xFFF), 0x09000000);
    return is_device;
}

enum health_answer health_decide(uint16_t vm, enum cfg_fault fault, uint64_t pc, uint64_t detail)
{
    CHECK_EQ(vm, VM_LINUX0);
    health_reports++;
    reported_fault = fault;
    reported_pc = pc;
    reported_detail = detail;
    return answer;
}

enum exit_action mmio_abort(struct vcpu *v, uint64_t esr, ipa_t ipa)
{
    (void)v;
    (void)esr;
    mmio_ipa = ipa;
    mmio_calls++;
    return next_action;
}

enum exit_action mmio_abort_short(struct vcpu *v, uint64_t esr, ipa_t ipa)
{
    (void)v;
    (void)esr;
    mmio_ipa = ipa;
    short_mmio_calls++;
    return next_action;
}

enum exit_action sysreg_trap_short(struct vcpu *v, uint64_t esr)
{
    (void)v;
    (void)esr;
    short_sysregs++;
    return next_action;
}

enum exit_action smccc_call(struct vcpu *v, enum smccc_conduit conduit)
{
    (void)v;
    smc_calls += (conduit == SMCCC_SMC) ? 100U : 1U;
    return next_action;
}

enum exit_action sysreg_trap(struct vcpu *v, uint64_t esr)
{
    (void)v;
    (void)esr;
    sysregs++;
    return next_action;
}

#define ESR(ec, iss) (((uint64_t)(ec) << 26) | (UINT64_C(1) << 25) | (uint64_t)(iss))
#define EC_DABT 0x24U
#define EC_IABT 0x20U
#define TRANSLATION_L3 0x07U
#define PERMISSION_L3 0x0FU

static struct vcpu *exit_with(uint64_t esr)
{
    fake_sysreg_set("ESR_EL2", esr);
    return exit_sync(&vcpus[0], esr);
}

static enum exit_action exit_short_with(uint64_t esr)
{
    fake_sysreg_set("ESR_EL2", esr);
    return exit_short(&vcpus[0], esr);
}

TEST_SETUP()
{
    undefs = aborts = leaves = stops = waits = reports = mmio_calls = smc_calls = sysregs = 0;
    plain_calls = short_mmio_calls = short_sysregs = 0;
    served_short = served_in_full = 0;
    is_short = true;
    acknowledged_intid = 47;
    sgis = 0;
    order[0] = 0;
    next_action = EXIT_RESUME;
    is_device = false;
    answer = HEALTH_INJECT;
    health_reports = 0;
    percpus[0].vcpu = &vcpus[0];
    fake_sysreg_set("TPIDR_EL2", (uintptr_t)&percpus[0]);
    fake_sysreg_set("ELR_EL2", 0x40080000);
    fake_sysreg_set("SPSR_EL2", 0x5 | (1u << 21) | (1u << 10));
    fake_sysreg_set("FAR_EL2", 0xABCD123);
    fake_sysreg_set("HPFAR_EL2", 0x09000000 >> 8);
    fake_sysreg_set("VBAR_EL1", 0x1000000);
}

TEST(skip_advances_the_pc_and_clears_step_and_branch_type)
{
    next_action = EXIT_SKIP;
    CHECK(exit_with(ESR(0x18, 0)) == NULL);
    CHECK_EQ(fake_sysreg_get("ELR_EL2"), 0x40080004);
    CHECK_EQ(fake_sysreg_get("SPSR_EL2"), 5);
    (void)exit_with(ESR(0x18, 0) & ~(UINT64_C(1) << 25)); /* a 16-bit instruction */
    CHECK_EQ(fake_sysreg_get("ELR_EL2"), 0x40080006);
}

TEST(resume_changes_nothing)
{
    (void)exit_with(ESR(0x18, 0));
    CHECK_EQ(fake_sysreg_get("ELR_EL2"), 0x40080000);
    CHECK_EQ(sysregs, 1);
}

TEST(calls_with_a_foreign_immediate_are_undefined)
{
    (void)exit_with(ESR(0x16, 0));
    (void)exit_with(ESR(0x17, 0));
    CHECK_EQ(smc_calls, 101);
    (void)exit_with(ESR(0x16, 1));
    (void)exit_with(ESR(0x17, 0xFFFF));
    CHECK_EQ(smc_calls, 101);
    CHECK_EQ(undefs, 2);
}

TEST(every_unowned_class_is_undefined_and_none_is_lost)
{
    for (unsigned ec = 0; ec < ESR_EC_COUNT; ec++) {
        const unsigned before = undefs + smc_calls + sysregs + mmio_calls + aborts;
        const bool is_hint = ec == 1U;

        CHECK(exception_handlers[ec] != NULL);
        fake_sysreg_set("ELR_EL2", 0x40080000);
        (void)exit_with(ESR(ec, (ec == EC_DABT) ? TRANSLATION_L3 : 0U));
        CHECK_MSG(is_hint || undefs + smc_calls + sysregs + mmio_calls + aborts > before,
                  "class %#x had no effect", ec);
    }
}

TEST(a_translation_fault_goes_to_the_devices_with_its_address)
{
    (void)exit_with(ESR(EC_DABT, TRANSLATION_L3));
    CHECK_EQ(mmio_calls, 1);
    CHECK_EQ(mmio_ipa.ipa, 0x09000123);
    CHECK_EQ(reports, 0);
    next_action = EXIT_ABORT;
    (void)exit_with(ESR(EC_DABT, TRANSLATION_L3));
    CHECK_EQ(aborts, 1);
    CHECK_EQ(reports, 1);
}

TEST(a_permission_fault_or_a_walk_fault_is_no_device_access)
{
    (void)exit_with(ESR(EC_DABT, PERMISSION_L3));
    (void)exit_with(ESR(EC_DABT, TRANSLATION_L3 | (1u << 7)));
    CHECK_EQ(mmio_calls, 0);
    CHECK_EQ(aborts, 2);
}

/* What a data abort of a load or store into x5 is. */
#define LOAD_X5 (ISV_BIT | 5U << 16 | TRANSLATION_L3)
#define STORE_X5 (LOAD_X5 | 1U << 6)
#define ISV_BIT (1U << 24)

static void abort_with(uint32_t iss, enum health_answer what)
{
    next_action = EXIT_ABORT;
    answer = what;
    vcpus[0].x[5] = 0x5555;
    fake_sysreg_set("ELR_EL2", 0x40080000);
    (void)exit_with(ESR(EC_DABT, iss));
}

TEST(an_access_that_nothing_answers_is_a_fault_of_class_memory_or_device)
{
    abort_with(LOAD_X5, HEALTH_INJECT);
    CHECK_EQ(reported_fault, CFG_FAULT_MEMORY);
    CHECK_EQ(reported_pc, 0x40080000);
    CHECK_EQ(reported_detail, 0x09000123);
    is_device = true;
    abort_with(LOAD_X5, HEALTH_INJECT);
    CHECK_EQ(reported_fault, CFG_FAULT_DEVICE);
    abort_with(LOAD_X5 | 1U << 7, HEALTH_INJECT); /* on the walk of its tables */
    CHECK_EQ(reported_fault, CFG_FAULT_MEMORY);
    (void)exit_with(ESR(EC_IABT, TRANSLATION_L3));
    CHECK_EQ(reported_fault, CFG_FAULT_MEMORY);
    CHECK_EQ(aborts, 4);
    CHECK_EQ(health_reports, 4);
}

TEST(an_ignored_load_reads_0_and_an_ignored_store_does_nothing)
{
    abort_with(LOAD_X5, HEALTH_IGNORE);
    CHECK_EQ(vcpus[0].x[5], 0);
    CHECK_EQ(fake_sysreg_get("ELR_EL2"), 0x40080004);
    abort_with(STORE_X5, HEALTH_IGNORE);
    CHECK_EQ(vcpus[0].x[5], 0x5555);
    CHECK_EQ(fake_sysreg_get("ELR_EL2"), 0x40080004);
    CHECK_EQ(aborts, 0);
    CHECK_EQ(leaves, 0);
}

TEST(what_cannot_be_ignored_is_injected)
{
    abort_with(LOAD_X5 & ~ISV_BIT, HEALTH_IGNORE);
    abort_with(LOAD_X5 | 1U << 7, HEALTH_IGNORE);
    (void)exit_with(ESR(EC_IABT, TRANSLATION_L3));
    CHECK_EQ(fake_sysreg_get("ELR_EL2"), 0x40080000);
    CHECK_EQ(aborts, 3);
    CHECK_EQ(leaves, 0);
}

TEST(after_a_fault_that_ends_its_life_a_vcpu_leaves_with_a_report)
{
    abort_with(LOAD_X5, HEALTH_LEAVE);
    CHECK_EQ(aborts, 0);
    CHECK_EQ(leaves, 1);
    CHECK_EQ(waits, 1);
    CHECK_EQ(reports, 2); /* of the access, and of what ends */
    CHECK_EQ(stops, 0);   /* that is the monitor's */
    CHECK_EQ(fake_sysreg_get("ELR_EL2"), 0x40080000);
    (void)exit_with(ESR(0, 0));
    CHECK_EQ(undefs, 0);
    CHECK_EQ(leaves, 2);
    next_action = EXIT_REFUSED;
    (void)exit_with(ESR(0x17, 0));
    CHECK_EQ(undefs, 0);
    CHECK_EQ(leaves, 3);
}

TEST(an_ignored_instruction_does_nothing_and_reads_0)
{
    answer = HEALTH_IGNORE;
    vcpus[0].x[7] = 0x7777;
    next_action = EXIT_UNDEF;
    (void)exit_with(ESR(0x18, 7U << 5 | 1U)); /* MRS x7 */
    CHECK_EQ(reported_fault, CFG_FAULT_INSTRUCTION);
    CHECK_EQ(vcpus[0].x[7], 0);
    CHECK_EQ(fake_sysreg_get("ELR_EL2"), 0x40080004);
    vcpus[0].x[7] = 0x7777;
    (void)exit_with(ESR(0x18, 7U << 5)); /* MSR */
    CHECK_EQ(vcpus[0].x[7], 0x7777);
    CHECK_EQ(fake_sysreg_get("ELR_EL2"), 0x40080008);
    (void)exit_with(ESR(0x16, 1)); /* HVC #1: past itself already */
    CHECK_EQ(fake_sysreg_get("ELR_EL2"), 0x40080008);
    (void)exit_with(ESR(0x17, 1));
    CHECK_EQ(fake_sysreg_get("ELR_EL2"), 0x4008000C);
    CHECK_EQ(undefs, 0);
}

TEST(a_refused_smc_is_not_supported_or_undefined)
{
    next_action = EXIT_REFUSED;
    answer = HEALTH_IGNORE;
    vcpus[0].x[0] = 0xC2000009;
    (void)exit_with(ESR(0x17, 0));
    CHECK_EQ(reported_fault, CFG_FAULT_SMC);
    CHECK_EQ(reported_detail, 0xC2000009);
    CHECK_EQ(vcpus[0].x[0], UINT64_MAX);
    CHECK_EQ(fake_sysreg_get("ELR_EL2"), 0x40080004);
    answer = HEALTH_INJECT;
    (void)exit_with(ESR(0x17, 0));
    CHECK_EQ(undefs, 1);
    CHECK_EQ(fake_sysreg_get("ELR_EL2"), 0x40080004);
}

TEST(cache_maintenance_of_nothing_is_skipped)
{
    (void)exit_with(ESR(EC_DABT, TRANSLATION_L3 | (1u << 8)));
    CHECK_EQ(fake_sysreg_get("ELR_EL2"), 0x40080004);
    CHECK_EQ(mmio_calls, 0);
}

TEST(a_fetch_from_nowhere_aborts_in_the_guest_but_from_its_vectors_stops_it)
{
    (void)exit_with(ESR(EC_IABT, TRANSLATION_L3));
    CHECK_EQ(aborts, 1);
    CHECK_EQ(stops, 0);
    fake_sysreg_set("VBAR_EL1", 0xABCD000);
    (void)exit_with(ESR(EC_IABT, TRANSLATION_L3));
    CHECK_EQ(aborts, 1);
    CHECK_EQ(stops, 1);
    CHECK_EQ(leaves, 1);
    CHECK_EQ(waits, 1);
}

TEST(reschedule_leaves_the_guest_and_waits)
{
    next_action = EXIT_RESCHEDULE;
    (void)exit_with(ESR(0x16, 0));
    CHECK_EQ(leaves, 1);
    CHECK_EQ(waits, 1);
    CHECK_EQ(fake_sysreg_get("ELR_EL2"), 0x40080000);
}

TEST(nobody_goes_on_after_an_serror)
{
    answer = HEALTH_INJECT;
    (void)exit_serror(&vcpus[0]);
    CHECK_EQ(reported_fault, CFG_FAULT_SERROR);
    CHECK_EQ(health_reports, 1);
    CHECK_EQ(leaves, 1);
    CHECK_EQ(waits, 1);
    CHECK_EQ(fake_sysreg_get("ELR_EL2"), 0x40080000);
}

TEST(an_irq_that_can_be_served_at_once_is)
{
    CHECK_EQ(exit_irq(&vcpus[0]), 0);
    CHECK_EQ(served_short, 47);
    is_short = false;
    CHECK_EQ(exit_irq(&vcpus[0]), 47);
    CHECK_EQ(served_in_full, 0);
}

TEST(an_irq_that_stopped_the_guest_does_not_resume_it)
{
    percpus[0].guest_runs = true;
    CHECK(exit_irq_in_full(&vcpus[0], 47) == NULL);
    CHECK_EQ(served_in_full, 47);
    CHECK_EQ(waits, 0);
    percpus[0].guest_runs = false;
    CHECK(exit_irq_in_full(&vcpus[0], 47) == &vcpus[0]);
    CHECK_EQ(waits, 1);
}

#define ISV (UINT64_C(1) << 24)

TEST(a_short_exit_ends_as_its_handler_says)
{
    static const enum exit_action actions[] = {EXIT_SKIP, EXIT_RESUME, EXIT_IN_FULL};

    for (unsigned i = 0; i < ARRAY_COUNT(actions); i++) {
        next_action = actions[i];
        CHECK_EQ(exit_short_with(ESR(EC_DABT, ISV | TRANSLATION_L3)), actions[i]);
        CHECK_EQ(exit_short_with(ESR(0x18, 0)), actions[i]);
    }
    CHECK_EQ(short_mmio_calls, 3);
    CHECK_EQ(short_sysregs, 3);
    CHECK_EQ(mmio_ipa.ipa, 0x09000123);
    /* The PC is the vector's. */
    CHECK_EQ(fake_sysreg_get("ELR_EL2"), 0x40080000);
}

TEST(only_plain_data_aborts_calls_and_registers_are_short)
{
    next_action = EXIT_SKIP;
    for (unsigned ec = 0; ec < ESR_EC_COUNT; ec++) {
        const bool may = ec == 0x16U || ec == 0x18U || ec == EC_DABT;

        CHECK_EQ(exit_short_with(ESR(ec, (ec == EC_DABT) ? ISV | TRANSLATION_L3 : 0U)) !=
                     EXIT_IN_FULL,
                 may);
    }
    CHECK_EQ(plain_calls, 1);
    CHECK_EQ(exit_short_with(ESR(0x16, 1)), EXIT_IN_FULL);
    /* Of data aborts: permission, walk, cache maintenance, acquire, sign extension, FAR not valid,
     * no syndrome, a 16-bit instruction. */
    const uint64_t unusual[] = {ISV | PERMISSION_L3, ISV | TRANSLATION_L3 | (1u << 7),
                                ISV | TRANSLATION_L3 | (1u << 8), ISV | TRANSLATION_L3 | (1u << 14),
                                ISV | TRANSLATION_L3 | (1u << 21), ISV | TRANSLATION_L3 | (1u << 10),
                                TRANSLATION_L3};
    const unsigned before = short_mmio_calls;

    for (unsigned i = 0; i < ARRAY_COUNT(unusual); i++) {
        CHECK_EQ(exit_short_with(ESR(EC_DABT, unusual[i])), EXIT_IN_FULL);
    }
    CHECK_EQ(exit_short_with(ESR(EC_DABT, ISV | TRANSLATION_L3) & ~(UINT64_C(1) << 25)),
             EXIT_IN_FULL);
    CHECK_EQ(short_mmio_calls, before);
}

/* MSR ICC_SGI1R_EL1, Xt: op0 3, op1 0, CRn 12, CRm 11, op2 5. */
static uint64_t sgi1r(unsigned rt, bool is_read)
{
    return ESR(0x18, 3u << 20 | 5u << 17 | 12u << 10 | rt << 5 | 11u << 1 | (is_read ? 1u : 0u));
}

TEST(an_sgi_goes_straight_to_the_gic)
{
    next_action = EXIT_SKIP;
    vcpus[0].x[3] = 0x01000002;
    CHECK_EQ(exit_short_with(sgi1r(3, false)), EXIT_SKIP);
    CHECK_EQ(sgis, 1);
    CHECK_EQ(sgi_value, 0x01000002);
    (void)exit_short_with(sgi1r(31, false));
    CHECK_EQ(sgi_value, 0);
    /* A read, which is undefined; ICC_SGI0R_EL1; a register that is not stored. */
    (void)exit_short_with(sgi1r(3, true));
    (void)exit_short_with(sgi1r(3, false) + (UINT64_C(2) << 17));
    (void)exit_short_with(sgi1r(18, false));
    (void)exit_short_with(sgi1r(28, false));
    CHECK_EQ(sgis, 2);
    CHECK_EQ(short_sysregs, 4);
}

TEST(a_guest_timer_is_dropped_and_linked)
{
    static const unsigned own[] = {27, 30, 23};

    for (unsigned i = 0; i < ARRAY_COUNT(own); i++) {
        order[0] = 0;
        acknowledged_intid = own[i];
        CHECK_EQ(exit_irq(&vcpus[0]), 0);
        CHECK_STR(order, "drop inject ");
    }
    CHECK_EQ(served_short, 0);
}
