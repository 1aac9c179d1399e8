/* The measured operations (measure.S). All results are ticks of the virtual counter. */
#ifndef MEASURE_H
#define MEASURE_H

#include <stdint.h>

extern char bench_vectors[];

/* Each measured operation begins with the instruction that row_marker points to, for tracers: the
 * n-th of `markers` in the n-th row. */
#define MARKER_BYTES 8U
#define MARKER_COUNT 62U
extern char markers[];
extern const char *row_marker;

/* x0..x3 before the measured instructions, x0 after them. The two reads of the counter cost what
 * timed_nothing says. */
typedef uint64_t timed_function(uint64_t x[4]);
timed_function timed_nothing;
timed_function timed_hvc;
timed_function timed_read32; /* x[0] = [x1] */
timed_function timed_read64;
timed_function timed_write8; /* [x1] = x0 */
timed_function timed_write32;
timed_function timed_write64;
timed_function timed_read_id_register;  /* x[0] = ID_AA64PFR0_EL1 */
timed_function timed_send_sgi;          /* x0 as for ICC_SGI1R_EL1 */
timed_function timed_take_five;         /* acknowledges and ends five; x[0] = the last */
timed_function timed_take_one;          /* acknowledges and ends one; x[0] = its INTID */
timed_function timed_take_and_silence;  /* the same, with [x1] = x2 in between */
timed_function timed_pend_and_withdraw; /* [x1] = x0, [x2] = x0, x[0] = ICC_IAR1_EL1 */
timed_function timed_loop;              /* x0 times two instructions */
timed_function timed_el0_write8;        /* timed_write8 at EL0; x[0] = class of the return */

/* To the first instruction of the interrupt's handler. They return with interrupts masked. */
struct interrupt {
    uint64_t ticks;
    uint64_t intid;
};
struct interrupt until_sgi(uint64_t sgi1r);
struct interrupt until_spi(uintptr_t set, uint32_t value, uintptr_t clear);
struct interrupt until_timer(uint64_t deadline);
struct interrupt until_timer_asleep(uint64_t deadline);
struct interrupt spi_storm(uintptr_t set, uint32_t value, uintptr_t clear, uint64_t count);
struct interrupt sgi_storm(uint64_t sgi1r, uint64_t step, uint64_t count);

uint64_t send_and_sleep(uint64_t sgi1r, uint64_t deadline);
void sleep_until_sgi(volatile uint64_t *taken);

#endif
