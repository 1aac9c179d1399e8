/* A word with the compiler about registers; no instruction comes of it. */
#ifndef ARCH_KEEP_H
#define ARCH_KEEP_H

/* After a pointer is found: the compiler keeps it, and does not find it again from its parts. */
#define KEEP_POINTER(pointer) __asm__("" : "+r"(pointer))

#endif
