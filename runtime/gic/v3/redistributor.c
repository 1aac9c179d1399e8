/* The physical redistributors: each CPU's PPIs and SGIs; gic/gic.h.
 *
 * Owns the frames of GICR; each CPU finds its own by affinity and remembers it in an array by
 * CPU id. After that only set and clear registers are written, so there is no lock. Waiting
 * happens at boot only and is bounded [IHI0069 12.10, 12.11].
 *
 * @req IRQ-3 */
#include "gic/gic.h"

#include "arch/barrier.h"
#include "core/panic.h"
#include "core/percpu.h"
#include "gic/cpu_interface.h"
#include "gic/v3/gic_regs.h"
#include "lib/bits.h"
#include "lib/loop.h"

enum { FRAME_PAIR_BYTES = 0x20000, FRAME_QUAD_BYTES = 0x40000 };

static uint64_t rd_base[CFG_CPU_COUNT]; /* PA of each CPU's RD_base frame */

static pa_t rd_at(unsigned cpu, uint64_t offset)
{
    return pa_make(rd_base[cpu] + offset);
}

static pa_t sgi_at(unsigned cpu, uint64_t offset)
{
    return pa_make(rd_base[cpu] + GICR_SGI_BASE + offset);
}

/* GICR_TYPER.Affinity_Value: Aff3.Aff2.Aff1.Aff0, a byte each [IHI0069 12.11.37]. */
static uint32_t affinity_of(unsigned cpu)
{
    const uint64_t mpidr = cfg_cpus[cpu].mpidr;

    return (uint32_t)((bits_get(mpidr, 39, 32) << 24) | bits_get(mpidr, 23, 0));
}

/* PA of the frame of `cpu`, or 0: walks the region until the frame that says it is the last. */
static uint64_t find_frame(unsigned cpu)
{
    const uint64_t region = cfg_system.gicr_base;

    for (uint64_t offset = 0; offset + FRAME_PAIR_BYTES <= cfg_system.gicr_size;) {
        const uint64_t typer = mmio_read64(pa_make(region + offset + GICR_TYPER));
        if (bits_get(typer, 63, 32) == affinity_of(cpu)) {
            return region + offset;
        }
        if (bit_is_set(typer, GICR_TYPER_Last)) {
            return 0;
        }
        offset += bit_is_set(typer, GICR_TYPER_VLPIS) ? FRAME_QUAD_BYTES : FRAME_PAIR_BYTES;
    }
    return 0;
}

/* With two security states GICR_WAKER is RAZ/WI here: firmware has woken the redistributor. */
static void wake(unsigned cpu)
{
    const pa_t waker = rd_at(cpu, GICR_WAKER);

    mmio_write32(waker, mmio_read32(waker) & ~(uint32_t)GICR_WAKER_ProcessorSleep);
    if (!gic_poll_clear(waker, GICR_WAKER_ChildrenAsleep)) {
        panic("CPU %u: its redistributor does not wake (GICR_WAKER.ChildrenAsleep stays 1)", cpu);
    }
}

static void silence_private(unsigned cpu)
{
    mmio_write32(sgi_at(cpu, GICD_ICENABLER), UINT32_MAX);
    if (!gic_poll_clear(rd_at(cpu, GICR_CTLR), GICR_CTLR_RWP)) {
        panic("CPU %u: its redistributor does not settle (GICR_CTLR.RWP stays 1)", cpu);
    }
    mmio_write32(sgi_at(cpu, GICD_IGROUPR), UINT32_MAX);
    mmio_write32(sgi_at(cpu, GICD_ICPENDR), UINT32_MAX);
    mmio_write32(sgi_at(cpu, GICD_ICACTIVER), UINT32_MAX);
    for (uint64_t intid = 0; intid < 32U; intid += 4U) {
        mmio_write32(sgi_at(cpu, GICD_IPRIORITYR + intid), GIC_PRIORITY_ALL);
    }
}

void gic_init_cpu(unsigned cpu)
{
    rd_base[cpu] = find_frame(cpu);
    if (rd_base[cpu] == 0U) {
        panic("CPU %u: no redistributor for MPIDR 0x%llx in 0x%llx..0x%llx", cpu,
              (unsigned long long)cfg_cpus[cpu].mpidr, (unsigned long long)cfg_system.gicr_base,
              (unsigned long long)(cfg_system.gicr_base + cfg_system.gicr_size));
    }
    wake(cpu);
    silence_private(cpu);
    mmio_write32(sgi_at(cpu, GICD_ISENABLER),
                 (UINT32_C(1) << GIC_SGI_MESSAGE) | (UINT32_C(1) << GIC_PPI_MAINTENANCE));
    gic_cpu_interface_init();
}

/* Set and clear registers: one write changes one interrupt, from whichever CPU. */
static void write_bit(unsigned cpu, uint64_t offset, uint32_t intid)
{
    mmio_write32(sgi_at(cpu, offset), UINT32_C(1) << intid);
}

void gic_ppi_enable_on(unsigned cpu, uint32_t intid, bool enable)
{
    write_bit(cpu, enable ? GICD_ISENABLER : GICD_ICENABLER, intid);
}

void gic_ppi_set_pending_on(unsigned cpu, uint32_t intid, bool pending)
{
    dsb_sy(); /* an acknowledge before is there before: gic_cpu.h */
    write_bit(cpu, pending ? GICD_ISPENDR : GICD_ICPENDR, intid);
}

void gic_ppi_set_active_on(unsigned cpu, uint32_t intid, bool active)
{
    dsb_sy(); /* an acknowledge or deactivation before is there before: gic_cpu.h */
    write_bit(cpu, active ? GICD_ISACTIVER : GICD_ICACTIVER, intid);
}

bool gic_ppi_is_pending_on(unsigned cpu, uint32_t intid)
{
    return bit_is_set(mmio_read32(sgi_at(cpu, GICD_ISPENDR)), intid);
}

void gic_ppi_enable(uint32_t intid, bool enable)
{
    gic_ppi_enable_on(this_cpu()->id, intid, enable);
}

void gic_ppi_set_active(uint32_t intid, bool active)
{
    gic_ppi_set_active_on(this_cpu()->id, intid, active);
}

/* ICENABLER has taken effect when RWP is 0, which no guest can delay [IHI0069 12.11.2]. What was
 * pending is read after that: the level of a line that fell before has got here. */
uint32_t gic_ppis_silence(uint32_t ppis)
{
    const unsigned cpu = this_cpu()->id;

    dsb_sy(); /* an acknowledge or deactivation before is there before: gic_cpu.h */
    mmio_write32(sgi_at(cpu, GICD_ICENABLER), ppis);
    while ((mmio_read32(rd_at(cpu, GICR_CTLR)) & GICR_CTLR_RWP) != 0U) {
        LOOP_WAITS();
    }
    const uint32_t pending = mmio_read32(sgi_at(cpu, GICD_ISPENDR)) & ppis;

    mmio_write32(sgi_at(cpu, GICD_ICPENDR), ppis);
    mmio_write32(sgi_at(cpu, GICD_ICACTIVER), ppis);
    return pending;
}

void gic_ppis_enable(uint32_t ppis)
{
    mmio_write32(sgi_at(this_cpu()->id, GICD_ISENABLER), ppis);
}
