/* The FP/SIMD, SVE and SME register files of this CPU: clearing, and what a change of vCPU needs. EL2
 * is compiled without them, so this is assembly (arch/fpsimd_clear.S, fpsimd_switch.S, sve_switch.S). */
#ifndef ARCH_FPSIMD_H
#define ARCH_FPSIMD_H

#include <stdbool.h>
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

/* The longest vectors of the architecture, bytes: of SVE, and of SME in streaming mode. */
#define VECTOR_BYTES_MAX 256U

/* Z0..Z31 as long as EL2 has set them, P0..P15 and, `with_ffr`, FFR to and from memory, one behind the
 * other. Z0..Z31 go over V0..V31, so they are loaded after those. Not in streaming mode:
 * CPTR_EL2.TZ must be 0. In streaming mode: CPTR_EL2.TSM must be, and there is no FFR without FA64. */
struct sve {
    uint8_t bytes[32U * VECTOR_BYTES_MAX + 17U * (VECTOR_BYTES_MAX / 8U)];
} __attribute__((aligned(16)));
void sve_save(struct sve *to, bool with_ffr);
void sve_load(const struct sve *from, bool with_ffr);

/* ZA, row by row as long as EL2 has set them, and ZT0, which SME2 adds. CPTR_EL2.TSM must be 0 and
 * SVCR.ZA 1; for ZT0, SMCR_EL2.EZT0 1. */
struct za {
    uint8_t rows[VECTOR_BYTES_MAX * VECTOR_BYTES_MAX];
    uint8_t zt0[64];
} __attribute__((aligned(16)));
void za_save(struct za *to);
void za_load(const struct za *from);
void zt0_save(uint8_t to[64]);
void zt0_load(const uint8_t from[64]);

#endif
