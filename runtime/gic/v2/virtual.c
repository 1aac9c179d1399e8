/* GICv2: what of the virtual interface control registers is not on the way of most exits;
 * gic/gich.h, gic_virtual.h [IHI0048 5.3].
 *
 * Owns nothing: every function reads or writes the CPU that it runs on.
 *
 * @req IRQ-2 */
#include "gic/v2/gic_virtual.h"
#include "lib/loop.h"

/* With 5 bits of priority there are 32 levels of preemption: one register. */
void gich_save(struct gich_context *c)
{
    c->vmcr = gich_vmcr_read();
    c->apr[0] = mmio_read32(gich_at(GICH_APR));
}

void gich_restore(const struct gich_context *c)
{
    mmio_write32(gich_at(GICH_APR), (uint32_t)c->apr[0]);
    gich_vmcr_write(c->vmcr);
    gich_settle();
}

void gich_reset(void)
{
    gich_hcr_write(0);
    for (unsigned i = 0; i < gich_lr_count(); i++) {
        LOOP_BOUND(GICH_LR_MAX);
        gich_lr_write(i, 0);
    }
    mmio_write32(gich_at(GICH_APR), 0);
    gich_vmcr_write(0);
    /* What the guest reads of its CPU interface is this from its first instruction on. */
    gich_settle();
}
