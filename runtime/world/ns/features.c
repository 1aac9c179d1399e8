/* Const tables that bind ids to handlers in the normal world: emulated devices by kind, and what
 * each feature does when a VM or vCPU starts and stops.
 * @req CPU-4, DEV-1, DEV-2 */
#include "world/ns/features.h"

#include "health/health_calls.h"
#include "lib/loop.h"
#include "mmio/mmio.h"
#include "psci/psci.h"
#include "vdev/vdev.h"
#include "vgic/vgic.h"
#include "vm/life.h"
#include "vtimer/vtimer.h"

/* No region of the tables leads to a device that no VM has. */
const struct mmio_device mmio_devices[CFG_MMIO_KIND_COUNT] = {
    [CFG_MMIO_GICD] = {vgic_gicd_read, vgic_gicd_write},
    [CFG_MMIO_GICR] = {vgic_gicr_read, vgic_gicr_write},
    [CFG_MMIO_GICC] = {vgic_gicc_read, vgic_gicc_write},
    [CFG_MMIO_PL011] = {(CFG_PL011_COUNT > 0U) ? pl011_read : NULL,
                        (CFG_PL011_COUNT > 0U) ? pl011_write : NULL},
    [CFG_MMIO_PL031] = {(CFG_PL031_COUNT > 0U) ? pl031_read : NULL,
                        (CFG_PL031_COUNT > 0U) ? pl031_write : NULL},
    [CFG_MMIO_SP805] = {(CFG_SP805_COUNT > 0U) ? sp805_read : NULL,
                        (CFG_SP805_COUNT > 0U) ? sp805_write : NULL},
    [CFG_MMIO_PVPANIC] = {(CFG_PVPANIC_COUNT > 0U) ? pvpanic_read : NULL,
                          (CFG_PVPANIC_COUNT > 0U) ? pvpanic_write : NULL},
};

/* Of those that have something to reset. */
#define HAS_VDEVS (CFG_PL011_COUNT > 0U || CFG_PL031_COUNT > 0U || CFG_SP805_COUNT > 0U)

/* Both look at the VM's own devices only: what they cost does not depend on the other VMs. */
static void vdev_vm_reset(uint16_t vm)
{
    const struct cfg_mmio *mmio = &cfg_mmios[cfg_vms[vm].first_mmio];

    for (unsigned i = 0; i < cfg_vms[vm].mmio_count; i++) {
        LOOP_BOUND(CFG_MMIO_COUNT);
        if (CFG_PL011_COUNT > 0U && mmio[i].kind == CFG_MMIO_PL011) {
            LOOP_RARE(CFG_PL011_COUNT);
            pl011_reset(mmio[i].instance);
        } else if (CFG_PL031_COUNT > 0U && mmio[i].kind == CFG_MMIO_PL031) {
            LOOP_RARE(CFG_PL031_COUNT);
            pl031_reset(mmio[i].instance);
        } else if (CFG_SP805_COUNT > 0U && mmio[i].kind == CFG_MMIO_SP805) {
            LOOP_RARE(CFG_SP805_COUNT);
            sp805_reset(mmio[i].instance);
        }
    }
}

void features_console_event(uint16_t vm)
{
    const struct cfg_mmio *mmio = &cfg_mmios[cfg_vms[vm].first_mmio];

    for (unsigned i = 0; i < cfg_vms[vm].mmio_count; i++) {
        LOOP_BOUND(CFG_MMIO_COUNT);
        if (CFG_PL011_COUNT > 0U && mmio[i].kind == CFG_MMIO_PL011) {
            LOOP_RARE(CFG_PL011_COUNT);
            pl011_poll(mmio[i].instance);
        }
    }
}

/* In order of start; a stop goes the other way. The timers' PPIs are masked while the vGIC still
 * knows them, and PSCI is the last to hear of a stop: a vCPU that counts as off may be switched on
 * by another CPU at once, so all else of it has to be down by then. */
const struct life_feature life_features[] = {
    {.vm_reset = psci_vm_reset, .vcpu_start = psci_boot_vcpu_on, .vcpu_stop = psci_set_off},
    {.vm_reset = vgic_vm_reset, .vcpu_start = vgic_vcpu_reset, .vcpu_stop = vgic_vcpu_stop},
    {.vm_reset = vtimer_vm_reset, .vcpu_start = vtimer_vcpu_reset, .vcpu_stop = vtimer_vcpu_stop},
    {.vm_reset = HAS_VDEVS ? vdev_vm_reset : NULL},
    {.vm_reset = (CFG_HEARTBEAT_COUNT > 0U) ? heartbeat_vm_reset : NULL,
     .vcpu_start = (CFG_HEARTBEAT_COUNT > 0U) ? heartbeat_vcpu_start : NULL},
};
const unsigned life_feature_count = ARRAY_COUNT(life_features);
_Static_assert(ARRAY_COUNT(life_features) <= LIFE_FEATURES_MAX, "loop bounds of vm/life.c");
