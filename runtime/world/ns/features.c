/* Const tables that bind ids to handlers in the normal world: emulated devices by kind, and what
 * each feature does when a VM or vCPU starts and stops.
 * @req CPU-4, DEV-1, DEV-2 */
#include "world/ns/features.h"

#include "lib/loop.h"
#include "mmio/mmio.h"
#include "psci/psci.h"
#include "vdev/vdev.h"
#include "vgic/vgic.h"
#include "vtimer/vtimer.h"

const struct mmio_device mmio_devices[CFG_MMIO_PL031 + 1] = {
    [CFG_MMIO_GICD] = {vgic_gicd_read, vgic_gicd_write},
    [CFG_MMIO_GICR] = {vgic_gicr_read, vgic_gicr_write},
    [CFG_MMIO_PL011] = {pl011_read, pl011_write},
    [CFG_MMIO_PL031] = {pl031_read, pl031_write},
};

static void each_pl011(uint16_t vm, void (*act)(uint16_t instance))
{
    for (uint16_t i = 0; i < CFG_PL011_COUNT; i++) {
        LOOP_BOUND(CFG_PL011_COUNT);
        if (cfg_pl011s[i].vm == vm) {
            act(i);
        }
    }
}

static void vdev_vm_reset(uint16_t vm)
{
    each_pl011(vm, pl011_reset);
    for (uint16_t i = 0; i < CFG_PL031_COUNT; i++) {
        LOOP_BOUND(CFG_PL031_COUNT);
        if (cfg_pl031s[i].vm == vm) {
            pl031_reset(i);
        }
    }
}

void features_console_event(uint16_t vm)
{
    each_pl011(vm, pl011_poll);
}

/* In order of start; a stop goes the other way. The timers' PPIs are masked while the vGIC still
 * knows them, and PSCI is the last to hear of a stop: a vCPU that counts as off may be switched on
 * by another CPU at once, so all else of it has to be down by then. */
const struct life_feature life_features[] = {
    {psci_vm_reset, psci_boot_vcpu_on, psci_set_off},
    {vgic_vm_reset, vgic_vcpu_reset, vgic_vcpu_stop},
    {vtimer_vm_reset, vtimer_vcpu_reset, vtimer_vcpu_stop},
    {vdev_vm_reset, NULL, NULL},
};
const unsigned life_feature_count = ARRAY_COUNT(life_features);
_Static_assert(ARRAY_COUNT(life_features) <= LIFE_FEATURES_MAX, "loop bounds of vm/life.c");
