/* The physical distributor: SPIs; gic/gic.h.
 *
 * Owns GICD but for GICD_ICFGR (gic/spi.c). Enables, pending and active bits have set and clear
 * registers, so any CPU writes them without a lock. Boot waits for GICD_CTLR.RWP; later calls do
 * not: an interrupt that arrives once more after its disable is kept by whom it belongs to.
 * Boot disables all SPIs and puts them in Group 1, and does no more: an interrupt that is disabled
 * cannot arrive, so its other state matters only to the owner, who takes it before enabling it.
 * The GIC may have one security state or two (then EL2 sees the Non-secure view, where group
 * registers are RAZ/WI): the same writes are right for both [IHI0069 12.9.4, 12.9.9].
 * INV-IRQ-ONE-OWNER is relied on.
 *
 * @req IRQ-3 */
#include "gic/gic.h"

#include "arch/barrier.h"
#include "core/panic.h"
#include "gic/v3/gic_regs.h"
#include "lib/bits.h"

enum { SPI_FIRST = 32 };

/* The word of a register with one bit an interrupt, for the word that `intid` lies in. */
static pa_t bit_word(uint64_t offset, uint32_t intid)
{
    return gicd_at(offset + (uint64_t)(intid / 32U) * 4U);
}

static void write_bit(uint64_t offset, uint32_t intid)
{
    mmio_write32(bit_word(offset, intid), UINT32_C(1) << (intid % 32U));
}

/* INTIDs that the distributor implements, exclusive [IHI0069 12.9.38]. */
static uint32_t implemented_limit(void)
{
    return ((uint32_t)bits_get(mmio_read32(gicd_at(GICD_TYPER)), 4, 0) + 1U) * 32U;
}

static uint64_t router_value(unsigned cpu)
{
    return cfg_cpus[cpu].mpidr & (FIELD(39, 32) | FIELD(23, 0));
}

unsigned gic_version(void)
{
    const unsigned revision = (unsigned)bits_get(mmio_read32(gicd_at(GICD_PIDR2)), 7, 4);

    return (revision == 3U || revision == 4U) ? revision : 0U;
}

static void wait_for_writes(void)
{
    if (!gic_poll_clear(gicd_at(GICD_CTLR), GICD_CTLR_RWP)) {
        panic("GIC distributor at 0x%llx: GICD_CTLR.RWP stays 1; is gicd_base that of the board?",
              (unsigned long long)cfg_system.gicd_base);
    }
}

static void silence_spis(uint32_t limit)
{
    for (uint32_t intid = SPI_FIRST; intid < limit; intid += 32U) {
        mmio_write32(bit_word(GICD_ICENABLER, intid), UINT32_MAX);
    }
    wait_for_writes();
    for (uint32_t intid = SPI_FIRST; intid < limit; intid += 32U) {
        mmio_write32(bit_word(GICD_IGROUPR, intid), UINT32_MAX);
    }
}

void gic_init_distributor(void)
{
    const uint32_t limit = implemented_limit();

    if (cfg_system.spi_limit > limit) {
        panic("GIC has INTIDs below %u, the description uses INTIDs up to %u",
              (unsigned)limit, (unsigned)cfg_system.spi_limit - 1U);
    }
    /* Groups off before ARE may change [IHI0069 12.9.4]. */
    mmio_write32(gicd_at(GICD_CTLR), 0);
    wait_for_writes();
    mmio_write32(gicd_at(GICD_CTLR), GICD_CTLR_ARE_NS);
    wait_for_writes();
    silence_spis(limit);
    mmio_write32(gicd_at(GICD_CTLR), GICD_CTLR_ARE_NS | GICD_CTLR_EnableGrp1A);
    wait_for_writes();
}

void gic_spi_enable(uint32_t intid, bool enable)
{
    write_bit(enable ? GICD_ISENABLER : GICD_ICENABLER, intid);
}

void gic_spi_route(uint32_t intid, unsigned cpu)
{
    mmio_write64(gicd_at(GICD_IROUTER + (uint64_t)intid * 8U), router_value(cpu));
}

void gic_spi_set_pending(uint32_t intid, bool pending)
{
    dsb_sy(); /* an acknowledge before is there before: gic_cpu.h */
    write_bit(pending ? GICD_ISPENDR : GICD_ICPENDR, intid);
}

void gic_spi_set_active(uint32_t intid, bool active)
{
    dsb_sy(); /* an acknowledge or deactivation before is there before: gic_cpu.h */
    write_bit(active ? GICD_ISACTIVER : GICD_ICACTIVER, intid);
}

bool gic_spi_is_pending(uint32_t intid)
{
    return bit_is_set(mmio_read32(bit_word(GICD_ISPENDR, intid)), intid % 32U);
}
