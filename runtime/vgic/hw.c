/* Physical interrupts behind virtual ones; vgic/hw.h [IHI0069 6.2, LR.HW].
 *
 * PPIs: the two timers and, where granted, the PMU; SPIs: the VM's slice of cfg_irqs. From the
 * moment that EL2 acknowledges one until the guest deactivates its virtual twin it is physically
 * active, so it cannot arrive twice. Whoever takes the virtual one away deactivates the physical
 * one here. A vCPU that is off has its PPIs disabled; one that only has not its turn has none, and
 * their state waits in memory. INV-IRQ-ONE-OWNER is relied on.
 *
 * @req IRQ-3 */
#include "vgic/hw.h"

#include "gic/gic.h"
#include "lib/bits.h"
#include "lib/loop.h"
#include "vm/sched.h"

static const struct vgic_word *word_of(const struct vgic_vm *g, const struct vgic_redist *r,
                                       unsigned intid)
{
    return (intid < VGIC_PRIVATE_COUNT) ? &r->word : vgic_spi_word(g, intid / 32U - 1U);
}

/* PPIs of a vCPU that is off are off too, and its CPU may not be up yet; those of one that has not
 * its turn are another's now: they are left alone. */
static bool is_hw(const struct vgic_vm *g, const struct vgic_redist *r, unsigned intid)
{
    return bit_is_set(word_of(g, r, intid)->hw, intid % 32U) &&
           (intid >= VGIC_PRIVATE_COUNT || r->is_loaded);
}

static unsigned cpu_of(const struct vgic_redist *r)
{
    return cfg_vcpus[r->vcpu].cpu;
}

uint16_t vgic_hw_pintid(const struct vgic_vm *g, unsigned intid)
{
    return (intid < VGIC_PRIVATE_COUNT) ? (uint16_t)intid : vgic_spi_of(g, intid)->pintid;
}

/* With schedules, one that goes to nobody does not arrive where it went last. */
static bool may_arrive(const struct vgic_vm *g, unsigned intid)
{
    if (!CFG_SCHEDULED) {
        return true;
    }
    const uint16_t target = vgic_spi_of(g, intid)->target;

    return target != VGIC_NO_VCPU &&
           sched_may_interrupt((unsigned)vgic_cfg(g)->first_vcpu + target);
}

void vgic_hw_spi_follow(const struct vgic_vm *g, unsigned intid)
{
    const struct vgic_word *w = vgic_spi_word(g, intid / 32U - 1U);

    gic_spi_enable(vgic_spi_of(g, intid)->pintid,
                   bit_is_set(w->enabled, intid % 32U) && may_arrive(g, intid));
}

void vgic_hw_enable(const struct vgic_vm *g, const struct vgic_redist *r, unsigned intid,
                    bool enable)
{
    if (!is_hw(g, r, intid)) {
        return;
    }
    if (intid >= VGIC_PRIVATE_COUNT) {
        gic_spi_enable(vgic_hw_pintid(g, intid), enable && may_arrive(g, intid));
    } else {
        gic_ppi_enable_on(cpu_of(r), intid, enable);
    }
}

void vgic_hw_set_pending(const struct vgic_vm *g, const struct vgic_redist *r, unsigned intid,
                         bool pending)
{
    if (!is_hw(g, r, intid)) {
        return;
    }
    if (intid >= VGIC_PRIVATE_COUNT) {
        gic_spi_set_pending(vgic_hw_pintid(g, intid), pending);
    } else {
        gic_ppi_set_pending_on(cpu_of(r), intid, pending);
    }
}

static void set_active(const struct vgic_vm *g, const struct vgic_redist *r, unsigned intid,
                       bool active)
{
    if (!is_hw(g, r, intid)) {
        return;
    }
    if (intid >= VGIC_PRIVATE_COUNT) {
        gic_spi_set_active(vgic_hw_pintid(g, intid), active);
    } else {
        gic_ppi_set_active_on(cpu_of(r), intid, active);
    }
}

void vgic_hw_activate(const struct vgic_vm *g, const struct vgic_redist *r, unsigned intid)
{
    set_active(g, r, intid, true);
}

void vgic_hw_deactivate(const struct vgic_vm *g, const struct vgic_redist *r, unsigned intid)
{
    set_active(g, r, intid, false);
}

bool vgic_hw_is_pending(const struct vgic_vm *g, const struct vgic_redist *r, unsigned intid)
{
    if (!is_hw(g, r, intid)) {
        return false;
    }
    return (intid >= VGIC_PRIVATE_COUNT) ? gic_spi_is_pending(vgic_hw_pintid(g, intid))
                                         : gic_ppi_is_pending_on(cpu_of(r), intid);
}

void vgic_hw_part(const struct vgic_vm *g, struct vgic_redist *r, unsigned intid)
{
    struct vgic_word *w = vgic_word_of(g, r, intid);
    const uint32_t bit = UINT32_C(1) << (intid % 32U);

    if (is_hw(g, r, intid) && (w->active & w->latch & bit) != 0U) {
        w->latch &= ~bit;
        vgic_hw_set_pending(g, r, intid, true);
    }
}

void vgic_hw_ppis_resume(const struct vgic_vm *g, struct vgic_redist *r)
{
    for (uint32_t bits = r->word.hw & r->word.active; bits != 0U; bits &= bits - 1U) {
        LOOP_BOUND(HW_PPIS_MAX);
        vgic_hw_activate(g, r, (unsigned)__builtin_ctz(bits));
    }
    for (uint32_t bits = r->word.hw & r->word.latch; bits != 0U; bits &= bits - 1U) {
        LOOP_BOUND(HW_PPIS_MAX);
        vgic_hw_set_pending(g, r, (unsigned)__builtin_ctz(bits), true);
    }
    r->word.latch &= ~r->word.hw;
}

void vgic_hw_ppis_follow(const struct vgic_redist *r, bool on)
{
    for (uint32_t bits = r->word.hw; bits != 0U; bits &= bits - 1U) {
        LOOP_BOUND(HW_PPIS_MAX);
        const unsigned intid = (unsigned)__builtin_ctz(bits);
        gic_ppi_enable_on(cpu_of(r), intid, on && bit_is_set(r->word.enabled, intid));
    }
}
