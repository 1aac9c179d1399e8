"""What the graphs need to know of a linked ELF.

@req EVID-4
"""

from bisect import bisect_right
from functools import cached_property
import os
import re
import subprocess

from elftools.elf.elffile import ELFFile

from evidence.bound.bounds import parse
from evidence.bound.graph import Code
from evidence.bound.origin import Origins
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
            self._origins = Origins(elf, self._project_path)
        self.noreturn = self._origins.noreturn
        self._functions_before = sorted(self.functions)
        self._places, self._sources = {}, {}

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
        """Functions that the indirect call at `address` can call, or None: all that the rows say
        whose text is in the source that the code of this function stems from."""
        owner = self._functions_before[bisect_right(self._functions_before, address) - 1]
        found = set()
        for site in self.sites:
            if any(site.text in line for extent in self._origins.of.get(owner, ())
                   if extent.file == site.file for line in self._lines(extent)):
                found |= self._site_targets(site)
        return tuple(sorted(found)) or None

    def _lines(self, extent):
        path = self.root / extent.file
        if extent.file not in self._sources:
            self._sources[extent.file] = (path.read_text(encoding="utf-8").splitlines()
                                          if path.is_file() else [])
        return self._sources[extent.file][extent.first - 1:extent.last]

    def _site_targets(self, site):
        found = {s.address for s in table_functions(self.image, site)}
        for title in site.functions:
            path, _, name = title.rpartition(":")
            found |= {s.address for s in self.image.functions.values()
                      if s.name == name and path.rsplit("/", 1)[-1] in ("", s.file)}
        return found

    def _project_path(self, path):
        """A path of the debug information, as the project's sources are named."""
        path = os.path.normpath(path)
        return path.removeprefix(f"{self.root}/")

    def table(self, address):
        """Where the jump through a table at `address` can go, or None if it is not one."""
        return jump_table(self.word, self.image.bytes_at, address)

    def code(self):
        """The Code that graphs are read from."""
        return Code(self.word, self.functions, self.noreturn, self.targets, self.table, self.place)
