/* The redistributors' registers; vgic/vgic.h [IHI0069 12.10, 12.11].
 *
 * Two frames of 64 KiB a vCPU, in the order of their index: RD_base and SGI_base. There are no
 * LPIs: GICR_TYPER.PLPIS is 0, GICR_PROPBASER and GICR_PENDBASER read as zero and ignore writes.
 * GICR_WAKER.ProcessorSleep keeps pending interrupts away from the CPU; ChildrenAsleep follows it
 * at once for this CPU's vCPU and when the other CPU has done it otherwise. Any vCPU of the VM
 * may access any of the frames.
 *
 * @req IRQ-1 */
#include "vgic/regs.h"
#include "vgic/route.h"
#include "vgic/vgic.h"

#include "lib/bits.h"

enum { FRAME_SHIFT = 16, FRAME_PAIR_SHIFT = 17 };

#define CTLR_RWP BIT(3)
#define WAKER_PROCESSOR_SLEEP BIT(1)
#define WAKER_CHILDREN_ASLEEP BIT(2)
#define TYPER_LAST BIT(4)
enum { TYPER_PROCESSOR_NUMBER_SHIFT = 8 };

static bool is_write_pending(const struct vgic_access *a)
{
    return a->r != a->g->own && a->r->stale == VGIC_RELIST;
}

static uint64_t read_ctlr(struct vgic_access *a)
{
    return is_write_pending(a) ? CTLR_RWP : 0U;
}

static uint64_t read_iidr(struct vgic_access *a)
{
    (void)a;
    return VGIC_IIDR_VALUE;
}

static uint64_t read_typer(struct vgic_access *a)
{
    const uint64_t mpidr = cfg_vcpus[a->r->vcpu].vmpidr;
    const unsigned index = vgic_index_of(a->g, a->r);
    uint64_t typer = (bits_get(mpidr, 39, 32) << 56) | (bits_get(mpidr, 23, 0) << 32);

    typer |= (uint64_t)index << TYPER_PROCESSOR_NUMBER_SHIFT;
    typer |= (index + 1U == vgic_cfg(a->g)->vcpu_count) ? TYPER_LAST : 0U;
    return typer;
}

static uint64_t read_waker(struct vgic_access *a)
{
    const bool is_quiet = a->r->is_asleep && !is_write_pending(a);

    return (a->r->is_asleep ? WAKER_PROCESSOR_SLEEP : 0U) |
           (is_quiet ? WAKER_CHILDREN_ASLEEP : 0U);
}

static void write_waker(struct vgic_access *a)
{
    const bool is_asleep = (a->value & WAKER_PROCESSOR_SLEEP) != 0U;

    if (a->r->is_asleep != is_asleep) {
        a->r->is_asleep = is_asleep;
        vgic_mark(a->g, a->r, VGIC_RELIST);
        vgic_spi_route_one_of_n(a->g);
    }
}

static uint64_t read_id(struct vgic_access *a)
{
    return vgic_identification(a->offset, 0x93);
}

static const struct vgic_reg rd_rows[] = {
    {0x0000, 0x0003, 0, WIDTH_32, false, read_ctlr, NULL},
    {0x0004, 0x0007, 0, WIDTH_32, true, read_iidr, NULL},
    {0x0008, 0x000F, 0, WIDTH_32 | WIDTH_64, true, read_typer, NULL},
    {0x0010, 0x0013, 0, WIDTH_32, false, NULL, NULL}, /* STATUSR */
    {0x0014, 0x0017, 0, WIDTH_32, false, read_waker, write_waker},
    {0x0070, 0x007F, 0, WIDTH_32 | WIDTH_64, false, NULL, NULL}, /* PROPBASER, PENDBASER */
    {0xFFD0, 0xFFFF, 0, WIDTH_32, true, read_id, NULL},
};

static const struct vgic_reg sgi_rows[] = {
    {0x0080, 0x0083, 1, WIDTH_32, false, vgic_read_group, vgic_write_group},
    {0x0100, 0x0103, 1, WIDTH_32, false, vgic_read_enabled, vgic_write_enable},
    {0x0180, 0x0183, 1, WIDTH_32, false, vgic_read_enabled, vgic_write_disable},
    {0x0200, 0x0203, 1, WIDTH_32, false, vgic_read_pending, vgic_write_set_pending},
    {0x0280, 0x0283, 1, WIDTH_32, false, vgic_read_pending, vgic_write_clear_pending},
    {0x0300, 0x0303, 1, WIDTH_32, false, vgic_read_active, vgic_write_set_active},
    {0x0380, 0x0383, 1, WIDTH_32, false, vgic_read_active, vgic_write_clear_active},
    {0x0400, 0x041F, 8, WIDTH_8 | WIDTH_32, false, vgic_read_priority, vgic_write_priority},
    {0x0C00, 0x0C07, 2, WIDTH_32, false, vgic_read_config, NULL}, /* fixed: as wired */
    {0x0D00, 0x0D03, 1, WIDTH_32, false, NULL, NULL},             /* IGRPMODR0 */
    {0x0E00, 0x0E03, 2, WIDTH_32, false, NULL, NULL},             /* NSACR */
};

_Static_assert(ARRAY_COUNT(rd_rows) <= VGIC_ROWS_MAX && ARRAY_COUNT(sgi_rows) <= VGIC_ROWS_MAX,
               "loop bound of vgic/regs.c");

/* RD_base and SGI_base, in this order. */
static const struct vgic_regs frames[] = {
    {rd_rows, ARRAY_COUNT(rd_rows), NULL, 0},
    {sgi_rows, ARRAY_COUNT(sgi_rows), NULL, 0},
};

bool vgic_gicr_access(uint16_t vm, struct mmio_access *m)
{
    const unsigned index = (unsigned)(m->offset >> FRAME_PAIR_SHIFT);

    if (index < cfg_vms[vm].vcpu_count) {
        vgic_regs_access(&frames[bits_get(m->offset, FRAME_SHIFT, FRAME_SHIFT)], vm,
                         &vgic_redists[cfg_vms[vm].first_vcpu + index],
                         (uint32_t)bits_get(m->offset, FRAME_SHIFT - 1U, 0), m);
    } else if (!m->is_write) {
        m->value = 0;
    }
    return true;
}
