/* What of the virtual GIC depends on its version, for GICv2. The include path finds this header;
 * the one of another version has the same functions.
 *
 * An SGI is pending once for each vCPU that sent it, and is acknowledged together with that
 * source [IHI0048 3.2.3, 4.4.4]. vgic_word.latch of an SGI says that some source is pending; which
 * ones, is here. A list register has one source at a time, in bits [12:10] of vINTID. All is of the
 * receiving vCPU and under the VM's lock. */
#ifndef VGIC_VARIANT_H
#define VGIC_VARIANT_H

#include "lib/bits.h"
#include "vgic/state.h"

enum { VGIC_SOURCE_SHIFT = 10 };

struct vgic_sources {
    uint8_t waiting[VGIC_SGI_COUNT]; /* one bit a vCPU index: pending and not listed */
    uint8_t listed[VGIC_SGI_COUNT];  /* vCPU index that the SGI was last listed for */
};

extern struct vgic_sources vgic_sources[CFG_VCPU_COUNT]; /* by vCPU id, as vgic_redists */

/* Is `intid` told apart by its source, so that it cannot be active and pending in one list
 * register? */
static inline bool vgic_has_source(unsigned intid)
{
    return intid < (unsigned)VGIC_SGI_COUNT;
}

/* `intid` goes into a list register, as pending or else as active: the bits of it that name the
 * source. Of several that wait the lowest-numbered one goes first. */
static inline uint64_t vgic_source_list(const struct vgic_redist *r, unsigned intid,
                                        bool is_pending)
{
    struct vgic_sources *s = &vgic_sources[r->vcpu];

    if (!vgic_has_source(intid)) {
        return 0;
    }
    if (is_pending && s->waiting[intid] != 0U) {
        s->listed[intid] = (uint8_t)__builtin_ctz(s->waiting[intid]);
        s->waiting[intid] &= (uint8_t)(s->waiting[intid] - 1U);
    }
    return (uint64_t)s->listed[intid] << VGIC_SOURCE_SHIFT;
}

/* It is taken out of the list register, still pending or not. */
static inline void vgic_source_unlist(const struct vgic_redist *r, unsigned intid, bool is_pending)
{
    struct vgic_sources *s = &vgic_sources[r->vcpu];

    if (vgic_has_source(intid) && is_pending) {
        s->waiting[intid] |= (uint8_t)(1U << s->listed[intid]);
    }
}

/* Number of sources for which `intid` is pending and not listed, where it matters. */
static inline unsigned vgic_source_count(const struct vgic_redist *r, unsigned intid)
{
    return vgic_has_source(intid) ? bits_count(vgic_sources[r->vcpu].waiting[intid]) : 0U;
}

/* No SGI is pending for any source. */
static inline void vgic_source_reset(const struct vgic_redist *r)
{
    vgic_sources[r->vcpu] = (struct vgic_sources){0};
}

/* Does GICD have the registers of SGIs and PPIs too, those of the vCPU that makes the access? */
static inline bool vgic_gicd_is_banked(void)
{
    return true;
}

/* Which of the 32 interrupts from `intid` on the registers for setting and clearing pending state
 * can change: GICv2's SGIs are pending by source, and are not among them [IHI0048 4.3.7]. */
static inline uint32_t vgic_pending_is_writable(unsigned intid)
{
    return (intid == 0U) ? (uint32_t)FIELD(31, VGIC_SGI_COUNT) : UINT32_MAX;
}

/* Index of the vCPU that an SPI with these GICD_ITARGETSR bits goes to now, or VGIC_NO_VCPU. */
uint16_t vgic_router_target(const struct vgic_vm *g, uint64_t router);
/* Does that change when vCPUs come and go? */
static inline bool vgic_router_follows_power(uint64_t router)
{
    return router != 0U;
}

/* Its value at reset: with a single vCPU every SPI goes there [IHI0048 4.3.12]. */
static inline uint64_t vgic_router_reset(const struct vgic_vm *g)
{
    return (vgic_cfg(g)->vcpu_count == 1U) ? 1U : 0U;
}

#endif
