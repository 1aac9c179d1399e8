/* Invariant violated: reason, registers, backtrace with symbols on the console, if EL2 has one;
 * this CPU stops, the others are stopped too. Guest input never leads here. */
#ifndef CORE_PANIC_H
#define CORE_PANIC_H

#include <stdint.h>

/* For a debugger or a core dump, whether it could be said or not. */
struct panic_record {
    const char *reason; /* the format of panic(), or NULL: an exception, of panic_frame */
    uint64_t values[4]; /* what the format takes, or the exception's kind, ESR, FAR and ELR */
    uint64_t pc;        /* where panic() was called */
    uint64_t fp;        /* the first of the frame records from there */
    uint64_t cpu;
};
extern struct panic_record panic_record;

_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From arch/vectors.S on the panic stack, for an exception taken at EL2; the registers are in
 * panic_frame. `kind`: 0 synchronous, 1 IRQ, 2 FIQ, 3 SError. */
_Noreturn void panic_exception(uint64_t kind);

/* Stops this CPU for good: another one has panicked (MSG_HALT). */
_Noreturn void panic_halt(void);

#endif
