/* The wake request of a redistributor; vgic/vgic.h [IHI0069 12.11, GICR_WAKER].
 *
 * A guest that powers a vCPU down sets GICR_WAKER.ProcessorSleep, and most switch the groups of
 * the CPU interface off as well. From then on nothing is in a list register, yet an interrupt
 * that the distributor forwards to this vCPU must wake it. Pure reading, under the VM's lock.
 *
 * @req IRQ-1, CPU-4 */
#include "lib/loop.h"
#include "vgic/route.h"
#include "vgic/vgic.h"
#include "vgic/word.h"

static bool is_forwarded_spi(const struct vgic_vm *g, const struct vgic_redist *r, unsigned n)
{
    const struct vgic_word *w = vgic_spi_word(g, n);

    for (uint32_t bits = word_deliverable(w); bits != 0U; bits &= bits - 1U) {
        LOOP_BOUND(32);
        const unsigned intid = (n + 1U) * 32U + (unsigned)__builtin_ctz(bits);

        if (vgic_spi_holder(g, intid) == r) {
            return true;
        }
    }
    return false;
}

static bool has_forwarded(const struct vgic_vm *g, const struct vgic_redist *r)
{
    bool has = word_deliverable(&r->word) != 0U;

    for (unsigned n = 0; n < g->spi_words && !has; n++) {
        LOOP_BOUND(CFG_VM_SPI_MAX / 32U);
        has = is_forwarded_spi(g, r, n);
    }
    return has;
}

bool vgic_has_wake_request(struct vcpu *v)
{
    struct vgic_vm *g = vgic_acquire(v->vm);
    const bool is_asleep = g->own != NULL && g->own->is_asleep;
    const bool has_request = is_asleep && has_forwarded(g, g->own);

    vgic_release(g);
    return is_asleep ? has_request : vgic_has_pending(v);
}
