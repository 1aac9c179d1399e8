/* Const tables of what the features do at the turns of vCPUs that share a CPU; vm/sched.h. Where
 * none does, nobody refers to them, and they are empty.
 * @req CPU-2, CPU-3 */
#include "lib/types.h"
#include "vgic/vgic.h"
#include "vm/sched.h"
#include "vtimer/vtimer.h"

/* In order of loading; parking goes the other way. */
const struct turn_feature turn_features[] = {
    {CFG_SCHEDULED ? vgic_vcpu_park : NULL, CFG_SCHEDULED ? vgic_vcpu_load : NULL},
    {CFG_SCHEDULED ? vtimer_vcpu_park : NULL, CFG_SCHEDULED ? vtimer_vcpu_load : NULL},
};
const unsigned turn_feature_count = ARRAY_COUNT(turn_features);
_Static_assert(ARRAY_COUNT(turn_features) <= TURN_FEATURES_MAX, "loop bounds of vm/sched.c");

static void window(struct vcpu *v, bool is_open, uint64_t now)
{
    if (cfg_vm_has(v->vm, CFG_VM_CLOCK_STANDS)) {
        vtimer_clock_window(v->vm, is_open, now);
    }
    vgic_window(v, is_open);
}

const struct sched_feature sched_feature = {
    .due = CFG_SCHEDULED ? vtimer_vcpu_due : NULL,
    .window = CFG_SCHEDULED ? window : NULL,
};
