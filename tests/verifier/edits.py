"""An image in memory that a test changes, and the verifier's answer to it."""

import struct

from verifier import layout
from verifier.config import OBJECTS
from verifier.elf import Elf
from verifier.run import read_sources, verify

_SOURCES = {}


class Image:
    """The bytes of an ELF file; edits are by the names of tables and members."""

    def __init__(self, description, path):
        self.data = bytearray(path.read_bytes())
        self.elf = Elf(self.data)
        self.sources = _SOURCES.setdefault(description, None) or read_sources(description)
        _SOURCES[description] = self.sources

    def symbol(self, name):
        """Address of a symbol."""
        return self.elf.symbols[name].base

    def write(self, address, data):
        """Puts bytes at a physical address."""
        offset = self.elf.offset_of(address, len(data))
        self.data[offset:offset + len(data)] = data

    def word(self, address, size=8):
        """The number at a physical address."""
        return int.from_bytes(self.elf.read(address, size), "little")

    def place(self, table, row, member):
        """(address, size) of a member of a row of cfg_<table>."""
        kind = OBJECTS["cfg_" + table][0]
        code = next(f[1] for f in kind.fields if f[0] == member)
        return (self.symbol("cfg_" + table) + row * kind.size + kind.offsets[member],
                layout.SIZES[code])

    def get(self, table, row, member):
        """A member of a row."""
        return self.word(*self.place(table, row, member))

    def set(self, table, row, member, value):
        """Changes a member of a row."""
        address, size = self.place(table, row, member)
        self.write(address, value.to_bytes(size, "little"))

    def entry(self, table, index):
        """A descriptor."""
        return self.word(self.symbol(table) + 8 * index)

    def set_entry(self, table, index, value):
        """Changes a descriptor."""
        self.write(self.symbol(table) + 8 * index, struct.pack("<Q", value))

    def results(self):
        """The verifier's results, by property."""
        return {r.property.id: r for r in verify(Elf(self.data), self.sources)}

    def failing(self):
        """{property: [texts of its violations]} of those that do not hold."""
        return {name: [v.text for v in r.violations] for name, r in self.results().items()
                if not r.holds}
