/* The distributor of a virtual GICv2, of one security state; vgic/vgic.h [IHI0048 4.1, 4.3].
 *
 * 4 KiB. What is about SGIs and PPIs is banked: a guest sees that of the vCPU that makes the access,
 * which lies on this CPU. So nothing of another vCPU's SGIs and PPIs is ever asked for, but sending
 * it an SGI. The virtual CPU interface is the hardware's GICV, which the guest reaches without EL2.
 * Groups are implemented, and both are the guest's; GICD_NSACR and NSATT belong to the security
 * extensions and are RAZ/WI. Registers of GICD_ITARGETSR for SGIs and PPIs say who asks; with a
 * single vCPU all of GICD_ITARGETSR is RAZ/WI [IHI0048 4.3.12]. GICD_ISPENDR and GICD_ICPENDR of SGIs
 * are read-only: they are pending by source [IHI0048 4.3.7].
 *
 * @req IRQ-2 */
#include "core/percpu.h"
#include "lib/bits.h"
#include "vgic/regs.h"
#include "vgic/route.h"
#include "vgic/v2/sgi.h"
#include "vgic/vgic.h"

#define CTLR_GROUPS (GICD_CTLR_EnableGrp0 | GICD_CTLR_EnableGrp1)
enum { TYPER_CPU_NUMBER_SHIFT = 5 };
#define PPI_BITS FIELD(31, 16)

static uint64_t read_ctlr(struct vgic_access *a)
{
    return a->g->ctlr;
}

static void write_ctlr(struct vgic_access *a)
{
    struct vgic_vm *g = a->g;

    g->ctlr = (uint32_t)a->value & CTLR_GROUPS;
    for (unsigned i = 0; i < vgic_cfg(g)->vcpu_count; i++) {
        vgic_private_changed(g, vgic_redist_at(g, i), 0);
    }
    for (unsigned n = 0; n < g->spi_words; n++) {
        vgic_spis_changed(g, n, 0);
    }
}

static uint64_t read_typer(struct vgic_access *a)
{
    return a->g->spi_words |
           ((uint64_t)(vgic_cfg(a->g)->vcpu_count - 1U) << TYPER_CPU_NUMBER_SHIFT);
}

static uint64_t read_iidr(struct vgic_access *a)
{
    (void)a;
    return VGIC_IIDR_VALUE;
}

/* ICPIDR4..7, ICPIDR0..3, ICCIDR0..3, a word each: the JEP106 code of the architecture, ArchRev 2
 * [IHI0048 4.3.18]. */
static uint64_t read_id(struct vgic_access *a)
{
    static const uint8_t ids[] = {0x04, 0, 0, 0, 0x90, 0xB4, 0x2B, 0, 0x0D, 0xF0, 0x05, 0xB1};

    return ids[a->offset / 4U];
}

static void write_set_pending_ppis(struct vgic_access *a)
{
    a->value &= PPI_BITS;
    vgic_write_set_pending(a);
}

static void write_clear_pending_ppis(struct vgic_access *a)
{
    a->value &= PPI_BITS;
    vgic_write_clear_pending(a);
}

static bool is_uniprocessor(const struct vgic_access *a)
{
    return vgic_cfg(a->g)->vcpu_count == 1U;
}

static uint64_t read_own_targets(struct vgic_access *a)
{
    const uint64_t own = is_uniprocessor(a) ? 0U : BIT(vgic_index_of(a->g, a->r));

    return own * ((a->count == 1U) ? 0x1U : 0x01010101U);
}

static uint64_t read_targets(struct vgic_access *a)
{
    uint64_t value = 0;

    for (uint32_t i = 0; i < a->count && !is_uniprocessor(a); i++) {
        value |= vgic_spi_of(a->g, a->intid + i)->router << (8U * i);
    }
    return value;
}

/* Bits of CPU interfaces that the VM does not have are RAZ/WI. */
static void write_targets(struct vgic_access *a)
{
    const uint64_t all = BIT(vgic_cfg(a->g)->vcpu_count) - 1U;

    for (uint32_t i = 0; i < a->count && !is_uniprocessor(a); i++) {
        const uint64_t targets = (a->value >> (8U * i)) & all;

        if (vgic_spi_of(a->g, a->intid + i)->router != targets) {
            vgic_spi_set_router(a->g, a->intid + i, targets);
        }
    }
}

/* Banked: SGIs and PPIs, and SGIR, whose sender it is about. Sorted by offset. */
static const struct vgic_reg own_rows[] = {
    {0x080, 0x083, 1, WIDTH_32, false, vgic_read_group, vgic_write_group},
    {0x100, 0x103, 1, WIDTH_32, false, vgic_read_enabled, vgic_write_enable},
    {0x180, 0x183, 1, WIDTH_32, false, vgic_read_enabled, vgic_write_disable},
    {0x200, 0x203, 1, WIDTH_32, false, vgic_read_pending, write_set_pending_ppis},
    {0x280, 0x283, 1, WIDTH_32, false, vgic_read_pending, write_clear_pending_ppis},
    {0x300, 0x303, 1, WIDTH_32, false, vgic_read_active, vgic_write_set_active},
    {0x380, 0x383, 1, WIDTH_32, false, vgic_read_active, vgic_write_clear_active},
    {0x400, 0x41F, 8, WIDTH_8 | WIDTH_32, false, vgic_read_priority, vgic_write_priority},
    {0x800, 0x81F, 8, WIDTH_8 | WIDTH_32, true, read_own_targets, NULL},
    {0xC00, 0xC07, 2, WIDTH_32, false, vgic_read_config, NULL}, /* fixed: as wired */
    {0xE00, 0xE07, 2, WIDTH_32, true, NULL, NULL},              /* NSACR */
    {0xF00, 0xF03, 0, WIDTH_32, false, NULL, vgic_write_sgir},
    {0xF10, 0xF1F, 8, WIDTH_8 | WIDTH_32, false, vgic_read_sgi_sources,
     vgic_write_clear_sgi_sources},
    {0xF20, 0xF2F, 8, WIDTH_8 | WIDTH_32, false, vgic_read_sgi_sources,
     vgic_write_set_sgi_sources},
};

/* The same for all vCPUs. Rows begin at INTID 0, so that their bits count the INTID. */
static const struct vgic_reg shared_rows[] = {
    {0x000, 0x003, 0, WIDTH_32, false, read_ctlr, write_ctlr},
    {0x004, 0x007, 0, WIDTH_32, true, read_typer, NULL},
    {0x008, 0x00B, 0, WIDTH_32, true, read_iidr, NULL},
    {0x080, 0x0FF, 1, WIDTH_32, false, vgic_read_group, vgic_write_group},
    {0x100, 0x17F, 1, WIDTH_32, false, vgic_read_enabled, vgic_write_enable},
    {0x180, 0x1FF, 1, WIDTH_32, false, vgic_read_enabled, vgic_write_disable},
    {0x200, 0x27F, 1, WIDTH_32, false, vgic_read_pending, vgic_write_set_pending},
    {0x280, 0x2FF, 1, WIDTH_32, false, vgic_read_pending, vgic_write_clear_pending},
    {0x300, 0x37F, 1, WIDTH_32, false, vgic_read_active, vgic_write_set_active},
    {0x380, 0x3FF, 1, WIDTH_32, false, vgic_read_active, vgic_write_clear_active},
    {0x400, 0x7FF, 8, WIDTH_8 | WIDTH_32, false, vgic_read_priority, vgic_write_priority},
    {0x800, 0xBFF, 8, WIDTH_8 | WIDTH_32, false, read_targets, write_targets},
    {0xC00, 0xCFF, 2, WIDTH_32, false, vgic_read_config, vgic_write_config},
    {0xFD0, 0xFFF, 0, WIDTH_32, true, read_id, NULL},
};

static const struct vgic_regs own_regs = {own_rows, ARRAY_COUNT(own_rows), NULL, 0};
static const struct vgic_regs shared_regs = {shared_rows, ARRAY_COUNT(shared_rows), NULL, 0};

static bool is_banked(uint64_t offset)
{
    bool is = false;

    for (unsigned i = 0; i < ARRAY_COUNT(own_rows) && own_rows[i].first <= offset && !is; i++) {
        is = offset <= own_rows[i].last;
    }
    return is;
}

bool vgic_gicd_access(uint16_t vm, struct mmio_access *m)
{
    if (is_banked(m->offset)) {
        vgic_regs_access(&own_regs, vm, &vgic_redists[this_cpu()->vcpu->id], (uint32_t)m->offset,
                         m);
    } else {
        vgic_regs_access(&shared_regs, vm, NULL, (uint32_t)m->offset, m);
    }
    return true;
}

/* There are none: no VM has such a region. */
bool vgic_gicr_access(uint16_t vm, struct mmio_access *m)
{
    (void)vm;
    (void)m;
    return false;
}
