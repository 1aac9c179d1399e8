/* The health monitor's calls; health/health_calls.h, docs/health.md.
 *
 * A VM calls for itself (HEALTH_HEARTBEAT), or reads what has happened to any VM, for which the
 * description has to entitle it. Results: 0, or the negative numbers of SMCCC and PSCI. Whatever a
 * guest passes, it is compared before it is an index.
 *
 * @req OPS-6 */
#include "health/health_calls.h"

#include "smccc/smccc.h"
#include "vm/health.h"

static enum exit_action heartbeat(struct vcpu *v)
{
    if (cfg_watches[v->vm].heartbeat_ns == 0U) {
        return smccc_return(v, SMCCC_NOT_SUPPORTED);
    }
    heartbeat_arrived(v->vm);
    return smccc_return(v, SMCCC_SUCCESS);
}

/* x1: VM, x2: number of the event -> x1: number of the next one that is kept, x2: ticks, x3: class,
 * and in bits 15..8 what was done, x4: PC, x5: what the class has to say. */
static enum exit_action read_event(struct vcpu *v)
{
    struct health_event event;

    if (v->x[1] >= CFG_VM_COUNT) {
        return smccc_return(v, HYP_INVALID_PARAMETERS);
    }
    if (!health_read_event((uint16_t)v->x[1], v->x[2], &event)) {
        return smccc_return(v, HYP_NOT_NOW);
    }
    v->x[1] = event.number;
    v->x[2] = event.ticks;
    v->x[3] = event.fault | (uint64_t)event.action << 8;
    v->x[4] = event.pc;
    v->x[5] = event.detail;
    return smccc_return(v, SMCCC_SUCCESS);
}

/* x1: VM, x2: class -> x1: how many there were. */
static enum exit_action count(struct vcpu *v)
{
    if (v->x[1] >= CFG_VM_COUNT || v->x[2] >= CFG_FAULT_COUNT) {
        return smccc_return(v, HYP_INVALID_PARAMETERS);
    }
    v->x[1] = health_count((uint16_t)v->x[1], (enum cfg_fault)v->x[2]);
    return smccc_return(v, SMCCC_SUCCESS);
}

enum exit_action health_call(struct vcpu *v)
{
    const uint32_t id = smccc_function_id(v);

    if (CFG_HEARTBEAT_COUNT > 0U && id == HEALTH_HEARTBEAT) {
        return heartbeat(v);
    }
    if ((CFG_VM_FLAGS_ANY & CFG_VM_MAY_READ_EVENTS) == 0U ||
        (id != HEALTH_READ_EVENT && id != HEALTH_COUNT)) {
        return smccc_forward_allowed(v);
    }
    if (!cfg_vm_has(v->vm, CFG_VM_MAY_READ_EVENTS)) {
        return smccc_return(v, HYP_DENIED);
    }
    return (id == HEALTH_READ_EVENT) ? read_event(v) : count(v);
}
