/* The distributor of a virtual GICv2, of one security state; vgic/vgic.h [IHI0048 4.1, 4.3].
 *
 * 4 KiB. What is about SGIs and PPIs is banked: a guest sees that of the vCPU that makes the
 * access, which lies on this CPU. So nothing of another vCPU's SGIs and PPIs is ever asked for, but
 * sending it an SGI. The virtual CPU interface is the hardware's GICV, which the guest reaches
 * without EL2. Groups are implemented, and both are the guest's; GICD_NSACR and NSATT belong to the
 * security extensions and are RAZ/WI. Registers of GICD_ITARGETSR for SGIs and PPIs say who asks;
 * with a single vCPU all of GICD_ITARGETSR is RAZ/WI [IHI0048 4.3.12]. GICD_ISPENDR and
 * GICD_ICPENDR of SGIs are read-only: they are pending by source [IHI0048 4.3.7].
 *
 * @req IRQ-2 */
#include "core/percpu.h"
#include "gic/v2/gic_regs.h"
#include "lib/bits.h"
#include "lib/loop.h"
#include "vgic/regs.h"
#include "vgic/route.h"
#include "vgic/v2/sgi.h"
#include "vgic/vgic.h"
#include "vgic/vms.h"

#define CTLR_GROUPS (GICD_CTLR_EnableGrp0 | GICD_CTLR_EnableGrp1)
enum { TYPER_CPU_NUMBER_SHIFT = 5 };

/* Offsets, beside those of gic/v2/gic_regs.h [IHI0048 4.1.2]. */
enum {
    GICD_IIDR = 0x008,
    GICD_WORDS_END = 0x080,
    GICD_IDS = 0xFD0,
};

/* ICPIDR4..7, ICPIDR0..3, ICCIDR0..3, a word each: the JEP106 code of the architecture, ArchRev 2
 * [IHI0048 4.3.18]. */
static uint64_t id_at(uint32_t offset)
{
    static const uint8_t ids[] = {0x04, 0, 0, 0, 0x90, 0xB4, 0x2B, 0, 0x0D, 0xF0, 0x05, 0xB1};

    return ids[(offset - GICD_IDS) / 4U];
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
        LOOP_BOUND(8);
        value |= vgic_spi_of(a->g, a->intid + i)->router << (8U * i);
    }
    return value;
}

/* Bits of CPU interfaces that the VM does not have are RAZ/WI. */
static void write_targets(struct vgic_access *a)
{
    const uint64_t all = BIT(vgic_cfg(a->g)->vcpu_count) - 1U;

    for (uint32_t i = 0; i < a->count && !is_uniprocessor(a); i++) {
        LOOP_BOUND(8);
        const uint64_t targets = (a->value >> (8U * i)) & all;

        if (vgic_spi_of(a->g, a->intid + i)->router != targets) {
            vgic_spi_set_router(a->g, a->intid + i, targets);
        }
    }
}

static uint64_t read_any_targets(struct vgic_access *a)
{
    return (a->r != NULL) ? read_own_targets(a) : read_targets(a);
}

static void write_any_targets(struct vgic_access *a)
{
    if (a->r == NULL) {
        write_targets(a);
    }
}

/* Registers with a byte for each interrupt, or for each SGI, that only a GICv2 has. */
struct byte_row {
    uint16_t first; /* offset of the first byte */
    uint16_t end;   /* behind the last */
    uint64_t (*read)(struct vgic_access *a);
    void (*write)(struct vgic_access *a);
};

static const struct byte_row byte_rows[] = {
    {0x800, 0xC00, read_any_targets, write_any_targets},
    {0xF10, 0xF20, vgic_read_sgi_sources, vgic_write_clear_sgi_sources},
    {0xF20, 0xF30, vgic_read_sgi_sources, vgic_write_set_sgi_sources},
};

static const struct byte_row *byte_row_at(uint32_t offset)
{
    for (unsigned i = 0; i < ARRAY_COUNT(byte_rows); i++) {
        LOOP_BOUND(ARRAY_COUNT(byte_rows));
        if (offset >= byte_rows[i].first && offset < byte_rows[i].end) {
            return &byte_rows[i];
        }
    }
    return NULL;
}

/* The interrupts of an access to `row`; false when it is not allowed or they do not exist. */
static bool find_bytes(const struct byte_row *row, struct vgic_access *a, uint32_t offset,
                       unsigned size_bytes)
{
    a->intid = offset - row->first;
    a->count = size_bytes;
    a->r = (a->intid < VGIC_PRIVATE_COUNT) ? &vgic_redists[this_cpu()->vcpu->id] : NULL;
    return (size_bytes == WIDTH_8 || size_bytes == WIDTH_32) &&
           (offset & (size_bytes - 1U)) == 0U && vgic_has_intid(a->g, a->intid);
}

static enum mmio_outcome read_bytes(const struct byte_row *row, uint16_t vm, uint32_t offset,
                                    unsigned size_bytes, uint64_t *value)
{
    struct vgic_access a = {.g = vgic_acquire(vm)};
    const uint64_t answer = find_bytes(row, &a, offset, size_bytes) ? row->read(&a) : 0U;

    vgic_release(a.g);
    return mmio_answer(value, answer);
}

static void write_bytes(const struct byte_row *row, uint16_t vm, uint32_t offset,
                        unsigned size_bytes, uint64_t value)
{
    struct vgic_access a = {.g = vgic_acquire(vm), .value = value};

    if (find_bytes(row, &a, offset, size_bytes)) {
        row->write(&a);
    }
    vgic_release(a.g);
}

/* Registers of one word about the distributor as a whole. */
static uint64_t read_word(uint16_t vm, uint32_t offset)
{
    switch (offset) {
    case GICD_CTLR:
        return vgic_vms[vm].ctlr;
    case GICD_TYPER:
        return vgic_vms[vm].typer;
    case GICD_IIDR:
        return VGIC_IIDR_VALUE;
    default:
        return (offset >= GICD_IDS) ? id_at(offset) : 0U;
    }
}

static void write_word(uint16_t vm, uint32_t offset, uint64_t value)
{
    struct vgic_access a = {.g = vgic_acquire(vm), .value = value};

    a.r = &vgic_redists[this_cpu()->vcpu->id];
    if (offset == GICD_CTLR) {
        vgic_set_ctlr(a.g, (uint32_t)value & CTLR_GROUPS);
    } else if (offset == GICD_SGIR) {
        vgic_write_sgir(&a);
    }
    vgic_release(a.g);
}

static bool is_word(uint32_t offset, unsigned size_bytes)
{
    return size_bytes == WIDTH_32 && offset % WIDTH_32 == 0U;
}

enum mmio_outcome vgic_gicd_read(uint16_t vm, uint32_t offset, unsigned size_bytes, uint64_t *value)
{
    const struct byte_row *const row = byte_row_at(offset);

    if (row != NULL) {
        return read_bytes(row, vm, offset, size_bytes, value);
    }
    if (offset >= GICD_WORDS_END && offset < GICD_SGIR) {
        return vgic_irq_regs_read(vm, NULL, offset, size_bytes, value);
    }
    return mmio_answer(value, is_word(offset, size_bytes) ? read_word(vm, offset) : 0U);
}

enum mmio_outcome vgic_gicd_write(uint16_t vm, uint32_t offset, unsigned size_bytes, uint64_t value)
{
    const struct byte_row *const row = byte_row_at(offset);

    if (row != NULL) {
        write_bytes(row, vm, offset, size_bytes, value);
    } else if (offset >= GICD_WORDS_END && offset < GICD_SGIR) {
        return vgic_irq_regs_write(vm, NULL, offset, size_bytes, value);
    } else if (is_word(offset, size_bytes)) {
        write_word(vm, offset, value);
    }
    return MMIO_DONE;
}

/* There are none: no VM has such a region. */
enum mmio_outcome vgic_gicr_read(uint16_t vm, uint32_t offset, unsigned size_bytes, uint64_t *value)
{
    (void)vm;
    (void)offset;
    (void)size_bytes;
    (void)value;
    return MMIO_REFUSED;
}

enum mmio_outcome vgic_gicr_write(uint16_t vm, uint32_t offset, unsigned size_bytes, uint64_t value)
{
    (void)vm;
    (void)offset;
    (void)size_bytes;
    (void)value;
    return MMIO_REFUSED;
}

uint32_t vgic_gicd_typer(uint16_t vm)
{
    return cfg_vms[vm].spi_count / 32U | ((cfg_vms[vm].vcpu_count - 1U) << TYPER_CPU_NUMBER_SHIFT);
}

uint64_t vgic_gicr_typer(uint16_t vm, unsigned index)
{
    (void)vm;
    (void)index;
    return 0;
}
