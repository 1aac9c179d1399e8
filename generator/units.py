"""Sizes and addresses as people write and read them."""

import re

UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30}
_SIZE = re.compile(r"([0-9]{1,18}|0x[0-9a-fA-F]{1,16}) ?(B|KiB|MiB|GiB)")
SIZE_PATTERN = rf"^({_SIZE.pattern})$"


def parse_size(text):
    """Bytes of a size such as "256 MiB", or None when it is not one."""
    match = _SIZE.fullmatch(text) if isinstance(text, str) else None
    if not match:
        return None
    return int(match[1], 0 if match[1].startswith("0x") else 10) * UNITS[match[2]]


def size_text(size_bytes):
    """The shortest exact way to write a size."""
    for unit in ("GiB", "MiB", "KiB"):
        if size_bytes and size_bytes % UNITS[unit] == 0:
            return f"{size_bytes // UNITS[unit]} {unit}"
    return f"{size_bytes} B"


def address_text(address):
    return f"0x{address:08x}"


def range_text(base, size):
    """A range with an inclusive end, as a memory map prints it."""
    return f"{address_text(base)}..{address_text(base + size - 1)}"


def align_up(value, alignment):
    return (value + alignment - 1) // alignment * alignment


def align_down(value, alignment):
    return value // alignment * alignment
