/* Exception vectors of EL2 and the way back to the guest.
 *
 * A lower-EL exit stores x0..x30 into the vCPU of this CPU, calls one C function with the vCPU,
 * and resumes the vCPU that it returns. ELR_EL2 and SPSR_EL2 stay in their registers. Anything
 * taken at EL2 itself is a bug of ours or of the hardware: it panics on a stack of its own,
 * since the fault may be a stack overflow into a guard page.
 *
 * @req CORE-3, CORE-5, OPS-4 */

    .macro vector label
    .balign 0x80
    b \label
    .endm

    .section .text.vectors, "ax"
    .balign 0x800
    .global vectors
    .type vectors, %object
vectors:
    vector el2_sync            /* current EL, SP_EL0 */
    vector el2_irq
    vector el2_fiq
    vector el2_serror
    vector el2_sync            /* current EL, SP_EL2 */
    vector el2_irq
    vector el2_fiq
    vector el2_serror
    vector lower_sync          /* lower EL, AArch64 */
    vector lower_irq
    vector lower_irq
    vector lower_serror
    vector lower_sync          /* lower EL, AArch32 (EL0) */
    vector lower_irq
    vector lower_irq
    vector lower_serror
    .balign 0x80
    .size vectors, . - vectors

/* Leaves x0 = vCPU. */
    .macro guest_save
    stp x0, x1, [sp, #-16]!
    mrs x0, tpidr_el2
    ldr x0, [x0]
    stp x2, x3, [x0, #16 * 1]
    stp x4, x5, [x0, #16 * 2]
    stp x6, x7, [x0, #16 * 3]
    stp x8, x9, [x0, #16 * 4]
    stp x10, x11, [x0, #16 * 5]
    stp x12, x13, [x0, #16 * 6]
    stp x14, x15, [x0, #16 * 7]
    stp x16, x17, [x0, #16 * 8]
    stp x18, x19, [x0, #16 * 9]
    stp x20, x21, [x0, #16 * 10]
    stp x22, x23, [x0, #16 * 11]
    stp x24, x25, [x0, #16 * 12]
    stp x26, x27, [x0, #16 * 13]
    stp x28, x29, [x0, #16 * 14]
    str x30, [x0, #16 * 15]
    ldp x2, x3, [sp], #16
    stp x2, x3, [x0]
    mov x29, xzr               /* a backtrace ends here */
    .endm

    .macro guest_exit name, function
    .type \name, %function
\name:
    guest_save
    bl \function
    b guest_enter
    .size \name, . - \name
    .endm

    guest_exit lower_sync, exit_sync
    guest_exit lower_irq, exit_irq
    guest_exit lower_serror, exit_serror

/* x0 = vCPU to resume, at ELR_EL2 with SPSR_EL2. */
    .global guest_enter
    .type guest_enter, %function
guest_enter:
    ldp x2, x3, [x0, #16 * 1]
    ldp x4, x5, [x0, #16 * 2]
    ldp x6, x7, [x0, #16 * 3]
    ldp x8, x9, [x0, #16 * 4]
    ldp x10, x11, [x0, #16 * 5]
    ldp x12, x13, [x0, #16 * 6]
    ldp x14, x15, [x0, #16 * 7]
    ldp x16, x17, [x0, #16 * 8]
    ldp x18, x19, [x0, #16 * 9]
    ldp x20, x21, [x0, #16 * 10]
    ldp x22, x23, [x0, #16 * 11]
    ldp x24, x25, [x0, #16 * 12]
    ldp x26, x27, [x0, #16 * 13]
    ldp x28, x29, [x0, #16 * 14]
    ldr x30, [x0, #16 * 15]
    ldp x0, x1, [x0]
    eret
    /* No speculation past the ERET with guest registers at EL2 [DDI0487 B2.3.10]. */
    dsb nsh
    isb
    .size guest_enter, . - guest_enter

/* Taken at EL2: keep the registers in panic_frame and report. The registers used as scratch are
 * the guest's; this CPU never enters a guest again. The first CPU to come claims the frame and
 * the stack; another one, or a fault while reporting, stops silently. */
    .macro el2_exception name, kind
    .type \name, %function
\name:
    msr sp_el0, x0
    mov x0, #\kind
    b el2_panic
    .size \name, . - \name
    .endm

    el2_exception el2_sync, 0
    el2_exception el2_irq, 1
    el2_exception el2_fiq, 2
    el2_exception el2_serror, 3

    .type el2_panic, %function
el2_panic:
    msr tpidr_el0, x1
    msr tpidr_el1, x2
    msr tpidrro_el0, x3
    ldr x1, =panic_claimed
1:  ldaxr w2, [x1]
    cbnz w2, 3f
    mov w2, #1
    stlxr w3, w2, [x1]
    cbnz w3, 1b
    mrs x2, tpidr_el1
    mrs x3, tpidrro_el0
    ldr x1, =panic_frame
    stp x2, x3, [x1, #16 * 1]
    stp x4, x5, [x1, #16 * 2]
    stp x6, x7, [x1, #16 * 3]
    stp x8, x9, [x1, #16 * 4]
    stp x10, x11, [x1, #16 * 5]
    stp x12, x13, [x1, #16 * 6]
    stp x14, x15, [x1, #16 * 7]
    stp x16, x17, [x1, #16 * 8]
    stp x18, x19, [x1, #16 * 9]
    stp x20, x21, [x1, #16 * 10]
    stp x22, x23, [x1, #16 * 11]
    stp x24, x25, [x1, #16 * 12]
    stp x26, x27, [x1, #16 * 13]
    stp x28, x29, [x1, #16 * 14]
    mov x2, sp
    stp x30, x2, [x1, #16 * 15]
    mrs x2, sp_el0
    mrs x3, tpidr_el0
    stp x2, x3, [x1]
    ldr x2, =panic_stack_top
    mov sp, x2
    b panic_exception          /* x0 = kind; does not return */
3:  wfi
    b 3b
    .size el2_panic, . - el2_panic
    .ltorg

    .section .bss.panic, "aw", %nobits
    .balign 16
    .skip 4096
panic_stack_top:
    .global panic_frame
panic_frame:
    .skip 256
