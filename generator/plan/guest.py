"""What a guest sees where: its windows, its interrupt controller, its devices.

Promises: an address that a description gives is used as given; memory without one goes to the
lowest free 2 MiB boundary at or above 0x40000000, where QEMU's virt machine has its RAM, in the
order of the description. INV-WINDOW-SORTED, INV-WINDOW-ALIGNED, INV-MMIO-SORTED, INV-MMIO-HOLE.

@req DESC-1
"""

from dataclasses import dataclass

from generator.model import (
    BLOCK_2M, IPA_BITS, PAGE, AssignedDevice, GuestInterface, Range, Window)
from generator.planned import PlannedEmulated, PlannedMmio
from generator.units import align_down, align_up

RAM_BASE = 0x40000000
GICD_BYTES = {2: 0x1000, 3: 0x10000}  # by version [IHI0048 4.1.2; IHI0069 12.8]
GICC_BYTES = 2 * PAGE  # the first page mapped, the second emulated [IHI0048 4.1.3]
GICR_BYTES = 0x20000  # RD_base and SGI_base of one vCPU [IHI0069 12.10]
DEVICE_BYTES = 0x1000


@dataclass(frozen=True)
class GuestWindow:
    """A window with its guest address, before it has a physical one."""

    vm: int
    name: str
    kind: str
    ipa: int | None
    size: int
    access: str
    reason: str
    source: Window | AssignedDevice | GuestInterface
    device_pa: int | None = None


def planned_emulated(system):
    """Every emulated device; ids count per model, console ids over all pl011."""
    found, counts = [], {}
    for vm in system.vms:
        for device in vm.emulated:
            device_id = counts.get(device.model, 0)
            counts[device.model] = device_id + 1
            console = device_id if device.model == "pl011" else None
            found.append(PlannedEmulated(device_id, vm.id, device.name, device.model,
                                         device.intid.value, console, device.place))
    return tuple(found)


def console_names(system, emulated):
    """The label of each console source: the VM's name, with the device's for a second one."""
    names, seen = [], set()
    for device in emulated:
        if device.console is not None:
            name = system.vms[device.vm].name
            names.append(f"{name}.{device.name}" if device.vm in seen else name)
            seen.add(device.vm)
    return tuple(names)


def planned_mmios(vm, vcpu_count, emulated, gic):
    """The emulated regions of a VM, by guest address. `gic`: the board's, or None."""
    vcpus = max(vcpu_count, 1)
    version = gic.version if gic else 3
    mmios = [
        PlannedMmio(vm.id, "distributor", "GICD", vm.distributor.value, GICD_BYTES[version], vm.id,
                    vm.distributor.place or vm.place, vm.distributor.reason)]
    if version == 3:
        mmios.append(PlannedMmio(
            vm.id, "redistributors", "GICR", vm.redistributors.value, GICR_BYTES * vcpus, vm.id,
            vm.redistributors.place or vm.place,
            f"{vm.redistributors.reason}; 128 KiB for each of {vcpus} vCPUs"))
    else:
        mmios.append(PlannedMmio(
            vm.id, "deactivation", "GICC", vm.cpu_interface.value + PAGE, PAGE, vm.id,
            vm.cpu_interface.place or vm.place,
            f"{vm.cpu_interface.reason}; the page of the CPU interface with GICC_DIR"))
    ids = {e.name: e.id for e in emulated if e.vm == vm.id}
    for device in vm.emulated:
        mmios.append(PlannedMmio(
            vm.id, device.name, device.model.upper(), device.at.value, DEVICE_BYTES,
            ids[device.name], device.at.place or device.place, device.at.reason))
    return sorted(mmios, key=lambda m: m.ipa)


def guest_windows(vm, mmios, gic):
    """The windows of a VM, by guest address; those without one last. `gic`: as above."""
    devices = [w for device in vm.assigned for w in _device_windows(vm, device)]
    devices += _interface_windows(vm, gic)
    taken = [m.ipa_range for m in mmios] + [Range(d.ipa, d.size) for d in devices]
    taken += [Range(w.at.value, _mapped_size(w)) for w in vm.windows if w.at.value is not None]
    windows = []
    for window in vm.windows:
        size, at, reason = _mapped_size(window), window.at.value, window.at.reason
        if at is None:
            at, reason = _lowest_free(taken, size)
            if at is not None:
                taken.append(Range(at, size))
        windows.append(GuestWindow(vm.id, window.name, window.kind, at, size,
                                   window.access.value, reason, window))
    return sorted(windows + devices, key=lambda w: (w.ipa is None, w.ipa or 0))


def _mapped_size(window):
    """A window that is mapped in place is as large as its image; `size` only bounds it."""
    if window.kind == "image":
        return align_up(window.image.size, PAGE)
    return window.size.value


def _lowest_free(taken, size):
    at, end = RAM_BASE, 1 << IPA_BITS
    for used in sorted(taken):
        if used.base < at + size and at < used.end:
            at = align_up(used.end, BLOCK_2M)
    if at + size > end:
        return None, "no room below the end of guest addresses"
    if at == RAM_BASE:
        return at, "default: where QEMU virt has its RAM"
    return at, "the lowest free 2 MiB boundary above 0x40000000"


def _interface_windows(vm, gic):
    """GICv2: the guest's CPU interface is the board's virtual one."""
    if gic is None or gic.version != 2:
        return []
    source = GuestInterface("cpu-interface", vm.cpu_interface.place or vm.place, vm.cpu_interface)
    return [GuestWindow(vm.id, source.name, "gicv", vm.cpu_interface.value,
                        gic.guest_interface.size, "rw", vm.cpu_interface.reason, source,
                        gic.guest_interface.base)]


def _device_windows(vm, device):
    if not device.device.regs:
        return []
    shift = device.at.value - device.device.regs[0].base
    pages = device.device.pages
    names = [device.name if i == 0 else f"{device.name}.{i}" for i in range(len(pages))]
    return [GuestWindow(vm.id, name, "device", align_down(page.base + shift, PAGE), page.size,
                        "rw", device.at.reason, device, page.base)
            for name, page in zip(names, pages)]
