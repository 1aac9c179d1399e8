"""PROP-DEVICES and PROP-EMULATED. Covers INV-MMIO-SORTED, INV-MMIO-HOLE, INV-IRQ-VINTID (its
emulated half), and that a page of registers belongs to one VM.

@req EVID-1
"""

from verifier import layout
from verifier.expected import board_device, console, emulated_regions, page_ranges
from verifier.ranges import merged, without
from verifier.translation import DEVICE, PAGE, stage2_memory
from verifier.verdict import SYSTEM

DMA_SIGNS = ("dma-coherent", "dma-noncoherent", "iommus", "iommu-map", "msi-parent", "msi-map")


def registers(evidence, result):
    """What is mapped as a device is registers of an assigned device, on pages of no other."""
    board = evidence.board
    for number, described in enumerate(evidence.description.vms):
        mine = [board_device(evidence, a) for a in described.assigned]
        allowed = merged((base, base + size) for d in mine for base, size in page_ranges(d.ranges))
        others = [d for d in board.devices if not any(_is_part(d, m) for m in mine)]
        result.count(described.name, 1 + len(others))
        for assigned, device in zip(described.assigned, mine):
            _assignable(evidence, described.name, assigned, device, result)
        for start, end, run in _device_parts(evidence, number):
            result.count(described.name, (end - start) // PAGE)
            place = evidence.place(number + 1, run.ia + start - run.pa)
            if not any(a <= start and end <= b for a, b in allowed):
                result.wrong(described.name, "it reaches device registers that it was not "
                             "assigned", start, place)
            for device in others:
                hit = next((r for r in device.ranges if r[0] < end and start < r[0] + r[1]), None)
                if hit:
                    result.wrong(described.name, f"it reaches registers of {device.path}",
                                 max(start, hit[0]), place)


def _device_parts(evidence, number):
    """(start, end, run) of what a VM maps as devices. Its virtual CPU interface is none of the
    board's devices: PROP-VM-MEMORY and PROP-VM-APART are about it."""
    runs = [(r.pa, r.pa + r.size, r) for r in evidence.stage2_runs[number]
            if stage2_memory(r.bits) == DEVICE]
    gicv = evidence.board.gicv
    parts = [] if gicv is None else [(gicv[0], gicv[0] + gicv[1], True)]
    return [part for run in runs for part in without([run], parts)]


def _assignable(evidence, subject, assigned, device, result):
    """The GIC and the hypervisor's console are nobody's; what makes DMA has its risk accepted."""
    kept = filter(None, (evidence.board.gic, console(evidence)))
    own = next((d for d in kept if _is_part(device, d)), None)
    result.expect(own is None, subject, f"{device.path} is the hypervisor's",
                  device.ranges[0][0])
    result.expect(assigned.dma_accepted or not makes_dma(device), subject,
                  f"{device.path} can make DMA, which nothing confines", device.ranges[0][0])


def makes_dma(device):
    """Does its node say that it may access memory by itself?"""
    return (any(name in device.node.properties for name in DMA_SIGNS)
            or device.node.texts("device_type") == ["pci"])


def _is_part(device, assigned):
    """Is `device` the assigned one, or a node below it?"""
    return device.path == assigned.path or device.path.startswith(assigned.path + "/")


def emulated(evidence, result):
    """cfg_mmios is what is declared; stage 2 has a hole there; instances are the VM's own."""
    config = evidence.config
    instances = {kind: [] for kind in _tables(config)}
    labels = []
    for number, (vm, described) in enumerate(evidence.vms):
        subject = described.name
        wanted = emulated_regions(described, vm.vcpu_count, evidence.board.gic_version)
        rows = config.of_vm("mmio", vm)
        result.expect([(r.ipa, r.size, r.kind) for r in rows] == [w[:3] for w in wanted], subject,
                      f"cfg_mmios[{vm.first_mmio}..] are not the emulated devices that are "
                      "declared, in order of address", vm.at)
        for row, next_row in zip(rows, rows[1:]):
            result.expect(row.ipa + row.size <= next_row.ipa, subject,
                          f"cfg_mmios[{row.id}] reaches into the next", row.at)
        for row in rows:
            hit = next((r for r in evidence.stage2_runs[number]
                        if r.ia < row.ipa + row.size and row.ipa < r.ia + r.size), None)
            result.expect(hit is None, subject, f"stage 2 maps something inside the emulated "
                          f"region at 0x{row.ipa:x}", hit and hit.pa,
                          hit and evidence.place(number + 1, hit.ia))
        for row, want in zip(rows, wanted):
            if row.kind in instances:
                _instance(evidence, vm, row, want[3], instances[row.kind], result)
            else:
                result.expect(row.instance == vm.id, subject, f"cfg_mmios[{row.id}] is the GIC of "
                              f"VM {row.instance}", row.at)
        _console(evidence, vm, described, labels, result)
    for kind, rows in _tables(config).items():
        result.expect(sorted(instances[kind]) == list(range(len(rows))), SYSTEM,
                      "an emulated device has no place in a VM, or more than one",
                      config.places["cfg_pl011s"])
    result.expect(config.console_labels == labels, SYSTEM, "cfg_console_names are not the VMs with "
                  "a console", config.places["cfg_console_names"])


def _tables(config):
    """{kind of cfg_mmio: the devices' own rows}."""
    return {layout.MMIO_PL011: config.pl011s, layout.MMIO_PL031: config.pl031s,
            layout.MMIO_SP805: config.sp805s, layout.MMIO_PVPANIC: config.pvpanics}


def _instance(evidence, vm, row, device, seen, result):
    """An emulated device's own row: its VM, its interrupt, its console."""
    table = _tables(evidence.config)[row.kind]
    subject = evidence.description.vms[vm.id].name
    seen.append(row.instance)
    result.expect(row.instance < len(table), subject, f"cfg_mmios[{row.id}].instance is "
                  f"{row.instance}", row.at)
    if row.instance >= len(table) or device is None:
        return
    own = table[row.instance]
    intid = getattr(own, "intid", None)
    result.expect((own.vm, intid) == (vm.id, device.intid), subject,
                  f"its emulated {device.kind} `{device.name}` signals INTID {intid} to VM "
                  f"{own.vm}; declared is {device.intid} to VM {vm.id}", own.at)


def _console(evidence, vm, described, labels, result):
    """A VM's PL011s are its console, under the VM's name."""
    own = [p for p in evidence.config.pl011s if p.vm == vm.id]
    result.expect(evidence.description.has_console or not own, described.name, "it has an emulated "
                  "PL011, which no console of the hypervisor can show", vm.at)
    has = any(d.kind == "pl011" for d in described.emulated)
    wanted = len(labels) if has else layout.NONE
    result.expect(vm.console == wanted, described.name, f"cfg_vms[{vm.id}].console is "
                  f"{vm.console}, expected {wanted}", vm.at)
    for number, row in enumerate(own):
        result.expect(row.console == len(labels), described.name, f"cfg_pl011s[{row.id}].console "
                      f"is {row.console}, expected {len(labels)}", row.at)
        labels.append(described.name)
        if number:
            labels[-1] = evidence.config.console_labels[row.console] \
                if row.console < len(evidence.config.console_labels) else ""
