/* SMCCC dispatch; smccc/smccc.h.
 *
 * A function id belongs to at most one service of the world's table. What no service takes goes
 * on to EL3 only if the VM's allow list names exactly that id, so a call that we answer (PSCI
 * above all) can never be passed on by a description. An SMC that is on no list is refused: whether
 * that is more than NOT_SUPPORTED, the health monitor says. The registers of a call are written only
 * as far as its result reaches: x4..x17 keep their values otherwise [DEN0028 2.6]. Acts on
 * the calling vCPU alone.
 *
 * @req CPU-5 */
#include "smccc/smccc.h"

#include "arch/smc.h"
#include "lib/bits.h"
#include "lib/loop.h"

bool smccc_is_allowed(uint16_t vm, uint32_t id)
{
    const struct cfg_vm *cfg = &cfg_vms[vm];

    for (unsigned i = 0; CFG_SMC_COUNT > 0U && i < cfg->smc_count; i++) {
        LOOP_BOUND(CFG_SMC_COUNT);
        if (cfg_smcs[cfg->first_smc + i] == id) {
            return true;
        }
    }
    return false;
}

enum exit_action smccc_forward(struct vcpu *v)
{
    struct smc_regs r;

    r.x[0] = smccc_function_id(v);
    for (unsigned i = 1; i < ARRAY_COUNT(r.x); i++) {
        LOOP_BOUND(ARRAY_COUNT(r.x));
        r.x[i] = v->x[i];
    }
    arch_smc(&r);
    for (unsigned i = 0; i < ARRAY_COUNT(r.x); i++) {
        LOOP_BOUND(ARRAY_COUNT(r.x));
        v->x[i] = r.x[i];
    }
    return EXIT_SKIP;
}

enum exit_action smccc_forward_allowed(struct vcpu *v)
{
    return smccc_is_allowed(v->vm, smccc_function_id(v)) ? smccc_forward(v)
                                                         : smccc_return(v, SMCCC_NOT_SUPPORTED);
}

/* Nobody answers it. By HVC that is a question like another; an SMC was meant for EL3. */
static enum exit_action unknown_call(struct vcpu *v, enum smccc_conduit conduit)
{
    if (conduit == SMCCC_SMC && !smccc_is_allowed(v->vm, smccc_function_id(v))) {
        return EXIT_REFUSED;
    }
    return smccc_forward_allowed(v);
}

static enum exit_action call_service(struct vcpu *v, enum smccc_conduit conduit)
{
    const uint32_t id = smccc_function_id(v);
    const struct smccc_service *const end = &smccc_services[smccc_service_count];

    for (const struct smccc_service *service = smccc_services; service != end; service++) {
        LOOP_BOUND(SMCCC_SERVICES_MAX);
        if (id <= service->last) {
            return (id >= service->first) ? service->call(v) : unknown_call(v, conduit);
        }
    }
    return unknown_call(v, conduit);
}

enum exit_action smccc_call(struct vcpu *v, enum smccc_conduit conduit)
{
    const enum exit_action action = call_service(v, conduit);

    return (action == EXIT_SKIP && conduit == SMCCC_HVC) ? EXIT_RESUME : action;
}
