/* The four memory functions that the compiler itself may call in freestanding code
 * [GCC manual, "Standards"]. Semantics are those of ISO C. Nothing else of a C library exists at
 * EL2. */
#ifndef LIB_MEM_H
#define LIB_MEM_H

#include <stddef.h>

void *memcpy(void *restrict dst, const void *restrict src, size_t bytes);
void *memmove(void *dst, const void *src, size_t bytes);
void *memset(void *dst, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);

#endif
