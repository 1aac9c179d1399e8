/* From an access to a row of a register table; vgic/regs.h [IHI0069 12.1.3].
 *
 * A 64-bit register may also be accessed by its two words; a word that is written leaves the
 * other as it is. The VM's lock is taken here, and only where there is state to read or change:
 * not for fixed registers, nor for what reads as zero and ignores writes.
 *
 * @req IRQ-1 */
#include "vgic/regs.h"

#include "lib/bits.h"
#include "lib/loop.h"
#include "vgic/vms.h"

enum { STARTS_END = 0x1000, STARTS_STEP = 0x80 };

static const struct vgic_reg *find(const struct vgic_regs *regs, uint32_t offset)
{
    const struct vgic_reg *row = regs->rows;
    const struct vgic_reg *const end = row + regs->count;

    if (regs->starts != NULL) {
        row += (offset < STARTS_END) ? regs->starts[offset / STARTS_STEP] : regs->beyond;
    }
    for (; row != end; row++) {
        LOOP_BOUND(VGIC_ROWS_MAX);
        if (offset <= row->last) {
            return (offset >= row->first) ? row : NULL;
        }
    }
    return NULL;
}

/* Is there something at `offset` that this access can reach? */
static bool is_possible(const struct vgic_reg *row, uint32_t offset, const struct mmio_access *m)
{
    return row != NULL && (row->widths & m->size_bytes) != 0U &&
           (offset & (m->size_bytes - 1U)) == 0U &&
           (m->is_write ? row->write != NULL : row->read != NULL);
}

/* The interrupts that the access is about; false when they do not exist here. */
static bool find_interrupts(const struct vgic_reg *row, struct vgic_access *a, unsigned size_bytes)
{
    a->intid = a->offset * 8U / row->bits;
    a->count = size_bytes * 8U / row->bits;
    return (a->r != NULL) ? a->intid < VGIC_PRIVATE_COUNT
                          : a->intid >= VGIC_PRIVATE_COUNT && vgic_has_intid(a->g, a->intid);
}

static void read_row(const struct vgic_reg *row, struct vgic_access *a, struct mmio_access *m)
{
    m->value = row->read(a);
    m->retry = a->retry;
    if ((row->widths & WIDTH_64) != 0U && m->size_bytes == WIDTH_32) {
        m->value = ((m->offset & 4U) != 0U) ? m->value >> 32 : m->value & UINT32_MAX;
    }
}

static void write_row(const struct vgic_reg *row, struct vgic_access *a,
                      const struct mmio_access *m)
{
    a->value = m->value;
    if ((row->widths & WIDTH_64) != 0U && m->size_bytes == WIDTH_32) {
        const unsigned low = ((m->offset & 4U) != 0U) ? 32U : 0U;
        a->value = bits_set(row->read(a), low + 31U, low, m->value);
    }
    row->write(a);
}

static void access_row(const struct vgic_reg *row, struct vgic_access *a, struct mmio_access *m)
{
    if (m->is_write) {
        write_row(row, a, m);
    } else {
        read_row(row, a, m);
    }
}

void vgic_regs_access(const struct vgic_regs *regs, uint16_t vm, struct vgic_redist *r,
                      uint32_t offset, struct mmio_access *m)
{
    const struct vgic_reg *row = find(regs, offset);
    struct vgic_access a;

    if (!m->is_write) {
        m->value = 0;
    }
    if (!is_possible(row, offset, m)) {
        return;
    }
    a.g = &vgic_vms[vm];
    a.r = r;
    a.offset = offset - row->first;
    a.retry = false;
    if (row->bits != 0U && !find_interrupts(row, &a, m->size_bytes)) {
        return;
    }
    if (!row->is_fixed) {
        (void)vgic_acquire(vm);
    }
    access_row(row, &a, m);
    if (!row->is_fixed) {
        vgic_release(a.g);
    }
}

uint64_t vgic_identification(uint32_t offset, uint8_t part)
{
    /* PIDR4..7, PIDR0..3, CIDR0..3, a word each. DES_0/1/2 are the JEP106 code of the
     * architecture; PIDR2 has JEDEC and ArchRev 3; CIDR is that of a CoreLink component. */
    const uint8_t ids[] = {0x44, 0, 0, 0, part, 0xB4, 0x3B, 0, 0x0D, 0xF0, 0x05, 0xB1};

    return ids[offset / 4U];
}
