/* Decoder of A64 loads and stores [DDI0487 C4.1.94], one function per class of its table.
 *
 * Each class either fills the description or says why not. Where the architecture leaves the
 * behaviour CONSTRAINED UNPREDICTABLE (write-back to a register that is transferred, a pair that
 * loads one register twice) the answer is MMIO_NO_ACCESS, which ends in an abort: one of the
 * permitted ways is that nothing sensible happens.
 *
 * @req CORE-6 */
#include "mmio/decode.h"

#include "lib/bits.h"

#define ZR_OR_SP 31U

static unsigned field(uint32_t instruction, unsigned high, unsigned low)
{
    return (unsigned)bits_get(instruction, high, low);
}

static int64_t signed_field(uint32_t instruction, unsigned high, unsigned low)
{
    const int64_t value = field(instruction, high, low);
    const int64_t sign = INT64_C(1) << (high - low);
    return (value ^ sign) - sign;
}

static bool transfers(const struct mmio_instruction *i, unsigned n)
{
    return !i->is_simd && (i->rt == n || (i->is_pair && i->rt2 == n));
}

/* Constrained unpredictable cases of write-back and pairs [DDI0487 K1.2]. */
static enum mmio_decode_result checked(const struct mmio_instruction *i)
{
    const bool writes_back = i->addressing == MMIO_PRE_INDEX || i->addressing == MMIO_POST_INDEX;
    if (writes_back && i->rn != ZR_OR_SP && transfers(i, i->rn)) {
        return MMIO_NO_ACCESS;
    }
    if (i->is_pair && !i->is_write && i->rt == i->rt2) {
        return MMIO_NO_ACCESS;
    }
    return MMIO_DECODED;
}

/* size, V and opc of the "load/store register" classes. False when unallocated, or a prefetch,
 * which makes no access that could fault. */
static bool decode_kind(uint32_t instruction, struct mmio_instruction *i)
{
    const unsigned size = field(instruction, 31, 30);
    const unsigned opc = field(instruction, 23, 22);
    i->is_simd = bit_is_set(instruction, 26);
    if (i->is_simd) {
        if (opc >= 2U && size != 0U) {
            return false;
        }
        i->size_bytes = (uint8_t)((opc >= 2U) ? 16U : 1U << size);
        i->is_write = (opc & 1U) == 0U;
        return true;
    }
    i->size_bytes = (uint8_t)(1U << size);
    i->is_write = opc == 0U;
    i->is_signed = opc >= 2U;
    i->is_64bit = (opc == 2U) || (opc < 2U && size == 3U);
    return !(opc == 2U && size == 3U) && !(opc == 3U && size >= 2U);
}

static unsigned scale_of(const struct mmio_instruction *i)
{
    return (unsigned)__builtin_ctz(i->size_bytes);
}

/* Unscaled, post-index, unprivileged and pre-index: bits 11:10. */
static enum mmio_decode_result decode_imm9(uint32_t instruction, struct mmio_instruction *i)
{
    static const uint8_t addressing[4] = {MMIO_OFFSET, MMIO_POST_INDEX, MMIO_OFFSET,
                                          MMIO_PRE_INDEX};
    const unsigned form = field(instruction, 11, 10);
    const bool is_unprivileged = form == 2U;
    if (!decode_kind(instruction, i) || (is_unprivileged && i->is_simd)) {
        return MMIO_NO_ACCESS;
    }
    i->addressing = addressing[form];
    i->offset = signed_field(instruction, 20, 12);
    return checked(i);
}

static enum mmio_decode_result decode_register_offset(uint32_t instruction,
                                                      struct mmio_instruction *i)
{
    i->extend = (uint8_t)field(instruction, 15, 13);
    if (!decode_kind(instruction, i) || (i->extend & 2U) == 0U) {
        return MMIO_NO_ACCESS;
    }
    i->addressing = MMIO_REGISTER;
    i->rm = (uint8_t)field(instruction, 20, 16);
    i->shift = bit_is_set(instruction, 12) ? (uint8_t)scale_of(i) : 0U;
    return MMIO_DECODED;
}

/* LDAPR is the one plain load among the atomic operations: A 1, R 0, Rs 31, o3 1, opc 4. */
static enum mmio_decode_result decode_atomic(uint32_t instruction, struct mmio_instruction *i)
{
    if (bit_is_set(instruction, 26)) {
        return MMIO_NO_ACCESS;
    }
    if ((instruction & 0x00FFFC00U) != 0x00BFC000U) {
        return MMIO_NOT_EMULATED;
    }
    i->size_bytes = (uint8_t)(1U << field(instruction, 31, 30));
    i->is_64bit = i->size_bytes == 8U;
    i->is_ordered = true;
    return MMIO_DECODED;
}

/* Bits 29:28 == 11: all forms of one register with a base. */
static enum mmio_decode_result decode_register(uint32_t instruction, struct mmio_instruction *i)
{
    if (bit_is_set(instruction, 24)) {
        if (!decode_kind(instruction, i)) {
            return MMIO_NO_ACCESS;
        }
        i->offset = (int64_t)((uint64_t)field(instruction, 21, 10) << scale_of(i));
        return MMIO_DECODED;
    }
    if (!bit_is_set(instruction, 21)) {
        return decode_imm9(instruction, i);
    }
    switch (field(instruction, 11, 10)) {
    case 0:
        return decode_atomic(instruction, i);
    case 2:
        return decode_register_offset(instruction, i);
    default:
        /* Loads with pointer authentication; their SIMD space is unallocated. */
        return bit_is_set(instruction, 26) ? MMIO_NO_ACCESS : MMIO_NOT_EMULATED;
    }
}

/* opc, V, L of the pairs. LDPSW is opc 1; its store twin STGP moves tags. */
static enum mmio_decode_result decode_pair_kind(uint32_t instruction, struct mmio_instruction *i)
{
    const unsigned opc = field(instruction, 31, 30);
    const bool has_hint = field(instruction, 24, 23) == 0U; /* LDNP, STNP */
    i->is_pair = true;
    i->is_simd = bit_is_set(instruction, 26);
    i->is_write = !bit_is_set(instruction, 22);
    if (opc == 3U) {
        return MMIO_NO_ACCESS;
    }
    if (i->is_simd) {
        i->size_bytes = (uint8_t)(4U << opc);
        return MMIO_DECODED;
    }
    if (opc == 1U) {
        i->size_bytes = 4;
        i->is_signed = true;
        i->is_64bit = true;
        return has_hint ? MMIO_NO_ACCESS : i->is_write ? MMIO_NOT_EMULATED : MMIO_DECODED;
    }
    i->size_bytes = (opc == 0U) ? 4U : 8U;
    i->is_64bit = opc == 2U;
    return MMIO_DECODED;
}

static enum mmio_decode_result decode_pair(uint32_t instruction, struct mmio_instruction *i)
{
    static const uint8_t addressing[4] = {MMIO_OFFSET, MMIO_POST_INDEX, MMIO_OFFSET,
                                          MMIO_PRE_INDEX};
    const enum mmio_decode_result kind = decode_pair_kind(instruction, i);
    if (kind != MMIO_DECODED) {
        return kind;
    }
    i->rt2 = (uint8_t)field(instruction, 14, 10);
    i->addressing = addressing[field(instruction, 24, 23)];
    i->offset = signed_field(instruction, 21, 15) * i->size_bytes;
    return checked(i);
}

static enum mmio_decode_result decode_literal(uint32_t instruction, struct mmio_instruction *i)
{
    const unsigned opc = field(instruction, 31, 30);
    i->is_simd = bit_is_set(instruction, 26);
    if (opc == 3U) {
        return MMIO_NO_ACCESS; /* PRFM, or unallocated */
    }
    i->size_bytes = (uint8_t)(i->is_simd ? 4U << opc : (opc == 1U) ? 8U : 4U);
    i->is_signed = !i->is_simd && opc == 2U;
    i->is_64bit = opc != 0U;
    i->addressing = MMIO_LITERAL;
    i->offset = signed_field(instruction, 23, 5) * 4;
    return MMIO_DECODED;
}

/* Bits 29:24 == 011001: unscaled load-acquire RCpc and store-release; with bit 21 memory tags,
 * with bits 11:10 copies and fills of memory. */
static enum mmio_decode_result decode_rcpc_unscaled(uint32_t instruction,
                                                    struct mmio_instruction *i)
{
    if (bit_is_set(instruction, 26) || bit_is_set(instruction, 21) ||
        field(instruction, 11, 10) != 0U) {
        return MMIO_NOT_EMULATED;
    }
    if (!decode_kind(instruction, i)) {
        return MMIO_NO_ACCESS;
    }
    i->is_ordered = true;
    i->offset = signed_field(instruction, 20, 12);
    return MMIO_DECODED;
}

/* Bits 29:24 == 001000, o2 1, o1 0: LDAR, STLR, LDLAR, STLLR. The rest of the class: exclusives
 * and compare-and-swap. */
static enum mmio_decode_result decode_ordered(uint32_t instruction, struct mmio_instruction *i)
{
    if (!bit_is_set(instruction, 23) || bit_is_set(instruction, 21)) {
        return MMIO_NOT_EMULATED;
    }
    i->size_bytes = (uint8_t)(1U << field(instruction, 31, 30));
    i->is_64bit = i->size_bytes == 8U;
    i->is_write = !bit_is_set(instruction, 22);
    i->is_ordered = true;
    return MMIO_DECODED;
}

enum mmio_decode_result mmio_decode(uint32_t instruction, struct mmio_instruction *i)
{
    *i = (struct mmio_instruction){
        .rt = (uint8_t)field(instruction, 4, 0),
        .rn = (uint8_t)field(instruction, 9, 5),
        .addressing = MMIO_OFFSET,
    };
    if (!bit_is_set(instruction, 27) || bit_is_set(instruction, 25)) {
        return MMIO_NO_ACCESS; /* op0 is not x1x0: not a load or store */
    }
    switch (field(instruction, 29, 28)) {
    case 0:
        /* With V: vector structures. With bit 24: pair forms of exclusives (LSE128 and later). */
        return (bit_is_set(instruction, 26) || bit_is_set(instruction, 24))
                   ? MMIO_NOT_EMULATED
                   : decode_ordered(instruction, i);
    case 1:
        return bit_is_set(instruction, 24) ? decode_rcpc_unscaled(instruction, i)
                                           : decode_literal(instruction, i);
    case 2:
        return decode_pair(instruction, i);
    default:
        return decode_register(instruction, i);
    }
}
