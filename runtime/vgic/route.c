/* Routes of SPIs and marks on redistributors; vgic/route.h [IHI0069 3.3].
 *
 * Owns vgic_spi.router, target and vgic_vm.ready. Which vCPU a route names is the version's to say
 * (vgic_variant.h); one that names none now leaves the interrupt pending.
 *
 * @req IRQ-1 */
#include "vgic/route.h"

#include "core/mailbox.h"
#include "gic/gic.h"
#include "lib/bits.h"
#include "lib/loop.h"
#include "vgic/hw.h"
#include "vgic/word.h"
#include "vgic_variant.h"

static void set_target(struct vgic_vm *g, unsigned intid, uint16_t target)
{
    struct vgic_spi *spi = vgic_spi_of(g, intid);
    const struct vgic_word *w = vgic_spi_word(g, intid / 32U - 1U);

    spi->target = target;
    if (!bit_is_set(w->hw, intid % 32U)) {
        return;
    }
    if (CFG_SCHEDULED) {
        gic_spi_enable(spi->pintid, false); /* it does not arrive there before it may */
    }
    if (target != VGIC_NO_VCPU) {
        gic_spi_route(spi->pintid, cfg_vcpus[vgic_cfg(g)->first_vcpu + target].cpu);
    }
    if (CFG_SCHEDULED) {
        vgic_hw_spi_follow(g, intid);
    }
}

void vgic_spi_set_router(struct vgic_vm *g, unsigned intid, uint64_t router)
{
    vgic_spi_of(g, intid)->router = router;
    set_target(g, intid, vgic_router_target(g, router));
    vgic_spis_changed(g, intid / 32U - 1U, UINT32_C(1) << (intid % 32U));
}

void vgic_spi_routes_follow_power(struct vgic_vm *g)
{
    for (unsigned n = 0; n < g->spi_words; n++) {
        LOOP_BOUND(CFG_VM_SPI_MAX / 32U);
        uint32_t moved = 0;
        for (unsigned b = 0; b < 32U; b++) {
            LOOP_BOUND(32);
            const unsigned intid = (n + 1U) * 32U + b;
            const struct vgic_spi *spi = vgic_spi_of(g, intid);
            if (!vgic_router_follows_power(spi->router)) {
                continue;
            }
            const uint16_t target = vgic_router_target(g, spi->router);
            if (spi->target != target) {
                set_target(g, intid, target);
                moved |= UINT32_C(1) << b;
            }
        }
        if (moved != 0U) {
            vgic_spis_changed(g, n, moved);
        }
    }
}

struct vgic_redist *vgic_spi_holder(const struct vgic_vm *g, unsigned intid)
{
    const struct vgic_word *w = vgic_spi_word(g, intid / 32U - 1U);
    const struct vgic_spi *spi = vgic_spi_of(g, intid);
    const uint16_t vcpu =
        bit_is_set(w->active | w->listed, intid % 32U) ? spi->holder : spi->target;

    return (vcpu == VGIC_NO_VCPU) ? NULL : vgic_redist_at(g, vcpu);
}

void vgic_mark(struct vgic_vm *g, struct vgic_redist *r, uint8_t level)
{
    if (!r->is_online || r->stale >= level) {
        return;
    }
    if (r != g->own && r->stale == VGIC_FRESH) {
        mailbox_post_vcpu(r->vcpu, MSG_VGIC);
    }
    r->stale = level;
}

SLOW_PATH static void private_changed(struct vgic_vm *g, struct vgic_redist *r, uint32_t forced)
{
    const struct vgic_word *w = &r->word;

    if ((word_outdated(w) | (forced & w->listed)) != 0U) {
        vgic_mark(g, r, VGIC_RELIST);
    } else if (word_wanted(w) != 0U) {
        vgic_mark(g, r, VGIC_FILL);
    }
}

void vgic_private_changed(struct vgic_vm *g, struct vgic_redist *r, uint32_t forced)
{
    if (!word_is_idle(&r->word)) {
        private_changed(g, r, forced);
    }
}

void vgic_mark_waiting(struct vgic_vm *g, struct vgic_redist *r)
{
    if (r != g->own && (r->word.hw & r->word.enabled) != 0U) {
        vgic_mark(g, r, VGIC_RELIST);
    }
}

static void mark_holders(struct vgic_vm *g, unsigned n, uint32_t bits, uint8_t level)
{
    for (; bits != 0U; bits &= bits - 1U) {
        LOOP_BOUND(32);
        struct vgic_redist *r = vgic_spi_holder(g, (n + 1U) * 32U + (unsigned)__builtin_ctz(bits));
        if (r != NULL) {
            vgic_mark(g, r, level);
        }
    }
}

/* What of SPI word `n` is to be listed; vgic_vm.ready follows it. */
static uint32_t wanted_spis(struct vgic_vm *g, unsigned n)
{
    const uint32_t wanted = word_wanted(vgic_spi_word(g, n));

    g->ready = (uint32_t)bits_set(g->ready, n, n, (wanted != 0U) ? 1U : 0U);
    return wanted;
}

void vgic_spi_moved(struct vgic_vm *g, const struct vgic_redist *r, unsigned intid)
{
    struct vgic_redist *holder = vgic_spi_holder(g, intid);

    if (bit_is_set(wanted_spis(g, intid / 32U - 1U), intid % 32U) && holder != NULL &&
        holder != r) {
        vgic_mark(g, holder, VGIC_FILL);
    }
}

SLOW_PATH static void spis_changed(struct vgic_vm *g, unsigned n, uint32_t forced)
{
    const struct vgic_word *w = vgic_spi_word(g, n);

    mark_holders(g, n, wanted_spis(g, n), VGIC_FILL);
    mark_holders(g, n, word_outdated(w) | (forced & w->listed), VGIC_RELIST);
}

void vgic_spis_changed(struct vgic_vm *g, unsigned n, uint32_t forced)
{
    if (word_is_idle(vgic_spi_word(g, n))) {
        g->ready &= ~(UINT32_C(1) << n);
    } else {
        spis_changed(g, n, forced);
    }
}

void vgic_intid_changed(struct vgic_vm *g, struct vgic_redist *r, unsigned intid)
{
    if (intid < VGIC_PRIVATE_COUNT) {
        vgic_private_changed(g, r, 0);
    } else {
        vgic_spis_changed(g, intid / 32U - 1U, 0);
    }
}

void vgic_set_ctlr(struct vgic_vm *g, uint32_t ctlr)
{
    g->ctlr = ctlr;
    for (unsigned i = 0; i < g->vcpu_count; i++) {
        LOOP_BOUND(CFG_VM_VCPU_MAX);
        word_group(g, &vgic_redist_at(g, i)->word);
        vgic_private_written(g, vgic_redist_at(g, i), 0);
    }
    for (unsigned n = 0; n < g->spi_words; n++) {
        LOOP_BOUND(CFG_VM_SPI_MAX / 32U);
        word_group(g, vgic_spi_word(g, n));
        vgic_spis_changed(g, n, 0);
    }
}
