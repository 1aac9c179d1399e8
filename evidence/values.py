"""Numbers as the intermediate files write them, and as the page shows them.

resolved.json and plan.json write addresses as hexadecimal strings and sizes with a unit.

@req EVID-7
"""

UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
TIMES = ((10**9, "s"), (10**6, "ms"), (10**3, "us"), (1, "ns"))


def address(text):
    """The number that "0x40000000" stands for; None stays None."""
    return None if text is None else int(text, 16)


def size(text):
    """The bytes that "512 MiB" stands for."""
    number, unit = text.split()
    return int(number) * UNITS[unit]


def hex_text(number):
    """0x4020_0000: groups of four digits, eight at least, so that digits can be counted."""
    digits = f"{number:08x}"
    first = len(digits) % 4
    groups = ([digits[:first]] if first else []) + [digits[i:i + 4]
                                                    for i in range(first, len(digits), 4)]
    return "0x" + "_".join(groups)


def range_text(base, length):
    """First and last byte."""
    return f"{hex_text(base)}–{hex_text(base + length - 1)}"


def size_text(number):
    """The size in the largest unit that leaves no fraction and few digits, or with one decimal."""
    for unit in ("TiB", "GiB", "MiB", "KiB"):
        if number and number % UNITS[unit] == 0 and number // UNITS[unit] < 4096:
            return f"{number // UNITS[unit]} {unit}"
    for unit in ("GiB", "MiB", "KiB"):
        if number >= 4 * UNITS[unit]:
            return f"{number / UNITS[unit]:.1f} {unit}"
    return f"{grouped(number)} B"


def grouped(number):
    """Digits in groups of three."""
    return f"{number:,}".replace(",", "\u202f")


def time_text(ns):
    """Nanoseconds in the largest unit that is not larger, with as many decimals as it takes."""
    if ns == 0:
        return "0"
    size, unit = next(u for u in TIMES if u[0] <= ns)
    whole, rest = divmod(ns, size)
    digits = str(rest).zfill(len(str(size)) - 1).rstrip("0") if rest else ""
    return f"{whole}{'.' if digits else ''}{digits} {unit}"


def share_text(part, whole):
    """Percent, rounded down to a tenth."""
    tenths = part * 1000 // whole
    return f"{tenths // 10}.{tenths % 10} %"
