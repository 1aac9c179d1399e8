/* Emulated devices: what they see of an access, and how an access finds its device.
 *
 * A device sees offset, size, direction and value; never a syndrome, never a guest register. */
#ifndef MMIO_MMIO_H
#define MMIO_MMIO_H

#include "vm/exit_action.h"
#include "vm/vcpu.h"

/* Each is the action that a short exit ends with. */
enum mmio_outcome {
    MMIO_DONE = EXIT_SKIP,
    MMIO_RETRY = EXIT_RESUME,    /* not yet: the guest makes its access again */
    MMIO_REFUSED = EXIT_IN_FULL, /* a bus error: the guest takes an external abort. Nothing has
                                  * changed, and the same access is refused again */
};

/* One access of 1, 2, 4 or 8 bytes that lies inside the region; `offset`, in bytes from its start,
 * is NOT necessarily a multiple of the size. Values are zero-extended; `*value` is set when the
 * read is done, and only then. `instance` is cfg_mmio.instance. Called on the CPU of the vCPU that
 * made the access. */
typedef enum mmio_outcome (*mmio_read)(uint16_t instance, uint32_t offset, unsigned size_bytes,
                                       uint64_t *value);
typedef enum mmio_outcome (*mmio_write)(uint16_t instance, uint32_t offset, unsigned size_bytes,
                                        uint64_t value);

struct mmio_device {
    mmio_read read;
    mmio_write write;
};

/* Indexed by enum cfg_mmio_kind; defined in world/ns/features.c. */
extern const struct mmio_device mmio_devices[];

static inline enum mmio_outcome mmio_answer(uint64_t *value, uint64_t answer)
{
    *value = answer;
    return MMIO_DONE;
}

/* A data abort from a lower EL at `ipa` (full byte address): finds the device, decodes by
 * syndrome or by instruction (CORE-6), performs the access or accesses, writes the guest's
 * registers. `esr` is ESR_EL2. EXIT_ABORT when nothing lives there or the device refuses. */
enum exit_action mmio_abort(struct vcpu *v, uint64_t esr, ipa_t ipa);
/* The usual case of the same, with only x0..x17, x29 and x30 of the guest stored: a plain, aligned
 * load or store, little-endian, with one of these registers, of the device of the vCPU's last
 * access. `esr` says that it is a translation fault with a valid syndrome, not sign-extending, not
 * ordered, not on a stage-1 walk. EXIT_IN_FULL: it is none of these, and nothing has happened. */
enum exit_action mmio_abort_short(struct vcpu *v, uint64_t esr, ipa_t ipa);

#endif
