/* Calls about the life of VMs; smccc/services.h, docs/guest-cpu.md.
 *
 * A VM calls about those that its description lets it control; VM_READY alone is about itself. To a
 * VM without the right everything is denied, whatever else it passes, so that it learns nothing. A
 * call asks, and does not wait until it is done: VM_STATE tells how far it has come.
 *
 * @req CPU-4 */
#include "vm/life.h"
#include "lib/loop.h"
#include "smccc/services.h"
#include "smccc/smccc.h"

#define VM_START 0xC600FF20U
#define VM_STOP 0xC600FF21U
#define VM_RESTART 0xC600FF22U
#define VM_SUSPEND 0xC600FF23U
#define VM_RESUME 0xC600FF24U
#define VM_STATE 0xC600FF25U
#define VM_READY 0xC600FF26U

/* The order of each call from VM_START to VM_RESUME. */
static const uint8_t orders[] = {LIFE_ORDER_START, LIFE_ORDER_STOP, LIFE_ORDER_RESTART,
                                 LIFE_ORDER_SUSPEND, LIFE_ORDER_RESUME};
_Static_assert(VM_START + ARRAY_COUNT(orders) == VM_STATE, "each order has its call");

static bool controls(uint16_t vm, uint64_t target)
{
    const struct cfg_vm *const cfg = &cfg_vms[vm];

    for (unsigned i = 0; i < cfg->control_count; i++) {
        LOOP_BOUND(CFG_CONTROL_COUNT);
        if (cfg_controls[cfg->first_control + i] == target) {
            return true;
        }
    }
    return false;
}

static enum exit_action answer_state(struct vcpu *v, uint16_t target)
{
    v->x[1] = (uint64_t)life_state_of(target);
    v->x[2] = life_is_ready(target) ? 1U : 0U;
    v->x[3] = life_start_count(target);
    return smccc_return(v, SMCCC_SUCCESS);
}

enum exit_action life_call(struct vcpu *v)
{
    const uint32_t id = smccc_function_id(v);
    const uint64_t target = v->x[1];

    if (id > VM_READY) {
        return smccc_forward_allowed(v);
    }
    if (id == VM_READY) {
        life_set_ready(v->vm);
        return smccc_return(v, SMCCC_SUCCESS);
    }
    if (CFG_CONTROL_COUNT == 0U || !controls(v->vm, target)) {
        return smccc_return(v, HYP_DENIED);
    }
    if (id == VM_STATE) {
        return answer_state(v, (uint16_t)target);
    }
    return smccc_return(v, life_request((uint16_t)target, orders[id - VM_START])
                               ? SMCCC_SUCCESS
                               : HYP_NOT_NOW);
}
