"""Sizes, addresses and times as people write and read them."""

from fractions import Fraction
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


# Of each unit the nanoseconds and the decimal places that are whole nanoseconds.
TIME_UNITS = {"ns": (1, 0), "us": (1_000, 3), "ms": (1_000_000, 6), "s": (1_000_000_000, 9)}
_TIME = re.compile(r"([0-9]{1,9})(?:\.([0-9]{1,9}))? ?(ns|us|ms|s)")


def parse_time(text):
    """Nanoseconds of a time such as "2.5 ms", or None when it is not one."""
    match = _TIME.fullmatch(text) if isinstance(text, str) else None
    if not match or len(match[2] or "") > TIME_UNITS[match[3]][1]:
        return None
    return int(Fraction(f"{match[1]}.{match[2] or 0}") * TIME_UNITS[match[3]][0])


def time_text(time_ns):
    """The shortest exact way to write a time."""
    unit = next((u for u in ("s", "ms", "us") if time_ns >= TIME_UNITS[u][0]),
                "ns" if time_ns else "ms")
    scale, places = TIME_UNITS[unit]
    text = f"{time_ns // scale}.{time_ns % scale:0{max(places, 1)}d}"
    return f"{text.rstrip('0').rstrip('.')} {unit}"


def align_up(value, alignment):
    return (value + alignment - 1) // alignment * alignment


def align_down(value, alignment):
    return value // alignment * alignment
