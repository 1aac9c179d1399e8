/* From a data abort to the device that answers it; mmio/mmio.h.
 *
 * Most accesses come with a valid syndrome, which says all; the others are decoded from the
 * instruction, whose description must agree with what the abort reports: the direction, and the
 * faulting address as that of the first byte. Another vCPU may have changed the instruction since
 * it was executed, and then nothing is done. An access never goes beyond its region
 * (INV-MMIO-SORTED) or the 4 KiB page that faulted, since the next page need not lie there. A
 * store's parts are given to the device in order; when it refuses one, those before have happened,
 * as on a bus. The guest's registers change only when all have succeeded. Runs on the vCPU's CPU;
 * holds no lock while it calls a device. [DDI0487 D24.2, ESR_EL2, ISS for data aborts]
 *
 * @req CORE-6 */
#include "lib/loop.h"
#include "mmio/mmio.h"

#include "arch/barrier.h"
#include "core/log.h"
#include "lib/bits.h"
#include "lib/range.h"
#include "mmio/decode.h"
#include "mmio/transfer.h"
#include "vm/esr.h"
#include "vm/guest_mem.h"

#define ESR_SF BIT(15) /* the register is a 64-bit one */
#define PSTATE_NRW BIT(4)
#define PAGE_BYTES 4096U
#define ADDRESS_BITS FIELD(55, 0) /* without a tag in the top byte */

/* By vCPU: the device of its last access, one of its own VM's. Written by its own CPU only, and no
 * more than a hint. */
static const struct cfg_mmio no_device;
static const struct cfg_mmio *last_devices[CFG_VCPU_COUNT] = {
    [0 ... CFG_VCPU_COUNT - 1] = &no_device,
};

static bool is_in_device(const struct cfg_mmio *m, ipa_t ipa)
{
    return ipa.ipa - m->ipa < m->size; /* below its start the difference wraps, and is larger */
}

/* The number of `vm`'s devices that begin at `ipa` or before. */
SLOW_PATH static unsigned count_up_to(const struct cfg_vm *vm, ipa_t ipa)
{
    unsigned low = 0;
    unsigned high = vm->mmio_count;

    while (low < high) {
        LOOP_BOUND(33U - (unsigned)__builtin_clz(CFG_MMIO_COUNT | 1U));
        const unsigned middle = (low + high) / 2U;
        if (ipa.ipa < cfg_mmios[vm->first_mmio + middle].ipa) {
            high = middle;
        } else {
            low = middle + 1U;
        }
    }
    return low;
}

/* The device of the vCPU's VM at `ipa`, or NULL. Accesses come in bursts to one device. */
static const struct cfg_mmio *find_device(const struct vcpu *v, ipa_t ipa)
{
    const struct cfg_vm *const vm = vcpu_cfg_vm(v);
    const struct cfg_mmio *const last = last_devices[v->id];

    if (is_in_device(last, ipa)) {
        return last;
    }
    const unsigned count = count_up_to(vm, ipa);

    if (count == 0U || !is_in_device(&cfg_mmios[vm->first_mmio + count - 1U], ipa)) {
        return NULL;
    }
    last_devices[v->id] = &cfg_mmios[vm->first_mmio + count - 1U];
    return last_devices[v->id];
}

/* `ipa` is in the region: do `bytes` from there end in it, and in the page? */
static bool is_inside(const struct cfg_mmio *m, ipa_t ipa, uint64_t bytes)
{
    return bytes <= m->size - (ipa.ipa - m->ipa) && bytes <= PAGE_BYTES - ipa.ipa % PAGE_BYTES;
}

/* EXIT_SKIP when the device has answered, EXIT_ABORT when it refuses, EXIT_RESUME when the guest
 * shall try again. */
static enum exit_action action_for(enum mmio_outcome outcome)
{
    return (outcome == MMIO_REFUSED) ? EXIT_ABORT : (enum exit_action)outcome;
}

static enum exit_action ask_device(const struct cfg_mmio *m, uint64_t offset, bool is_write,
                                   unsigned size_bytes, uint64_t *value)
{
    const struct mmio_device *const device = &mmio_devices[m->kind];

    if (is_write) {
        return action_for(device->write(m->instance, (uint32_t)offset, size_bytes, *value));
    }
    return action_for(device->read(m->instance, (uint32_t)offset, size_bytes, value));
}

/* --- by syndrome ------------------------------------------------------------------------ */

static unsigned syndrome_register(uint64_t esr)
{
    return (unsigned)bits_get(esr, 20, 16);
}

static unsigned syndrome_bytes(uint64_t esr)
{
    return 1U << bits_get(esr, 23, 22);
}

/* What a store of `bytes` writes of a register. */
static uint64_t stored(uint64_t value, unsigned bytes)
{
    return value & (UINT64_MAX >> ((0U - 8U * bytes) & 63U));
}

static enum exit_action write_by_syndrome(const struct vcpu *v, uint64_t esr, uint64_t offset,
                                          const struct cfg_mmio *m)
{
    const unsigned bytes = syndrome_bytes(esr);
    uint64_t value = stored(vcpu_x(v, syndrome_register(esr)), bytes);

    if (transfer_is_big_endian()) {
        value = transfer_swap(value, bytes);
    }
    if ((esr & ESR_AR) != 0U) {
        dmb_ish(); /* store-release: what the guest did before is seen before the device acts */
    }
    return ask_device(m, offset, true, bytes, &value);
}

static enum exit_action read_by_syndrome(struct vcpu *v, uint64_t esr, uint64_t offset,
                                         const struct cfg_mmio *m)
{
    const unsigned bytes = syndrome_bytes(esr);
    uint64_t value = 0;
    const enum exit_action action = ask_device(m, offset, false, bytes, &value);

    if (action == EXIT_SKIP) {
        if (transfer_is_big_endian()) {
            value = transfer_swap(value, bytes);
        }
        vcpu_set_x(v, syndrome_register(esr),
                   transfer_extend(value, bytes, (esr & ESR_SSE) != 0U, (esr & ESR_SF) != 0U));
        if ((esr & ESR_AR) != 0U) {
            dmb_ish(); /* load-acquire: what the guest does next is not seen before this */
        }
    }
    return action;
}

static enum exit_action access_by_syndrome(struct vcpu *v, uint64_t esr, ipa_t ipa,
                                           const struct cfg_mmio *m)
{
    if (!is_inside(m, ipa, syndrome_bytes(esr))) {
        return EXIT_ABORT;
    }
    return ((esr & ESR_WNR) != 0U) ? write_by_syndrome(v, esr, ipa.ipa - m->ipa, m)
                                   : read_by_syndrome(v, esr, ipa.ipa - m->ipa, m);
}

static bool may_be_big_endian(void)
{
    return (SYSREG_READ(SCTLR_EL1) & (SCTLR_EL1_EE | SCTLR_EL1_E0E)) != 0U;
}

enum exit_action mmio_abort_short(struct vcpu *v, uint64_t esr, ipa_t ipa)
{
    const struct cfg_mmio *const m = last_devices[v->id];
    const unsigned rt = syndrome_register(esr);
    const unsigned bytes = syndrome_bytes(esr);
    const uint32_t offset = (uint32_t)(ipa.ipa - m->ipa);

    if (!is_in_device(m, ipa) || (offset & (bytes - 1U)) != 0U || !vcpu_has_short(rt) ||
        may_be_big_endian()) {
        return EXIT_IN_FULL;
    }
    if ((esr & ESR_WNR) != 0U) {
        return (enum exit_action)mmio_devices[m->kind].write(m->instance, offset, bytes,
                                                             stored(vcpu_x(v, rt), bytes));
    }
    if (rt >= ARRAY_COUNT(v->x)) {
        return EXIT_IN_FULL;
    }
    return (enum exit_action)mmio_devices[m->kind].read(m->instance, offset, bytes, &v->x[rt]);
}

/* --- by instruction --------------------------------------------------------------------- */

SLOW_PATH static enum exit_action refuse(const struct vcpu *v, const char *reason,
                                         uint32_t instruction)
{
    log_guest(v->vm, "vCPU %u: access to a device by %s (PC 0x%llx, instruction %08x)", v->index,
              reason, (unsigned long long)vcpu_pc(), instruction);
    return EXIT_ABORT;
}

/* The parts on the bus, in order, up to the first that the device does not answer. */
static enum exit_action perform(const struct cfg_mmio *m, ipa_t ipa, bool is_write,
                                struct mmio_transfer *t)
{
    for (unsigned p = 0; p < t->part_count; p++) {
        LOOP_BOUND(TRANSFER_PARTS_MAX);
        const enum exit_action action =
            ask_device(m, ipa.ipa - m->ipa + p * (uint64_t)t->part_bytes, is_write, t->part_bytes,
                       &t->parts[p]);

        if (action != EXIT_SKIP) {
            return action;
        }
    }
    return EXIT_SKIP;
}

static bool agrees_with_abort(const struct mmio_instruction *i, uint64_t esr, uint64_t address)
{
    const bool is_write = (esr & ESR_WNR) != 0U;
    return i->is_write == is_write && (esr & ESR_FNV) == 0U &&
           ((address ^ SYSREG_READ(FAR_EL2)) & ADDRESS_BITS) == 0U;
}

static enum exit_action carry_out(struct vcpu *v, const struct mmio_instruction *i, ipa_t ipa,
                                  const struct cfg_mmio *m, uint64_t written_back)
{
    struct mmio_transfer t;
    transfer_gather(v, i, &t);
    if (!is_inside(m, ipa, (uint64_t)t.part_count * t.part_bytes)) {
        return EXIT_ABORT;
    }
    if (i->is_ordered && i->is_write) {
        dmb_ish();
    }
    const enum exit_action action = perform(m, ipa, i->is_write, &t);
    if (action != EXIT_SKIP) {
        return action;
    }
    transfer_commit(v, i, &t, written_back);
    if (i->is_ordered && !i->is_write) {
        dmb_ish();
    }
    return EXIT_SKIP;
}

SLOW_PATH static enum exit_action access_by_instruction(struct vcpu *v, uint64_t esr, ipa_t ipa,
                                                        const struct cfg_mmio *m)
{
    struct mmio_instruction i;
    uint32_t instruction = 0;
    uint64_t written_back;
    if ((vcpu_pstate() & PSTATE_NRW) != 0U) {
        return refuse(v, "an AArch32 instruction that reports no syndrome", 0);
    }
    if (!guest_fetch(v, &instruction)) {
        return refuse(v, "an instruction that cannot be read", 0);
    }
    switch (mmio_decode(instruction, &i)) {
    case MMIO_DECODED:
        break;
    case MMIO_NOT_EMULATED:
        return refuse(v, "an instruction that devices cannot answer", instruction);
    case MMIO_NO_ACCESS:
    default:
        return refuse(v, "what is no load or store", instruction);
    }
    if (!agrees_with_abort(&i, esr, transfer_address(v, &i, &written_back))) {
        return refuse(v, "an access that begins elsewhere", instruction);
    }
    return carry_out(v, &i, ipa, m, written_back);
}

enum exit_action mmio_abort(struct vcpu *v, uint64_t esr, ipa_t ipa)
{
    const struct cfg_mmio *const m = find_device(v, ipa);
    if (m == NULL) {
        return EXIT_ABORT;
    }
    return ((esr & ESR_ISV) != 0U) ? access_by_syndrome(v, esr, ipa, m)
                                   : access_by_instruction(v, esr, ipa, m);
}
