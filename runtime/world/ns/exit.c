/* The machine turning: from a guest's exit to its next instruction.
 *
 * The vector (arch/vectors.S) has stored the guest's registers into the vCPU and calls one of these
 * functions on this CPU's EL2 stack, interrupts masked. A synchronous exit goes by its class to
 * one handler, which answers with a named action; exit_apply, and the vector for a short exit that
 * skips its instruction, are the only code that advances the PC, injects, or stops a vCPU. What is
 * returned is the vCPU to enter, or NULL: the same guest goes on. exit_short and exit_irq come
 * first, with x18..x28 still in the CPU: what they do has no use for them and lets the same guest
 * go on. What they leave is made in full. [DDI0487 D1.3, D24.2, ESR_EL2]
 *
 * @req CORE-5, CPU-1 */
#include "world/ns/exit.h"

#include "core/percpu.h"
#include "gic_cpu.h"
#include "mmio/mmio.h"
#include "psci/psci.h"
#include "smccc/smccc.h"
#include "vgic/vgic.h"
#include "vm/esr.h"
#include "vm/fault_report.h"
#include "vm/health.h"
#include "vm/inject.h"
#include "vm/life.h"
#include "vm/sched.h"
#include "vm/sysreg_trap.h"
#include "world/ns/exceptions.h"
#include "world/ns/interrupts.h"

#define PSTATE_SS BIT(21)
#define PSTATE_BTYPE FIELD(11, 10)

/* Past the trapped instruction, as if it had executed: its single-step state and branch type go
 * with it [DDI0487 D2.12.5, D8.4.8]. */
static void skip_instruction(uint64_t esr)
{
    const uint64_t pstate = vcpu_pstate();

    vcpu_set_pc(vcpu_pc() + esr_instruction_bytes(esr));
    if ((pstate & (PSTATE_SS | PSTATE_BTYPE)) != 0U) {
        vcpu_set_pstate(pstate & ~(PSTATE_SS | PSTATE_BTYPE));
    }
}

static struct vcpu *leave(struct vcpu *v)
{
    life_leave(v);
    return cpu_next_vcpu();
}

SLOW_PATH static struct vcpu *leave_with_report(struct vcpu *v, uint64_t esr, const char *reason)
{
    if (log_is_on(LOG_VM, LOG_ERROR)) {
        fault_report_stop(v, esr, exception_ipa(esr), reason);
    }
    return leave(v);
}

/* An instruction that does nothing: what it would have read is 0. */
static struct vcpu *pass_over(struct vcpu *v, uint64_t esr)
{
    const bool is_read = (esr_class(esr) == ESR_EC_SYSREG && bit_is_set(esr, 0)) ||
                         (esr_class(esr) == ESR_EC_DABT_LOW && (esr & ESR_WNR) == 0U);

    if (is_read) {
        vcpu_set_x(v,
                   (esr_class(esr) == ESR_EC_SYSREG) ? esr_sysreg_register(esr)
                                                     : esr_access_register(esr),
                   0);
    }
    if (esr_class(esr) != ESR_EC_HVC64) { /* which has left the PC past itself */
        skip_instruction(esr);
    }
    return NULL;
}

/* EXIT_UNDEF. */
static struct vcpu *apply_undefined(struct vcpu *v, uint64_t esr)
{
    switch (health_report(v->vm, CFG_FAULT_INSTRUCTION, vcpu_pc(), esr)) {
    case HEALTH_IGNORE:
        return pass_over(v, esr);
    case HEALTH_LEAVE:
        return leave_with_report(v, esr, "an instruction that does not exist for it");
    case HEALTH_INJECT:
    default:
        inject_undefined(v);
        return NULL;
    }
}

/* EXIT_REFUSED. The function id is still in x0. */
static struct vcpu *apply_refused(struct vcpu *v, uint64_t esr)
{
    switch (health_report(v->vm, CFG_FAULT_SMC, vcpu_pc(), v->x[0])) {
    case HEALTH_INJECT:
        inject_undefined(v);
        return NULL;
    case HEALTH_LEAVE:
        return leave_with_report(v, esr, "an SMC that it may not make");
    case HEALTH_IGNORE:
    default:
        (void)smccc_return(v, SMCCC_NOT_SUPPORTED);
        skip_instruction(esr);
        return NULL;
    }
}

/* EXIT_ABORT, and EXIT_VM_FAULT where `can_inject` is false. What cannot be passed over (a fetch, a
 * walk of the guest's tables, an access that the syndrome does not describe) is injected. */
static struct vcpu *apply_abort(struct vcpu *v, uint64_t esr, bool can_inject)
{
    const ipa_t ipa = exception_ipa(esr);
    const bool is_plain = esr_class(esr) == ESR_EC_DABT_LOW && (esr & ESR_S1PTW) == 0U;
    const enum cfg_fault fault =
        (CFG_HEALTH_COUNT > 0U && is_plain && fault_is_at_device(v->vm, ipa)) ? CFG_FAULT_DEVICE
                                                                              : CFG_FAULT_MEMORY;

    if (can_inject) {
        fault_report_access(v, esr, ipa);
    }
    const enum health_answer answer = health_report(v->vm, fault, vcpu_pc(), ipa.ipa);

    if (answer == HEALTH_LEAVE) {
        return leave_with_report(v, esr, "an access that nothing answers");
    }
    if (answer == HEALTH_IGNORE && is_plain && (esr & ESR_ISV) != 0U) {
        return pass_over(v, esr);
    }
    if (!can_inject) {
        (void)life_request(v->vm, LIFE_STOP);
        return leave_with_report(v, esr, "it cannot go on from this exit");
    }
    inject_external_abort(v, esr, SYSREG_READ(FAR_EL2));
    return NULL;
}

/* Of a vCPU that shares its CPU; no other answers so. */
static struct vcpu *wait_for_interrupt(struct vcpu *v)
{
    if (!CFG_SCHEDULED || vgic_has_wake_request(v)) {
        return NULL;
    }
    sched_wait(v);
    return cpu_next_vcpu();
}

/* The actions that are not the usual end of an exit. */
SLOW_PATH static struct vcpu *apply_rare(uint64_t esr, enum exit_action action)
{
    struct vcpu *const v = this_cpu()->vcpu;

    switch (action) {
    case EXIT_UNDEF:
        return apply_undefined(v, esr);
    case EXIT_ABORT:
        return apply_abort(v, esr, true);
    case EXIT_REFUSED:
        return apply_refused(v, esr);
    case EXIT_SKIP_WAIT:
        skip_instruction(esr);
        return wait_for_interrupt(v);
    case EXIT_WAIT:
        return wait_for_interrupt(v);
    case EXIT_RESCHEDULE:
        return leave(v);
    case EXIT_RESUME:
    case EXIT_SKIP:
    case EXIT_VM_FAULT:
    case EXIT_IN_FULL:
    default:
        return apply_abort(v, esr, false);
    }
}

static struct vcpu *exit_apply(enum exit_action action)
{
    /* Read again: nothing has changed it, and what is not kept costs nothing. */
    const uint64_t esr = SYSREG_READ(ESR_EL2);

    if (action == EXIT_SKIP) {
        skip_instruction(esr);
    } else if (action != EXIT_RESUME) {
        return apply_rare(esr, action);
    }
    return NULL;
}

/* HVC #0 from AArch64. */
#define ESR_HVC_0 ((uint64_t)ESR_EC_HVC64 << 26 | ESR_IL)
/* MSR ICC_SGI1R_EL1, of whatever register. */
#define ESR_SGI1R_MASK (FIELD(31, 10) | FIELD(4, 0))
#define ESR_SGI1R ((uint64_t)ESR_EC_SYSREG << 26 | ESR_IL | ESR_SYSREG(3, 0, 12, 11, 5))
/* A data abort from a lower EL, as mmio_abort_short() wants it. */
#define ESR_MMIO_MASK                                                                              \
    (FIELD(31, 25) | ESR_ISV | ESR_SSE | ESR_AR | ESR_FNV | ESR_CM | ESR_S1PTW | FIELD(5, 2))
#define ESR_MMIO ((uint64_t)ESR_EC_DABT_LOW << 26 | ESR_IL | ESR_ISV | ESR_FAULT_TRANSLATION)

APART static enum exit_action trapped_short(struct vcpu *v, uint64_t esr)
{
    if ((esr & ESR_SGI1R_MASK) == ESR_SGI1R && vcpu_has_short(esr_sysreg_register(esr))) {
        return vgic_sgi1r_short(v, vcpu_x(v, esr_sysreg_register(esr)));
    }
    return (esr_class(esr) == ESR_EC_SYSREG) ? sysreg_trap_short(v, esr) : EXIT_IN_FULL;
}

/* The classes of data aborts and of what is an instruction of its own differ in their top bit. */
enum exit_action exit_short(struct vcpu *v, uint64_t esr)
{
    if (bit_is_set(esr, 31)) {
        return ((esr & ESR_MMIO_MASK) == ESR_MMIO)
                   ? mmio_abort_short(v, esr, exception_access_ipa())
                   : EXIT_IN_FULL;
    }
    return (esr == ESR_HVC_0) ? psci_call_plain(v) : trapped_short(v, esr);
}

struct vcpu *exit_sync(struct vcpu *v, uint64_t esr)
{
    return exit_apply(exception_handlers[esr_class(esr)](v, esr));
}

uint32_t exit_irq(struct vcpu *v)
{
    const uint32_t intid = gic_acknowledge();

    if (interrupts_is_guests_ppi(intid)) {
        gic_priority_drop(intid);
        vgic_inject_hw(v, (uint16_t)intid, (uint16_t)intid);
        return 0;
    }
    return interrupts_serve_short(v, intid);
}

struct vcpu *exit_irq_in_full(struct vcpu *v, uint32_t intid)
{
    interrupts_serve_in_full(v, intid);
    return this_cpu()->guest_runs ? NULL : cpu_next_vcpu();
}

/* An asynchronous abort while a guest ran is laid at that guest's door: only its own accesses and
 * devices were active on this CPU [DDI0487 D1.3.5]. */
struct vcpu *exit_serror(struct vcpu *v)
{
    const uint64_t esr = SYSREG_READ(ESR_EL2);

    (void)health_report(v->vm, CFG_FAULT_SERROR, vcpu_pc(), esr); /* never one to go on after */
    return leave_with_report(v, esr, "an SError interrupt (asynchronous abort) arrived");
}
