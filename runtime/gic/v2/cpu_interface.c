/* The physical CPU interface of each CPU; gic/gic.h [IHI0048 4.4].
 *
 * EOImode is 1: GICC_EOIR only drops the priority, so that EL2 can take the next interrupt while a
 * guest still has the last one active. With one security state all interrupts are of Group 0 and
 * signalled as IRQ (FIQEn is 0); in the Non-secure view of two they are of Group 1, and the bits
 * used here are at the same places. Each CPU touches its own registers only.
 *
 * @req IRQ-2, IRQ-3 */
#include "gic/cpu_interface.h"

#include "gic/v2/gic_cpu.h"
#include "lib/loop.h"

enum { APR_COUNT = 4 };

uint32_t gic_sgi_acknowledged[CFG_CPU_COUNT];

void gic_cpu_interface_init(void)
{
    mmio_write32(gicc_at(GICC_CTLR), 0);
    /* Firmware may have left an interrupt half way: its priority would hold back all of EL2's.
     * Registers that are not implemented ignore the write [IHI0048 4.4.16]. */
    for (uint64_t i = 0; i < (uint64_t)APR_COUNT; i++) {
        LOOP_BOUND(APR_COUNT);
        mmio_write32(gicc_at(GICC_APR + i * 4U), 0);
    }
    mmio_write32(gicc_at(GICC_BPR), 0);
    mmio_write32(gicc_at(GICC_PMR), 0xFF);
    mmio_write32(gicc_at(GICC_CTLR), GICC_CTLR_Enable | GICC_CTLR_EOImode);
}
