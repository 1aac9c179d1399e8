"""Reads a flattened devicetree into plain nodes, and finds nodes the ways people name them.

Owns: Tree and TreeNode. Promises: nodes keep the order of the blob; `find` takes a path, an
&label (from __symbols__, made by `dtc -@`) or an alias; registers come back as CPU addresses,
after every `ranges` above them [DTSpec 2.3.8]. Reads boards' trees only: a malformed one is an
error of the board, not of the description.

@req DESC-4
"""

from dataclasses import dataclass, field
import difflib
import subprocess

import libfdt

from generator.model import BoardIrq, Range

GIC_SPI, GIC_PPI = 0, 1  # first cell of a GIC interrupt specifier
IRQ_EDGE = 0x3  # rising or falling, in the third cell of a GIC interrupt specifier


@dataclass
class TreeNode:
    name: str
    path: str
    parent: "TreeNode | None" = field(repr=False)
    props: dict[str, bytes] = field(repr=False)
    children: list["TreeNode"] = field(default_factory=list, repr=False)

    def u32s(self, name):
        """A property's cells; () when it is not there."""
        raw = self.props.get(name, b"")
        return tuple(int.from_bytes(raw[i:i + 4], "big") for i in range(0, len(raw) - 3, 4))

    def u32(self, name, default=None):
        cells = self.u32s(name)
        return cells[0] if cells else default

    def strings(self, name):
        """A property's strings; () when it is not there."""
        raw = self.props.get(name, b"").rstrip(b"\0")
        return tuple(raw.decode("utf-8", "replace").split("\0")) if raw else ()

    @property
    def compatible(self):
        return self.strings("compatible")

    @property
    def phandle(self):
        return self.u32("phandle")

    @property
    def is_enabled(self):
        """Neither the node nor a bus above it is disabled [DTSpec 2.3.4]."""
        own = self.strings("status")
        if own and own[0] not in ("okay", "ok"):
            return False
        return self.parent is None or self.parent.is_enabled

    def regs(self):
        """Registers as CPU addresses; () when a bus on the way has none."""
        if self.parent is None or not self.u32s("reg"):
            return ()
        address_cells = self.parent.u32("#address-cells", 2)
        size_cells = self.parent.u32("#size-cells", 1)
        out = []
        for base, size in _pairs(self.u32s("reg"), address_cells, size_cells):
            base = self.parent.cpu_address(base)
            if base is not None and size > 0:
                out.append(Range(base, size))
        return tuple(out)

    def cpu_address(self, address):
        """A bus address below this node as the CPU sees it, or None when it does not reach."""
        if self.parent is None:
            return address
        if "ranges" not in self.props:
            return None
        if not self.props["ranges"]:
            return self.parent.cpu_address(address)
        widths = (self.u32("#address-cells", 2), self.parent.u32("#address-cells", 2),
                  self.u32("#size-cells", 1))
        cells = self.u32s("ranges")
        for i in range(0, len(cells) - sum(widths) + 1, sum(widths)):
            child, upper, size = _split(cells[i:i + sum(widths)], widths)
            if child <= address < child + size:
                return self.parent.cpu_address(upper + address - child)
        return None


def _number(cells):
    value = 0
    for cell in cells:
        value = value << 32 | cell
    return value


def _split(cells, widths):
    out, at = [], 0
    for width in widths:
        out.append(_number(cells[at:at + width]))
        at += width
    return out


def _pairs(cells, address_cells, size_cells):
    step = address_cells + size_cells
    for i in range(0, len(cells) - step + 1, step):
        yield _split(cells[i:i + step], (address_cells, size_cells))


class Tree:
    def __init__(self, blob):
        self._fdt = libfdt.FdtRo(blob)
        self.nodes = {}
        self.root = self._read(0, None)
        self._by_phandle = {n.phandle: n for n in self.nodes.values() if n.phandle is not None}
        self.labels = self._named_paths("/__symbols__")
        self.aliases = self._named_paths("/aliases")

    def _read(self, offset, parent):
        name = self._fdt.get_name(offset)
        path = "/" if parent is None else f"{parent.path.rstrip('/')}/{name}"
        node = TreeNode(name, path, parent, self._properties(offset))
        self.nodes[path] = node
        child = self._fdt.first_subnode(offset, libfdt.QUIET_NOTFOUND)
        while child >= 0:
            node.children.append(self._read(child, node))
            child = self._fdt.next_subnode(child, libfdt.QUIET_NOTFOUND)
        return node

    def _properties(self, offset):
        props = {}
        at = self._fdt.first_property_offset(offset, libfdt.QUIET_NOTFOUND)
        while at >= 0:
            prop = self._fdt.get_property_by_offset(at)
            props[prop.name] = bytes(prop)
            at = self._fdt.next_property_offset(at, libfdt.QUIET_NOTFOUND)
        return props

    def _named_paths(self, path):
        node = self.nodes.get(path)
        return {k: node.strings(k)[0] for k in sorted(node.props)} if node else {}

    def find(self, name):
        """The node that a person named by path, &label, label or alias; None when there is none."""
        if name.startswith("/"):
            return self.nodes.get(name)
        path = self.labels.get(name.removeprefix("&"))
        if path is None and not name.startswith("&"):
            path = self.aliases.get(name)
        return self.nodes.get(path)

    def nearest(self, name):
        """The name of an existing node that looks most like `name`, or None."""
        if name.startswith("/"):
            names = [p for p in self.nodes if not p.startswith(("/__", "/aliases", "/chosen"))]
        elif name.startswith("&"):
            names = [f"&{label}" for label in self.labels]
        else:
            names = [*self.aliases, *self.labels]
        return next(iter(difflib.get_close_matches(name, names, n=1, cutoff=0.5)), None)

    def by_phandle(self, phandle):
        return self._by_phandle.get(phandle)

    def interrupt_parent(self, node):
        while node is not None:
            if "interrupt-parent" in node.props:
                return self.by_phandle(node.u32("interrupt-parent"))
            node = node.parent
        return None

    def spis(self, node, gic_path):
        """The SPIs of a node that go straight to the GIC [DTSpec 2.4]."""
        return tuple(BoardIrq(32 + cells[1], bool(cells[2] & IRQ_EDGE))
                     for cells in self.gic_specifiers(node, gic_path) if cells[0] == GIC_SPI)

    def gic_specifiers(self, node, gic_path):
        """(type, number, flags) of each interrupt of a node at the GIC."""
        is_extended = "interrupts-extended" in node.props
        specifiers = self._extended(node) if is_extended else self._plain(node)
        return [cells for parent, cells in specifiers
                if parent is not None and parent.path == gic_path and len(cells) >= 3]

    def _plain(self, node):
        parent = self.interrupt_parent(node)
        width = parent.u32("#interrupt-cells", 0) if parent else 0
        cells = node.u32s("interrupts")
        if width == 0:
            return []
        return [(parent, cells[i:i + width]) for i in range(0, len(cells) - width + 1, width)]

    def _extended(self, node):
        cells, out, at = node.u32s("interrupts-extended"), [], 0
        while at < len(cells):
            parent = self.by_phandle(cells[at])
            if parent is None:
                break
            width = parent.u32("#interrupt-cells", 0)
            out.append((parent, cells[at + 1:at + 1 + width]))
            at += 1 + width
        return out


def compile_source(path):
    """The blob of a devicetree source, with labels."""
    done = subprocess.run(["dtc", "-@", "-q", "-I", "dts", "-O", "dtb", str(path)],
                          capture_output=True, check=False)
    if done.returncode != 0:
        raise ValueError(done.stderr.decode("utf-8", "replace").strip())
    return done.stdout
