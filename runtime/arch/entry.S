/* First instructions at EL2, of the boot CPU and of every other one.
 *
 * Owns the arm64 Image header [Linux Documentation/arch/arm64/booting.rst] and the way from "MMU
 * off" to C. Until the MMU is on nothing is written to memory: the image was cleaned to the point
 * of coherency by whoever loaded it, so no cache line can hold older data than memory, and
 * .bss is part of the image.
 * Entered at EL2 with x0 = physical address of the firmware's devicetree, or 0. A CPU that comes
 * by PSCI CPU_ON enters at secondary_entry with x0 = its index in cfg_cpus, one that waited at a spin
 * table at parked_entry.
 * INV-ASM-OFFSETS: the offsets below are asserted in core/boot.c.
 *
 * @req CORE-1, CORE-2 */

#include "arch/asm_offsets.h"

#define SCTLR_EL2_RES1 0x30C50830 /* [DDI0487 D24.2] bits 4, 5, 11, 16, 18, 22, 23, 28, 29 */
#define SCTLR_EL2_M (1 << 0)
#define SCTLR_EL2_C (1 << 2)
#define SCTLR_EL2_SA (1 << 3)
#define SCTLR_EL2_I (1 << 12)
#define SCTLR_EL2_WXN (1 << 19)
#define HCR_EL2_RW (1 << 31)
#define CPTR_EL2_INIT 0x33FF /* RES1; FP, SVE and SME trapped at EL2: it uses none of them */

    .section .text.entry, "ax"
    .global _start
    .type _start, %function
_start:
    b primary_entry
    .word 0
    .quad 0                /* text_offset */
    .quad __image_size
    .quad 0x2              /* little-endian, 4 KiB pages, placed at a 2 MiB boundary near RAM's base */
    .quad 0, 0, 0
    .ascii "ARM\x64"
    .word 0
    .size _start, . - _start

    .type primary_entry, %function
primary_entry:
    mov x19, x0
    mrs x1, CurrentEL
    cmp x1, #(2 << 2)
    b.ne wrong_el
    adr x1, _start
    ldr x2, =_start
    cmp x1, x2
    b.ne wrong_address

    bl which_cpu
    bl cpu_to_c
    mov x0, x19
    mov x1, x20
    bl boot_primary
    b guest_enter
    .size primary_entry, . - primary_entry

    /* A CPU that firmware had parked: it knows nothing but its own MPIDR. */
    .global parked_entry
    .type parked_entry, %function
parked_entry:
    mrs x1, CurrentEL
    cmp x1, #(2 << 2)
    b.ne wrong_el
    bl which_cpu
    b 1f
    .size parked_entry, . - parked_entry

    .global secondary_entry
    .type secondary_entry, %function
secondary_entry:
    mov x20, x0
1:  bl cpu_to_c
    mov x0, x20
    bl boot_secondary
    b guest_enter
    .size secondary_entry, . - secondary_entry

/* Which CPU is this? Affinity fields of MPIDR_EL1 against cfg_cpus[].mpidr; x20 = its index. */
    .type which_cpu, %function
which_cpu:
    mrs x1, mpidr_el1
    ldr x2, =0xFF00FFFFFF
    and x1, x1, x2
    ldr x3, =cfg_cpus
    mov x20, #0
1:  cmp x20, #CFG_CPU_COUNT
    b.eq wrong_cpu
    ldr x4, [x3, #CFG_CPU_MPIDR]
    add x3, x3, #CFG_CPU_SIZE
    cmp x4, x1
    csinc x20, x20, x20, eq
    b.ne 1b
    ret
    .size which_cpu, . - which_cpu

/* x20 = CPU index. EL2's controls, MMU and caches on, stack and TPIDR_EL2 of this CPU. */
    .type cpu_to_c, %function
cpu_to_c:
    /* E2H and TGE off first: they change what the other registers mean. */
    mov x1, #HCR_EL2_RW
    msr hcr_el2, x1
    isb
    mov x1, #CPTR_EL2_INIT
    msr cptr_el2, x1
    ldr x1, =vectors
    msr vbar_el2, x1

    ldr x2, =cfg_system
    ldr x1, [x2, #CFG_SYSTEM_MAIR_EL2]
    msr mair_el2, x1
    ldr x1, [x2, #CFG_SYSTEM_TCR_EL2]
    msr tcr_el2, x1
    ldr x1, [x2, #CFG_SYSTEM_EL2_ROOT]
    msr ttbr0_el2, x1
    /* The TLB and the instruction cache may hold what firmware left [DDI0487 D8.13, D7.5]; both
     * are of this CPU only, and complete before the first translated fetch. */
    isb
    tlbi alle2
    ic iallu
    dsb nsh
    isb
    ldr x1, =(SCTLR_EL2_RES1 | SCTLR_EL2_M | SCTLR_EL2_C | SCTLR_EL2_SA | SCTLR_EL2_I | SCTLR_EL2_WXN)
    msr sctlr_el2, x1
    isb

    ldr x1, =percpus
    add x1, x1, x20, lsl #6    /* sizeof(struct percpu) == 64 */
    msr tpidr_el2, x1
    ldr x1, =cfg_cpus
    mov x2, #CFG_CPU_SIZE
    madd x1, x20, x2, x1
    ldr x1, [x1, #CFG_CPU_STACK_TOP]
    msr spsel, #1
    sub sp, x1, #16            /* the pair of words that arch/vectors.S keeps at the top */
    mov x29, xzr
    ret
    .size cpu_to_c, . - cpu_to_c

/* The machine is not what the image was built for: say so on the board's UART, with nothing but
 * PC-relative code, and stop. Where no UART is EL2's, the name of the loop in which a debugger
 * finds the CPU says it. */
    .type wrong_el, %function
#if CFG_HAS_CONSOLE
wrong_el:
    adrp x0, wrong_el_text
    add x0, x0, :lo12:wrong_el_text
    b early_stop
wrong_address:
    adrp x0, wrong_address_text
    add x0, x0, :lo12:wrong_address_text
    b early_stop
wrong_cpu:
    adrp x0, wrong_cpu_text
    add x0, x0, :lo12:wrong_cpu_text
early_stop:
    adrp x1, cfg_system
    add x1, x1, :lo12:cfg_system
    ldr x1, [x1, #CFG_SYSTEM_UART_BASE]
1:  ldrb w2, [x0], #1
    cbz w2, 3f
2:  ldr w3, [x1, #0x18]        /* UARTFR.TXFF */
    tbnz w3, #5, 2b
    str w2, [x1]
    b 1b
3:  wfi
    b 3b

    .section .rodata.entry, "a"
wrong_el_text:
    .asciz "\r\nbulkhead: not entered at EL2. Start it at EL2 (QEMU: -machine virtualization=on; firmware: enter BL33 at EL2).\r\n"
wrong_address_text:
    .asciz "\r\nbulkhead: loaded at another address than the image was linked for. Load it where the description's board says (image_base).\r\n"
wrong_cpu_text:
    .asciz "\r\nbulkhead: the boot CPU's MPIDR is none of the board's. The image was built for another board.\r\n"
    .section .text.entry, "ax"
#else
wrong_el:
    wfi
    b wrong_el
wrong_address:
    wfi
    b wrong_address
wrong_cpu:
    wfi
    b wrong_cpu
#endif
    .size wrong_el, . - wrong_el
    .ltorg
