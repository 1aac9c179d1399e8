/* What is measured, one routine an operation, and the vectors that end it.
 *
 * Interrupts are masked (PSTATE.I) except inside a routine of the second kind. An interrupt reads
 * the counter into x18 with its very first instruction, acknowledges into x17, and goes on at the
 * address in x16, which the routine has set: it need not come back by ERET, and then returns with
 * interrupts masked again. Only registers that a C caller has given up are used for that.
 * [DDI0487 D1.3.1, IHI0069 4.1.1] */

#define ICC_SGI1R_EL1 S3_0_C12_C11_5
#define ICC_IAR1_EL1 S3_0_C12_C12_0
#define ICC_EOIR1_EL1 S3_0_C12_C12_1

    .section .text.bench_vectors, "ax"
    .balign 2048
    .global bench_vectors
bench_vectors:
    .rept 5
    .balign 128
    b .
    .endr
    .balign 128                     /* current EL with SP_ELx: IRQ */
    mrs x18, CNTVCT_EL0
    mrs x17, ICC_IAR1_EL1
    br x16
    .rept 2
    .balign 128
    b .
    .endr
    .balign 128                     /* EL0: synchronous */
    br x16
    .rept 7
    .balign 128
    b .
    .endr

    .macro routine name
    .section .text.\name, "ax"
    .global \name
    .type \name, %function
\name:
    .endm

/* Entry of the guest: the counter of the machine before anything else, kept in TPIDR_EL0. */
    routine bench_start
    mrs x1, CNTPCT_EL0
    msr TPIDR_EL0, x1
    b _start

/* --- markers ---
 * HINT #64 and following are unallocated and execute as NOP: a tracer tells by them where a row's
 * measured instructions begin, one number a row, and by the last where they end. */
#define MARKER_FIRST 64
#define MARKER_END 126

    .section .text.markers, "ax"
    .global markers
markers:
    .set number, MARKER_FIRST
    .rept MARKER_END - MARKER_FIRST
    hint #number
    ret
    .set number, number + 1
    .endr

/* row_marker points to the one of the row that is being measured. */
    .macro mark_begin
    mov x15, x30
    adrp x14, row_marker
    ldr x14, [x14, :lo12:row_marker]
    blr x14
    mov x30, x15
    .endm

    .macro mark_end
    hint #MARKER_END
    .endm

/* --- first kind: instructions between two reads of the counter ---
 * uint64_t name(uint64_t x[4]): x0..x3 from there, x0 afterwards back to x[0]; the ticks. */

    .macro timed_begin
    stp x19, x20, [sp, #-32]!
    str x21, [sp, #16]
    mov x19, x0
    ldp x2, x3, [x19, #16]
    ldp x0, x1, [x19]
    .endm

    .macro timed_end
    mark_end
    str x0, [x19]
    sub x0, x21, x20
    ldr x21, [sp, #16]
    ldp x19, x20, [sp], #32
    ret
    .endm

    .macro timed name, first, second, third
    routine \name
    timed_begin
    mark_begin
    isb                             /* keeps the first read behind what came before */
    mrs x20, CNTVCT_EL0
    \first
    \second
    \third
    mrs x21, CNTVCT_EL0
    timed_end
    .endm

    timed timed_nothing
    timed timed_hvc, "hvc #0"
    timed timed_read32, "ldr w0, [x1]"
    timed timed_read64, "ldr x0, [x1]"
    timed timed_write8, "strb w0, [x1]"
    timed timed_write32, "str w0, [x1]"
    timed timed_write64, "str x0, [x1]"
    timed timed_read_id_register, "mrs x0, ID_AA64PFR0_EL1"
    timed timed_send_sgi, "msr ICC_SGI1R_EL1, x0"
    timed timed_take_one, "mrs x0, ICC_IAR1_EL1", "msr ICC_EOIR1_EL1, x0"
    timed timed_take_and_silence, "mrs x0, ICC_IAR1_EL1", "str w2, [x1]", "msr ICC_EOIR1_EL1, x0"
    timed timed_pend_and_withdraw, "str w0, [x1]", "str w0, [x2]", "mrs x0, ICC_IAR1_EL1"

/* Acknowledges and ends five interrupts. */
    routine timed_take_five
    timed_begin
    mark_begin
    isb
    mrs x20, CNTVCT_EL0
    .rept 5
    mrs x0, ICC_IAR1_EL1
    msr ICC_EOIR1_EL1, x0
    .endr
    mrs x21, CNTVCT_EL0
    timed_end

/* x0 times two instructions. */
    routine timed_loop
    timed_begin
    mark_begin
    isb
    mrs x20, CNTVCT_EL0
0:  subs x0, x0, #1
    b.ne 0b
    mrs x21, CNTVCT_EL0
    timed_end

/* The byte write once more, at EL0: this code through its alias at 1 << 40, which EL0 may execute.
 * x[0] becomes the exception class that EL0 came back with. */
    routine timed_el0_write8
    timed_begin
    adr x16, 1f
    adr x9, 0f
    orr x9, x9, #(1 << 40)
    msr ELR_EL1, x9
    mov x9, #0x3c0                  /* EL0, all masked */
    msr SPSR_EL1, x9
    mark_begin
    eret
0:  isb
    mrs x20, CNTVCT_EL0
    strb w0, [x1]
    mrs x21, CNTVCT_EL0
    svc #0
1:  mrs x0, ESR_EL1
    lsr x0, x0, #26
    timed_end

/* --- second kind: to the first instruction of the handler ---
 * struct interrupt name(...): x0 the ticks, x1 the INTID. */

/* (uint64_t sgi1r): x0 as for ICC_SGI1R_EL1, from before the write. */
    routine until_sgi
    adr x16, 1f
    mark_begin
    msr DAIFClr, #2
    isb
    mrs x9, CNTVCT_EL0
    msr ICC_SGI1R_EL1, x0
0:  b 0b
1:  mark_end
    msr ICC_EOIR1_EL1, x17
    sub x0, x18, x9
    mov x1, x17
    ret

/* (uintptr_t set, uint32_t value, uintptr_t clear): from before the write of
 * `value` to `set`, which raises the line; writes 0 to `clear` in the handler. */
    routine until_spi
    adr x16, 1f
    mark_begin
    msr DAIFClr, #2
    isb
    mrs x9, CNTVCT_EL0
    str w1, [x0]
0:  b 0b
1:  mark_end
    str wzr, [x2]
    dsb sy                          /* the line has dropped before the interrupt ends */
    msr ICC_EOIR1_EL1, x17
    isb
    sub x0, x18, x9
    mov x1, x17
    ret

/* (uint64_t deadline): from the deadline, which comes while the CPU loops. */
    .macro timer_begin
    mov x10, x30
    adr x16, 1f
    msr CNTV_CVAL_EL0, x0
    mov x9, #1
    msr CNTV_CTL_EL0, x9
    mark_begin
    isb
    .endm

    .macro timer_end
1:  mark_end
    msr CNTV_CTL_EL0, xzr
    isb                             /* the line has dropped before the interrupt ends */
    msr ICC_EOIR1_EL1, x17
    isb
    sub x0, x18, x0
    mov x1, x17
    mov x30, x10
    ret
    .endm

    routine until_timer
    timer_begin
    msr DAIFClr, #2
0:  b 0b
    timer_end

/* The same while the CPU sleeps, as an idle loop does: interrupts are masked in WFI, and four
 * instructions later taken. */
    routine until_timer_asleep
    timer_begin
    bl 2f
    msr DAIFClr, #2
0:  b 0b
2:  dsb sy
    wfi
    isb
    nop
    ret
    timer_end

/* (uintptr_t set, uint32_t value, uintptr_t clear, uint64_t count): the line
 * stays up, so that each end of the interrupt is followed by the next; ticks from the write to the
 * first instruction of the last handler. */
    routine spi_storm
    adr x16, 1f
    mark_begin
    msr DAIFClr, #2
    isb
    mrs x9, CNTVCT_EL0
    str w1, [x0]
0:  b 0b
1:  subs x3, x3, #1
    b.eq 2f
    msr ICC_EOIR1_EL1, x17
    eret
2:  mark_end
    str wzr, [x2]
    dsb sy
    msr ICC_EOIR1_EL1, x17
    isb
    sub x0, x18, x9
    mov x1, x17
    ret

/* (uint64_t sgi1r, uint64_t step, uint64_t count): sends `count` SGIs with
 * interrupts masked, adding `step` each time, then takes them all; ticks from before the first
 * write to the first instruction of the last handler. */
    routine sgi_storm
    adr x16, 1f
    mov x10, x2
    mark_begin
    isb
    mrs x9, CNTVCT_EL0
0:  msr ICC_SGI1R_EL1, x0
    add x0, x0, x1
    subs x10, x10, #1
    b.ne 0b
    msr DAIFClr, #2
3:  b 3b
1:  msr ICC_EOIR1_EL1, x17
    subs x2, x2, #1
    b.eq 2f
    eret
2:  mark_end
    sub x0, x18, x9
    mov x1, x17
    ret

/* uint64_t send_and_sleep(uint64_t sgi1r, uint64_t deadline): sends as an operating system does, and
 * sleeps until the virtual timer wakes this CPU; the counter before all that. */
    routine send_and_sleep
    adr x16, 1f
    msr CNTV_CVAL_EL0, x1
    mov x9, #1
    msr CNTV_CTL_EL0, x9
    isb
    mark_begin
    msr DAIFClr, #2
    isb
    mrs x9, CNTVCT_EL0
    dsb ishst                       /* what the others will read, before the interrupt */
    msr ICC_SGI1R_EL1, x0
    isb
0:  dsb sy
    wfi
    b 0b
1:  msr CNTV_CTL_EL0, xzr
    isb
    msr ICC_EOIR1_EL1, x17
    isb
    mov x0, x9
    ret

/* void sleep_until_sgi(volatile uint64_t *taken): one SGI; the counter at its handler. */
    routine sleep_until_sgi
    adr x16, 1f
    msr DAIFClr, #2
0:  wfi
    b 0b
1:  mark_end
    str x18, [x0]
    msr ICC_EOIR1_EL1, x17
    isb
    ret
