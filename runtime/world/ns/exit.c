/* The machine turning: from a guest's exit to its next instruction.
 *
 * The vector (arch/vectors.S) has stored x0..x30 into the vCPU and calls exit_sync, exit_irq or
 * exit_serror on this CPU's EL2 stack, interrupts masked. A synchronous exit goes by its class to
 * one handler, which answers with a named action; exit_apply is the only code that advances the
 * PC, injects, or stops a vCPU. The function returns the vCPU to resume.
 * [DDI0487 D1.3, D24.2.40]
 *
 * @req CORE-5, CPU-1 */
#include "world/ns/exit.h"

#include "core/percpu.h"
#include "vm/esr.h"
#include "vm/fault_report.h"
#include "vm/inject.h"
#include "vm/life.h"
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

SLOW_PATH static void stop_faulted_vm(struct vcpu *v, uint64_t esr, const char *reason)
{
    fault_report_stop(v, esr, exception_ipa(esr), reason);
    life_request(v->vm, LIFE_STOP);
}

/* The actions that are not the usual end of an exit. */
SLOW_PATH static struct vcpu *apply_rare(struct vcpu *v, uint64_t esr, enum exit_action action)
{
    switch (action) {
    case EXIT_UNDEF:
        inject_undefined(v);
        return v;
    case EXIT_ABORT:
        fault_report_access(v, esr, exception_ipa(esr));
        inject_external_abort(v, esr, SYSREG_READ(FAR_EL2));
        return v;
    case EXIT_RESCHEDULE:
        life_leave(v);
        return cpu_next_vcpu();
    case EXIT_RESUME:
    case EXIT_SKIP:
    case EXIT_VM_FAULT:
    default:
        stop_faulted_vm(v, esr, "it cannot go on from this exit");
        life_leave(v);
        return cpu_next_vcpu();
    }
}

static struct vcpu *exit_apply(struct vcpu *v, uint64_t esr, enum exit_action action)
{
    if (action == EXIT_SKIP) {
        skip_instruction(esr);
    } else if (action != EXIT_RESUME) {
        return apply_rare(v, esr, action);
    }
    return v;
}

struct vcpu *exit_sync(struct vcpu *v)
{
    const uint64_t esr = SYSREG_READ(ESR_EL2);

    return exit_apply(v, esr, exception_handlers[esr_class(esr)](v, esr));
}

struct vcpu *exit_irq(struct vcpu *v)
{
    interrupts_serve(v);
    return this_cpu()->guest_runs ? v : cpu_next_vcpu();
}

/* An asynchronous abort while a guest ran is laid at that guest's door: only its own accesses and
 * devices were active on this CPU [DDI0487 D1.3.5]. */
struct vcpu *exit_serror(struct vcpu *v)
{
    stop_faulted_vm(v, SYSREG_READ(ESR_EL2), "an SError interrupt (asynchronous abort) arrived");
    life_leave(v);
    return cpu_next_vcpu();
}
