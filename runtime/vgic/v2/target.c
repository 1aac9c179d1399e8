/* Which vCPU a GICD_ITARGETSR names; vgic_variant.h [IHI0048 1.4.3, 3.2.3, 4.3.12].
 *
 * An SPI with several targets is handled by one of them, and the distributor may choose which: the
 * lowest-numbered vCPU among them that is on. One whose targets are all off stays pending. Pure
 * reading, under the VM's lock.
 *
 * @req IRQ-2 */
#include "lib/loop.h"
#include "vgic_variant.h"

uint16_t vgic_router_target(const struct vgic_vm *g, uint64_t router)
{
    for (uint16_t i = 0; i < vgic_cfg(g)->vcpu_count; i++) {
        LOOP_BOUND(CFG_VM_VCPU_MAX);
        if (bit_is_set(router, i) && vgic_redist_at(g, i)->is_online) {
            return i;
        }
    }
    return VGIC_NO_VCPU;
}
