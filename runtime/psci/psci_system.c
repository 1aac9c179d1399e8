/* SYSTEM_OFF, SYSTEM_RESET, SYSTEM_RESET2: the system is the calling VM [DEN0022 5]. The whole of
 * stopping and restarting is vm/life.c's; the first request wins.
 * @req CPU-4 */
#include "psci/psci_state.h"
#include "vm/life.h"

/* reset_type of SYSTEM_RESET2: bit 31 marks vendor-specific types, of which we have none. */
#define SYSTEM_WARM_RESET UINT64_C(0)

enum exit_action psci_system_off(struct vcpu *v)
{
    (void)life_request(v->vm, LIFE_STOP);
    return EXIT_RESCHEDULE;
}

enum exit_action psci_system_reset(struct vcpu *v)
{
    (void)life_request(v->vm, LIFE_RESTART);
    return EXIT_RESCHEDULE;
}

/* A VM restarts from its pristine image, warm or not: what a guest left in memory is never
 * trusted by the next life. */
enum exit_action psci_system_reset2(struct vcpu *v)
{
    if ((uint32_t)psci_argument(v, 1) != SYSTEM_WARM_RESET) {
        return psci_return(v, PSCI_INVALID_PARAMETERS);
    }
    return psci_system_reset(v);
}
