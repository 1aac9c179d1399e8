"""The devicetree that a guest gets: what QEMU's virt machine would say, for what this VM has.

Promises: nothing in it that the VM does not have; the same VM gives the same bytes. Shared
memory appears as `compatible = "bulkhead,shared-memory"` with its name in `label`. A passed
through device keeps its properties, but its registers, interrupts and clocks are the guest's:
fixed clocks are copied beside it. [DTSPEC 0.4]

@req DESC-6
"""

from dataclasses import dataclass, field

import libfdt

from generator.board import clock_providers
from generator.plan.cpus import guest_affinity
from generator.plan.guest import GICC_BYTES, GICD_BYTES, GICR_BYTES

# Far from those that dtc gives to a board's nodes: a reference of a passed-through device to what
# the guest does not have must lead nowhere, not to another node.
CLOCK_PHANDLE = 0x8000
GIC_PHANDLE = 0x8001
FIRST_FREE_PHANDLE = 0x8002
PPI, SPI = 1, 0
LEVEL_HIGH, EDGE_RISING = 4, 1
TIMER_PPIS = (13, 14, 11, 10)  # secure, non-secure, virtual, hypervisor: PPIs of the Arm BSA
PMU_PPI = 7
# Of each emulated device of Arm's, by which its driver finds them [Linux
# Documentation/devicetree/bindings]. The SP805 counts by the first of its.
CLOCK_NAMES = {"pl011": ("uartclk", "apb_pclk"), "pl031": ("apb_pclk",),
               "sp805": ("wdog_clk", "apb_pclk")}
# Properties of a board's node that say something about the board, not about the device.
BOARD_ONLY = {"reg", "interrupts", "interrupts-extended", "interrupt-parent", "phandle",
              "linux,phandle", "clocks", "status", "iommus", "resets", "power-domains"}


@dataclass
class Out:
    """A node to write: properties are bytes, in this order."""

    name: str
    props: dict[str, bytes] = field(default_factory=dict)
    children: list["Out"] = field(default_factory=list)

    def add(self, child):
        self.children.append(child)
        return child


def cells(*numbers):
    return b"".join((n & 0xFFFFFFFF).to_bytes(4, "big") for n in numbers)


def wide(*numbers):
    return b"".join((n & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "big") for n in numbers)


def text(*strings):
    return b"".join(s.encode("utf-8") + b"\0" for s in strings)


def guest_devicetree(vm, vcpu_count, windows, irqs, initrd, board, board_tree):
    """The blob for a VM. `windows`: with guest addresses; `irqs`: routed to it."""
    root = Out("", {"interrupt-parent": cells(GIC_PHANDLE), "model": text("linux,dummy-virt"),
                    "#size-cells": cells(2), "#address-cells": cells(2),
                    "compatible": text("linux,dummy-virt")})
    if "dma-coherent" in board_tree.root.props:
        root.props["dma-coherent"] = b""
    root.add(_chosen(vm, initrd, board))
    root.add(_aliases(vm, board))
    root.add(_psci(vm))
    root.add(_cpus(vcpu_count, board.cpus[0].compatible if board.cpus else "arm,armv8"))
    root.add(_timer(_ppi_flags(vcpu_count, board.gic)))
    if vm.has_grant("pmu"):
        root.add(Out("pmu", {"compatible": text("arm,armv8-pmuv3"),
                             "interrupts": cells(PPI, PMU_PPI,
                                                 _ppi_flags(vcpu_count, board.gic))}))
    root.add(_gic(vm, vcpu_count, board.gic))
    root.children += _memory(windows)
    root.children += _emulated(vm)
    root.children += _assigned(vm, irqs, board_tree)
    return _flatten(root)


def _uarts(vm, board):
    """Paths of its serial ports: the emulated ones, and the board's console where it has that."""
    emulated = [f"/pl011@{d.at.value:x}" for d in vm.emulated if d.model == "pl011"]
    return emulated + [f"/{_assigned_name(d)}" for d in vm.assigned if d.device is board.uart]


def _chosen(vm, initrd, board):
    node = Out("chosen")
    if vm.boot and vm.boot.bootargs.value:
        node.props["bootargs"] = text(vm.boot.bootargs.value)
    for uart in _uarts(vm, board)[:1]:
        node.props["stdout-path"] = text(uart)
    if initrd is not None:
        node.props["linux,initrd-start"] = wide(initrd.base)
        node.props["linux,initrd-end"] = wide(initrd.end)
    return node


def _aliases(vm, board):
    return Out("aliases", {f"serial{i}": text(uart) for i, uart in enumerate(_uarts(vm, board))})


def _psci(vm):
    return Out("psci", {
        "compatible": text("arm,psci-1.0", "arm,psci-0.2", "arm,psci"),
        "method": text(vm.psci_conduit.value), "cpu_suspend": cells(0xC4000001),
        "cpu_off": cells(0x84000002), "cpu_on": cells(0xC4000003), "migrate": cells(0xC4000005)})


def _cpus(count, compatible):
    node = Out("cpus", {"#address-cells": cells(1), "#size-cells": cells(0)})
    for index in range(count):
        affinity = guest_affinity(index)
        node.add(Out(f"cpu@{affinity:x}", {
            "device_type": text("cpu"), "compatible": text(compatible),
            "enable-method": text("psci"), "reg": cells(affinity)}))
    return node


def _ppi_flags(vcpu_count, gic):
    """The third cell of a PPI: with a GICv2 also the CPU interfaces that have it, from bit 8
    [Linux Documentation/devicetree/bindings/interrupt-controller/arm,gic.yaml]."""
    is_v2 = gic is not None and gic.version == 2
    return LEVEL_HIGH | (((1 << vcpu_count) - 1) << 8 if is_v2 else 0)


def _timer(flags):
    interrupts = b"".join(cells(PPI, ppi, flags) for ppi in TIMER_PPIS)
    return Out("timer", {"compatible": text("arm,armv8-timer", "arm,armv7-timer"),
                         "always-on": b"", "interrupts": interrupts})


def _gic(vm, vcpu_count, gic):
    return _gicv2(vm) if gic and gic.version == 2 else _gicv3(vm, vcpu_count)


def _gicv2(vm):
    return Out(f"intc@{vm.distributor.value:x}", {
        "compatible": text("arm,cortex-a15-gic"), "#interrupt-cells": cells(3),
        "interrupt-controller": b"", "#address-cells": cells(2), "#size-cells": cells(2),
        "ranges": b"",
        "reg": wide(vm.distributor.value, GICD_BYTES[2], vm.cpu_interface.value, GICC_BYTES),
        "phandle": cells(GIC_PHANDLE)})


def _gicv3(vm, vcpu_count):
    return Out(f"intc@{vm.distributor.value:x}", {
        "compatible": text("arm,gic-v3"), "#interrupt-cells": cells(3),
        "interrupt-controller": b"", "#address-cells": cells(2), "#size-cells": cells(2),
        "ranges": b"", "#redistributor-regions": cells(1),
        "reg": wide(vm.distributor.value, GICD_BYTES[3], vm.redistributors.value,
                    GICR_BYTES * vcpu_count),
        "phandle": cells(GIC_PHANDLE)})


def _memory(windows):
    for window in windows:
        if window.ipa is None or window.size == 0:
            continue
        if window.kind == "ram" and "w" in window.access:
            yield Out(f"memory@{window.ipa:x}", {"device_type": text("memory"),
                                                 "reg": wide(window.ipa, window.size)})
        if window.kind == "shared":
            name = window.source.shared.value
            props = {"compatible": text("bulkhead,shared-memory"), "label": text(name),
                     "reg": wide(window.ipa, window.size)}
            if "w" not in window.access:
                props["read-only"] = b""
            yield Out(f"shared-memory@{window.ipa:x}", props)


def _emulated(vm):
    if not vm.emulated:
        return
    yield Out("apb-pclk", {
        "compatible": text("fixed-clock"), "#clock-cells": cells(0),
        "clock-frequency": cells(24000000), "clock-output-names": text("clk24mhz"),
        "phandle": cells(CLOCK_PHANDLE)})
    for device in vm.emulated:
        if device.model == "pvpanic":
            yield Out(f"pvpanic@{device.at.value:x}", {
                "compatible": text("qemu,pvpanic-mmio"), "reg": wide(device.at.value, 2)})
            continue
        clock_names = CLOCK_NAMES[device.model]
        yield Out(f"{device.model}@{device.at.value:x}", {
            "compatible": text(f"arm,{device.model}", "arm,primecell"),
            "reg": wide(device.at.value, 0x1000),
            "interrupts": cells(SPI, device.intid.value - 32, LEVEL_HIGH),
            "clocks": cells(*[CLOCK_PHANDLE] * len(clock_names)),
            "clock-names": text(*clock_names)})


def _assigned(vm, irqs, board_tree):
    clocks = {}  # path of a fixed clock -> its node here
    devices = [_assigned_node(d, [i for i in irqs if i.name == d.name], board_tree, clocks)
               for d in vm.assigned]
    return [*clocks.values(), *devices]


def _assigned_name(device):
    """Its node's: that of the board's, with the address in the guest."""
    return f"{device.device.path.rsplit('/', 1)[-1].split('@')[0]}@{device.at.value:x}"


def _assigned_node(device, irqs, board_tree, clocks):
    source = board_tree.nodes[device.device.path]
    node = Out(_assigned_name(device),
               {k: v for k, v in source.props.items() if k not in BOARD_ONLY})
    regs = device.device.regs
    if regs:
        node.props["reg"] = wide(*(n for r in regs
                                   for n in (r.base - regs[0].base + device.at.value, r.size)))
    if irqs:
        node.props["interrupts"] = b"".join(
            cells(SPI, i.vintid - 32, EDGE_RISING if i.edge else LEVEL_HIGH) for i in irqs)
    providers = clock_providers(board_tree, source)
    if providers:
        node.props["clocks"] = cells(*(_clock_phandle(p, clocks) for p in providers))
    node.children = [_copied(child) for child in source.children]
    return node


def _clock_phandle(provider, clocks):
    if provider.path not in clocks:
        # Without the board's name of it: that of the emulated devices' clock may be the same, and
        # Linux knows clocks by their names.
        props = {k: v for k, v in provider.props.items()
                 if k not in BOARD_ONLY and k != "clock-output-names"}
        props["phandle"] = cells(FIRST_FREE_PHANDLE + len(clocks))
        clocks[provider.path] = Out(f"assigned-{provider.name}", props)
    return int.from_bytes(clocks[provider.path].props["phandle"], "big")


def _copied(node):
    props = {k: v for k, v in node.props.items() if k not in ("phandle", "linux,phandle")}
    return Out(node.name, props, [_copied(child) for child in node.children])


def _room(node):
    """Bytes that are enough for a node: the library does not grow the blob for its end."""
    return (64 + len(node.name) + sum(32 + len(k) + len(v) for k, v in node.props.items())
            + sum(_room(child) for child in node.children))


def _flatten(root):
    writer = libfdt.FdtSw(4096 + _room(root))
    writer.finish_reservemap()
    _write(writer, root)
    blob = writer.as_fdt()
    blob.pack()
    return bytes(blob.as_bytearray())


def _write(writer, node):
    with writer.add_node(node.name):
        for name, value in node.props.items():
            writer.property(name, value)
        for child in node.children:
            _write(writer, child)
