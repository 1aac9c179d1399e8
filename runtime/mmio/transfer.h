/* One load or store of a guest, carried out on its registers: addresses, values, write-back. */
#ifndef MMIO_TRANSFER_H
#define MMIO_TRANSFER_H

#include "lib/bits.h"
#include "mmio/decode.h"
#include "vm/vcpu.h"

/* Eight bytes at most go to a device at once; a pair of 128-bit registers needs four such. */
#define TRANSFER_PARTS_MAX 4U

/* What goes over the bus: parts of equal size, in ascending addresses. Values as the bus sees
 * them, little-endian. */
struct mmio_transfer {
    uint8_t part_count;
    uint8_t part_bytes;
    uint64_t parts[TRANSFER_PARTS_MAX];
};

/* Guest-virtual address of the first byte, and what write-back leaves in the base register. */
uint64_t transfer_address(const struct vcpu *v, const struct mmio_instruction *i,
                          uint64_t *written_back);
/* Sets the parts' number and size and, for a store, their values. */
void transfer_gather(const struct vcpu *v, const struct mmio_instruction *i,
                     struct mmio_transfer *t);
/* Commits: loaded values and write-back go to the registers. Cannot fail. */
void transfer_commit(struct vcpu *v, const struct mmio_instruction *i,
                     const struct mmio_transfer *t, uint64_t written_back);

#define SCTLR_EL1_E0E BIT(24)
#define SCTLR_EL1_EE BIT(25)

/* Does the guest access data in big-endian byte order where it is now? */
static inline bool transfer_is_big_endian(void)
{
    const bool at_el0 = (vcpu_pstate() & FIELD(3, 2)) == 0U;
    return (SYSREG_READ(SCTLR_EL1) & (at_el0 ? SCTLR_EL1_E0E : SCTLR_EL1_EE)) != 0U;
}

/* The `bytes` (1, 2, 4, 8) of a value in the other byte order. */
static inline uint64_t transfer_swap(uint64_t value, unsigned bytes)
{
    return __builtin_bswap64(value) >> (64U - 8U * bytes);
}

/* A loaded value of `bytes` as it stands in a general register of 32 or 64 bits. */
static inline uint64_t transfer_extend(uint64_t value, unsigned bytes, bool is_signed,
                                       bool is_64bit)
{
    const unsigned unused_bits = 64U - 8U * bytes;
    const uint64_t high = value << unused_bits;
    const uint64_t extended =
        is_signed ? (uint64_t)((int64_t)high >> unused_bits) : high >> unused_bits;
    return is_64bit ? extended : extended & UINT32_MAX;
}

#endif
