/* Invariant violated: reason, registers, backtrace with symbols; this CPU stops, the others are
 * stopped too. Guest input never leads here. */
#ifndef CORE_PANIC_H
#define CORE_PANIC_H

#include <stdint.h>

_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* From arch/vectors.S on the panic stack, for an exception taken at EL2; the registers are in
 * panic_frame. `kind`: 0 synchronous, 1 IRQ, 2 FIQ, 3 SError. */
_Noreturn void panic_exception(uint64_t kind);

/* Stops this CPU for good: another one has panicked (MSG_HALT). */
_Noreturn void panic_halt(void);

#endif
