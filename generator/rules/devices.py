"""Rules about devices of the board that a VM gets: whole, alone, and confined.

@req DESC-3, DESC-4
"""

from generator.diagnostics import Note


def device_disabled(context):
    """device-disabled."""
    for vm in context.vms:
        for device in vm.assigned:
            if not device.device.is_enabled:
                context.error("device-disabled", device.node.place,
                              f"{device.device.path} is disabled in the devicetree of "
                              f"`{context.board.name}`",
                              remedy="choose another device, or set its `status` to \"okay\" in "
                              "board.dts if the hardware is there")


def device_owned(context):
    """device-owned: the UART of its console, the GIC, the timer and PSCI are the hypervisor's."""
    for vm in context.vms:
        for device in vm.assigned:
            if device.device.path in context.system.reserved:
                uart = context.system.uart
                is_uart = uart is not None and device.device.path == uart.path
                context.error("device-owned", device.node.place,
                              f"{device.device.path} is the hypervisor's and cannot be assigned",
                              remedy="write `emulate: pl011`, which shares it; or "
                              "`hypervisor: { console: none }`, which leaves it to this VM"
                              if is_uart else
                              "remove it: each VM has a virtual one")


def device_taken(context):
    """device-taken, device-twice: one owner."""
    owners = {}
    for vm in context.vms:
        for device in vm.assigned:
            owner, first = owners.setdefault(device.device.path, (vm, device))
            if first is device:
                continue
            rule = "device-twice" if owner is vm else "device-taken"
            context.error(rule, device.node.place,
                          f"{device.device.path} is assigned to `{owner.name}` already",
                          Note(f"as `{first.name}`, here", first.node.place),
                          remedy="remove one of the two")


def device_without_registers(context):
    """device-without-registers."""
    for vm in context.vms:
        for device in vm.assigned:
            if not device.device.regs and device.device.path not in context.system.reserved:
                context.error("device-without-registers", device.node.place,
                              f"{device.device.path} has no registers that a VM could be given",
                              remedy="write its interrupt under `interrupts`, or remove it")


def device_shares_page(context):
    """device-shares-page: only whole pages can be given away, so all devices on one go together."""
    for vm in context.vms:
        own = {device.device.path for device in vm.assigned}
        for device in vm.assigned:
            if context.is_refused(device.device):
                continue
            strangers = [path for path in _on_same_pages(context, device.device) if path not in own]
            if strangers:
                context.error("device-shares-page", device.node.place,
                              f"{device.device.path} shares a 4 KiB page with "
                              f"{_listed(strangers)}: `{vm.name}` would reach their registers too",
                              *_owner_notes(context, strangers),
                              remedy=f"assign {_all_of(strangers)} to `{vm.name}` as well, or use "
                              "a device that has its page to itself")


def _on_same_pages(context, device):
    return [other.path for other in context.board.devices.values()
            if other.path != device.path
            and any(page.overlaps(reg) for page in device.pages for reg in other.regs)]


def _listed(paths):
    rest = len(paths) - 3
    return ", ".join(paths[:3]) + (f" and {rest} more" if rest > 0 else "")


def _all_of(paths):
    return "it" if len(paths) == 1 else f"all {len(paths)}"


def _owner_notes(context, paths):
    return [Note(f"{d.device.path} is assigned to `{vm.name}`", d.node.place)
            for vm in context.vms for d in vm.assigned if d.device.path in paths]


def device_dma(context):
    """device-dma: what a device writes by itself, no stage-2 table confines."""
    for vm in context.vms:
        for device in vm.assigned:
            if not device.device.can_dma or device.accepts_dma.value:
                continue
            if context.is_refused(device.device):
                continue
            iommus = device.device.iommus
            behind = ", and the IOMMU in front of it ({}) is not programmed by this hypervisor" \
                .format(", ".join(iommus)) if iommus else " and has no IOMMU in front of it"
            context.error("device-dma", device.node.place,
                          f"{device.device.path} can read and write all memory by DMA{behind}: "
                          f"`{vm.name}` could reach every other VM through it",
                          remedy="emulate it or leave it out; `dma: accept-risk` assigns it all "
                          f"the same and trusts `{vm.name}` with the whole machine")


def device_unmet(context):
    """device-unmet (a warning): what the device needs and the VM will not have."""
    for vm in context.vms:
        for device in vm.assigned:
            unmet = [name for name in device.device.unmet if name != "iommus"]
            if unmet and not context.is_refused(device.device):
                context.warning("device-unmet", device.node.place,
                                f"{device.device.path} depends on {', '.join(unmet)}, which "
                                f"`{vm.name}` will not have",
                                remedy="make sure that firmware leaves the device usable without; "
                                "the property is left out of the guest's devicetree")


RULES = (device_disabled, device_owned, device_taken, device_without_registers, device_shares_page,
         device_dma, device_unmet)
