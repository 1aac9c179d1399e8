/* Reset and power of the virtual GIC; vgic/vgic.h [IHI0069 4.9, 12.9, 12.11].
 *
 * A VM starts with the reset values of the manual, with one exception: its redistributors are
 * awake (GICR_WAKER is 0), as firmware hands over a machine. Before that, its physical SPIs are
 * made disabled, inactive and not pending, so that nothing of a former life arrives in the next.
 * A vCPU that goes off keeps the state of its redistributor, as on hardware; what was in its list
 * registers goes back there, and its timers, which are off, have nothing pending any more.
 *
 * @req IRQ-1 */
#include "lib/loop.h"
#include "vgic/vgic.h"

#include "gic/gic.h"
#include "lib/bits.h"
#include "lib/mem.h"
#include "vgic/hw.h"
#include "vgic/lists.h"
#include "vgic/route.h"
#include "vgic/vms.h"
#include "vgic_variant.h"


static uint32_t hw_ppis(uint16_t vm)
{
    uint32_t ppis = (UINT32_C(1) << GIC_PPI_VTIMER) | (UINT32_C(1) << GIC_PPI_PTIMER);

    if (cfg_vm_has(vm, CFG_VM_PMU)) {
        ppis |= UINT32_C(1) << GIC_PPI_PMU;
    }
    return ppis;
}

/* ICC_SGI1R_EL1 of an SGI to this affinity, without INTID and target list [IHI0069 12.2.22]. */
static uint64_t sgi_cluster_of(uint64_t mpidr)
{
    return bits_get(mpidr, 39, 32) << 48 | bits_get(mpidr, 7, 4) << 44 |
           bits_get(mpidr, 23, 16) << 32 | bits_get(mpidr, 15, 8) << 16;
}

static void reset_redist(uint16_t vm, uint16_t vcpu)
{
    struct vgic_redist *r = &vgic_redists[vcpu];

    (void)memset(r, 0, sizeof(*r));
    r->vcpu = vcpu;
    vgic_places[vcpu] = (struct vgic_place){&vgic_vms[vm], r};
    r->typer = vgic_gicr_typer(vm, vcpu - (unsigned)cfg_vms[vm].first_vcpu);
    r->sgi_cluster = sgi_cluster_of(cfg_vcpus[vcpu].vmpidr);
    r->sgi_bit = UINT32_C(1) << bits_get(cfg_vcpus[vcpu].vmpidr, 3, 0);
    r->word.edge = VGIC_SGI_BITS;
    r->word.hw = hw_ppis(vm);
    vgic_source_reset(r);
}

static void reset_spis(struct vgic_vm *g)
{
    const struct cfg_vm *cfg = vgic_cfg(g);

    LOOP_SIZE(CFG_VM_SPI_MAX / 32U * sizeof(struct vgic_word));
    (void)memset(vgic_spi_word(g, 0), 0, g->spi_words * sizeof(struct vgic_word));
    LOOP_SIZE(CFG_VM_SPI_MAX * sizeof(struct vgic_spi));
    (void)memset(vgic_spi_of(g, VGIC_PRIVATE_COUNT), 0, cfg->spi_count * sizeof(struct vgic_spi));
    /* The route at reset names the same vCPU for all: it is asked for once, and the cleared state
     * has it already where that is vCPU 0 by a route of 0. */
    vgic_spi_set_router(g, VGIC_PRIVATE_COUNT, vgic_router_reset(g));
    const struct vgic_spi first = *vgic_spi_of(g, VGIC_PRIVATE_COUNT);

    for (unsigned i = 1; (first.target != 0U || first.router != 0U) && i < cfg->spi_count; i++) {
        LOOP_BOUND(CFG_VM_SPI_MAX);
        vgic_spi_of(g, VGIC_PRIVATE_COUNT + i)->target = first.target;
        vgic_spi_of(g, VGIC_PRIVATE_COUNT + i)->router = first.router;
    }
}

/* The physical SPIs of the VM: silent, and routed to the vCPU that IROUTER's reset value names. */
static void reset_physical(struct vgic_vm *g)
{
    const struct cfg_vm *cfg = vgic_cfg(g);

    for (unsigned i = 0; i < cfg->irq_count; i++) {
        LOOP_BOUND(CFG_IRQ_COUNT);
        const struct cfg_irq *irq = &cfg_irqs[cfg->first_irq + i];
        struct vgic_word *w = vgic_spi_word(g, irq->vintid / 32U - 1U);

        w->hw |= UINT32_C(1) << (irq->vintid % 32U);
        w->edge |= (irq->edge != 0U) ? UINT32_C(1) << (irq->vintid % 32U) : 0U;
        vgic_spi_of(g, irq->vintid)->pintid = irq->pintid;
        gic_spi_take(irq->pintid, irq->edge != 0U, cfg_vcpus[cfg->first_vcpu].cpu);
        vgic_spi_set_router(g, irq->vintid, vgic_router_reset(g));
    }
}

void vgic_vm_reset(uint16_t vm)
{
    const struct cfg_vm *cfg = &cfg_vms[vm];
    struct vgic_vm *g = &vgic_vms[vm];

    g->id = vm;
    g->spi_words = cfg->spi_count / 32U;
    g->vcpu_count = cfg->vcpu_count;
    g->priority_mask = (uint8_t)(0xFF00U >> gich_priority_bits());
    g->typer = vgic_gicd_typer(vm);
    g->redists = &vgic_redists[cfg->first_vcpu];
    g->words = &vgic_spi_words[cfg->first_spi / 32U];
    g->spis = &vgic_spis[cfg->first_spi];
    g = vgic_acquire(vm);
    g->own = NULL;
    g->ctlr = 0;
    g->ready = 0;
    for (uint16_t i = 0; i < cfg->vcpu_count; i++) {
        LOOP_BOUND(CFG_VM_VCPU_MAX);
        reset_redist(vm, (uint16_t)(cfg->first_vcpu + i));
    }
    reset_spis(g);
    reset_physical(g);
    vgic_release(g);
}

void vgic_vcpu_reset(struct vcpu *v)
{
    struct vgic_redist *r = &vgic_redists[v->id];
    struct vgic_vm *g = vgic_acquire(v->vm);

    gich_reset();
    r->is_online = true;
    r->is_loaded = true;
    r->lr_all = (uint32_t)(BIT(gich_lr_count()) - 1U);
    r->asked_word = NULL;
    g->own = r;
    vgic_hw_ppis_resume(g, r);
    vgic_hw_ppis_follow(r, true);
    vgic_spi_routes_follow_power(g);
    /* Also switches the virtual interface on, in ICH_HCR_EL2. */
    vgic_mark(g, r, VGIC_RELIST);
    vgic_release(g);
}

/* The timers and the PMU are off: their lines are low, so nothing of them is pending. */
static void drop_hw_ppis(const struct vgic_vm *g, struct vgic_redist *r)
{
    for (uint32_t bits = r->word.hw; bits != 0U; bits &= bits - 1U) {
        LOOP_BOUND(HW_PPIS_MAX);
        vgic_hw_set_pending(g, r, (unsigned)__builtin_ctz(bits), false);
        vgic_hw_deactivate(g, r, (unsigned)__builtin_ctz(bits));
    }
    r->word.latch &= ~r->word.hw;
    r->word.active &= ~r->word.hw;
}

void vgic_vcpu_stop(struct vcpu *v)
{
    struct vgic_redist *r = &vgic_redists[v->id];
    struct vgic_vm *g = vgic_acquire(v->vm);

    if (r->is_online) {
        vgic_lists_empty(g, r);
        vgic_hw_ppis_follow(r, false);
        drop_hw_ppis(g, r);
        r->is_online = false;
        r->is_loaded = false;
        g->own = NULL;
        vgic_spi_routes_follow_power(g);
    }
    vgic_release(g);
}
