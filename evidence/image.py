"""The linked ELF: its sections, functions and const tables, and where a struct keeps a member.

Read with pyelftools; symbols of static objects carry the name of their source file, which the ELF
gives in the FILE symbol before them.

@req EVID-7
"""

from dataclasses import dataclass
from functools import cached_property
import hashlib

from elftools.common.exceptions import ELFError
from elftools.elf.elffile import ELFFile

from evidence.build import EvidenceError

SHF_ALLOC = 2


@dataclass(frozen=True)
class Symbol:
    name: str
    address: int
    size: int
    kind: str  # STT_FUNC, STT_OBJECT, ...
    file: str  # base name of the source of a static symbol, else ""


@dataclass(frozen=True)
class Section:
    name: str
    address: int
    size: int
    is_loaded: bool  # has bytes in the image
    flags: int


class Image:
    """An ELF file, read once."""

    def __init__(self, path):
        self.path = path
        try:
            self._file = open(path, "rb")  # kept open: sections are read when asked for
            self._elf = ELFFile(self._file)
        except (OSError, ELFError) as error:
            raise EvidenceError(f"{path}: {error}; build the system first: make") from error

    @cached_property
    def sections(self):
        """Every section that occupies memory."""
        return [Section(s.name, s["sh_addr"], s["sh_size"], s["sh_type"] != "SHT_NOBITS",
                        s["sh_flags"])
                for s in self._elf.iter_sections() if s["sh_flags"] & SHF_ALLOC]

    @cached_property
    def symbols(self):
        """Every named symbol that has a place."""
        table = self._elf.get_section_by_name(".symtab")
        if table is None:
            raise EvidenceError(f"{self.path} has no symbols")
        found, file = [], ""
        for symbol in table.iter_symbols():
            info = symbol["st_info"]
            if info["type"] == "STT_FILE":
                file = symbol.name
            elif symbol.name and symbol["st_shndx"] != "SHN_UNDEF":
                own = file if info["bind"] == "STB_LOCAL" else ""
                found.append(Symbol(symbol.name, symbol["st_value"], symbol["st_size"],
                                    info["type"], own))
        return found

    @cached_property
    def functions(self):
        """address -> Symbol of the function that starts there."""
        return {s.address: s for s in self.symbols if s.kind == "STT_FUNC"}

    def symbol(self, name):
        """The one global Symbol `name`, whatever it is."""
        found = [s for s in self.symbols if s.name == name]
        if len(found) != 1:
            raise EvidenceError(f"{self.path}: {len(found)} symbols named {name}, not one")
        return found[0]

    def object(self, name, file=""):
        """The Symbol of the data object `name`; of a static one `file` is its source's name."""
        found = [s for s in self.symbols
                 if (s.name, s.file, s.kind) == (name, file, "STT_OBJECT")]
        if len(found) != 1:
            raise EvidenceError(f"{self.path}: {len(found)} data objects named {name}, not one")
        return found[0]

    def bytes_at(self, address, count):
        """`count` bytes of the image from `address`."""
        for section in self._elf.iter_sections():
            base = section["sh_addr"]
            if (section["sh_flags"] & SHF_ALLOC and section["sh_type"] != "SHT_NOBITS"
                    and base <= address and address + count <= base + section["sh_size"]):
                return section.data()[address - base:address - base + count]
        raise EvidenceError(f"{self.path}: no bytes at 0x{address:x}")

    def content_hash(self, names):
        """SHA-256 over address and bytes of the sections named, in this order."""
        digest = hashlib.sha256()
        for name in names:
            section = self._elf.get_section_by_name(name)
            if section is None:
                raise EvidenceError(f"{self.path} has no section {name}")
            digest.update(section["sh_addr"].to_bytes(8, "little"))
            digest.update(section.data())
        return digest.hexdigest()

    @cached_property
    def _dwarf(self):
        return self._elf.get_dwarf_info()

    @cached_property
    def _structs(self):
        """name -> (bytes, {member: offset}) of every struct in the debug information."""
        found = {}
        for unit in self._elf.get_dwarf_info().iter_CUs():
            for die in unit.get_top_DIE().iter_children():
                if die.tag == "DW_TAG_structure_type" and "DW_AT_byte_size" in die.attributes:
                    members = {_name(m): m.attributes["DW_AT_data_member_location"].value
                               for m in die.iter_children()
                               if "DW_AT_data_member_location" in m.attributes}
                    found[_name(die)] = (die.attributes["DW_AT_byte_size"].value, members)
        return found

    def struct_bytes(self, struct):
        """sizeof(struct)."""
        return self._struct(struct)[0]

    def member_offset(self, struct, member):
        """offsetof(struct, member)."""
        members = self._struct(struct)[1]
        if member not in members:
            raise EvidenceError(f"{self.path}: struct {struct} has no member {member}")
        return members[member]

    def _struct(self, name):
        if name not in self._structs:
            raise EvidenceError(f"{self.path}: no debug information of struct {name}")
        return self._structs[name]


def _name(die):
    attribute = die.attributes.get("DW_AT_name")
    return attribute.value.decode() if attribute else None
