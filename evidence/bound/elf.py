"""What the graphs need to know of a linked ELF.

@req EVID-4
"""

from functools import cached_property
import re
import subprocess

from elftools.elf.elffile import ELFFile

from evidence.bound.bounds import parse
from evidence.bound.graph import Code
from evidence.bound.switch import jump_table
from evidence.build import ROOT, EvidenceError
from evidence.stack.indirect import SITES, table_functions

ADDR2LINE = "aarch64-linux-gnu-addr2line"
SECTION = ".loopbound"
VECTORS, VECTOR_BYTES = "vectors", 0x80


class Linked:
    """The ELF at `path`, whose symbols `image` (evidence.image.Image) has read."""

    def __init__(self, image, sites=SITES, root=ROOT):
        self.image, self.sites, self.root = image, sites, root
        with open(image.path, "rb") as file:
            elf = ELFFile(file)
            text = elf.get_section_by_name(".text")
            self._base, self._text = text["sh_addr"], text.data()
            section = elf.get_section_by_name(SECTION)
            self.markers = parse(section.data()) if section else []
            self.noreturn = _noreturn(elf)
        self._places = {}

    @cached_property
    def functions(self):
        """{address: name}; the static ones of one name are told apart by their file. Each vector
        counts as a function."""
        names = [s.name for s in self.image.functions.values()]
        found = {a: s.name if names.count(s.name) == 1 else f"{s.name} ({s.file})"
                 for a, s in self.image.functions.items()}
        for table in (s for s in self.image.symbols if s.name == VECTORS):
            found |= {a: VECTORS for a in range(table.address, table.address + table.size,
                                                VECTOR_BYTES)}
        return found

    @cached_property
    def by_name(self):
        """{name: address} of the functions."""
        return {name: address for address, name in self.functions.items()}

    def word(self, address):
        """The instruction at `address`, or None outside the code."""
        place = address - self._base
        if not 0 <= place <= len(self._text) - 4:
            return None
        return int.from_bytes(self._text[place:place + 4], "little")

    def place(self, address):
        """Source file and line of the code at `address`."""
        if address not in self._places:
            done = subprocess.run([ADDR2LINE, "-e", str(self.image.path), hex(address)],
                                  capture_output=True, text=True, check=False)
            if done.returncode != 0:
                raise EvidenceError(f"{ADDR2LINE}: {done.stderr.strip()}")
            text = re.sub(r" \(discriminator \d+\)", "", done.stdout.strip())
            self._places[address] = text.removeprefix("./").removeprefix(f"{self.root}/")
        return self._places[address]

    def targets(self, address):
        """Functions that the indirect call at `address` can call, or None."""
        file, _, line = self.place(address).rpartition(":")
        if not line.isdigit() or not (self.root / file).is_file():
            return None
        text = (self.root / file).read_text(encoding="utf-8").splitlines()[int(line) - 1]
        rows = [s for s in self.sites if s.file == file and s.text in text]
        if len(rows) != 1:
            return None
        found = {s.address for s in table_functions(self.image, rows[0])}
        for title in rows[0].functions:
            path, _, name = title.rpartition(":")
            found |= {s.address for s in self.image.functions.values()
                      if s.name == name and path.rsplit("/", 1)[-1] in ("", s.file)}
        return tuple(sorted(found))

    def table(self, address):
        """Where the jump through a table at `address` can go, or None if it is not one."""
        return jump_table(self.word, self.image.bytes_at, address)

    def code(self):
        """The Code that graphs are read from."""
        return Code(self.word, self.functions, self.noreturn, self.targets, self.table, self.place)


def _noreturn(elf):
    """Addresses of the functions that are declared not to return."""
    found = set()
    if not elf.has_dwarf_info():
        return found
    for unit in elf.get_dwarf_info().iter_CUs():
        for die in unit.get_top_DIE().iter_children():
            if die.tag == "DW_TAG_subprogram" and "DW_AT_low_pc" in die.attributes:
                while "DW_AT_noreturn" not in die.attributes:
                    link = next((a for a in ("DW_AT_abstract_origin", "DW_AT_specification")
                                 if a in die.attributes), None)
                    if link is None:
                        break
                    origin = die.get_DIE_from_attribute(link)
                    if "DW_AT_noreturn" in origin.attributes:
                        found.add(die.attributes["DW_AT_low_pc"].value)
                        break
                    die = origin
                else:
                    found.add(die.attributes["DW_AT_low_pc"].value)
    return found
