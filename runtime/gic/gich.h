/* The virtual interface control registers of this CPU, whichever version the GIC has.
 *
 * Values have the layout of ICH_…_EL2 [IHI0069 12.4]; a version whose registers look otherwise
 * converts. All is about the CPU that the caller runs on. What an exit runs through is inline, in
 * "gic_virtual.h" of the version's folder, which the include path finds. */
#ifndef GIC_GICH_H
#define GIC_GICH_H

#include <stdbool.h>
#include <stdint.h>

#define GICH_LR_MAX 16U
/* List registers that gich_lr_read_low() and gich_lr_write_low() reach. */
#define GICH_LR_LOW 4U

/* Number of list registers of this CPU, 1..16 (ICH_VTR_EL2.ListRegs + 1). */
static inline unsigned gich_lr_count(void);
/* Bits of priority that the virtual CPU interface implements, 5..8 (ICH_VTR_EL2.PRIbits + 1). */
static inline unsigned gich_priority_bits(void);
/* Can ICH_HCR_EL2.TDIR trap the guest's ICC_DIR_EL1 alone (ICH_VTR_EL2.TDS)? */
static inline bool gich_can_trap_dir(void);
static inline uint64_t gich_lr_read(unsigned i); /* i < gich_lr_count() */
static inline void gich_lr_write(unsigned i, uint64_t lr);
/* The same for i < GICH_LR_LOW, in fewer instructions. */
static inline uint64_t gich_lr_read_low(unsigned i);
static inline void gich_lr_write_low(unsigned i, uint64_t lr);
static inline uint64_t gich_hcr_read(void);
static inline void gich_hcr_write(uint64_t v);
static inline uint64_t gich_vmcr_read(void);
static inline void gich_vmcr_write(uint64_t v);
static inline uint64_t gich_misr_read(void);
static inline uint64_t gich_eisr_read(void);  /* bit i: LR i has an EOI maintenance interrupt */
static inline uint64_t gich_elrsr_read(void); /* bit i: LR i is empty */
/* What was written before is in force: the maintenance interrupt's output follows it. */
static inline void gich_settle(void);
/* The reset state: off, nothing listed, no priority active; and the guest can reach what it is to
 * see of its CPU interface. */
void gich_reset(void);

/* What is neither in a list register nor in ICH_HCR_EL2: the guest's side of the interface. */
#define GICH_APR_MAX 8U
struct gich_context {
    uint64_t vmcr;
    uint64_t apr[GICH_APR_MAX]; /* of the preemption levels that the CPU has: group 0, then 1 */
};
void gich_save(struct gich_context *c);
/* Onto an interface that is off, with nothing listed. */
void gich_restore(const struct gich_context *c);

#include "gic_virtual.h"

#endif
