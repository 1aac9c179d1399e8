/* Invariant violated: registers, backtrace with symbols, reason; the CPU stops, the others are
 * stopped too. Guest input never leads here. */
#ifndef CORE_PANIC_H
#define CORE_PANIC_H

_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
