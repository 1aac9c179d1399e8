/* What of the virtual GIC depends on its version, for GICv3. The include path finds this header;
 * the one of another version has the same functions.
 *
 * SGIs have no source: what an SGI's list register says is its INTID [IHI0069 12.2.13]. The
 * functions about sources cost nothing here. */
#ifndef VGIC_VARIANT_H
#define VGIC_VARIANT_H

#include "lib/bits.h"
#include "vgic/state.h"

enum { VGIC_ROUTER_IRM = 31 }; /* GICD_IROUTER.Interrupt_Routing_Mode */

/* `intid` goes into a list register, as pending or else as active: the bits of it that name the
 * source. */
static inline uint64_t vgic_source_list(const struct vgic_redist *r, unsigned intid,
                                        bool is_pending)
{
    (void)r;
    (void)intid;
    (void)is_pending;
    return 0;
}

/* It is taken out of the list register, still pending or not. */
static inline void vgic_source_unlist(const struct vgic_redist *r, unsigned intid, bool is_pending)
{
    (void)r;
    (void)intid;
    (void)is_pending;
}

/* Number of sources for which `intid` is pending and not listed, where it matters. */
static inline unsigned vgic_source_count(const struct vgic_redist *r, unsigned intid)
{
    (void)r;
    (void)intid;
    return 0;
}

/* Is `intid` told apart by its source, so that it cannot be active and pending in one list
 * register? */
static inline bool vgic_has_source(unsigned intid)
{
    (void)intid;
    return false;
}

static inline void vgic_source_reset(const struct vgic_redist *r)
{
    (void)r;
}

/* Does GICD have the registers of SGIs and PPIs too, those of the vCPU that makes the access? */
static inline bool vgic_gicd_is_banked(void)
{
    return false;
}

/* Which of the 32 interrupts from `intid` on the registers for setting and clearing pending state
 * can change: GICv2's SGIs are pending by source, and are not among them [IHI0048 4.3.7]. */
static inline uint32_t vgic_pending_is_writable(unsigned intid)
{
    (void)intid;
    return UINT32_MAX;
}

/* Index of the vCPU that an SPI with this GICD_IROUTER goes to now, or VGIC_NO_VCPU. */
uint16_t vgic_router_target(const struct vgic_vm *g, uint64_t router);
/* Does that change when vCPUs come and go? */
static inline bool vgic_router_follows_power(uint64_t router)
{
    return bit_is_set(router, VGIC_ROUTER_IRM);
}

/* Its value at reset. */
static inline uint64_t vgic_router_reset(const struct vgic_vm *g)
{
    (void)g;
    return 0;
}

#endif
