/* The FP/SIMD, SVE and SME register files of this CPU: clearing, and what a change of vCPU needs. EL2
 * is compiled without them, so this is assembly (arch/fpsimd_clear.S). */
#ifndef ARCH_FPSIMD_H
#define ARCH_FPSIMD_H

#include <stdint.h>

/* V0..V31 become 0, and with them the Z registers up to the vector length that EL2 has set;
 * FPCR and FPSR become 0. CPTR_EL2.TFP must be 0. */
void fpsimd_clear(void);
/* Z0..Z31 whole, P0..P15 and FFR become 0. CPTR_EL2.TZ must be 0. Not in streaming mode. */
void sve_clear(void);

/* V0..V31, FPCR and FPSR to and from memory. CPTR_EL2.TFP must be 0. */
struct fpsimd {
    uint64_t v[32][2];
    uint64_t fpcr;
    uint64_t fpsr;
} __attribute__((aligned(16)));
void fpsimd_save(struct fpsimd *to);
void fpsimd_load(const struct fpsimd *from);

#endif
