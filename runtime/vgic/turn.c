/* The turn of a vCPU that shares its CPU; vgic/vgic.h.
 *
 * What the virtual interface of the CPU holds goes back to memory when the turn of its vCPU is
 * over, and comes from there when it has it again. In between, all state of its interrupts is in
 * its words, where whoever changes them finds it. The physical PPIs of the CPU are then another's:
 * what was pending or active of them is kept as such, and becomes physical again in the next turn.
 * Physical SPIs are enabled only while the vCPU that they go to has a time window: those of one VM
 * take nothing of another one's time, however often they are made pending.
 *
 * @req IRQ-1, CPU-2, CPU-3 */
#include "gic/gic.h"
#include "lib/loop.h"
#include "vgic/hw.h"
#include "vgic/lists.h"
#include "vgic/route.h"
#include "vgic/vgic.h"
#include "vgic/vms.h"

static struct gich_context contexts[CFG_VCPU_COUNT];

/* The timers and the PMU are off, so their lines are low: what is pending still was made so by the
 * guest, or was acknowledged by EL2 and not yet by the guest. */
static void take_hw_ppis(struct vgic_redist *r)
{
    r->word.latch |= gic_ppis_silence(r->word.hw);
}

void vgic_vcpu_park(struct vcpu *v)
{
    struct vgic_redist *r = &vgic_redists[v->id];
    struct vgic_vm *g = vgic_acquire(v->vm);

    vgic_lists_empty(g, r);
    gich_save(&contexts[v->id]);
    take_hw_ppis(r);
    r->is_loaded = false;
    g->own = NULL;
    /* One that waits for an interrupt is told of any; for another one all is done when it is
     * loaded. */
    r->stale = v->is_waiting ? VGIC_FRESH : VGIC_RELIST;
    vgic_release(g);
}

void vgic_vcpu_load(struct vcpu *v)
{
    struct vgic_redist *r = &vgic_redists[v->id];
    struct vgic_vm *g = vgic_acquire(v->vm);

    gich_restore(&contexts[v->id]);
    r->is_loaded = true;
    g->own = r;
    vgic_hw_ppis_resume(g, r);
    gic_ppis_enable(r->word.hw & r->word.enabled);
    r->stale = VGIC_RELIST;
    vgic_release(g);
}

static void follow_window(const struct vgic_vm *g, const struct vcpu *v)
{
    const struct cfg_vm *cfg = vgic_cfg(g);

    for (unsigned i = 0; i < cfg->irq_count; i++) {
        LOOP_BOUND(CFG_IRQ_COUNT);
        const uint16_t intid = cfg_irqs[cfg->first_irq + i].vintid;

        if (vgic_spi_of(g, intid)->target == v->index) {
            vgic_hw_spi_follow(g, intid);
        }
    }
}

void vgic_window(struct vcpu *v, bool is_open)
{
    struct vgic_vm *g;

    if (cfg_vms[v->vm].irq_count == 0U) {
        v->has_window = is_open;
        return;
    }
    g = vgic_acquire(v->vm);
    v->has_window = is_open;
    if (g->spi_words != 0U) { /* else the VM has not been started */
        follow_window(g, v);
    }
    vgic_release(g);
}
