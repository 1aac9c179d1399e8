/* Trapped ICC_DIR_EL1; vgic/vgic.h [IHI0069 12.2.7].
 *
 * @req IRQ-1 */
#include "vgic/vgic.h"

#include "lib/bits.h"
#include "vgic/regs.h"

enum { VMCR_VEOIM = 9 };

/* The same as GICD_ICACTIVER for one INTID, from whichever vCPU. With EOImode 0 the write is
 * UNPREDICTABLE, and ignored [IHI0069 12.2.7]. */
bool vgic_dir_write(struct vcpu *v, uint64_t value)
{
    struct vgic_access a = {.g = vgic_acquire(v->vm), .intid = (uint32_t)bits_get(value, 23, 0)};

    if (vgic_has_intid(a.g, a.intid) && bit_is_set(gich_vmcr_read(), VMCR_VEOIM)) {
        a.r = &vgic_redists[v->id];
        a.value = BIT(a.intid % 32U);
        vgic_write_clear_active(&a);
    }
    vgic_release(a.g);
    return true;
}
