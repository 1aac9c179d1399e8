/* Emulated devices: what they see of an access, and how an access finds its device.
 *
 * A device sees offset, size, direction and value; never a syndrome, never a guest register. */
#ifndef MMIO_MMIO_H
#define MMIO_MMIO_H

#include "vm/exit_action.h"
#include "vm/vcpu.h"

struct mmio_access {
    uint64_t offset;   /* bytes from the start of the region; offset + size_bytes stays inside */
    uint64_t value;    /* written value, zero-extended; for reads the handler's answer */
    uint8_t size_bytes; /* 1, 2, 4 or 8; offset is NOT necessarily a multiple of it */
    bool is_write;
    bool retry;         /* set by a device that cannot answer yet, together with `true`: the whole
                         * instruction is made again (EXIT_RESUME, no register changed) */
};

/* True: done (for a read, a->value holds the answer; bits above the size are ignored).
 * False: the device answers with a bus error, the guest takes an external abort.
 * `instance` is cfg_mmio.instance. Called on the CPU of the vCPU that made the access. */
typedef bool (*mmio_handler)(uint16_t instance, struct mmio_access *a);

/* Indexed by enum cfg_mmio_kind; defined in world/ns/devices.c. */
extern const mmio_handler mmio_handlers[];

/* A data abort from a lower EL at `ipa` (full byte address): finds the device, decodes by
 * syndrome or by instruction (CORE-6), performs the access or accesses, writes the guest's
 * registers. `esr` is ESR_EL2. EXIT_ABORT when nothing lives there or the device refuses. */
enum exit_action mmio_abort(struct vcpu *v, uint64_t esr, ipa_t ipa);

#endif
