/* Synchronous exits by class; world/ns/exceptions.h. A class without an entry of its own is an
 * instruction that the guest may not have: it takes an Undefined Instruction exception.
 * @req CORE-5 */
#include "world/ns/exceptions.h"

#include "mmio/mmio.h"
#include "smccc/smccc.h"
#include "vm/sched.h"
#include "vm/sysreg_trap.h"

static enum exit_action undefined(struct vcpu *v, uint64_t esr)
{
    (void)v;
    (void)esr;
    return EXIT_UNDEF;
}

/* WFI, where the CPU is shared; the others are not trapped by our HCR_EL2. Never an error, and all of
 * them may end early: they are hints. */
static enum exit_action wait_hint(struct vcpu *v, uint64_t esr)
{
    return (sched_has_schedule(v->cpu) && esr_wait_kind(esr) == ESR_WAIT_WFI) ? EXIT_SKIP_WAIT
                                                                             : EXIT_SKIP;
}

/* The immediate of HVC and SMC is 0 for every call of SMCCC [DEN0028 2.9]; others are not ours. */
static enum exit_action hvc(struct vcpu *v, uint64_t esr)
{
    return (bits_get(esr, 15, 0) == 0U) ? smccc_call(v, SMCCC_HVC) : EXIT_UNDEF;
}

static enum exit_action smc(struct vcpu *v, uint64_t esr)
{
    return (bits_get(esr, 15, 0) == 0U) ? smccc_call(v, SMCCC_SMC) : EXIT_UNDEF;
}

static enum exit_action data_abort(struct vcpu *v, uint64_t esr)
{
    const ipa_t ipa = exception_ipa(esr);

    if (esr_fault_kind(esr) == ESR_FAULT_TRANSLATION && (esr & ESR_S1PTW) == 0U) {
        if ((esr & ESR_CM) != 0U) {
            return EXIT_SKIP; /* maintenance of a line that cannot exist changes nothing */
        }
        return mmio_abort(v, esr, ipa);
    }
    return EXIT_ABORT;
}

/* A guest whose own exception vectors cannot be fetched would take the abort for ever. */
static bool is_vector_fetch(uint64_t far)
{
    const uint64_t vbar = SYSREG_READ(VBAR_EL1);

    return far - vbar < 0x800U;
}

static enum exit_action instruction_abort(struct vcpu *v, uint64_t esr)
{
    (void)v;
    return ((esr & ESR_FNV) == 0U && is_vector_fetch(SYSREG_READ(FAR_EL2))) ? EXIT_VM_FAULT
                                                                            : EXIT_ABORT;
}

#define U undefined
const exception_handler exception_handlers[ESR_EC_COUNT] = {
    /* 0x00 */ U,
    wait_hint,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    /* 0x10 */ U,
    U,
    hvc,
    smc,
    U,
    U,
    hvc,
    smc,
    sysreg_trap,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    /* 0x20 */ instruction_abort,
    U,
    U,
    U,
    data_abort,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    /* 0x30 */ U,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
    U,
};
#undef U
