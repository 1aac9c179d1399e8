/* Which vCPU a GICD_IROUTER names; vgic_variant.h [IHI0069 3.3, 12.9.22].
 *
 * 1-of-N (IROUTER.Interrupt_Routing_Mode): the lowest-numbered vCPU that is on and whose
 * redistributor is awake takes the interrupt. An IROUTER that names no vCPU of the VM leaves the
 * interrupt pending [IHI0069 3.3.1]. Pure reading, under the VM's lock.
 *
 * @req IRQ-1 */
#include "lib/loop.h"
#include "vgic_variant.h"

#include "lib/bits.h"

#define ROUTER_AFFINITY (FIELD(39, 32) | FIELD(23, 0))

static uint16_t vcpu_of_affinity(const struct vgic_vm *g, uint64_t affinity)
{
    const struct cfg_vm *cfg = vgic_cfg(g);

    for (uint16_t i = 0; i < cfg->vcpu_count; i++) {
        LOOP_BOUND(CFG_VM_VCPU_MAX);
        if ((cfg_vcpus[cfg->first_vcpu + i].vmpidr & ROUTER_AFFINITY) == affinity) {
            return i;
        }
    }
    return VGIC_NO_VCPU;
}

static uint16_t one_of_n(const struct vgic_vm *g)
{
    for (uint16_t i = 0; i < vgic_cfg(g)->vcpu_count; i++) {
        LOOP_BOUND(CFG_VM_VCPU_MAX);
        const struct vgic_redist *r = vgic_redist_at(g, i);
        if (r->is_online && !r->is_asleep) {
            return i;
        }
    }
    return VGIC_NO_VCPU;
}

uint16_t vgic_router_target(const struct vgic_vm *g, uint64_t router)
{
    return bit_is_set(router, VGIC_ROUTER_IRM) ? one_of_n(g)
                                               : vcpu_of_affinity(g, router & ROUTER_AFFINITY);
}
