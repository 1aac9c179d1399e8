/* Registers of the distributor and redistributors.
 *
 * Those with bits for single interrupts lie alike in GICD and in the SGI frame of GICR: one table
 * has a row for each, with how many bits an interrupt has in it, which widths of access it allows,
 * and what reading and writing do. What is not allowed (reserved offsets, other widths, misaligned
 * accesses, INTIDs that do not exist) reads as zero and ignores writes [IHI0069 12.1.3]. */
#ifndef VGIC_REGS_H
#define VGIC_REGS_H

#include "mmio/mmio.h"
#include "vgic/state.h"

/* Allowed widths: each is its number of bytes. */
enum { WIDTH_8 = 1, WIDTH_16 = 2, WIDTH_32 = 4, WIDTH_64 = 8 };

/* The rows lie below this offset. */
#define VGIC_IRQ_REGS_END 0x1000U

struct vgic_access {
    struct vgic_vm *g;
    struct vgic_redist *r; /* GICR: whose frame; GICD: NULL */
    uint32_t intid;        /* the first one accessed */
    uint32_t count;        /* and how many */
    uint64_t value;        /* written */
    bool retry;            /* set by a read that another CPU has to help with */
};

/* An access of a vCPU of `vm`, the one that runs here, to what the table has at `offset`, which is
 * below VGIC_IRQ_REGS_END; `r`: whose frame, NULL for the distributor's. */
enum mmio_outcome vgic_irq_regs_read(uint16_t vm, struct vgic_redist *r, uint32_t offset,
                                     unsigned size_bytes, uint64_t *value);
enum mmio_outcome vgic_irq_regs_write(uint16_t vm, struct vgic_redist *r, uint32_t offset,
                                      unsigned size_bytes, uint64_t value);

/* What guests do most, masking and ranking an SPI, in few instructions; as the rows do it.
 * A word of GICD_ISENABLER or GICD_ICENABLER is written, `offset` from the first of them. */
enum mmio_outcome vgic_spis_write_enable(uint16_t vm, uint32_t offset, unsigned size_bytes,
                                         uint64_t value);
/* The byte of GICD_IPRIORITYR of `intid`, any number, is written. */
enum mmio_outcome vgic_spi_write_priority(uint16_t vm, uint32_t intid, unsigned size_bytes,
                                          uint64_t value);

/* Is the access one that a 64-bit register has: whole, or by one of its words? */
static inline bool vgic_is_64_access(uint32_t offset, unsigned size_bytes)
{
    return (size_bytes == WIDTH_32 || size_bytes == WIDTH_64) && (offset & (size_bytes - 1U)) == 0U;
}

/* What an access at `offset` reads of a 64-bit register. */
static inline uint64_t vgic_part_of_64(uint64_t value, uint32_t offset, unsigned size_bytes)
{
    const uint64_t word = ((offset & 4U) != 0U) ? value >> 32 : value & UINT32_MAX;

    return (size_bytes == WIDTH_64) ? value : word;
}

/* Rows for single interrupts, the same in GICD and in the SGI frame of GICR. */
uint64_t vgic_read_group(struct vgic_access *a);
void vgic_write_group(struct vgic_access *a);
uint64_t vgic_read_enabled(struct vgic_access *a);
void vgic_write_enable(struct vgic_access *a);
void vgic_write_disable(struct vgic_access *a);
uint64_t vgic_read_pending(struct vgic_access *a);
void vgic_write_set_pending(struct vgic_access *a);
void vgic_write_clear_pending(struct vgic_access *a);
uint64_t vgic_read_active(struct vgic_access *a);
void vgic_write_set_active(struct vgic_access *a);
void vgic_write_clear_active(struct vgic_access *a);
uint64_t vgic_read_priority(struct vgic_access *a);
void vgic_write_priority(struct vgic_access *a);
uint64_t vgic_read_config(struct vgic_access *a);
void vgic_write_config(struct vgic_access *a);

/* GICD_PIDR and GICR_PIDR, words: offset from 0xFFD0; `part` is PIDR0. */
uint64_t vgic_identification(uint32_t offset, unsigned size_bytes, uint8_t part);
#define VGIC_IIDR_VALUE UINT64_C(0x4200043B) /* ProductID 'B', JEP106 code of the architecture */

#endif
