/* Saves and loads what SVE and SME add to the vector register file; see arch/fpsimd.h. Uses x1, x2 and
 * x12 besides [DDI0487 C8.2, C9.2].
 * @req CORE-3 */
#define ZA_ROWS_MAX 256

/* x2: behind the Z registers, where those of predicates are. */
    .macro behind_z
    addvl x2, x0, #16
    addvl x2, x2, #16
    .endm

    .macro each_z op
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    \op z\n, [x0, #\n, mul vl]
    .endr
    .irp n, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \op z\n, [x0, #\n, mul vl]
    .endr
    .endm

    .macro each_p op
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    \op p\n, [x2, #\n, mul vl]
    .endr
    .endm

    .arch armv8-a+sve
    .section .text.sve_save, "ax"
    .global sve_save
    .type sve_save, %function
sve_save:
    behind_z
    each_z str
    each_p str
    cbz w1, 1f
    rdffr p0.b
    str p0, [x2, #16, mul vl]
1:  ret
    .size sve_save, . - sve_save

    .section .text.sve_load, "ax"
    .global sve_load
    .type sve_load, %function
sve_load:
    behind_z
    cbz w1, 1f
    ldr p0, [x2, #16, mul vl]
    wrffr p0.b
1:  each_p ldr
    each_z ldr
    ret
    .size sve_load, . - sve_load

    .macro each_row op, label
    rdsvl x1, #1
    mov w12, #0
\label:
    .pushsection .loopbound, "o", %progbits, \label
    .quad \label, 0, ZA_ROWS_MAX
    .popsection
    \op za[w12, #0], [x0]
    add x0, x0, x1
    add w12, w12, #1
    cmp w12, w1
    b.ne \label
    ret
    .endm

    .arch armv9-a+sme
    .section .text.za_save, "ax"
    .global za_save
    .type za_save, %function
za_save:
    each_row str, .Lsave_row
    .size za_save, . - za_save

    .section .text.za_load, "ax"
    .global za_load
    .type za_load, %function
za_load:
    each_row ldr, .Lload_row
    .size za_load, . - za_load

/* By their encoding: assemblers of SME's time do not know those of SME2. */
    .section .text.zt0_save, "ax"
    .global zt0_save
    .type zt0_save, %function
zt0_save:
    .inst 0xE13F8000 /* str zt0, [x0] */
    ret
    .size zt0_save, . - zt0_save

    .section .text.zt0_load, "ax"
    .global zt0_load
    .type zt0_load, %function
zt0_load:
    .inst 0xE11F8000 /* ldr zt0, [x0] */
    ret
    .size zt0_load, . - zt0_load
