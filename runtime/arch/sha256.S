/* SHA-256 by FEAT_SHA256 [DDI0487 C7.2, SHA256H, SHA256H2, SHA256SU0, SHA256SU1; FIPS 180-4 6.2.2];
 * see arch/sha256.h. The vector registers are a guest's: those that are used are put back, and a
 * trap of their use is lifted meanwhile. Four rounds at a time: v0 is a..d, v1 e..h, v4..v7 the last
 * 16 words of the message schedule.
 *
 * @req CPU-4 */
#define CPTR_EL2_TFP (1 << 10)
#define SAVED (12 * 16)

    .arch armv8-a+sha2
    .macro four_rounds w0, w1, w2, w3, last=0
    ld1 {v18.4s}, [x5], #16
    add v3.4s, \w0\().4s, v18.4s
    .if \last == 0
    sha256su0 \w0\().4s, \w1\().4s
    sha256su1 \w0\().4s, \w2\().4s, \w3\().4s
    .endif
    mov v2.16b, v0.16b
    sha256h q0, q1, v3.4s
    sha256h2 q1, q2, v3.4s
    .endm

    .section .text.arch_sha256_blocks, "ax"
    .global arch_sha256_blocks
    .type arch_sha256_blocks, %function
arch_sha256_blocks:
    mrs x6, cptr_el2
    and x7, x6, #~CPTR_EL2_TFP
    msr cptr_el2, x7
    isb
    sub sp, sp, #SAVED
    stp q0, q1, [sp]
    stp q2, q3, [sp, #2 * 16]
    stp q4, q5, [sp, #4 * 16]
    stp q6, q7, [sp, #6 * 16]
    stp q16, q17, [sp, #8 * 16]
    str q18, [sp, #10 * 16]
    ld1 {v0.4s, v1.4s}, [x0]
.Lblock:
    .pushsection .loopbound, "o", %progbits, .Lblock
    .quad .Lblock, 0, 16 /* ARCH_SHA256_BLOCKS_MAX */
    .popsection
    ld1 {v4.16b, v5.16b, v6.16b, v7.16b}, [x1], #64
    mov x5, x3
    mov v16.16b, v0.16b
    mov v17.16b, v1.16b
    rev32 v4.16b, v4.16b
    rev32 v5.16b, v5.16b
    rev32 v6.16b, v6.16b
    rev32 v7.16b, v7.16b
    .rept 3
    four_rounds v4, v5, v6, v7
    four_rounds v5, v6, v7, v4
    four_rounds v6, v7, v4, v5
    four_rounds v7, v4, v5, v6
    .endr
    four_rounds v4, v5, v6, v7, 1
    four_rounds v5, v6, v7, v4, 1
    four_rounds v6, v7, v4, v5, 1
    four_rounds v7, v4, v5, v6, 1
    add v0.4s, v0.4s, v16.4s
    add v1.4s, v1.4s, v17.4s
    subs x2, x2, #1
    b.ne .Lblock
    st1 {v0.4s, v1.4s}, [x0]
    ldp q0, q1, [sp]
    ldp q2, q3, [sp, #2 * 16]
    ldp q4, q5, [sp, #4 * 16]
    ldp q6, q7, [sp, #6 * 16]
    ldp q16, q17, [sp, #8 * 16]
    ldr q18, [sp, #10 * 16]
    add sp, sp, #SAVED
    msr cptr_el2, x6
    isb
    ret
    .size arch_sha256_blocks, . - arch_sha256_blocks
