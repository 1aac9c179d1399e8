/* Vectors of the bare-metal guests: all save a whole frame and call one C function with
 * (frame, kind) [DDI0487 D1.3.1]. kind: 0 synchronous, 1 IRQ, 2 FIQ, 3 SError. */

#include "frame.h"

#define FRAME_BYTES 272

    .macro ventry kind
    .balign 128
    sub sp, sp, #FRAME_BYTES
    stp x0, x1, [sp, #0]
    mov x1, #\kind
    b exception_common
    .endm

    .section .text.vectors, "ax"
    .balign 2048
    .global vectors
vectors:
    .rept 4
    ventry 0
    ventry 1
    ventry 2
    ventry 3
    .endr

exception_common:
    frame_save_x2_to_x17
    stp x18, x19, [sp, #144]
    stp x20, x21, [sp, #160]
    stp x22, x23, [sp, #176]
    stp x24, x25, [sp, #192]
    stp x26, x27, [sp, #208]
    stp x28, x29, [sp, #224]
    mrs x2, ELR_EL1
    mrs x3, SPSR_EL1
    str x30, [sp, #240]
    stp x2, x3, [sp, #248]
    mov x0, sp
    bl exception_taken
    ldp x2, x3, [sp, #248]
    msr ELR_EL1, x2
    msr SPSR_EL1, x3
    ldr x30, [sp, #240]
    ldp x28, x29, [sp, #224]
    ldp x26, x27, [sp, #208]
    ldp x24, x25, [sp, #192]
    ldp x22, x23, [sp, #176]
    ldp x20, x21, [sp, #160]
    ldp x18, x19, [sp, #144]
    frame_load_x2_to_x17
    ldp x0, x1, [sp, #0]
    add sp, sp, #FRAME_BYTES
    eret
