/* Vectors of the benchmark guest: an interrupt notes the virtual counter with its second
 * instruction, so that what is measured is the way to the handler. The noted time is left in
 * TPIDRRO_EL0; TPIDR_EL0 is scratch. [DDI0487 D1.3.1] */
    .section .text.bench_vectors, "ax"
    .balign 2048
    .global bench_vectors
bench_vectors:
    .rept 5
    .balign 128
    b .
    .endr
    .balign 128                     /* current EL with SP_ELx: IRQ */
    msr TPIDR_EL0, x0
    mrs x0, CNTVCT_EL0
    msr TPIDRRO_EL0, x0
    mrs x0, S3_0_C12_C12_0          /* ICC_IAR1_EL1 */
    msr CNTV_CTL_EL0, xzr           /* a timer that has fired falls silent */
    isb
    msr S3_0_C12_C12_1, x0          /* ICC_EOIR1_EL1 */
    mrs x0, TPIDR_EL0
    eret
    .rept 10
    .balign 128
    b .
    .endr
