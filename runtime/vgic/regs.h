/* Registers of the distributor and redistributors as tables: one row a register.
 *
 * A row says at which offsets the register lies, how many bits each interrupt has in it, which
 * widths of access it allows, and what reading and writing do. What a table does not allow
 * (reserved offsets, other widths, misaligned accesses, INTIDs that do not exist) reads as zero
 * and ignores writes [IHI0069 12.1.3]. */
#ifndef VGIC_REGS_H
#define VGIC_REGS_H

#include "mmio/mmio.h"
#include "vgic/state.h"

/* Allowed widths: each is its number of bytes. */
enum { WIDTH_8 = 1, WIDTH_32 = 4, WIDTH_64 = 8 };

struct vgic_access {
    struct vgic_vm *g;
    struct vgic_redist *r; /* GICR: whose frame; GICD: NULL */
    uint32_t offset;       /* from the first byte of the row */
    uint32_t intid;        /* rows with bits for interrupts: the first one accessed */
    uint32_t count;        /* and how many */
    uint64_t value;        /* written */
    bool retry;            /* set by a read that another CPU has to help with */
};

struct vgic_reg {
    uint32_t first; /* offset of the first byte */
    uint32_t last;  /* offset of the last byte, inclusive */
    uint8_t bits;   /* for each interrupt; 0: a register that is not about single ones */
    uint8_t widths; /* allowed, or-ed */
    bool is_fixed;  /* reads the same always: needs no lock */
    uint64_t (*read)(struct vgic_access *a); /* NULL: reads as zero */
    void (*write)(struct vgic_access *a);    /* NULL: ignores writes */
};

#define VGIC_ROWS_MAX 24U /* of one frame */

/* The rows of a frame, sorted by offset. */
struct vgic_regs {
    const struct vgic_reg *rows;
    unsigned count; /* at most VGIC_ROWS_MAX */
    /* Where to begin to look, by 128 bytes of the first 4 KiB, so that no look-up is long: a row
     * that is not behind the wanted one. NULL: at the first. */
    const uint8_t *starts;
    uint8_t beyond; /* the same for what lies beyond 4 KiB; only with `starts` */
};

/* Finds the row at `offset` of the frame of `vm`, and makes the access `m`, under the VM's lock
 * where there is state behind it. `r`: whose frame; NULL for the distributor's. */
void vgic_regs_access(const struct vgic_regs *regs, uint16_t vm, struct vgic_redist *r,
                      uint32_t offset, struct mmio_access *m);

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

/* GICD_PIDR and GICR_PIDR: offset from 0xFFD0; `part` is PIDR0. */
uint64_t vgic_identification(uint32_t offset, uint8_t part);
#define VGIC_IIDR_VALUE UINT64_C(0x4200043B) /* ProductID 'B', JEP106 code of the architecture */

#endif
