/* Entry of every bare-metal guest, and of its further CPUs.
 *
 * Boot CPU: EL1, MMU off, x0 = devicetree (or 0) [Linux Documentation/arm64/booting.rst, but any
 * register may hold anything]. Sets up FP access, stack, vectors, clears .bss, turns the MMU on
 * (mmu.c) and calls guest_main(). Further CPUs come here from PSCI CPU_ON with x0 = context id =
 * the number of the CPU [DEN0022 5.6]. */
#include "cpu_limits.h"

    .section .text.entry, "ax"
    .global _start
_start:
    adrp x1, __stacks_end
    add x1, x1, :lo12:__stacks_end
    mov sp, x1
    adrp x2, __bss_start
    add x2, x2, :lo12:__bss_start
    adrp x3, __bss_end
    add x3, x3, :lo12:__bss_end
1:  cmp x2, x3
    b.hs 2f
    stp xzr, xzr, [x2], #16
    b 1b
2:  mov x19, x0
    mov x0, #0
    bl cpu_setup
    mov x0, x19
    bl guest_main
    b cpu_off_forever

    .global secondary_start
secondary_start:
    adrp x1, __stacks_end
    add x1, x1, :lo12:__stacks_end
    mov x2, #STACK_BYTES
    msub x1, x0, x2, x1             /* CPU n has the n-th stack from the top */
    mov sp, x1
    mov x19, x0
    bl cpu_setup
    mov x0, x19
    bl secondary_main

    .global cpu_off_forever
cpu_off_forever:
    mov w0, #0x0002                 /* PSCI CPU_OFF, 0x84000002 */
    movk w0, #0x8400, lsl #16
    hvc #0
3:  wfi
    b 3b

/* x0 = number of the CPU. FP on, number in TPIDR_EL1, vectors, then the MMU. */
cpu_setup:
    mov x9, x30
    msr TPIDR_EL1, x0
    mov x1, #(3 << 20)              /* CPACR_EL1.FPEN: no trap */
    msr CPACR_EL1, x1
    adrp x1, vectors
    add x1, x1, :lo12:vectors
    msr VBAR_EL1, x1
    isb
    mov x20, x9
    cbnz x0, 4f
    bl mmu_build
4:  bl mmu_enable
    ret x20
