"""How the compiler laid the tables' types out, by the debugging data of the image (DWARF)."""

from io import BytesIO

from elftools.elf.elffile import ELFFile

from verifier.config import STRUCTS


def layout_of(dwarf):
    """{struct tag: (size, {member: offset})} of the structs of config.h in debugging data."""
    found = {}
    wanted = {kind.tag for kind in STRUCTS}
    for unit in dwarf.iter_CUs():
        for die in unit.get_top_DIE().iter_children():
            name = die.attributes.get("DW_AT_name")
            if die.tag != "DW_TAG_structure_type" or name is None or not die.has_children:
                continue
            tag = name.value.decode("ascii", "replace")
            if tag in wanted and tag not in found:
                found[tag] = (die.attributes["DW_AT_byte_size"].value, {
                    m.attributes["DW_AT_name"].value.decode("ascii", "replace"):
                        m.attributes["DW_AT_data_member_location"].value
                    for m in die.iter_children() if m.tag == "DW_TAG_member"})
        if len(found) == len(wanted):
            break
    return found


def layout_of_elf(data):
    """layout_of the image, or a sentence that says why there is none."""
    try:
        elf = ELFFile(BytesIO(bytes(data)))
        if not elf.has_dwarf_info():
            return "the image has no debugging data: the layout is shown by sizes and padding alone"
        return layout_of(elf.get_dwarf_info())
    except Exception as error:  # pylint: disable=broad-except
        # pyelftools raises many kinds on damaged data; any of them means "cannot be read"
        raise ValueError(f"its debugging data cannot be read ({type(error).__name__})") from error
