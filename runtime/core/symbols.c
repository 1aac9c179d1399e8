/* Lookup of code addresses; core/symbols.h.
 * @req OPS-4 */
#include "core/symbols.h"

#include <stddef.h>

extern const uint8_t __text_end[];

const struct symbol *symbol_find(uint64_t address)
{
    const struct symbol *found = NULL;

    if (address >= (uintptr_t)__text_end) {
        return NULL;
    }
    for (uint32_t i = 0; i < symbol_count && symbols[i].address <= address; i++) {
        found = &symbols[i];
    }
    return found;
}
