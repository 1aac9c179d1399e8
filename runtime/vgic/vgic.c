/* The virtual GIC's events: lines, physical interrupts, messages; vgic/vgic.h [IHI0069 4.1].
 *
 * Owns the state of all VMs' GICs (vgic/state.h) and their locks, one a VM. Nothing here waits
 * for another CPU: what another CPU must do to its list registers is marked at its redistributor
 * and announced by MSG_VGIC. The guest of this CPU sees the new state when vgic_release() has
 * refreshed the list registers.
 * Two cases are kept short, since guests feel them: a timer's interrupt, and a message that only
 * brings one more interrupt. INV-SPI-COUNT, INV-VCPU-CPU are relied on.
 *
 * @req IRQ-1, IRQ-3 */
#include "vgic/vgic.h"

#include "core/percpu.h"
#include "lib/bits.h"
#include "vgic/lists_add.h"
#include "vgic/route.h"
#include "vgic/vms.h"
#include "vgic/word.h"

struct vgic_redist vgic_redists[CFG_VCPU_COUNT];
struct vgic_word vgic_spi_words[CFG_SPI_TOTAL / 32];
struct vgic_spi vgic_spis[CFG_SPI_TOTAL];
struct vgic_vm vgic_vms[CFG_VM_COUNT];
struct vgic_place vgic_places[CFG_VCPU_COUNT];

struct vgic_vm *vgic_acquire(uint16_t vm)
{
    struct vgic_vm *g = &vgic_vms[vm];
    const struct vcpu *v = this_cpu()->vcpu;

    spin_lock(&g->lock);
    g->own = NULL;
    if (v != NULL && v->vm == vm) {
        struct vgic_redist *const r = &vgic_redists[v->id];

        g->own = r->is_loaded ? r : NULL;
    }
    return g;
}

SLOW_PATH void vgic_refresh(struct vgic_vm *g)
{
    vgic_lists_refresh(g, g->own);
}

void vgic_release(struct vgic_vm *g)
{
    if (g->own != NULL && g->own->stale != VGIC_FRESH) {
        vgic_refresh(g);
    }
    spin_unlock(&g->lock);
}

/* An input line: an edge-triggered interrupt latches its rising edge. */
static void word_set_line(struct vgic_word *w, uint32_t bit, bool high)
{
    const bool was_high = (w->line & bit) != 0U;

    w->line = high ? (w->line | bit) : (w->line & ~bit);
    if (high && !was_high) {
        w->latch |= w->edge & bit;
    }
}

void vgic_set_line(uint16_t vm, uint16_t vcpu_index, uint16_t intid, bool high)
{
    struct vgic_vm *g = vgic_acquire(vm);
    struct vgic_redist *r = vgic_redist_at(g, (intid < VGIC_PRIVATE_COUNT) ? vcpu_index : 0U);
    struct vgic_word *w = vgic_word_of(g, r, intid);
    const uint32_t bit = UINT32_C(1) << (intid % 32U);

    if ((w->hw & bit) == 0U && ((w->line & bit) != 0U) != high) {
        word_set_line(w, bit, high);
        vgic_intid_changed(g, r, intid);
    }
    vgic_release(g);
}

/* EL2 took the physical interrupt of `intid`, so its last virtual one is over: a list register
 * that still names it is empty, here or (SPIs that were routed anew) on another CPU. */
static void latch_physical(struct vgic_vm *g, struct vgic_word *w, uint32_t bit)
{
    w->latch &= ~bit;
    if ((w->listed & bit) != 0U && g->own != NULL) {
        vgic_lists_reclaim(g, g->own);
    }
    w->latch |= bit;
}

/* The lock is held, and is released here. */
SLOW_PATH static void inject_slowly(struct vgic_vm *g, struct vgic_redist *r, unsigned intid)
{
    g->own = r;
    if (!vgic_lists_add(r, intid)) {
        latch_physical(g, &r->word, UINT32_C(1) << intid);
        vgic_private_changed(g, r, 0);
    }
    vgic_leave(g);
}

void vgic_inject_hw(struct vcpu *v, uint16_t intid, uint16_t pintid)
{
    struct vgic_vm *g = vgic_places[v->id].g;
    struct vgic_redist *r = vgic_places[v->id].r;

    (void)pintid; /* PPIs: the same number, vgic_hw_pintid() */
    spin_lock(&g->lock);
    if (!vgic_lists_repeat(r, intid)) {
        inject_slowly(g, r, intid);
        return;
    }
    spin_unlock(&g->lock);
}

void vgic_inject_hw_spi(uint16_t vm, uint16_t intid, uint16_t pintid)
{
    struct vgic_vm *g = vgic_acquire(vm);

    (void)pintid; /* as cfg_irqs says: vgic_spi.pintid */
    if (g->own != NULL && vgic_lists_add_spi(g, g->own, intid)) {
        spin_unlock(&g->lock);
        return;
    }
    latch_physical(g, vgic_spi_word(g, intid / 32U - 1U), UINT32_C(1) << (intid % 32U));
    vgic_spis_changed(g, intid / 32U - 1U, 0);
    vgic_release(g);
}

void vgic_sync(struct vcpu *v)
{
    struct vgic_vm *g = vgic_places[v->id].g;
    struct vgic_redist *r = vgic_places[v->id].r;

    spin_lock(&g->lock);
    if (!vgic_lists_repeat_sgis(r)) {
        g->own = r;
        vgic_leave(g); /* what was marked is done here */
        return;
    }
    spin_unlock(&g->lock);
}

void vgic_maintenance(struct vcpu *v)
{
    struct vgic_vm *g = vgic_acquire(v->vm);

    if (g->own != NULL) {
        vgic_mark(g, g->own, VGIC_FILL);
    }
    vgic_release(g);
    /* The condition must be gone before the interrupt is deactivated, or it comes once more. */
    gich_settle();
}

bool vgic_has_pending(struct vcpu *v)
{
    struct vgic_vm *g = vgic_acquire(v->vm);
    bool has_pending = false;

    if (g->own != NULL) {
        if (g->own->stale != VGIC_FRESH) {
            vgic_lists_refresh(g, g->own);
        }
        has_pending = vgic_lists_signal(g->own);
    }
    vgic_release(g);
    return has_pending;
}
