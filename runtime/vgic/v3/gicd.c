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
#include "vgic/vms.h"

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

/* Offsets [IHI0069 12.8]. */
enum {
    GICD_CTLR = 0x0000,
    GICD_TYPER = 0x0004,
    GICD_IIDR = 0x0008,
    GICD_SETSPI_NSR = 0x0040,
    GICD_CLRSPI_NSR = 0x0048,
    GICD_WORDS_END = 0x0080,
    GICD_ISENABLER = 0x0100,
    GICD_ICENABLER = 0x0180,
    GICD_ISPENDR = 0x0200,
    GICD_IPRIORITYR = 0x0400,
    GICD_ITARGETSR = 0x0800,
    GICD_IROUTER = 0x6000, /* as if there were one for INTID 0 */
    GICD_IDS = 0xFFD0,
};
#define GICD_PIDR0 0x92U

#define ROUTER_WRITABLE (FIELD(39, 31) | FIELD(23, 0))
#define ROUTER_AFF3_TO_0 (FIELD(39, 32) | FIELD(23, 0))

/* Another vCPU still has list registers that do not follow what was written. */
static bool is_write_pending(const struct vgic_vm *g)
{
    for (unsigned i = 0; i < vgic_cfg(g)->vcpu_count; i++) {
        LOOP_BOUND(CFG_VM_VCPU_MAX);
        const struct vgic_redist *r = vgic_redist_at(g, i);
        if (r != g->own && r->is_loaded && r->stale == VGIC_RELIST) {
            return true;
        }
    }
    return false;
}

SLOW_PATH static enum mmio_outcome read_ctlr(uint16_t vm, uint64_t *value)
{
    struct vgic_vm *g = vgic_acquire(vm);
    const uint64_t ctlr = g->ctlr | CTLR_ARE | CTLR_DS | (is_write_pending(g) ? CTLR_RWP : 0U);

    vgic_release(g);
    return mmio_answer(value, ctlr);
}

uint32_t vgic_gicd_typer(uint16_t vm)
{
    return (uint32_t)(cfg_vms[vm].spi_count / 32U | TYPER_MBIS | TYPER_IDBITS | TYPER_A3V |
                      TYPER_RSS);
}

/* GICD_SETSPI_NSR and GICD_CLRSPI_NSR carry an INTID; the rest is as for ISPENDR and ICPENDR, but
 * for a level-sensitive SPI: that is asserted from the one to the other, whatever its line does
 * [IHI0069 12.9.1, 12.9.33]. */
static void write_message(struct vgic_vm *g, uint64_t value, bool set)
{
    struct vgic_access a = {.g = g, .intid = (uint32_t)bits_get(value, 9, 0)};

    if (a.intid < VGIC_PRIVATE_COUNT || !vgic_has_intid(g, a.intid)) {
        return;
    }
    struct vgic_word *const w = vgic_spi_word(g, a.intid / 32U - 1U);

    a.value = BIT(a.intid % 32U);
    w->message &= ~(uint32_t)a.value;
    if (!bit_is_set(w->edge | w->hw, a.intid % 32U)) {
        w->message |= set ? (uint32_t)a.value : 0U;
        vgic_spis_changed(g, a.intid / 32U - 1U, 0);
    } else if (set) {
        vgic_write_set_pending(&a);
    } else {
        vgic_write_clear_pending(&a);
    }
}

/* With IRM = 1 the affinity is RES0 [IHI0069 12.9.22]. */
static void write_router(struct vgic_vm *g, unsigned intid, uint64_t value)
{
    uint64_t router = value & ROUTER_WRITABLE & ~FIELD(30, 24);

    if (bit_is_set(router, 31)) {
        router &= ~ROUTER_AFF3_TO_0;
    }
    vgic_spi_set_router(g, intid, router);
}

/* INTID of the GICD_IROUTER<n> at `offset`; false when there is none, or the access is not one. */
static bool find_router(uint16_t vm, uint32_t offset, unsigned size_bytes, unsigned *intid)
{
    *intid = (offset - GICD_IROUTER) / 8U;
    return offset >= GICD_IROUTER && *intid >= VGIC_PRIVATE_COUNT &&
           *intid < (unsigned)VGIC_PRIVATE_COUNT + cfg_vms[vm].spi_count &&
           vgic_is_64_access(offset, size_bytes);
}

/* What lies beyond the registers of single interrupts. */
SLOW_PATH static enum mmio_outcome read_far(uint16_t vm, uint32_t offset, unsigned size_bytes,
                                            uint64_t *value)
{
    unsigned intid;

    if (offset >= GICD_IDS) {
        return mmio_answer(value, vgic_identification(offset - GICD_IDS, size_bytes, GICD_PIDR0));
    }
    if (!find_router(vm, offset, size_bytes, &intid)) {
        return mmio_answer(value, 0);
    }
    struct vgic_vm *g = vgic_acquire(vm);
    const uint64_t router = vgic_spi_of(g, intid)->router;

    vgic_release(g);
    return mmio_answer(value, vgic_part_of_64(router, offset, size_bytes));
}

/* A word that is written leaves the other as it is. */
SLOW_PATH static void write_far(uint16_t vm, uint32_t offset, unsigned size_bytes, uint64_t value)
{
    const unsigned low = ((offset & 4U) != 0U) ? 32U : 0U;
    unsigned intid;

    if (!find_router(vm, offset, size_bytes, &intid)) {
        return;
    }
    struct vgic_vm *g = vgic_acquire(vm);
    const uint64_t router = (size_bytes == WIDTH_64)
                                ? value
                                : bits_set(vgic_spi_of(g, intid)->router, low + 31U, low, value);

    write_router(g, intid, router);
    vgic_release(g);
}

/* Words about the distributor as a whole; TYPER2, STATUSR and the rest are not there. */
SLOW_PATH static enum mmio_outcome read_word(uint16_t vm, uint32_t offset, uint64_t *value)
{
    switch (offset) {
    case GICD_CTLR:
        return read_ctlr(vm, value);
    case GICD_IIDR:
        return mmio_answer(value, VGIC_IIDR_VALUE);
    default:
        return mmio_answer(value, 0);
    }
}

SLOW_PATH static void write_word(uint16_t vm, uint32_t offset, unsigned size_bytes, uint64_t value)
{
    const bool is_message = offset == GICD_SETSPI_NSR || offset == GICD_CLRSPI_NSR;
    struct vgic_vm *g = vgic_acquire(vm);

    if (is_message && (size_bytes == WIDTH_16 || size_bytes == WIDTH_32)) {
        write_message(g, value, offset == GICD_SETSPI_NSR);
    } else if (offset == GICD_CTLR && size_bytes == WIDTH_32) {
        vgic_set_ctlr(g, (uint32_t)value & CTLR_GROUPS);
    }
    vgic_release(g);
}

enum mmio_outcome vgic_gicd_read(uint16_t vm, uint32_t offset, unsigned size_bytes, uint64_t *value)
{
    if (offset == GICD_TYPER && size_bytes == WIDTH_32) {
        return mmio_answer(value, vgic_vms[vm].typer);
    }
    if (offset < GICD_WORDS_END) {
        return (size_bytes == WIDTH_32) ? read_word(vm, offset, value) : mmio_answer(value, 0);
    }
    if (offset < VGIC_IRQ_REGS_END) {
        return vgic_irq_regs_read(vm, NULL, offset, size_bytes, value);
    }
    return read_far(vm, offset, size_bytes, value);
}

APART static enum mmio_outcome write_any(uint16_t vm, uint32_t offset, unsigned size_bytes,
                                         uint64_t value)
{
    if (offset >= GICD_WORDS_END && offset < VGIC_IRQ_REGS_END) {
        return vgic_irq_regs_write(vm, NULL, offset, size_bytes, value);
    }
    if (offset >= VGIC_IRQ_REGS_END) {
        write_far(vm, offset, size_bytes, value);
    } else {
        write_word(vm, offset, size_bytes, value);
    }
    return MMIO_DONE;
}

enum mmio_outcome vgic_gicd_write(uint16_t vm, uint32_t offset, unsigned size_bytes, uint64_t value)
{
    if (offset >= GICD_IPRIORITYR && offset < GICD_ITARGETSR && size_bytes == WIDTH_8) {
        return vgic_spi_write_priority(vm, offset - GICD_IPRIORITYR, size_bytes, value);
    }
    if (offset >= GICD_ISENABLER && offset < GICD_ISPENDR && size_bytes == WIDTH_32 &&
        offset % WIDTH_32 == 0U) {
        return vgic_spis_write_enable(vm, offset - GICD_ISENABLER, size_bytes, value);
    }
    return write_any(vm, offset, size_bytes, value);
}
