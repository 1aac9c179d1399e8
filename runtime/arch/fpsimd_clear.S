/* Clears the vector register files; see arch/fpsimd.h. Uses no register but those.
 * @req CORE-3 */

    .arch armv8-a+simd
    .section .text.fpsimd_clear, "ax"
    .global fpsimd_clear
    .type fpsimd_clear, %function
fpsimd_clear:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    movi v\n\().2d, #0
    .endr
    .irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    movi v\n\().2d, #0
    .endr
    msr fpcr, xzr
    msr fpsr, xzr
    ret
    .size fpsimd_clear, . - fpsimd_clear

    .arch armv8-a+sve
    .section .text.sve_clear, "ax"
    .global sve_clear
    .type sve_clear, %function
sve_clear:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    dup z\n\().d, #0
    .endr
    .irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    dup z\n\().d, #0
    .endr
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    pfalse p\n\().b
    .endr
    wrffr p0.b
    ret
    .size sve_clear, . - sve_clear
