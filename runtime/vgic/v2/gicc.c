/* GICC_DIR of a virtual GICv2; vgic/vgic.h [IHI0048 4.4.15].
 *
 * The hardware's GICV_DIR only knows the list registers of its own CPU. A guest may deactivate what
 * is not in them: an interrupt that did not fit, or an SPI that another vCPU acknowledged. So this
 * page of the CPU interface is not mapped; the one that interrupts are taken and ended by is. A
 * guest with EOImode 0, as Linux has it, never writes here.
 *
 * @req IRQ-2 */
#include "core/percpu.h"
#include "lib/bits.h"
#include "vgic/regs.h"
#include "vgic/vgic.h"
#include "vgic_variant.h"

enum { DIR_OFFSET = 0, VMCR_VEM = 9 };

/* Write-only, and nothing else is on the page. */
enum mmio_outcome vgic_gicc_read(uint16_t vm, uint32_t offset, unsigned size_bytes, uint64_t *value)
{
    (void)vm;
    (void)offset;
    (void)size_bytes;
    return mmio_answer(value, 0);
}

/* Does the written value name the source that the guest acknowledged the SGI with? */
static bool is_its_source(const struct vgic_redist *r, unsigned intid, uint64_t value)
{
    return !vgic_has_source(intid) ||
           vgic_sources[r->vcpu].listed[intid] == bits_get(value, 12, 10);
}

/* The same as GICD_ICACTIVER for one INTID, from whichever vCPU. With EOImode 0 the write is
 * UNPREDICTABLE, and ignored. */
enum mmio_outcome vgic_gicc_write(uint16_t vm, uint32_t offset, unsigned size_bytes, uint64_t value)
{
    struct vgic_access a = {.intid = (uint32_t)bits_get(value, 9, 0)};

    if (offset != (uint32_t)DIR_OFFSET || size_bytes != (unsigned)WIDTH_32) {
        return MMIO_DONE;
    }
    a.g = vgic_acquire(vm);
    a.r = &vgic_redists[this_cpu()->vcpu->id];
    if (vgic_has_intid(a.g, a.intid) && bit_is_set(gich_vmcr_read(), VMCR_VEM) &&
        is_its_source(a.r, a.intid, value)) {
        a.value = BIT(a.intid % 32U);
        vgic_write_clear_active(&a);
    }
    vgic_release(a.g);
    return MMIO_DONE;
}
