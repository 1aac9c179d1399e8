/* Names of the hypervisor's own functions, for backtraces. The build links once, lists the
 * functions, and links again with the table (scripts: runtime/symbols.py); the table lies behind
 * all code, so that no address moves. */
#ifndef CORE_SYMBOLS_H
#define CORE_SYMBOLS_H

#include <stdint.h>

struct symbol {
    uint64_t address; /* first byte; the table is sorted by it */
    const char *name;
};

extern const struct symbol symbols[];
extern const uint32_t symbol_count;

/* The function that holds `address`, or NULL outside the code. */
const struct symbol *symbol_find(uint64_t address);

#endif
