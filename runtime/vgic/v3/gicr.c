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
#include "vgic/vms.h"

#include "lib/bits.h"

#define FRAME_PAIR_SHIFT 17U
#define FRAME_SGI UINT32_C(0x10000)
#define FRAME_OFFSET UINT32_C(0xFFFF)

/* Offsets in RD_base [IHI0069 12.10]. */
enum {
    GICR_CTLR = 0x0000,
    GICR_IIDR = 0x0004,
    GICR_TYPER = 0x0008,
    GICR_WAKER = 0x0014,
    GICR_IDS = 0xFFD0
};
#define GICR_PIDR0 0x93U

#define CTLR_RWP BIT(3)
#define WAKER_PROCESSOR_SLEEP BIT(1)
#define WAKER_CHILDREN_ASLEEP BIT(2)
#define TYPER_LAST BIT(4)
enum { TYPER_PROCESSOR_NUMBER_SHIFT = 8 };

static bool is_write_pending(const struct vgic_vm *g, const struct vgic_redist *r)
{
    return r != g->own && r->is_loaded && r->stale == VGIC_RELIST;
}

uint64_t vgic_gicr_typer(uint16_t vm, unsigned index)
{
    const struct cfg_vm *const cfg = &cfg_vms[vm];
    const uint64_t mpidr = cfg_vcpus[cfg->first_vcpu + index].vmpidr;
    const uint64_t affinity = (bits_get(mpidr, 39, 32) << 24) | bits_get(mpidr, 23, 0);

    return affinity << 32 | (uint64_t)index << TYPER_PROCESSOR_NUMBER_SHIFT |
           ((index + 1U == cfg->vcpu_count) ? TYPER_LAST : 0U);
}

static uint64_t waker(const struct vgic_vm *g, const struct vgic_redist *r)
{
    const bool is_quiet = r->is_asleep && !is_write_pending(g, r);

    return (r->is_asleep ? WAKER_PROCESSOR_SLEEP : 0U) | (is_quiet ? WAKER_CHILDREN_ASLEEP : 0U);
}

SLOW_PATH static void write_waker(uint16_t vm, struct vgic_redist *r, uint64_t value)
{
    const bool is_asleep = (value & WAKER_PROCESSOR_SLEEP) != 0U;
    struct vgic_vm *g = vgic_acquire(vm);

    if (r->is_asleep != is_asleep) {
        r->is_asleep = is_asleep;
        vgic_mark(g, r, VGIC_RELIST);
        vgic_spi_routes_follow_power(g);
    }
    vgic_release(g);
}

/* GICR_CTLR and GICR_WAKER: what depends on what CPUs have done. */
static enum mmio_outcome read_state(uint16_t vm, const struct vgic_redist *r, uint32_t offset,
                                    uint64_t *value)
{
    struct vgic_vm *g = vgic_acquire(vm);
    const uint64_t ctlr = is_write_pending(g, r) ? CTLR_RWP : 0U;
    const uint64_t state = (offset == GICR_CTLR) ? ctlr : waker(g, r);

    vgic_release(g);
    return mmio_answer(value, state);
}

/* RD_base: words. */
SLOW_PATH static enum mmio_outcome read_word(uint16_t vm, const struct vgic_redist *r,
                                             uint32_t offset, uint64_t *value)
{
    switch (offset) {
    case GICR_CTLR:
    case GICR_WAKER:
        return read_state(vm, r, offset, value);
    case GICR_IIDR:
        return mmio_answer(value, VGIC_IIDR_VALUE);
    default:
        return mmio_answer(value, (offset >= GICR_IDS)
                                      ? vgic_identification(offset - GICR_IDS, WIDTH_32, GICR_PIDR0)
                                      : 0U);
    }
}

SLOW_PATH static enum mmio_outcome read_rd(uint16_t vm, const struct vgic_redist *r,
                                           uint32_t offset, unsigned size_bytes, uint64_t *value)
{
    if ((offset & ~4U) == GICR_TYPER && vgic_is_64_access(offset, size_bytes)) {
        return mmio_answer(value, vgic_part_of_64(r->typer, offset, size_bytes));
    }
    return (size_bytes == WIDTH_32) ? read_word(vm, r, offset, value) : mmio_answer(value, 0);
}

/* The frame that `offset` of the region lies in: its redistributor, or NULL beyond the last. */
static struct vgic_redist *find_redist(uint16_t vm, uint32_t offset)
{
    const unsigned index = offset >> FRAME_PAIR_SHIFT;

    return (index < vgic_vms[vm].vcpu_count) ? &vgic_vms[vm].redists[index] : NULL;
}

APART static enum mmio_outcome read_frames(uint16_t vm, uint32_t offset, unsigned size_bytes,
                                           uint64_t *value)
{
    struct vgic_redist *const r = find_redist(vm, offset);
    const uint32_t in_frame = offset & FRAME_OFFSET;

    if (r == NULL) {
        return mmio_answer(value, 0);
    }
    if ((offset & FRAME_SGI) == 0U) {
        return read_rd(vm, r, in_frame, size_bytes, value);
    }
    return (in_frame < VGIC_IRQ_REGS_END) ? vgic_irq_regs_read(vm, r, in_frame, size_bytes, value)
                                          : mmio_answer(value, 0);
}

enum mmio_outcome vgic_gicr_read(uint16_t vm, uint32_t offset, unsigned size_bytes, uint64_t *value)
{
    const struct vgic_vm *const g = &vgic_vms[vm];
    const unsigned index = offset >> FRAME_PAIR_SHIFT;

    if ((offset & (FRAME_SGI | FRAME_OFFSET)) == GICR_TYPER && size_bytes == WIDTH_64 &&
        index < g->vcpu_count) {
        return mmio_answer(value, g->redists[index].typer);
    }
    return read_frames(vm, offset, size_bytes, value);
}

enum mmio_outcome vgic_gicr_write(uint16_t vm, uint32_t offset, unsigned size_bytes, uint64_t value)
{
    struct vgic_redist *const r = find_redist(vm, offset);
    const uint32_t in_frame = offset & FRAME_OFFSET;

    if (r == NULL) {
        return MMIO_DONE;
    }
    if ((offset & FRAME_SGI) != 0U && in_frame < VGIC_IRQ_REGS_END) {
        return vgic_irq_regs_write(vm, r, in_frame, size_bytes, value);
    }
    if ((offset & FRAME_SGI) == 0U && in_frame == GICR_WAKER && size_bytes == WIDTH_32) {
        write_waker(vm, r, value);
    }
    return MMIO_DONE;
}

/* The CPU interface of a GICv3 is system registers: no VM has such a region. */
enum mmio_outcome vgic_gicc_read(uint16_t vm, uint32_t offset, unsigned size_bytes, uint64_t *value)
{
    (void)vm;
    (void)offset;
    (void)size_bytes;
    (void)value;
    return MMIO_REFUSED;
}

enum mmio_outcome vgic_gicc_write(uint16_t vm, uint32_t offset, unsigned size_bytes, uint64_t value)
{
    (void)vm;
    (void)offset;
    (void)size_bytes;
    (void)value;
    return MMIO_REFUSED;
}
