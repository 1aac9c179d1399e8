/* SGI generation by ICC_SGI1R_EL1, ICC_SGI0R_EL1, ICC_ASGI1R_EL1; vgic/vgic.h.
 *
 * With one security state ICC_SGI1R_EL1 generates an SGI of either group, as the target has it
 * configured; the other two only SGIs that the target has in Group 0 [IHI0069 12.1.10, 12.2.3,
 * 12.2.21, 12.2.22]. GICD_TYPER.RSS is 1: every Aff0 can be named.
 *
 * @req IRQ-1 */
#include "lib/loop.h"
#include "vgic/vgic.h"

#include "core/mailbox.h"
#include "lib/bits.h"
#include "vgic/lists_add.h"
#include "vgic/route.h"
#include "vgic/vms.h"

enum { SGI_IRM = 40 };
/* Aff3, RS, Aff2, Aff1 of ICC_SGI1R_EL1. */
#define SGI_TARGETS FIELD(15, 0)
#define SGI_CLUSTER (FIELD(55, 48) | FIELD(47, 44) | FIELD(39, 32) | FIELD(23, 16))

static bool is_target(const struct vgic_redist *r, const struct vgic_redist *sender, uint64_t value)
{
    if (bit_is_set(value, SGI_IRM)) {
        return r != sender;
    }
    return (value & SGI_CLUSTER) == r->sgi_cluster && (value & r->sgi_bit) != 0U;
}

static bool is_for_self_alone(const struct vgic_redist *r, uint64_t value)
{
    return (value & (SGI_CLUSTER | BIT(SGI_IRM) | SGI_TARGETS)) == (r->sgi_cluster | r->sgi_bit);
}

/* With one security state ICC_SGI1R_EL1 is for both groups, the others for Group 0. */
static bool takes(const struct vgic_redist *r, enum vgic_sgi_kind kind, uint32_t bit)
{
    return kind == VGIC_SGI1R || (r->word.group & bit) == 0U;
}

/* Another CPU lists it, on a message: also one that is in a list register there. True: that CPU is
 * to be sent the message. */
static inline bool latch_for_other(struct vgic_redist *r, uint32_t bit)
{
    r->word.latch |= bit;
    if ((word_forwarded(&r->word) & bit) == 0U || r->stale != VGIC_FRESH || !r->is_online) {
        return false;
    }
    r->stale = VGIC_SGIS; /* as vgic_mark() would: what is more than this covers it */
    return true;
}

/* The lock is held, and is released here. */
APART static enum exit_action send(struct vgic_vm *g, enum vgic_sgi_kind kind, uint64_t value)
{
    const unsigned intid = (unsigned)bits_get(value, 27, 24);
    const uint32_t bit = UINT32_C(1) << intid;
    struct vgic_redist *r = g->redists;

    for (unsigned left = g->vcpu_count; left > 0U; left--, r++) {
        LOOP_BOUND(CFG_VM_VCPU_MAX);
        if (!takes(r, kind, bit) || !is_target(r, g->own, value)) {
            continue;
        }
        if (r != g->own) {
            if (latch_for_other(r, bit)) {
                mailbox_post_vcpu(r->vcpu, MSG_VGIC);
            }
        } else if (!vgic_lists_add(r, intid)) {
            r->word.latch |= bit;
            vgic_private_changed(g, r, 0);
        }
    }
    vgic_leave(g);
    return EXIT_SKIP;
}

/* The one target, if that is one vCPU and another than the sender; NULL otherwise. */
static struct vgic_redist *only_other(const struct vgic_vm *g, const struct vgic_redist *sender,
                                      uint64_t value)
{
    const uint64_t targets = value & (BIT(SGI_IRM) | SGI_TARGETS);
    struct vgic_redist *r = g->redists;

    if ((targets & (targets - 1U)) != 0U) {
        return NULL;
    }
    for (unsigned left = g->vcpu_count; left > 0U; left--, r++) {
        LOOP_BOUND(CFG_VM_VCPU_MAX);
        if ((value & SGI_CLUSTER) == r->sgi_cluster && targets == r->sgi_bit) {
            return (r != sender) ? r : NULL;
        }
    }
    return NULL;
}

/* The lock is held, and is released here. */
APART static enum exit_action send_sgi1r(struct vgic_vm *g, struct vgic_redist *sender,
                                         uint64_t value)
{
    struct vgic_redist *const r = only_other(g, sender, value);

    if (r == NULL) {
        g->own = sender;
        return send(g, VGIC_SGI1R, value);
    }
    const bool is_to_be_told = latch_for_other(r, UINT32_C(1) << bits_get(value, 27, 24));

    spin_unlock(&g->lock);
    if (is_to_be_told) {
        mailbox_post_vcpu(r->vcpu, MSG_VGIC);
    }
    return EXIT_SKIP;
}

enum exit_action vgic_sgi1r_short(struct vcpu *v, uint64_t value)
{
    struct vgic_vm *g = vgic_places[v->id].g;
    struct vgic_redist *r = vgic_places[v->id].r;

    spin_lock(&g->lock);
    if (!is_for_self_alone(r, value) || !vgic_lists_repeat(r, (unsigned)bits_get(value, 27, 24))) {
        return send_sgi1r(g, r, value);
    }
    spin_unlock(&g->lock);
    return EXIT_SKIP;
}

bool vgic_sgi_write(struct vcpu *v, enum vgic_sgi_kind kind, uint64_t value)
{
    struct vgic_vm *g = &vgic_vms[v->vm];

    vgic_enter(g);
    (void)send(g, kind, value);
    return true;
}
