"""Facts of the machine, from its folder: board.dts, compiled with dtc, and board.yaml.

@req EVID-1
"""

from collections import namedtuple
from pathlib import Path
import subprocess

from verifier import fdt
from verifier.faults import Malformed, Unreadable
from verifier.yaml_reader import read_yaml

SPI_FIRST = 32
GIC = "arm,gic-v3"

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


class Board:
    """What the hardware is."""

    def __init__(self, folder):
        self.name = Path(folder).name
        facts = read_yaml(Path(folder) / "board.yaml")
        try:
            self.root = fdt.parse(compiled(Path(folder) / "board.dts"))
            self._read(facts)
        except Malformed as error:
            raise Unreadable(f"the devicetree of {folder}: {error.sentence}") from error

    def _read(self, facts):
        for key, kind in (("image_base", int), ("pa_bits", int), ("console", str),
                          ("grants", list)):
            if not isinstance(facts.get(key), kind):
                raise Unreadable(f"board.yaml of `{self.name}` has no `{key}`")
        self.image_base, self.pa_bits = facts["image_base"], facts["pa_bits"]
        self.grants = facts["grants"]
        self.phandles = {n.cell("phandle", 0): n for n in self.root.walk()
                         if "phandle" in n.properties}
        symbols = self.root.child("__symbols__")
        self.labels = {k: v.rstrip(b"\0").decode() for k, v in symbols.properties.items()} \
            if symbols else {}
        self.ram = sorted(r for n in self.root.children
                          if n.texts("device_type") == ["memory"] and self.is_enabled(n)
                          for r in n.ranges_of())
        cpus = self.root.child("cpus")
        self.cpus = [n.ranges_of()[0][0] for n in (cpus.children if cpus else [])
                     if n.texts("device_type") == ["cpu"] and self.is_enabled(n)]
        self.devices = [d for d in map(self._device, self.root.walk()) if d]
        gics = [d for d in self.devices if GIC in d.node.texts("compatible")]
        if len(gics) != 1 or len(gics[0].ranges) < 2:
            raise Unreadable(f"`{self.name}` has not one GICv3 with two register ranges")
        self.gic = gics[0]
        self.console = self.find("&" + facts["console"])
        if self.console is None or not self.console.interrupts:
            raise Unreadable(f"`{self.name}` has no console `{facts['console']}`")

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
                if parent is not None and GIC in parent.texts("compatible"):
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
                return parent is not None and GIC in parent.texts("compatible")
            node = node.parent
        return False
