"""How the compiler laid the tables' types out, by the debugging data of the image (DWARF).

@req EVID-1
"""

from functools import lru_cache
import hashlib
from io import BytesIO

from elftools.elf.elffile import ELFFile

from verifier.config import STRUCTS

NONE = "the image has no debugging data: the layout is shown by sizes and padding alone"


class _Once:
    """A file's contents, equal to another's when all that is looked at here is equal."""

    def __init__(self, elf):
        self.data = bytes(elf.data)
        digest = hashlib.sha256(self.data[:64] + elf.section_headers())
        for section in elf.sections:
            if section.name.startswith((".debug_", ".shstrtab")):
                digest.update(self.data[section.offset:section.offset + section.size])
        self.key = digest.digest()

    def __hash__(self):
        return hash(self.key)

    def __eq__(self, other):
        return self.key == other.key


def layout_by_debug_data(elf):
    """{struct tag: (size, {member: offset})}, or the sentence NONE. ValueError where it is
    damaged."""
    found = _layout(_Once(elf))
    if isinstance(found, ValueError):
        raise found
    return found


@lru_cache(maxsize=2)
def _layout(once):
    try:
        file = ELFFile(BytesIO(once.data))
        return _structs(file.get_dwarf_info()) if file.has_dwarf_info() else NONE
    except Exception as error:  # pylint: disable=broad-except
        # pyelftools raises many kinds on damaged data; any of them means "cannot be read"
        return ValueError(f"its debugging data cannot be read ({type(error).__name__})")


def _structs(dwarf):
    found = {}
    wanted = {kind.tag for kind in STRUCTS}
    for unit in dwarf.iter_CUs():
        for die in unit.get_top_DIE().iter_children():
            name = die.attributes.get("DW_AT_name")
            if die.tag != "DW_TAG_structure_type" or name is None or not die.has_children:
                continue
            tag = name.value.decode("ascii", "replace")
            if tag in wanted and tag not in found:
                found[tag] = (die.attributes["DW_AT_byte_size"].value, _members(die))
        if len(found) == len(wanted):
            break
    return found


def _members(die):
    return {m.attributes["DW_AT_name"].value.decode("ascii", "replace"):
            m.attributes["DW_AT_data_member_location"].value
            for m in die.iter_children() if m.tag == "DW_TAG_member"}
