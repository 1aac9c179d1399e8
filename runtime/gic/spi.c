/* What an SPI's owner does to take it, whatever the version of the distributor; gic/gic.h.
 *
 * Owns GICD_ICFGR: it holds 16 interrupts and has no set and clear registers, so its
 * read-modify-write is under a lock, the innermost of all.
 *
 * @req IRQ-2, IRQ-3 */
#include "gic/gic.h"

#include "arch/spinlock.h"
#include "gic_regs.h"
#include "lib/bits.h"

static struct spinlock icfgr_lock; /* lock order: after the lock of a VM's vGIC */

void gic_spi_configure(uint32_t intid, bool edge, unsigned cpu)
{
    const pa_t at = gicd_at(GICD_ICFGR + (uint64_t)(intid / 16U) * 4U);
    const unsigned bit = (intid % 16U) * 2U + 1U;

    /* Int_config may only change while the interrupt is disabled [IHI0048 4.3.13;
     * IHI0069 12.9.9]. */
    gic_spi_enable(intid, false);
    spin_lock(&icfgr_lock);
    mmio_write32(at, (uint32_t)bits_set(mmio_read32(at), bit, bit, edge ? 1U : 0U));
    spin_unlock(&icfgr_lock);
    gic_spi_route(intid, cpu);
}

void gic_spi_take(uint32_t intid, bool edge, unsigned cpu)
{
    gic_spi_configure(intid, edge, cpu);
    mmio_write8(gicd_at(GICD_IPRIORITYR + (uint64_t)intid), (uint8_t)GIC_PRIORITY_ALL);
    /* Once it is configured: a change of the configuration may make it pending [IHI0048 4.3.13;
     * IHI0069 12.9.7]. */
    gic_spi_set_pending(intid, false);
    gic_spi_set_active(intid, false);
}
