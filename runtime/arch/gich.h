/* The virtual interface control registers of this CPU [IHI0069 12.4]. List registers have no
 * indexed form, so access by number is a switch in arch/gich.c. */
#ifndef ARCH_GICH_H
#define ARCH_GICH_H

#include <stdbool.h>
#include <stdint.h>

#define GICH_LR_MAX 16U

/* Number of list registers of this CPU, 1..16 (ICH_VTR_EL2.ListRegs + 1). */
unsigned gich_lr_count(void);
/* Bits of priority that the virtual CPU interface implements, 5..8 (ICH_VTR_EL2.PRIbits + 1). */
unsigned gich_priority_bits(void);
/* Can ICH_HCR_EL2.TDIR trap the guest's ICC_DIR_EL1 alone (ICH_VTR_EL2.TDS)? */
bool gich_can_trap_dir(void);
uint64_t gich_lr_read(unsigned i);             /* i < gich_lr_count() */
void gich_lr_write(unsigned i, uint64_t lr);
uint64_t gich_hcr_read(void);
void gich_hcr_write(uint64_t v);
uint64_t gich_vmcr_read(void);
void gich_vmcr_write(uint64_t v);
uint64_t gich_misr_read(void);
uint64_t gich_eisr_read(void);  /* bit i: LR i has an EOI maintenance interrupt */
uint64_t gich_elrsr_read(void); /* bit i: LR i is empty */
/* Clears every active-priority register, ICH_AP0R<n>/AP1R<n>, that this CPU implements. */
void gich_apr_clear(void);

#endif
