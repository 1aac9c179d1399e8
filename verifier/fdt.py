"""Reader of flattened devicetrees [DTSPEC 5]. Every offset is checked; Malformed when one is wrong.

@req EVID-1
"""

import struct

from verifier.faults import Malformed

BEGIN_NODE, END_NODE, PROP, NOP, END = 1, 2, 3, 4, 9
MAX_DEPTH = 32


class Node:
    """One node: name, properties (bytes), children, parent."""

    def __init__(self, name, parent):
        self.name = name
        self.parent = parent
        self.properties = {}
        self.children = []

    @property
    def path(self):
        """Full path, `/` for the root."""
        if self.parent is None:
            return "/"
        return ("" if self.parent.parent is None else self.parent.path) + "/" + self.name

    def walk(self):
        """The node and all below it."""
        todo = [self]
        while todo:
            node = todo.pop()
            yield node
            todo += reversed(node.children)

    def child(self, name):
        """The child called `name`, with or without a unit address, or None."""
        for node in self.children:
            if name in (node.name, node.name.split("@")[0]):
                return node
        return None

    def at(self, path):
        """The node at an absolute path, or None."""
        node = self
        for part in path.strip("/").split("/"):
            node = next((c for c in node.children if c.name == part), None) if part else node
            if node is None:
                return None
        return node

    def cells(self, name, default=()):
        """A property as 32-bit cells."""
        if name not in self.properties:
            return list(default)
        value = self.properties[name]
        if len(value) % 4:
            raise Malformed(f"`{name}` of {self.path} is not made of cells")
        return list(struct.unpack(f">{len(value) // 4}I", value))

    def cell(self, name, default):
        """A property of one cell."""
        cells = self.cells(name, [default])
        if len(cells) != 1:
            raise Malformed(f"`{name}` of {self.path} is not one cell")
        return cells[0]

    def texts(self, name):
        """A property as a list of strings."""
        value = self.properties.get(name, b"")
        return [t.decode("utf-8", "backslashreplace") for t in value.split(b"\0")[:-1]]

    def ranges_of(self, name="reg"):
        """(base, size) pairs by the parent's cell counts, in the parent's addresses."""
        address = self.parent.cell("#address-cells", 2)
        size = self.parent.cell("#size-cells", 1)
        cells = self.cells(name)
        step = address + size
        if not 1 <= address <= 4 or size > 4 or len(cells) % step:
            raise Malformed(f"`{name}` of {self.path} does not fit its parent's cell counts")
        return [(number(cells[i:i + address]), number(cells[i + address:i + step]))
                for i in range(0, len(cells), step)]


def number(cells):
    """Cells as one number, most significant first."""
    value = 0
    for cell in cells:
        value = value << 32 | cell
    return value


def total_size(data):
    """Bytes of the devicetree at the start of `data`."""
    if len(data) < 40 or struct.unpack_from(">I", data)[0] != 0xD00DFEED:
        raise Malformed("there is no devicetree")
    return struct.unpack_from(">I", data, 4)[0]


def parse(data):
    """The root node of a devicetree."""
    size = total_size(data)
    structure, strings = struct.unpack_from(">II", data, 8)
    strings_size, structure_size = struct.unpack_from(">II", data, 32)
    if size > len(data) or structure + structure_size > size or strings + strings_size > size:
        raise Malformed("the devicetree is cut off")
    names = bytes(data[strings:strings + strings_size])
    return _Reader(bytes(data[structure:structure + structure_size]), names).root()


def reservations(data):
    """(base, size) of each entry of the memory reservation block [DTSPEC 5.3]."""
    at, found = struct.unpack_from(">I", data, 16)[0], []
    while at + 16 <= len(data):
        base, size = struct.unpack_from(">QQ", data, at)
        if not (base or size):
            return found
        found.append((base, size))
        at += 16
    raise Malformed("the devicetree's memory reservations do not end")


class _Reader:
    def __init__(self, data, names):
        self.data = data
        self.names = names
        self.at = 0

    def _token(self):
        if self.at + 4 > len(self.data):
            raise Malformed("the devicetree ends inside a node")
        self.at += 4
        return struct.unpack_from(">I", self.data, self.at - 4)[0]

    def _text(self, data, start):
        stop = data.find(b"\0", start)
        if stop < 0:
            raise Malformed("the devicetree has a name that does not end")
        return data[start:stop].decode("utf-8", "backslashreplace"), stop + 1

    def _property(self, node):
        size, name_at = self._token(), self._token()
        name, _ = self._text(self.names, name_at)
        if self.at + size > len(self.data):
            raise Malformed(f"`{name}` of {node.path} is cut off")
        if name in node.properties:
            raise Malformed(f"{node.path} has two properties `{name}`")
        node.properties[name] = self.data[self.at:self.at + size]
        self.at += size + -size % 4

    def root(self):
        """Reads the structure block from its first node to FDT_END."""
        root = node = None
        depth = 0
        while True:
            token = self._token()
            if token == BEGIN_NODE and not (root and node is None) and depth < MAX_DEPTH:
                name, end = self._text(self.data, self.at)
                self.at = end + -end % 4
                node = Node(name, node)
                depth += 1
                if root is None:
                    root = node
                else:
                    node.parent.children.append(node)
            elif token == PROP and node is not None:
                self._property(node)
            elif token == END_NODE and node is not None:
                node = node.parent
                depth -= 1
            elif token == END and root is not None and node is None:
                return root
            elif token != NOP:
                raise Malformed("the devicetree has a token where none can be")
