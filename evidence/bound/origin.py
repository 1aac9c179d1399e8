"""Which parts of the sources the code of a function can stem from.

GCC merges equal ends of blocks, calls through pointers among them, and the one that is left then
has the line of either. So the line of a call does not say all that it may be; the source of the
function that it stands in does, together with that of all functions that were inlined there.

@req EVID-4
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Extent:
    """Lines of a source file: from a function's declaration to that of the next."""
    file: str
    first: int
    last: int  # inclusive; a large number: the end of the file


END_OF_FILE = 1 << 30


class Origins:
    """Read from the debug information of `elf`; `name`: (path as there) -> path in the project."""

    def __init__(self, elf, name):
        self.of = {}  # address of a function -> set of Extent
        self.noreturn = set()  # addresses of the functions that are declared not to return
        self._name = name
        if elf.has_dwarf_info():
            self._dwarf = elf.get_dwarf_info()
            units = list(self._dwarf.iter_CUs())
            self._files = {unit.cu_offset: self._files_of(unit) for unit in units}
            self._starts = {}  # file -> sorted lines where functions are declared
            functions = [die for unit in units for die in unit.get_top_DIE().iter_children()
                         if die.tag == "DW_TAG_subprogram"]
            for die in functions:
                place = self._declared(die)
                if place:
                    self._starts.setdefault(place[0], set()).add(place[1])
            self._starts = {file: sorted(lines) for file, lines in self._starts.items()}
            for die in functions:
                if "DW_AT_low_pc" in die.attributes:
                    self._add(die)

    def _files_of(self, unit):
        program = self._dwarf.line_program_for_CU(unit)
        if program is None:
            return []
        header = program.header
        folders = [f.decode() if isinstance(f, bytes) else f["DW_LNCT_path"].decode()
                   if isinstance(f, dict) else str(f) for f in header["include_directory"]]
        found = []
        for entry in header["file_entry"]:
            folder = folders[entry.dir_index] if entry.dir_index < len(folders) else ""
            found.append(self._name(f"{folder}/{entry.name.decode()}"))
        return found

    def _origin(self, die):
        while True:
            link = next((a for a in ("DW_AT_abstract_origin", "DW_AT_specification")
                         if a in die.attributes), None)
            if link is None:
                return die
            die = die.get_DIE_from_attribute(link)

    def _declared(self, die):
        die = self._origin(die)
        attributes = die.attributes
        if "DW_AT_decl_line" not in attributes or "DW_AT_decl_file" not in attributes:
            return None
        files = self._files[die.cu.cu_offset]
        number = attributes["DW_AT_decl_file"].value
        if number >= len(files):
            return None
        return files[number], attributes["DW_AT_decl_line"].value

    def _add(self, die):
        address = die.attributes["DW_AT_low_pc"].value
        origin = self._origin(die)
        if "DW_AT_noreturn" in die.attributes or "DW_AT_noreturn" in origin.attributes:
            self.noreturn.add(address)
        extents = {self._extent(die)}
        todo = [die]
        while todo:
            inner = todo.pop()
            for child in inner.iter_children():
                if child.tag == "DW_TAG_inlined_subroutine":
                    extents.add(self._extent(child))
                if child.has_children:
                    todo.append(child)
        self.of[address] = frozenset(extents - {None})

    def _extent(self, die):
        place = self._declared(die)
        if place is None:
            return None
        file, line = place
        after = [other for other in self._starts.get(file, ()) if other > line]
        return Extent(file, line, after[0] - 1 if after else END_OF_FILE)
