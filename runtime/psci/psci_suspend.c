/* CPU_SUSPEND and SYSTEM_SUSPEND [DEN0022 5].
 *
 * Both wait for an interrupt of the guest with one WFI at EL2. Interrupts are masked there, but a
 * pending one ends WFI, and EL2 takes it as soon as the guest is entered again. If what came was
 * EL2's own, the guest repeats the call (its PC is put back on the instruction), so a guest sleeps
 * until its own interrupt without EL2 ever looping. A guest that calls with its interrupts
 * enabled gets an answer at once after the first wait: its handler may have run by the time the
 * call is repeated, and the interrupt that should have ended it would be gone.
 *
 * Standby answers SUCCESS. Power-down resumes at the entry point with the context in x0 and EL1
 * in reset state, also when the interrupt was there before the call; the GIC interface and the
 * timers, which would wake a real core, keep their state.
 *
 * @req CPU-4 */
#include "arch/barrier.h"
#include "arch/pstate.h"
#include "core/log.h"
#include "psci/psci_state.h"
#include "vgic/vgic.h"
#include "vm/life.h"
#include "vm/sched.h"
#include "vm/trapped_instruction.h"

/* power_state, original format: StateID (not used: all states are alike), StateType, level 0.
 * There is no level above a core that a guest could switch. */
#define POWER_STATE_TYPE_POWERDOWN BIT(16)
#define POWER_STATE_RESERVED FIELD(31, 17)

/* True: an interrupt for the guest ended the wait. False: it has to go on. Where the CPU is shared
 * nobody sleeps here: others may have their turn (EXIT_WAIT). */
static bool wait_for_interrupt(struct vcpu *v, bool (*is_woken)(struct vcpu *v))
{
    const uint64_t masked = PSTATE_I | PSTATE_F;

    if (is_woken(v)) {
        return true;
    }
    if (sched_has_schedule(v->cpu)) {
        return (vcpu_pstate() & masked) != masked;
    }
    dsb_sy(); /* all accesses of the guest are complete before the core sleeps */
    wfi();
    return (vcpu_pstate() & masked) != masked || is_woken(v);
}

static enum exit_action repeat_call(const struct vcpu *v)
{
    vcpu_set_pc(trapped_instruction_address());
    return sched_has_schedule(v->cpu) ? EXIT_WAIT : EXIT_RESUME;
}

static enum exit_action power_down(struct vcpu *v, uint64_t entry, uint64_t context)
{
    if (!wait_for_interrupt(v, vgic_has_wake_request)) {
        return repeat_call(v);
    }
    LOG_DBG("%s: vCPU %u is woken from power-down, entry 0x%llx", cfg_vms[v->vm].name, v->index,
            (unsigned long long)entry);
    vcpu_reset(v, entry, context);
    return EXIT_RESUME;
}

static enum exit_action standby(struct vcpu *v)
{
    return wait_for_interrupt(v, vgic_has_pending) ? psci_return(v, PSCI_SUCCESS) : repeat_call(v);
}

enum exit_action psci_cpu_suspend(struct vcpu *v)
{
    const uint64_t power_state = (uint32_t)psci_argument(v, 1);
    const uint64_t entry = psci_argument(v, 2);

    if ((power_state & POWER_STATE_RESERVED) != 0U) {
        return psci_return(v, PSCI_INVALID_PARAMETERS);
    }
    if ((power_state & POWER_STATE_TYPE_POWERDOWN) == 0U) {
        return standby(v);
    }
    if (!psci_is_entry(v->vm, entry)) {
        return psci_return(v, PSCI_INVALID_ADDRESS);
    }
    return power_down(v, entry, psci_argument(v, 3));
}

enum exit_action psci_system_suspend(struct vcpu *v)
{
    const uint64_t entry = psci_argument(v, 1);

    if (!psci_is_entry(v->vm, entry)) {
        return psci_return(v, PSCI_INVALID_ADDRESS);
    }
    if (!psci_others_are_off(v)) {
        return psci_return(v, PSCI_DENIED);
    }
    return power_down(v, entry, psci_argument(v, 2));
}
