/* The emulated pvpanic, by which a guest says that it has panicked [QEMU docs/specs/pvpanic.rst].
 *
 * One register of a byte: it reads as the events that are understood, and is written with those
 * that have happened. A panic is a fault of class panic, and what becomes of the VM the description
 * says. A guest that has loaded a crash kernel goes on by itself: that is a line of the log. Has no
 * state.
 *
 * @req OPS-6 */
#include "vdev/vdev.h"

#include "config/config.h"
#include "core/log.h"
#include "vm/health.h"

enum { PVPANIC_PANICKED = 1U << 0, PVPANIC_CRASH_LOADED = 1U << 1 };

enum mmio_outcome pvpanic_read(uint16_t instance, uint32_t offset, unsigned size_bytes,
                               uint64_t *value)
{
    (void)instance;
    if (!vdev_is_possible(offset, size_bytes)) {
        return MMIO_REFUSED;
    }
    return mmio_answer(value, (offset == 0U) ? PVPANIC_PANICKED | PVPANIC_CRASH_LOADED : 0U);
}

enum mmio_outcome pvpanic_write(uint16_t instance, uint32_t offset, unsigned size_bytes,
                                uint64_t value)
{
    const uint16_t vm = cfg_pvpanics[instance].vm;

    if (!vdev_is_possible(offset, size_bytes)) {
        return MMIO_REFUSED;
    }
    if (offset == 0U && (value & PVPANIC_PANICKED) != 0U) {
        (void)health_report(vm, CFG_FAULT_PANIC, 0, value & UINT8_MAX);
    } else if (offset == 0U && (value & PVPANIC_CRASH_LOADED) != 0U) {
        log_guest(vm, "the guest has panicked, and its crash kernel takes over");
    }
    return MMIO_DONE;
}
