/* The physical distributor: SPIs, and each CPU's own SGIs and PPIs; gic/gic.h [IHI0048 4.3].
 *
 * Owns GICD but for GICD_ICFGR (gic/spi.c). Enables, pending and active bits have set and clear
 * registers, so any CPU writes them without a lock. GICD_ITARGETSR is written by bytes, together
 * with what is remembered of it, under gicd_lock, one of the innermost locks.
 * A CPU interface has a number of its own, which only the CPU itself can ask for, by the banked
 * GICD_ITARGETSR0; so an SPI may be routed to a CPU that is not up yet. The route is remembered,
 * and the CPU makes it true when it comes up. SGIs and PPIs are banked too: no CPU reaches
 * another's. Nobody needs to: a guest's accesses to its own are banked likewise (vgic/v2), and all
 * else about PPIs happens on the vCPU's CPU.
 * Boot disables all SPIs and puts them in Group 0, and does no more: an interrupt that is disabled
 * cannot arrive, so its other state matters only to the owner, who takes it before enabling it.
 * There may be one security state or two (then EL2 sees the Non-secure view, where group registers
 * are RAZ/WI): the same writes are right for both.
 * INV-IRQ-ONE-OWNER is relied on.
 *
 * @req IRQ-2, IRQ-3 */
#include "gic/gic.h"

#include <stdatomic.h>

#include "arch/barrier.h"
#include "arch/spinlock.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "gic/cpu_interface.h"
#include "gic/v2/gic_regs.h"
#include "lib/bits.h"

enum { SPI_FIRST = 32, TARGET_LIST_SHIFT = 16, SGI_COUNT = 16 };

static struct spinlock gicd_lock; /* lock order: after the lock of a VM's vGIC */
/* Both are written under gicd_lock. */
static _Atomic uint8_t interface_of[CFG_CPU_COUNT]; /* one bit: the CPU's interface; 0: not up */
static uint16_t route_of[CFG_INTID_LIMIT]; /* CPU that an SPI is to go to; CFG_NONE: none yet */

/* The word of a register with one bit an interrupt, for the word that `intid` lies in. */
static pa_t bit_word(uint64_t offset, uint32_t intid)
{
    return gicd_at(offset + (uint64_t)(intid / 32U) * 4U);
}

static void write_bit(uint64_t offset, uint32_t intid)
{
    mmio_write32(bit_word(offset, intid), UINT32_C(1) << (intid % 32U));
}

/* INTIDs that the distributor implements, exclusive [IHI0048 4.3.2]. */
static uint32_t implemented_limit(void)
{
    return ((uint32_t)bits_get(mmio_read32(gicd_at(GICD_TYPER)), 4, 0) + 1U) * 32U;
}

unsigned gic_version(void)
{
    const unsigned revision = (unsigned)bits_get(mmio_read32(gicd_at(GICD_ICPIDR2)), 7, 4);

    return (revision == 2U) ? revision : 0U;
}

static void silence_spis(uint32_t limit)
{
    for (uint32_t intid = SPI_FIRST; intid < limit; intid += 32U) {
        mmio_write32(bit_word(GICD_ICENABLER, intid), UINT32_MAX);
        mmio_write32(bit_word(GICD_IGROUPR, intid), 0);
    }
}

/* This CPU's SGIs and PPIs. Nobody takes these one by one, so all their state is cleared. */
static void silence_own(void)
{
    mmio_write32(gicd_at(GICD_ICENABLER), UINT32_MAX);
    mmio_write32(gicd_at(GICD_IGROUPR), 0);
    mmio_write32(gicd_at(GICD_ICPENDR), UINT32_MAX);
    mmio_write32(gicd_at(GICD_ICACTIVER), UINT32_MAX);
    for (uint64_t intid = 0; intid < (uint64_t)SPI_FIRST; intid += 4U) {
        mmio_write32(gicd_at(GICD_IPRIORITYR + intid), GIC_PRIORITY_ALL);
    }
    /* GICD_ICPENDR has no effect on SGIs: they are pending by source. */
    for (uint64_t intid = 0; intid < (uint64_t)SGI_COUNT; intid += 4U) {
        mmio_write32(gicd_at(GICD_CPENDSGIR + intid), UINT32_MAX);
    }
}

void gic_init_distributor(void)
{
    const uint32_t limit = implemented_limit();

    if (cfg_system.spi_limit > limit) {
        panic("GIC has INTIDs below %u, the description uses INTIDs up to %u", (unsigned)limit,
              (unsigned)cfg_system.spi_limit - 1U);
    }
    mmio_write32(gicd_at(GICD_CTLR), 0);
    silence_spis(limit);
    for (uint32_t intid = 0; intid < CFG_INTID_LIMIT; intid++) {
        route_of[intid] = CFG_NONE;
    }
    mmio_write32(gicd_at(GICD_CTLR), GICD_CTLR_Enable);
}

/* With gicd_lock held. */
static void write_target(uint32_t intid, uint8_t interfaces)
{
    mmio_write8(gicd_at(GICD_ITARGETSR + (uint64_t)intid), interfaces);
}

/* Its own bit, as one of the bytes of the banked registers says: those of interrupts that are not
 * implemented read as 0 [IHI0048 4.3.12]. With a single CPU all do, and there is nothing to route.
 */
static uint8_t own_interface(void)
{
    uint32_t bytes = 0;

    for (uint64_t intid = 0; intid < (uint64_t)SPI_FIRST; intid += 4U) {
        bytes |= mmio_read32(gicd_at(GICD_ITARGETSR + intid));
    }
    return (uint8_t)(bytes | (bytes >> 8) | (bytes >> 16) | (bytes >> 24));
}

static void learn_interface(unsigned cpu)
{
    const uint8_t own = own_interface();

    spin_lock(&gicd_lock);
    atomic_store_explicit(&interface_of[cpu], own, memory_order_relaxed);
    for (uint32_t intid = SPI_FIRST; intid < CFG_INTID_LIMIT; intid++) {
        if (route_of[intid] == cpu) {
            write_target(intid, own);
        }
    }
    spin_unlock(&gicd_lock);
}

void gic_init_cpu(unsigned cpu)
{
    learn_interface(cpu);
    silence_own();
    mmio_write32(gicd_at(GICD_ISENABLER),
                 (UINT32_C(1) << GIC_SGI_MESSAGE) | (UINT32_C(1) << GIC_PPI_MAINTENANCE));
    gic_cpu_interface_init();
}

/* --- SPIs ---------------------------------------------------------------------------------- */

void gic_spi_enable(uint32_t intid, bool enable)
{
    write_bit(enable ? GICD_ISENABLER : GICD_ICENABLER, intid);
}

void gic_spi_route(uint32_t intid, unsigned cpu)
{
    spin_lock(&gicd_lock);
    route_of[intid] = (uint16_t)cpu;
    write_target(intid, atomic_load_explicit(&interface_of[cpu], memory_order_relaxed));
    spin_unlock(&gicd_lock);
}

void gic_spi_set_pending(uint32_t intid, bool pending)
{
    write_bit(pending ? GICD_ISPENDR : GICD_ICPENDR, intid);
}

void gic_spi_set_active(uint32_t intid, bool active)
{
    write_bit(active ? GICD_ISACTIVER : GICD_ICACTIVER, intid);
}

bool gic_spi_is_pending(uint32_t intid)
{
    return bit_is_set(mmio_read32(bit_word(GICD_ISPENDR, intid)), intid % 32U);
}

/* --- PPIs ---------------------------------------------------------------------------------- */

static void require_own(unsigned cpu)
{
    if (cpu != this_cpu()->id) {
        panic("CPU %u: a PPI of CPU %u cannot be reached with a GICv2", this_cpu()->id, cpu);
    }
}

void gic_ppi_enable_on(unsigned cpu, uint32_t intid, bool enable)
{
    require_own(cpu);
    write_bit(enable ? GICD_ISENABLER : GICD_ICENABLER, intid);
}

void gic_ppi_set_pending_on(unsigned cpu, uint32_t intid, bool pending)
{
    require_own(cpu);
    write_bit(pending ? GICD_ISPENDR : GICD_ICPENDR, intid);
}

void gic_ppi_set_active_on(unsigned cpu, uint32_t intid, bool active)
{
    require_own(cpu);
    write_bit(active ? GICD_ISACTIVER : GICD_ICACTIVER, intid);
}

bool gic_ppi_is_pending_on(unsigned cpu, uint32_t intid)
{
    require_own(cpu);
    return bit_is_set(mmio_read32(gicd_at(GICD_ISPENDR)), intid);
}

void gic_ppi_enable(uint32_t intid, bool enable)
{
    gic_ppi_enable_on(this_cpu()->id, intid, enable);
}

void gic_ppi_set_active(uint32_t intid, bool active)
{
    gic_ppi_set_active_on(this_cpu()->id, intid, active);
}

uint32_t gic_ppis_silence(uint32_t ppis)
{
    mmio_write32(gicd_at(GICD_ICENABLER), ppis);
    const uint32_t pending = mmio_read32(gicd_at(GICD_ISPENDR)) & ppis;

    mmio_write32(gicd_at(GICD_ICPENDR), ppis);
    mmio_write32(gicd_at(GICD_ICACTIVER), ppis);
    /* Device accesses in order; what is signalled to the CPU follows them [IHI0048 3.2.4]. */
    dsb_sy();
    return pending;
}

void gic_ppis_enable(uint32_t ppis)
{
    mmio_write32(gicd_at(GICD_ISENABLER), ppis);
}

/* --- messages ------------------------------------------------------------------------------ */

void gic_send_message_sgi(unsigned cpu)
{
    uint32_t interfaces;

    /* The receiver must see what was written before the SGI: taking an interrupt is no access to
     * memory, so order alone is not enough. A CPU that is not up has no interface here, and looks
     * for messages after it has one: either it sees the message, or its interface is seen here. */
    dsb_ish();
    interfaces = atomic_load_explicit(&interface_of[cpu], memory_order_relaxed);
    mmio_write32(gicd_at(GICD_SGIR), (interfaces << TARGET_LIST_SHIFT) | GIC_SGI_MESSAGE);
}
