/* Between a guest's registers and the bus; mmio/transfer.h.
 *
 * Nothing here fails or touches a device. transfer_commit() is the only function that writes guest
 * state, and it is called when every part of the access has succeeded. On the vCPU's CPU: SP and
 * the vector registers are in it. [DDI0487 C6.2, J1.1.3 (Mem[], BigEndian())]
 *
 * @req CORE-6 */
#include "mmio/transfer.h"

#include "arch/simd.h"
#include "lib/bits.h"
#include "lib/loop.h"

#define SP_REGISTER 31U
#define PSTATE_EL1H 5U

static unsigned mode(void)
{
    return (unsigned)bits_get(vcpu_pstate(), 3, 0);
}

/* EL1h has its own stack pointer; EL1t and EL0 use SP_EL0 [DDI0487 C5.1.4]. */
static uint64_t read_base(const struct vcpu *v, unsigned n)
{
    if (n != SP_REGISTER) {
        return vcpu_x(v, n);
    }
    return (mode() == PSTATE_EL1H) ? SYSREG_READ(SP_EL1) : SYSREG_READ(SP_EL0);
}

static void write_base(struct vcpu *v, unsigned n, uint64_t value)
{
    if (n != SP_REGISTER) {
        vcpu_set_x(v, n, value);
    } else if (mode() == PSTATE_EL1H) {
        SYSREG_WRITE(SP_EL1, value);
    } else {
        SYSREG_WRITE(SP_EL0, value);
    }
}

static uint64_t extend_index(uint64_t value, unsigned extend)
{
    switch (extend) {
    case 2: /* UXTW */
        return value & UINT32_MAX;
    case 6: /* SXTW */
        return (uint64_t)(int64_t)(int32_t)(uint32_t)value;
    default: /* LSL and SXTX */
        return value;
    }
}

uint64_t transfer_address(const struct vcpu *v, const struct mmio_instruction *i,
                          uint64_t *written_back)
{
    const uint64_t base = (i->addressing == MMIO_LITERAL) ? vcpu_pc() : read_base(v, i->rn);
    const uint64_t offset = (i->addressing == MMIO_REGISTER)
                                ? extend_index(vcpu_x(v, i->rm), i->extend) << i->shift
                                : (uint64_t)i->offset;
    *written_back = base + offset;
    return (i->addressing == MMIO_POST_INDEX) ? base : base + offset;
}

/* --- registers as parts of the transfer -------------------------------------------------- */

static unsigned parts_per_register(const struct mmio_instruction *i)
{
    return (i->size_bytes == 16U) ? 2U : 1U;
}

static void swap_register(uint64_t part[2], unsigned count, unsigned part_bytes)
{
    if (count == 1U) {
        part[0] = transfer_swap(part[0], part_bytes);
        return;
    }
    const uint64_t first = part[0];
    part[0] = transfer_swap(part[1], part_bytes);
    part[1] = transfer_swap(first, part_bytes);
}

static void gather_register(const struct vcpu *v, const struct mmio_instruction *i, unsigned n,
                            uint64_t part[2])
{
    uint64_t value[2] = {0, 0};
    if (i->is_simd) {
        arch_simd_read(n, value);
    } else {
        value[0] = vcpu_x(v, n);
    }
    const unsigned part_bytes = (i->size_bytes < 8U) ? i->size_bytes : 8U;
    const unsigned unused_bits = 64U - 8U * part_bytes;
    for (unsigned p = 0; p < parts_per_register(i); p++) {
        LOOP_BOUND(2);
        part[p] = (value[p] << unused_bits) >> unused_bits;
    }
    if (transfer_is_big_endian()) {
        swap_register(part, parts_per_register(i), part_bytes);
    }
}

void transfer_gather(const struct vcpu *v, const struct mmio_instruction *i,
                     struct mmio_transfer *t)
{
    const unsigned per_register = parts_per_register(i);
    *t = (struct mmio_transfer){
        .part_count = (uint8_t)(i->is_pair ? 2U * per_register : per_register),
        .part_bytes = (i->size_bytes < 8U) ? i->size_bytes : 8U,
    };
    if (!i->is_write) {
        return;
    }
    gather_register(v, i, i->rt, &t->parts[0]);
    if (i->is_pair) {
        gather_register(v, i, i->rt2, &t->parts[per_register]);
    }
}

static void commit_register(struct vcpu *v, const struct mmio_instruction *i, unsigned n,
                            const uint64_t part[2])
{
    const unsigned part_bytes = (i->size_bytes < 8U) ? i->size_bytes : 8U;
    uint64_t value[2] = {part[0], (parts_per_register(i) == 2U) ? part[1] : 0U};
    if (transfer_is_big_endian()) {
        swap_register(value, parts_per_register(i), part_bytes);
    }
    value[0] = transfer_extend(value[0], part_bytes, i->is_signed, i->is_simd || i->is_64bit);
    if (i->is_simd) {
        arch_simd_write(n, value);
    } else {
        vcpu_set_x(v, n, value[0]);
    }
}

void transfer_commit(struct vcpu *v, const struct mmio_instruction *i,
                     const struct mmio_transfer *t, uint64_t written_back)
{
    if (!i->is_write) {
        commit_register(v, i, i->rt, &t->parts[0]);
        if (i->is_pair) {
            commit_register(v, i, i->rt2, &t->parts[parts_per_register(i)]);
        }
    }
    if (i->addressing == MMIO_PRE_INDEX || i->addressing == MMIO_POST_INDEX) {
        write_base(v, i->rn, written_back);
    }
}
