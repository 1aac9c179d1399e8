"""Loads a board: boards/<name>/board.yaml (what no devicetree says) and board.dts (the rest).

Owns: the translation of a devicetree into model.Board. Promises: nothing about the hardware is
typed into a description; what is not found here is not there. BoardError is a fault of the board
folder, or of the name that a description gives; resolve turns it into a diagnostic.

@req DESC-4, PLAT-1
"""

from functools import lru_cache
from pathlib import Path

import yaml

from generator.devicetree import GIC_PPI, Tree, compile_source
from generator.model import PAGE, Board, BoardCpu, BoardDevice, Gic, Range
from generator.units import align_down, align_up

BOARDS = Path(__file__).resolve().parent.parent / "boards"
KEYS = {"title", "image_base", "pa_bits", "console", "grants", "qemu", "bus_masters",
        "counter_hz"}
GICR_BYTES = 0x20000  # RD_base and SGI_base of one CPU [IHI0069 12.10]
GICV2_COMPATIBLE = ("arm,gic-400", "arm,cortex-a15-gic")
GICV2_BLOCK_BYTES = 0x2000  # GICC and GICV: two pages, the second one with DIR [IHI0048 4.1.3]
GICV2_CPUS = 8  # GICD_ITARGETSR has a bit for each [IHI0048 1.4.1]
POWER_COMPATIBLE = "brcm,bcm2835-pm-wdt"
MAINTENANCE_PPI = 9  # INTID 25, which the runtime takes [BSA 1.0, table of PPIs]
GICD_SPI_COUNT = 988  # INTIDs 32..1019, the most that a GIC has [IHI0069 2.2; IHI0048 2.2.1]
PA_BITS = (32, 36, 40, 42, 44, 48)  # ID_AA64MMFR0_EL1.PARange [DDI0487 D24.2]
COUNTER_HZ_MIN, COUNTER_HZ_MAX = 1_000_000, 1_000_000_000  # [DDI0487 D12.1]
DMA_PROPERTIES = ("dma-coherent", "dma-noncoherent", "dmas", "iommus")
# Properties that need something else to work, which a guest does not have.
DEPENDENCIES = ("resets", "power-domains", "pinctrl-0", "dmas", "phys", "mboxes", "memory-region",
                "msi-parent", "msi-map", "interrupt-map")


class BoardError(Exception):
    pass


def folder_of(name, description_folder):
    """boards/<name>, or a folder relative to the description when `name` has a slash."""
    return Path(description_folder, name) if "/" in name else BOARDS / name


def known_boards():
    return sorted(p.parent.name for p in BOARDS.glob("*/board.yaml"))


@lru_cache(maxsize=8)
def load_board(folder):
    """(Board, Tree) of a board folder; raises BoardError with a sentence."""
    folder = Path(folder)
    facts = _facts(folder / "board.yaml")
    try:
        blob = compile_source(folder / "board.dts")
    except ValueError as error:
        raise BoardError(f"board.dts does not compile: {error}") from error
    tree = Tree(blob)
    return _board(folder.name, facts, tree, blob), tree


def _facts(path):
    try:
        facts = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise BoardError(f"board.yaml cannot be read: {error}") from error
    missing = {"image_base", "pa_bits", "console", "grants", "qemu"} - set(facts or {})
    unknown = set(facts or {}) - KEYS
    if missing or unknown:
        what = f"lacks {sorted(missing)}" if missing else f"has unknown keys {sorted(unknown)}"
        raise BoardError(f"board.yaml {what}")
    if facts["pa_bits"] not in PA_BITS:
        raise BoardError(f"board.yaml: pa_bits is {facts['pa_bits']}, must be one of {PA_BITS}")
    hz = facts.get("counter_hz", COUNTER_HZ_MIN)
    if not isinstance(hz, int) or not COUNTER_HZ_MIN <= hz <= COUNTER_HZ_MAX:
        raise BoardError(f"board.yaml: counter_hz is {hz}, must be from {COUNTER_HZ_MIN} to "
                         f"{COUNTER_HZ_MAX}")
    return facts


def _board(name, facts, tree, blob):
    gic, cpus = _gic(tree), _cpus(tree)
    if gic and gic.version == 2 and len(cpus) > GICV2_CPUS:
        raise BoardError(f"{len(cpus)} CPUs: a GICv2 has interfaces for {GICV2_CPUS}")
    if gic and gic.version == 3 and gic.redistributors[0].size < len(cpus) * GICR_BYTES:
        raise BoardError("the first redistributor region is too small for all CPUs, "
                         "and only that one is supported")
    console = tree.find(facts["console"])
    firmware = _firmware(tree)
    masters = {tree.labels.get(m, m) for m in facts.get("bus_masters", ())}
    devices = {n.path: _device(tree, n, gic, masters) for n in tree.nodes.values()
               if _is_device(n)}
    return Board(
        name=name, folder=name, cpus=cpus, ram=_ram(tree), devices=devices,
        labels=tree.labels, aliases=tree.aliases, gic=gic,
        uart=devices.get(console.path) if console else None,
        rtc=next((d for d in devices.values() if "arm,pl031" in d.compatible and d.is_enabled
                  and d.regs), None),
        reserved=_reserved(tree, gic), firmware=firmware,
        power=_power(devices, firmware), image_base=facts["image_base"],
        pa_bits=facts["pa_bits"], counter_hz=facts.get("counter_hz"), grants=frozenset(facts["grants"]), spi_count=GICD_SPI_COUNT,
        qemu=tuple(str(a) for a in facts["qemu"]), dtb=blob)


def _is_device(node):
    if node.path == "/" or node.path.startswith(("/cpus", "/memory", "/__", "/chosen", "/aliases")):
        return False
    return bool(node.compatible) and bool(node.u32s("reg") or node.u32s("interrupts")
                                          or node.u32s("interrupts-extended"))


def _device(tree, node, gic, masters):
    can_dma = node.path in masters or any(p in node.props for p in DMA_PROPERTIES)
    iommus = _providers(tree, node, "iommus", "#iommu-cells")
    return BoardDevice(
        path=node.path, compatible=node.compatible, regs=node.regs(),
        irqs=tree.spis(node, gic.path) if gic else (), is_enabled=node.is_enabled,
        can_dma=can_dma, iommus=tuple(i.path for i in iommus),
        unmet=(*(p for p in DEPENDENCIES if p in node.props), *_unmet_clocks(tree, node)))


def _unmet_clocks(tree, node):
    """Only fixed clocks can be copied for a guest: any other has registers of its own."""
    providers = clock_providers(tree, node)
    return ("clocks",) if any("fixed-clock" not in p.compatible for p in providers) else ()


def clock_providers(tree, node):
    """The nodes that `clocks` points to, in its order."""
    return _providers(tree, node, "clocks", "#clock-cells")


def _providers(tree, node, name, width_name):
    """The nodes that the property `name` points to: a phandle each, and as many cells as that
    node's `width_name` says [DTSPEC 2.3.3]."""
    cells, out, at = node.u32s(name), [], 0
    while at < len(cells):
        provider = tree.by_phandle(cells[at])
        if provider is None:
            break
        out.append(provider)
        at += 1 + provider.u32(width_name, 0)
    return out


def _cpus(tree):
    nodes = [n for n in tree.nodes.values() if n.strings("device_type") == ("cpu",)]
    return tuple(BoardCpu(i, n.path, int.from_bytes(n.props["reg"], "big"), n.compatible[0],
                          _release(n))
                 for i, n in enumerate(n for n in nodes if n.is_enabled))


def _release(node):
    if node.strings("enable-method") != ("spin-table",):
        return None
    address = node.props.get("cpu-release-addr", b"")
    if len(address) != 8:
        raise BoardError(f"{node.path} has a spin table and no 64-bit `cpu-release-addr`")
    return int.from_bytes(address, "big")


def _firmware(tree):
    """How the CPUs are started: the same for all [DTSpec 3.8.1]."""
    methods = {n.strings("enable-method") for n in tree.nodes.values()
               if n.strings("device_type") == ("cpu",) and n.is_enabled}
    known = sorted(method for (method, *_) in filter(None, methods))
    if len(known) > 1 or not set(known) <= {"psci", "spin-table"}:
        raise BoardError(f"its CPUs are started by {', '.join(known)}; one of psci and spin-table "
                         "is supported, for all CPUs")
    return known[0] if known else "psci"


def _power(devices, firmware):
    """What switches the machine off where firmware does not."""
    if firmware == "psci":
        return None
    found = [d for d in devices.values() if POWER_COMPATIBLE in d.compatible and d.is_enabled]
    if not found:
        raise BoardError("its firmware has no PSCI, and no device that is known switches the "
                         f"machine off ({POWER_COMPATIBLE})")
    return found[0]


def _ram(tree):
    nodes = [n for n in tree.nodes.values()
             if n.strings("device_type") == ("memory",) and n.is_enabled]
    ram = sorted(r for n in nodes for r in n.regs())
    for kept in (*tree.kept, *_kept_nodes(tree)):
        ram = [part for r in ram for part in _without(r, kept)]
    return tuple(ram)


def _kept_nodes(tree):
    """Fixed places below /reserved-memory [DTSpec 3.5]."""
    return [r for n in tree.nodes.values() if n.parent is not None and n.is_enabled
            and n.parent.path == "/reserved-memory" for r in n.regs()]


def _without(ram, kept):
    """What of `ram` lies before and behind `kept`, in whole pages."""
    base, end = align_down(kept.base, PAGE), align_up(kept.end, PAGE)
    parts = ((ram.base, min(ram.end, base)), (max(ram.base, end), ram.end))
    return [Range(a, b - a) for a, b in parts if a < b]


def _gic(tree):
    for node in tree.nodes.values():
        if "arm,gic-v3" in node.compatible and node.is_enabled:
            regs = node.regs()
            count = node.u32("#redistributor-regions", 1)
            return Gic(node.path, 3, regs[0], regs[1:1 + count])
        if node.is_enabled and any(c in GICV2_COMPATIBLE for c in node.compatible):
            return _gicv2(tree, node)
    return None


def _gicv2(tree, node):
    """Distributor, CPU interface, virtual interface control, virtual CPU interface
    [Linux Documentation/devicetree/bindings/interrupt-controller/arm,gic.yaml]."""
    regs = node.regs()
    if len(regs) < 4:
        raise BoardError(f"{node.path} has {len(regs)} register ranges; a GICv2 with "
                         "virtualization has four")
    gicd, gicc, gich, gicv = regs[:4]
    for block, what in ((gicc, "CPU interface"), (gicv, "virtual CPU interface")):
        if block.size < GICV2_BLOCK_BYTES or block.base % PAGE:
            raise BoardError(f"{node.path}: its {what} is not two whole pages")
    specifiers = tree.gic_specifiers(node, node.path)
    if not any(kind == GIC_PPI and number == MAINTENANCE_PPI for kind, number, *_ in specifiers):
        raise BoardError(f"{node.path}: its maintenance interrupt is not PPI {MAINTENANCE_PPI}, "
                         "which the hypervisor takes")
    # Guests have the first page; GICC_DIR is emulated.
    return Gic(node.path, 2, gicd, (), gicc, gich, Range(gicv.base, PAGE))


def _reserved(tree, gic):
    """Nodes that the hypervisor keeps on every system, and what is part of the CPUs."""
    kept = [n.path for n in tree.nodes.values()
            if (gic and (n.path == gic.path or n.path.startswith(gic.path + "/")))
            or "arm,armv8-timer" in n.compatible
            or POWER_COMPATIBLE in n.compatible
            or any(c.startswith("arm,psci") or c.endswith("-pmu") or "pmuv3" in c
                   for c in n.compatible)]
    return tuple(kept)
