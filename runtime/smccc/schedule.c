/* Calls about schedules, part of the vendor-specific hypervisor service; smccc/services.h.
 *
 * Only for VMs that the description gives the right: to any other the answer is DENIED, whatever it
 * asks for, so that it learns nothing. docs/guest-cpu.md is the page for guests.
 *
 * @req CPU-2, CPU-3 */
#include "smccc/services.h"

#include "smccc/smccc.h"
#include "vm/sched.h"

#define MODE_SET 0xC600FF10U
#define MODE_GET 0xC600FF11U
#define TIMES_GET 0xC600FF12U

static uint64_t mode_set(const struct vcpu *v)
{
    if (v->x[1] >= CFG_MODE_COUNT) {
        return HYP_INVALID_PARAMETERS;
    }
    return sched_request_mode((uint16_t)v->x[1]) ? SMCCC_SUCCESS : HYP_NOT_NOW;
}

static uint64_t mode_get(struct vcpu *v)
{
    v->x[1] = sched_mode();
    return SMCCC_SUCCESS;
}

static uint64_t times_get(struct vcpu *v)
{
    struct sched_times times;

    if (v->x[1] >= CFG_VCPU_COUNT) {
        return HYP_INVALID_PARAMETERS;
    }
    sched_read_times((unsigned)v->x[1], &times);
    v->x[1] = times.run;
    v->x[2] = times.turns;
    v->x[3] = times.preemptions;
    v->x[4] = times.overruns;
    v->x[5] = times.windows;
    v->x[6] = times.late_ticks;
    return SMCCC_SUCCESS;
}

enum exit_action schedule_call(struct vcpu *v)
{
    switch (smccc_function_id(v)) {
    case MODE_SET:
        return smccc_return(v, cfg_vm_has(v->vm, CFG_VM_MAY_SWITCH_MODE) ? mode_set(v) : HYP_DENIED);
    case MODE_GET:
        return smccc_return(v, cfg_vm_has(v->vm, CFG_VM_MAY_SWITCH_MODE) ? mode_get(v) : HYP_DENIED);
    case TIMES_GET:
        return smccc_return(v, cfg_vm_has(v->vm, CFG_VM_MAY_READ_TIMES) ? times_get(v) : HYP_DENIED);
    default:
        return smccc_forward_allowed(v);
    }
}
