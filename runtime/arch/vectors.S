/* Exception vectors of EL2 and the way back to the guest.
 *
 * While a guest runs, SP_EL2 is the address of its vCPU, and the EL2 stack of this CPU is empty:
 * the vCPU holds the stack's address, and the stack's top word holds the vCPU's. So an exit needs
 * no register to find where the guest's go. ELR_EL2, SPSR_EL2 and ESR_EL2 stay in their registers.
 *
 * Most exits touch so little that only what the procedure call standard lets C overwrite is stored
 * for them first: x0..x17, x29, x30. C leaves x19..x28 as they are, and is compiled not to touch
 * x18. If exit_short() or exit_irq() has dealt with the exit, the guest goes on, after exit_short()
 * at its instruction or, where the answer is EXIT_SKIP, at the next; if not, nothing has happened to
 * the guest, the other registers are stored too, and the exit is made in full.
 *
 * Anything taken at EL2 itself is a bug of ours or of the hardware: it panics on a stack of its own,
 * since the fault may be a stack overflow into a guard page.
 *
 * @req CORE-3, CORE-5, OPS-4 */

#include "arch/asm_offsets.h"

#define PSTATE_SS_BIT 21
#define PSTATE_BTYPE (3 << 10)

    .macro vector label
    .balign 0x80
    b \label
    .endm

/* SP = vCPU. What C may overwrite. */
    .macro store_caller_saved
    stp x0, x1, [sp, #16 * 0]
    stp x2, x3, [sp, #16 * 1]
    stp x4, x5, [sp, #16 * 2]
    stp x6, x7, [sp, #16 * 3]
    stp x8, x9, [sp, #16 * 4]
    stp x10, x11, [sp, #16 * 5]
    stp x12, x13, [sp, #16 * 6]
    stp x14, x15, [sp, #16 * 7]
    stp x16, x17, [sp, #16 * 8]
    stp x29, x30, [sp, #8 * 29]
    .endm

/* x0 = vCPU. The rest. */
    .macro store_callee_saved
    stp x18, x19, [x0, #16 * 9]
    stp x20, x21, [x0, #16 * 10]
    stp x22, x23, [x0, #16 * 11]
    stp x24, x25, [x0, #16 * 12]
    stp x26, x27, [x0, #16 * 13]
    str x28, [x0, #16 * 14]
    .endm

/* Leaves x0 = vCPU, and SP on this CPU's EL2 stack. */
    .macro to_stack scratch
    mov x0, sp
    ldr \scratch, [sp, #VCPU_STACK]
    mov sp, \scratch
    .endm

/* From the EL2 stack back to where SP is while the guest runs; leaves x0 = vCPU. */
    .macro from_stack
    ldr x0, [sp]
    mov sp, x0
    .endm

    .macro load_caller_saved
    ldp x2, x3, [sp, #16 * 1]
    ldp x4, x5, [sp, #16 * 2]
    ldp x6, x7, [sp, #16 * 3]
    ldp x8, x9, [sp, #16 * 4]
    ldp x10, x11, [sp, #16 * 5]
    ldp x12, x13, [sp, #16 * 6]
    ldp x14, x15, [sp, #16 * 7]
    ldp x16, x17, [sp, #16 * 8]
    ldp x29, x30, [sp, #8 * 29]
    ldp x0, x1, [sp, #16 * 0]
    .endm

/* No speculation past the ERET with guest registers at EL2 [DDI0487 B2.3.10]. */
    .macro exception_return
    eret
    dsb nsh
    isb
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

    .balign 0x80               /* lower EL, AArch64: synchronous */
    store_caller_saved
    mrs x1, esr_el2
    to_stack x2
    bl exit_short
    cbz w0, 1f                 /* EXIT_RESUME */
    cmp w0, #EXIT_SKIP_VALUE   /* EXIT_SKIP */
    b.ne sync_in_full
    mrs x0, elr_el2
    mrs x1, spsr_el2
    add x0, x0, #4
    msr elr_el2, x0
    tst x1, #PSTATE_BTYPE
    b.ne clear_step
    tbnz x1, #PSTATE_SS_BIT, clear_step
1:  from_stack
    b resume_same

    .balign 0x80               /* IRQ */
    store_caller_saved
    to_stack x1
    bl exit_irq
    cbnz w0, irq_in_full
    from_stack
    load_caller_saved
    exception_return
    vector lower_fiq
    vector lower_serror

    vector lower_sync32        /* lower EL, AArch32 (EL0) */
    vector lower_fiq
    vector lower_fiq
    vector lower_serror
    .balign 0x80
    .size vectors, . - vectors

/* SP = vCPU, whose x18..x28 are in their registers. */
    .type resume_same, %function
resume_same:
    load_caller_saved
    exception_return
    .size resume_same, . - resume_same

/* x1 = SPSR_EL2, for after an instruction that is skipped: its single-step state and branch type
 * go with it [DDI0487 D2.12.5, D8.4.8]. */
    .type clear_step, %function
clear_step:
    and x1, x1, #~PSTATE_BTYPE
    and x1, x1, #~(1 << PSTATE_SS_BIT)
    msr spsr_el2, x1
    from_stack
    b resume_same
    .size clear_step, . - clear_step

/* EL0 in AArch32: not frequent. */
    .type lower_sync32, %function
lower_sync32:
    store_caller_saved
    to_stack x2
/* SP = this CPU's stack; what C may overwrite is stored. */
sync_in_full:
    ldr x0, [sp]
    mrs x1, esr_el2
    store_callee_saved
    bl exit_sync
    cbnz x0, guest_enter
/* The same guest goes on, with all its registers as they are stored. */
resume_all:
    from_stack
    ldp x18, x19, [sp, #16 * 9]
    ldp x20, x21, [sp, #16 * 10]
    ldp x22, x23, [sp, #16 * 11]
    ldp x24, x25, [sp, #16 * 12]
    ldp x26, x27, [sp, #16 * 13]
    ldr x28, [sp, #16 * 14]
    load_caller_saved
    exception_return
    .size lower_sync32, . - lower_sync32

/* w0 = the interrupt that exit_irq() has acknowledged and left to be served. */
    .type irq_in_full, %function
irq_in_full:
    mov w1, w0
    ldr x0, [sp]
    store_callee_saved
    bl exit_irq_in_full
    cbnz x0, guest_enter
    b resume_all
    .size irq_in_full, . - irq_in_full

/* FIQ: Group 0 is not EL2's, so this is as an interrupt that nobody has acknowledged. */
    .type lower_fiq, %function
lower_fiq:
    store_caller_saved
    to_stack x1
    bl exit_irq
    cbnz w0, irq_in_full
    from_stack
    b resume_same
    .size lower_fiq, . - lower_fiq

    .type lower_serror, %function
lower_serror:
    store_caller_saved
    to_stack x1
    store_callee_saved
    bl exit_serror
    cbnz x0, guest_enter
    b resume_all
    .size lower_serror, . - lower_serror

/* x0 = vCPU to run on this CPU from now on, at ELR_EL2 with SPSR_EL2; SP = this CPU's stack, empty,
 * with room for one pair of words. */
    .global guest_enter
    .type guest_enter, %function
guest_enter:
    mov x1, sp
    str x0, [x1]
    str x1, [x0, #VCPU_STACK]
    b resume_all
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
