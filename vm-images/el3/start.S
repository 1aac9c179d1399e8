/* Entry and vectors of the test firmware (el3.c), linked at 0, where QEMU's -bios puts it. Each CPU
 * has a stack of 4 KiB in the secure RAM. */
#include "frame.h"

    .equ STACKS, 0x0e010000
    .equ STACK_BYTES, 0x1000
    .equ FRAME_BYTES, 256

    .section .text.entry, "ax"
    .global _start
_start:
    mrs x0, MPIDR_EL1
    and x0, x0, #0xff
    adr x1, vectors
    msr VBAR_EL3, x1
    ldr x1, =STACKS + STACK_BYTES
    mov x2, #STACK_BYTES
    madd x1, x0, x2, x1
    mov sp, x1
    isb
    bl el3_start                // gives the first x0; the rest is in ELR_EL3 and SPSR_EL3
    eret

    /* One exception from a lower level: `handler` may change x0 to x18; C keeps the others. */
    .macro exception handler
    sub sp, sp, #FRAME_BYTES
    stp x0, x1, [sp, #0]
    frame_save_x2_to_x17
    stp x18, x30, [sp, #144]
    mov x0, sp
    bl \handler
    frame_load_x2_to_x17
    ldp x18, x30, [sp, #144]
    ldp x0, x1, [sp, #0]
    add sp, sp, #FRAME_BYTES
    eret
    .endm

    .macro unexpected count
    .rept \count
    .balign 0x80
    b .
    .endr
    .endm

    .balign 0x800
vectors:
    unexpected 8                // from EL3
    .balign 0x80
    exception el3_call          // lower level, AArch64: synchronous
    unexpected 1
    .balign 0x80
    exception el3_interrupt     // FIQ
    unexpected 5
