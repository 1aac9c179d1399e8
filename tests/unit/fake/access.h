/* One access of a guest as a value, for tests that make accesses one after another. */
#ifndef FAKE_ACCESS_H
#define FAKE_ACCESS_H

#include "mmio/mmio.h"
#include "vdev/vdev.h"
#include "vgic/vgic.h"

struct mmio_access {
    uint64_t offset;
    uint64_t value; /* written; of a read that is done, the answer */
    uint8_t size_bytes;
    bool is_write;
    bool retry; /* the device wants the access made again */
};

/* False: the device refuses. */
static inline bool fake_access(mmio_read read, mmio_write write, uint16_t instance,
                               struct mmio_access *a)
{
    const uint32_t offset = (uint32_t)a->offset;
    const enum mmio_outcome outcome = a->is_write
                                          ? write(instance, offset, a->size_bytes, a->value)
                                          : read(instance, offset, a->size_bytes, &a->value);

    a->retry = outcome == MMIO_RETRY;
    return outcome != MMIO_REFUSED;
}

static inline bool vgic_gicd_access(uint16_t vm, struct mmio_access *a)
{
    return fake_access(vgic_gicd_read, vgic_gicd_write, vm, a);
}

static inline bool vgic_gicr_access(uint16_t vm, struct mmio_access *a)
{
    return fake_access(vgic_gicr_read, vgic_gicr_write, vm, a);
}

static inline bool pl011_access(uint16_t instance, struct mmio_access *a)
{
    return fake_access(pl011_read, pl011_write, instance, a);
}

static inline bool pl031_access(uint16_t instance, struct mmio_access *a)
{
    return fake_access(pl031_read, pl031_write, instance, a);
}

#endif
