"""Facts of the machine, from its folder: board.dts, compiled with dtc, and board.yaml.

@req EVID-1
"""

from collections import namedtuple
from pathlib import Path
import subprocess

from verifier import fdt
from verifier.faults import Malformed, Unreadable
from verifier.ranges import merged, without
from verifier.yaml_reader import read_yaml

SPI_FIRST = 32
GIC_VERSIONS = {"arm,gic-v3": 3, "arm,gic-400": 2, "arm,cortex-a15-gic": 2}
POWER = "brcm,bcm2835-pm-wdt"
PAGE = 0x1000

Device = namedtuple("Device", "path name ranges interrupts node")  # interrupts: (intid, is_edge)


def board_folder(name, description_folder, root):
    """boards/<name> of the project; with a slash, a path relative to the description."""
    place = description_folder / name if "/" in name else root / "boards" / name
    if (place / "board.yaml").is_file():
        return place
    raise Unreadable(f"the board `{name}` is not at {place}")


def compiled(path):
    """The devicetree source at `path` as bytes, with its labels."""
    command = ["dtc", "-q", "-@", "-I", "dts", "-O", "dtb", "-i", str(path.parent), str(path)]
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError as error:
        raise Unreadable(f"dtc cannot be run: {error.strerror}; install device-tree-compiler") \
            from error
    if done.returncode:
        text = done.stderr.decode("utf-8", "replace").strip().split("\n")[0]
        raise Unreadable(f"{path} does not compile: {text}")
    return done.stdout


def merged_marks(parts):
    """Ranges as `without` takes them: sorted, apart."""
    return [(a, b, True) for a, b in merged((a, b) for a, b, _ in parts)]


class Board:
    """What the hardware is."""

    def __init__(self, folder):
        self.name = Path(folder).name
        facts = read_yaml(Path(folder) / "board.yaml")
        try:
            blob = compiled(Path(folder) / "board.dts")
            self.root = fdt.parse(blob)
            self._read(facts, fdt.reservations(blob))
        except Malformed as error:
            raise Unreadable(f"the devicetree of {folder}: {error.sentence}") from error

    def _read(self, facts, reservations):
        for key, kind in (("image_base", int), ("pa_bits", int), ("console", str),
                          ("grants", list)):
            if not isinstance(facts.get(key), kind):
                raise Unreadable(f"board.yaml of `{self.name}` has no `{key}`")
        self.image_base, self.pa_bits = facts["image_base"], facts["pa_bits"]
        self.grants = facts["grants"]
        self.counter_hz = facts.get("counter_hz")  # only systems with schedules need it
        self.phandles = {n.cell("phandle", 0): n for n in self.root.walk()
                         if "phandle" in n.properties}
        symbols = self.root.child("__symbols__")
        self.labels = {k: v.rstrip(b"\0").decode() for k, v in symbols.properties.items()} \
            if symbols else {}
        self.ram = self._memory(reservations)
        cpus = self.root.child("cpus")
        nodes = [n for n in (cpus.children if cpus else [])
                 if n.texts("device_type") == ["cpu"] and self.is_enabled(n)]
        self.cpus = [n.ranges_of()[0][0] for n in nodes]
        # Where each CPU waits for its entry, 0 where firmware starts it.
        self.releases = [fdt.number(n.cells("cpu-release-addr"))
                         if n.texts("enable-method") == ["spin-table"] else 0 for n in nodes]
        self.devices = [d for d in map(self._device, self.root.walk()) if d]
        self._read_gic()
        power = [d for d in self.devices if POWER in d.node.texts("compatible")]
        self.power = power[0] if any(self.releases) and power else None
        self.console = self.find("&" + facts["console"])
        if self.console is None or not self.console.interrupts:
            raise Unreadable(f"`{self.name}` has no console `{facts['console']}`")

    def _memory(self, reservations):
        """RAM that firmware does not keep: /memreserve/ and fixed places of /reserved-memory
        [DTSPEC 3.5, 5.3]."""
        ram = [(base, base + size, True) for n in self.root.children
               if n.texts("device_type") == ["memory"] and self.is_enabled(n)
               for base, size in n.ranges_of()]
        below = self.root.child("reserved-memory")
        kept = list(reservations)
        kept += [r for n in (below.children if below else []) if self.is_enabled(n)
                 and "reg" in n.properties for r in n.ranges_of()]
        pages = [(base // PAGE * PAGE, -(-(base + size) // PAGE) * PAGE, True)
                 for base, size in kept if size]
        return [(a, b - a) for a, b, _ in without(sorted(ram), merged_marks(pages))]

    def _read_gic(self):
        gics = [d for d in self.devices if self._gic_version(d.node)]
        if len(gics) != 1:
            raise Unreadable(f"`{self.name}` has not one GIC")
        self.gic = gics[0]
        self.gic_version = self._gic_version(self.gic.node)
        blocks = {3: 2, 2: 4}[self.gic_version]
        if len(self.gic.ranges) < blocks:
            raise Unreadable(f"`{self.name}`: its GICv{self.gic_version} has not {blocks} register "
                             "ranges")
        # What EL2 drives, and what guests with a GICv2 reach: the page of GICV without GICV_DIR.
        self.gic_own = self.gic.ranges[:2] if self.gic_version == 3 else self.gic.ranges[:3]
        self.gicv = (self.gic.ranges[3][0], PAGE) if self.gic_version == 2 else None
        if self.gicv and (self.gic.ranges[3][1] < PAGE or self.gicv[0] % PAGE):
            raise Unreadable(f"`{self.name}`: its GICV is not made of whole pages")

    @staticmethod
    def _gic_version(node):
        return next((v for name, v in GIC_VERSIONS.items() if name in node.texts("compatible")),
                    None)

    @staticmethod
    def is_enabled(node):
        return node.texts("status") in ([], ["okay"], ["ok"])

    def find(self, what):
        """The device by path, &label or alias, or None."""
        path = what
        if what.startswith("&"):
            path = self.labels.get(what[1:], "")
        elif not what.startswith("/"):
            aliases = self.root.child("aliases")
            path = (aliases.texts(what) or [""])[0] if aliases else ""
        return next((d for d in self.devices if d.path == path), None)

    def _device(self, node):
        if node.parent is None or "reg" not in node.properties or node.parent.name == "cpus" \
                or node.texts("device_type") == ["memory"] or node.parent.name == "reserved-memory":
            return None
        ranges = self._physical(node)
        return ranges and Device(node.path, node.name, ranges, self._interrupts(node), node)

    def _physical(self, node):
        """reg in physical addresses, through the ranges of each bus above [DTSPEC 2.3.8]."""
        ranges = node.ranges_of()
        bus = node.parent
        while bus.parent is not None:
            if "ranges" not in bus.properties:
                return None
            if bus.properties["ranges"]:
                ranges = [self._through(bus, r) for r in ranges]
                if None in ranges:
                    return None
            bus = bus.parent
        return ranges

    @staticmethod
    def _through(bus, part):
        child, size = bus.cell("#address-cells", 2), bus.cell("#size-cells", 1)
        parent = bus.parent.cell("#address-cells", 2)
        cells, step = bus.cells("ranges"), child + parent + size
        for i in range(0, len(cells) - step + 1, step):
            base, to, length = (fdt.number(c) for c in (
                cells[i:i + child], cells[i + child:i + child + parent],
                cells[i + child + parent:i + step]))
            if base <= part[0] and part[0] + part[1] <= base + length:
                return part[0] - base + to, part[1]
        return None

    def _interrupts(self, node):
        """Shared peripheral interrupts of the GIC that the node names: (intid, is edge)."""
        cells = []
        if "interrupts-extended" in node.properties:
            raw = node.cells("interrupts-extended")
            while raw:
                parent = self.phandles.get(raw[0])
                count = parent.cell("#interrupt-cells", 0) if parent else 0
                if parent is not None and self._gic_version(parent):
                    cells += raw[1:4]
                raw = raw[1 + count:] if parent else []
        elif "interrupts" in node.properties and self._is_gics(node):
            cells = node.cells("interrupts")
        return [(cells[i + 1] + SPI_FIRST, cells[i + 2] & 15 in (1, 2))
                for i in range(0, len(cells) - 2, 3) if cells[i] == 0]

    def _is_gics(self, node):
        while node is not None:
            if "interrupt-parent" in node.properties:
                parent = self.phandles.get(node.cell("interrupt-parent", 0))
                return parent is not None and self._gic_version(parent) is not None
            node = node.parent
        return False
