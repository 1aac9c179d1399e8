/* What a load or store does, from its instruction word alone. Pure: no guest state.
 *
 * A64 only: an AArch32 EL0 is served by syndromes, not by decoding. Emulated are all forms that
 * move one or two general or SIMD&FP registers. Exclusives, atomics, compare-and-swap, tag and
 * structure accesses are recognised as what they are, since they cannot be carried out on a
 * device [DDI0487 C4.1.94]. */
#ifndef MMIO_DECODE_H
#define MMIO_DECODE_H

#include <stdbool.h>
#include <stdint.h>

enum mmio_addressing {
    MMIO_OFFSET,     /* base + offset */
    MMIO_PRE_INDEX,  /* base + offset, which is written back */
    MMIO_POST_INDEX, /* base; base + offset is written back */
    MMIO_REGISTER,   /* base + extended index register */
    MMIO_LITERAL,    /* PC + offset */
};

struct mmio_instruction {
    bool is_write;
    bool is_pair;       /* rt2 follows rt in memory */
    bool is_simd;       /* rt and rt2 are vector registers */
    bool is_signed;     /* sign-extended */
    bool is_ordered;    /* load-acquire, store-release */
    bool is_64bit;      /* the general register is X: 64 bits are written, else W */
    uint8_t size_bytes; /* of each register's access: 1, 2, 4, 8, 16 */
    uint8_t rt;
    uint8_t rt2;
    uint8_t rn;         /* base; 31 is SP */
    uint8_t rm;         /* index register (MMIO_REGISTER) */
    uint8_t extend;     /* its option field: 2 UXTW, 3 LSL, 6 SXTW, 7 SXTX */
    uint8_t shift;      /* left shift of the index */
    uint8_t addressing; /* enum mmio_addressing */
    int64_t offset;     /* bytes */
};

enum mmio_decode_result {
    MMIO_DECODED,
    MMIO_NOT_EMULATED, /* accesses memory, but not in a way that a device can answer */
    MMIO_NO_ACCESS,    /* not a load or store, unallocated, or constrained unpredictable */
};

/* `i` is meaningful for MMIO_DECODED only. */
enum mmio_decode_result mmio_decode(uint32_t instruction, struct mmio_instruction *i);

#endif
