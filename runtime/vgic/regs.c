/* From an access to a row of the table of interrupts' registers; vgic/regs.h [IHI0069 12.1.3].
 *
 * The table is found by blocks of 128 bytes, which is the size of a register with one bit for each
 * of 1024 INTIDs. The VM's lock is taken here: for each write, and for the reads that look at list
 * registers; the others are one load each.
 *
 * @req IRQ-1 */
#include "vgic/regs.h"

#include "lib/bits.h"
#include "vgic/vms.h"
#include "vgic_variant.h"

enum { BLOCK_SHIFT = 7 };

struct row {
    uint16_t first;     /* offset of the first byte */
    uint8_t log2_bits;  /* of the bits that an interrupt has */
    uint8_t widths;     /* allowed, or-ed; 0: nothing is here */
    bool is_plain_read; /* reads one word of the state, and needs no lock for it */
    uint64_t (*read)(struct vgic_access *a);
    void (*write)(struct vgic_access *a);
};

static const struct row rows[] = {
    {0, 0, 0, true, NULL, NULL},
    {0x0080, 0, WIDTH_32, true, vgic_read_group, vgic_write_group},
    {0x0100, 0, WIDTH_32, true, vgic_read_enabled, vgic_write_enable},
    {0x0180, 0, WIDTH_32, true, vgic_read_enabled, vgic_write_disable},
    {0x0200, 0, WIDTH_32, false, vgic_read_pending, vgic_write_set_pending},
    {0x0280, 0, WIDTH_32, false, vgic_read_pending, vgic_write_clear_pending},
    {0x0300, 0, WIDTH_32, false, vgic_read_active, vgic_write_set_active},
    {0x0380, 0, WIDTH_32, false, vgic_read_active, vgic_write_clear_active},
    {0x0400, 3, WIDTH_8 | WIDTH_32, true, vgic_read_priority, vgic_write_priority},
    {0x0C00, 1, WIDTH_32, true, vgic_read_config, vgic_write_config},
};

/* Row of each block. Row 0, nothing: ITARGETSR (0x800), which ARE makes RAZ/WI; IGRPMODR (0xD00),
 * NSACR (0xE00), which are a second security state's; SGIR and S/CPENDSGIR (0xF00), as ITARGETSR.
 */
static const uint8_t row_of_block[VGIC_IRQ_REGS_END >> BLOCK_SHIFT] = {
    [0x01] = 1, [0x02] = 2, [0x03] = 3,          [0x04] = 4,          [0x05] = 5,
    [0x06] = 6, [0x07] = 7, [0x08 ... 0x0F] = 8, [0x18 ... 0x19] = 9,
};

static const struct row *row_at(uint32_t offset)
{
    return &rows[row_of_block[offset >> BLOCK_SHIFT]];
}

/* Fills in the interrupts that the access is about; false when it is not allowed, or they do not
 * exist in this frame. */
static bool find_interrupts(const struct row *row, struct vgic_access *a, uint32_t offset,
                            unsigned size_bytes)
{
    a->intid = ((offset - row->first) * 8U) >> row->log2_bits;
    a->count = (size_bytes * 8U) >> row->log2_bits;
    if ((row->widths & size_bytes) == 0U || (offset & (size_bytes - 1U)) != 0U) {
        return false;
    }
    if (a->r != NULL) {
        return a->intid < VGIC_PRIVATE_COUNT;
    }
    if (vgic_gicd_is_banked() && a->intid < VGIC_PRIVATE_COUNT) {
        a->r = &vgic_redists[this_cpu()->vcpu->id];
        return true;
    }
    return a->intid >= VGIC_PRIVATE_COUNT && vgic_has_intid(a->g, a->intid);
}

enum mmio_outcome vgic_irq_regs_read(uint16_t vm, struct vgic_redist *r, uint32_t offset,
                                     unsigned size_bytes, uint64_t *value)
{
    const struct row *const row = row_at(offset);
    struct vgic_access a = {.g = &vgic_vms[vm], .r = r, .retry = false};

    if (!find_interrupts(row, &a, offset, size_bytes)) {
        return mmio_answer(value, 0);
    }
    if (row->is_plain_read) {
        return mmio_answer(value, row->read(&a));
    }
    vgic_enter(a.g);
    const uint64_t answer = row->read(&a);

    vgic_leave(a.g);
    return a.retry ? MMIO_RETRY : mmio_answer(value, answer);
}

enum mmio_outcome vgic_irq_regs_write(uint16_t vm, struct vgic_redist *r, uint32_t offset,
                                      unsigned size_bytes, uint64_t value)
{
    const struct row *const row = row_at(offset);
    struct vgic_access a = {.g = &vgic_vms[vm], .r = r, .value = value};

    if (find_interrupts(row, &a, offset, size_bytes)) {
        vgic_enter(a.g);
        row->write(&a);
        vgic_leave(a.g);
    }
    return MMIO_DONE;
}

uint64_t vgic_identification(uint32_t offset, unsigned size_bytes, uint8_t part)
{
    /* PIDR4..7, PIDR0..3, CIDR0..3, a word each. DES_0/1/2 are the JEP106 code of the
     * architecture; PIDR2 has JEDEC and ArchRev 3; CIDR is that of a CoreLink component. */
    const uint8_t ids[] = {0x44, 0, 0, 0, part, 0xB4, 0x3B, 0, 0x0D, 0xF0, 0x05, 0xB1};

    return (size_bytes == WIDTH_32 && offset % 4U == 0U) ? ids[offset / 4U] : 0U;
}
