/* The distributor's registers as a guest of one security state sees them; vgic/vgic.h.
 *
 * GICD_CTLR.DS is 1 and ARE is 1, both fixed: SGIs and PPIs are the redistributors', legacy
 * registers (ITARGETSR, SGIR, CPENDSGIR, SPENDSGIR) and those of a second security state
 * (IGRPMODR, NSACR) read as zero and ignore writes. Message-based SPIs, 1-of-N and range
 * selectors are supported; LPIs, extended SPIs and NMIs are not. GICD_CTLR.RWP is 1 while
 * another CPU still has to take a disabled interrupt out of its list registers.
 * [IHI0069 12.8, 12.9]
 *
 * @req IRQ-1 */
#include "lib/loop.h"
#include "vgic/regs.h"
#include "vgic/route.h"
#include "vgic/vgic.h"

#include "lib/bits.h"
#include "vgic/hw.h"

#define CTLR_GROUPS (GICD_CTLR_EnableGrp0 | GICD_CTLR_EnableGrp1)
#define CTLR_ARE BIT(4)
#define CTLR_DS BIT(6)
#define CTLR_RWP BIT(31)

#define TYPER_MBIS BIT(16)
#define TYPER_IDBITS ((uint64_t)9 << 19) /* INTIDs have 10 bits */
#define TYPER_A3V BIT(24)
#define TYPER_RSS BIT(26)

#define ROUTER_WRITABLE (FIELD(39, 31) | FIELD(23, 0))
#define ROUTER_AFF3_TO_0 (FIELD(39, 32) | FIELD(23, 0))

/* Another vCPU still has list registers that do not follow what was written. */
static bool is_write_pending(const struct vgic_vm *g)
{
    for (unsigned i = 0; i < vgic_cfg(g)->vcpu_count; i++) {
        LOOP_BOUND(CFG_VCPU_COUNT);
        const struct vgic_redist *r = vgic_redist_at(g, i);
        if (r != g->own && r->stale == VGIC_RELIST) {
            return true;
        }
    }
    return false;
}

static uint64_t read_ctlr(struct vgic_access *a)
{
    return a->g->ctlr | CTLR_ARE | CTLR_DS | (is_write_pending(a->g) ? CTLR_RWP : 0U);
}

static void write_ctlr(struct vgic_access *a)
{
    struct vgic_vm *g = a->g;

    g->ctlr = (uint32_t)a->value & CTLR_GROUPS;
    for (unsigned i = 0; i < vgic_cfg(g)->vcpu_count; i++) {
        LOOP_BOUND(CFG_VCPU_COUNT);
        vgic_private_changed(g, vgic_redist_at(g, i), 0);
    }
    for (unsigned n = 0; n < g->spi_words; n++) {
        LOOP_BOUND(CFG_SPI_TOTAL / 32U);
        vgic_spis_changed(g, n, 0);
    }
}

static uint64_t read_typer(struct vgic_access *a)
{
    return a->g->spi_words | TYPER_MBIS | TYPER_IDBITS | TYPER_A3V | TYPER_RSS;
}

static uint64_t read_iidr(struct vgic_access *a)
{
    (void)a;
    return VGIC_IIDR_VALUE;
}

/* GICD_SETSPI_NSR and GICD_CLRSPI_NSR carry an INTID; the rest is as for ISPENDR and ICPENDR,
 * but for a level-sensitive SPI, whose input the messages are [IHI0069 12.9.5, 12.9.37]. */
static void write_message(struct vgic_access *a, bool set)
{
    const unsigned intid = (unsigned)bits_get(a->value, 9, 0);
    struct vgic_word *w;

    if (intid < VGIC_PRIVATE_COUNT || !vgic_has_intid(a->g, intid)) {
        return;
    }
    w = vgic_spi_word(a->g, intid / 32U - 1U);
    a->intid = intid;
    a->value = BIT(intid % 32U);
    if (!bit_is_set(w->edge | w->hw, intid % 32U)) {
        w->line = set ? (w->line | (uint32_t)a->value) : (w->line & ~(uint32_t)a->value);
        vgic_spis_changed(a->g, intid / 32U - 1U, 0);
    } else if (set) {
        vgic_write_set_pending(a);
    } else {
        vgic_write_clear_pending(a);
    }
}

static void write_setspi(struct vgic_access *a)
{
    write_message(a, true);
}

static void write_clrspi(struct vgic_access *a)
{
    write_message(a, false);
}

static uint64_t read_router(struct vgic_access *a)
{
    return vgic_spi_of(a->g, a->intid)->router;
}

/* With IRM = 1 the affinity is RES0 [IHI0069 12.9.22]. */
static void write_router(struct vgic_access *a)
{
    uint64_t router = a->value & ROUTER_WRITABLE & ~FIELD(30, 24);

    if (bit_is_set(router, 31)) {
        router &= ~ROUTER_AFF3_TO_0;
    }
    vgic_spi_set_router(a->g, a->intid, router);
}

static uint64_t read_id(struct vgic_access *a)
{
    return vgic_identification(a->offset, 0x92);
}

/* Sorted by offset. Offsets without a row are reserved, or belong to what is said above to read
 * as zero. IROUTER begins at INTID 0 here, so that its bits an interrupt count the INTID. */
static const struct vgic_reg rows[] = {
    {0x0000, 0x0003, 0, WIDTH_32, false, read_ctlr, write_ctlr},
    {0x0004, 0x0007, 0, WIDTH_32, true, read_typer, NULL},
    {0x0008, 0x000B, 0, WIDTH_32, true, read_iidr, NULL},
    {0x000C, 0x000F, 0, WIDTH_32, false, NULL, NULL}, /* TYPER2 */
    {0x0010, 0x0013, 0, WIDTH_32, false, NULL, NULL}, /* STATUSR */
    {0x0040, 0x0043, 0, WIDTH_32, false, NULL, write_setspi},
    {0x0048, 0x004B, 0, WIDTH_32, false, NULL, write_clrspi},
    {0x0080, 0x00FF, 1, WIDTH_32, false, vgic_read_group, vgic_write_group},
    {0x0100, 0x017F, 1, WIDTH_32, false, vgic_read_enabled, vgic_write_enable},
    {0x0180, 0x01FF, 1, WIDTH_32, false, vgic_read_enabled, vgic_write_disable},
    {0x0200, 0x027F, 1, WIDTH_32, false, vgic_read_pending, vgic_write_set_pending},
    {0x0280, 0x02FF, 1, WIDTH_32, false, vgic_read_pending, vgic_write_clear_pending},
    {0x0300, 0x037F, 1, WIDTH_32, false, vgic_read_active, vgic_write_set_active},
    {0x0380, 0x03FF, 1, WIDTH_32, false, vgic_read_active, vgic_write_clear_active},
    {0x0400, 0x07FF, 8, WIDTH_8 | WIDTH_32, false, vgic_read_priority, vgic_write_priority},
    {0x0800, 0x0BFF, 8, WIDTH_8 | WIDTH_32, false, NULL, NULL}, /* ITARGETSR */
    {0x0C00, 0x0CFF, 2, WIDTH_32, false, vgic_read_config, vgic_write_config},
    {0x0D00, 0x0D7F, 1, WIDTH_32, false, NULL, NULL},           /* IGRPMODR */
    {0x0E00, 0x0EFF, 2, WIDTH_32, false, NULL, NULL},           /* NSACR */
    {0x0F00, 0x0F03, 0, WIDTH_32, false, NULL, NULL},           /* SGIR */
    {0x0F10, 0x0F2F, 8, WIDTH_8 | WIDTH_32, false, NULL, NULL}, /* CPENDSGIR, SPENDSGIR */
    {0x6000, 0x7FFF, 64, WIDTH_32 | WIDTH_64, false, read_router, write_router},
    {0xFFD0, 0xFFFF, 0, WIDTH_32, true, read_id, NULL},
};

/* Row numbers above. */
static const uint8_t starts[32] = {
    [0] = 0,          [1] = 7,   [2] = 8,          [3] = 9,         [4] = 10,
    [5] = 11,         [6] = 12,  [7] = 13,         [8 ... 15] = 14, [16 ... 23] = 15,
    [24 ... 25] = 16, [26] = 17, [27 ... 29] = 18, [30] = 19,       [31] = 21,
};

_Static_assert(ARRAY_COUNT(rows) <= VGIC_ROWS_MAX, "loop bound of vgic/regs.c");
static const struct vgic_regs regs = {rows, ARRAY_COUNT(rows), starts, 21};

bool vgic_gicd_access(uint16_t vm, struct mmio_access *m)
{
    vgic_regs_access(&regs, vm, NULL, (uint32_t)m->offset, m);
    return true;
}
