/* SGI generation by ICC_SGI1R_EL1, ICC_SGI0R_EL1, ICC_ASGI1R_EL1; vgic/vgic.h.
 *
 * With one security state ICC_SGI1R_EL1 generates an SGI of either group, as the target has it
 * configured; the other two only SGIs that the target has in Group 0 [IHI0069 12.1.10, 12.2.13,
 * 12.2.17, 12.2.18]. GICD_TYPER.RSS is 1: every Aff0 can be named.
 *
 * @req IRQ-1 */
#include "lib/loop.h"
#include "vgic/vgic.h"

#include "lib/bits.h"
#include "vgic/lists.h"
#include "vgic/route.h"

enum { SGI_IRM = 40 };

/* Aff3.Aff2.Aff1 in the places of MPIDR_EL1, Aff0 zero. */
static uint64_t cluster_of(uint64_t value)
{
    return (bits_get(value, 55, 48) << 32) | (bits_get(value, 39, 32) << 16) |
           (bits_get(value, 23, 16) << 8);
}

static bool is_target(const struct vcpu *sender, uint16_t vcpu, uint64_t value)
{
    const uint64_t mpidr = cfg_vcpus[vcpu].vmpidr;
    const uint64_t aff0 = bits_get(mpidr, 7, 0);

    if (bit_is_set(value, SGI_IRM)) {
        return vcpu != sender->id;
    }
    return (mpidr & (FIELD(39, 32) | FIELD(23, 8))) == cluster_of(value) &&
           aff0 / 16U == bits_get(value, 47, 44) && bit_is_set(value, (unsigned)(aff0 % 16U));
}

static void send_to(struct vgic_vm *g, struct vgic_redist *r, unsigned intid)
{
    r->word.latch |= UINT32_C(1) << intid;
    if (r != g->own || !vgic_lists_add(g, r, intid)) {
        vgic_private_changed(g, r, 0);
    }
}

bool vgic_sgi_write(struct vcpu *v, enum vgic_sgi_kind kind, uint64_t value)
{
    const unsigned intid = (unsigned)bits_get(value, 27, 24);
    struct vgic_vm *g = vgic_acquire(v->vm);
    struct vgic_redist *r = vgic_redist_at(g, 0);

    for (unsigned left = vgic_cfg(g)->vcpu_count; left > 0U; left--, r++) {
        LOOP_BOUND(CFG_VCPU_COUNT);
        const bool takes = kind == VGIC_SGI1R || !bit_is_set(r->word.group, intid);

        if (takes && is_target(v, r->vcpu, value)) {
            send_to(g, r, intid);
        }
    }
    vgic_release(g);
    return true;
}
