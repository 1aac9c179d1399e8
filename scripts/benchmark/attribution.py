"""Where a row's instructions are: in the guest, the vector, dispatch, a feature, the return.

A plugin (scripts/plugin/stays.c) counts the hypervisor's instructions between two markers of the
guest, address by address. The rest of what the guest's counter says is the guest's own: at most what the
row costs without a hypervisor, less where an instruction was not executed but trapped.

Parts: `vector` is arch/vectors.S up to the call of C, `return` what follows it there, `dispatch`
world/; every other function counts for the folder of its source, inlined ones for their caller's.

@req PERF-1
"""

from bisect import bisect_right
from dataclasses import dataclass
import re

from benchmark.machine import BenchError
from benchmark.size import folder_of, pieces_of
from evidence.image import Image
from evidence.stays import measure

MARKER_FIRST, MARKER_END = 64, 126
VECTOR_BYTES = 0x80
BL, BL_MASK, ERET = 0x94000000, 0xFC000000, 0xD69F03E0  # encodings
PARTS_FIRST = ("guest", "vector", "dispatch")
PARTS_LAST = ("return",)
DISPATCH_FOLDER = "world"
# A trapped system register access is counted by -icount together with the instruction after it,
# which is counted again when it executes.
COUNTED_TWICE = 1
# Rows that are divided by a number of interrupts.
PER_RUN = {"spi_storm": 1000, "sgi_storm": 16}


@dataclass(frozen=True)
class Counted:
    """What the plugin counted in the runs of one row that are alike."""
    own: int     # the hypervisor's instructions in one
    count: int   # how many runs
    first: dict  # address -> how often, in the first


def _sides_of_vectors(words, starts):
    """address -> vector or return, of the instructions {address: word} of vectors.S: of each piece,
    what stands before the call of C is the way in, and what follows it the way out; a piece without
    a call is the way out if it has an ERET."""
    pieces, sides = {}, {}
    for address, word in sorted(words.items()):
        start = starts[bisect_right(starts, address) - 1]
        pieces.setdefault(start, []).append((address, word))
    for piece in pieces.values():
        calls = [number for number, (_, word) in enumerate(piece) if word & BL_MASK == BL]
        if calls:
            entry = calls[0] + 1
        else:
            entry = 0 if ERET in (word for _, word in piece) else len(piece)
        for number, (address, _) in enumerate(piece):
            sides[address] = "vector" if number < entry else "return"
    return sides


def _words(elf_path, pieces):
    """{address: word} of the instructions in `pieces`."""
    image, found = Image(elf_path), {}
    for piece in pieces:
        code = image.bytes_at(piece.address, piece.size)
        for at in range(0, len(code), 4):
            found[piece.address + at] = int.from_bytes(code[at:at + 4], "little")
    return found


class Parts:
    """Which part an address of the hypervisor belongs to."""

    def __init__(self, elf_path):
        pieces = sorted((p for p in pieces_of(elf_path) if p.source), key=lambda p: p.address)
        self._pieces, self._starts = pieces, [p.address for p in pieces]
        vectors = [p for p in pieces if p.source.endswith("arch/vectors.S")]
        table = next(p for p in vectors if p.name == "vectors")
        starts = sorted({*(p.address for p in vectors),
                         *range(table.address, table.address + table.size, VECTOR_BYTES)})
        self._sides = _sides_of_vectors(_words(elf_path, vectors), starts)

    def of(self, address):
        if address in self._sides:
            return self._sides[address]
        piece = self._pieces[bisect_right(self._starts, address) - 1]
        folder = folder_of(piece.source)
        return "dispatch" if folder == DISPATCH_FOLDER else folder


def _counted(name, number, median, intervals):
    """What was counted for the row with this number, in runs that are nearest to its median."""
    found = [Counted(i.own, i.count, i.first) for i in intervals
             if (i.start, i.end) == (MARKER_FIRST + number, MARKER_END)]
    if not found:
        raise BenchError(f"{name}: the plugin saw none of its runs")
    runs = PER_RUN.get(name, 1)
    return min(found, key=lambda c: (abs(c.own / runs - median), -c.count))


def one_row(name, counted, parts, median, bare):
    """The parts of one row, {part: instructions}. bare: what it costs without a hypervisor."""
    runs = PER_RUN.get(name, 1)
    sums = {}
    for address, count in counted.first.items():
        part = parts.of(address)
        sums[part] = sums.get(part, 0) + count
    whole = {part: round(count / runs) for part, count in sorted(sums.items())}
    guest = median - sum(whole.values())
    rounding = 0 if runs == 1 else len(whole)
    if not -rounding <= guest <= bare + COUNTED_TWICE + rounding:
        raise BenchError(f"{name}: the plugin counts {counted.own} instructions of the "
                         f"hypervisor in {runs} times {median}; the guest has at most {bare}")
    return {"guest": max(guest, 0), **whole}


def attribution(out, command, names, rows, bare):
    """name -> {part: instructions}, for `names` of the rows that the system in `out` measures."""
    measured = measure(out, command)
    parts = Parts(out / "bulkhead.elf")
    order = re.findall(r"BENCH (\w+) \d+", measured.console)
    found = {}
    for name in names:
        median = rows[name]["median"]
        counted = _counted(name, order.index(name), median, measured.intervals)
        found[name] = one_row(name, counted, parts, median, bare[name])
    return found


def parts_in(table):
    """All parts of a table, in the order in which an exit passes them; features by name."""
    found = {part for row in table.values() for part in row}
    features = sorted(found - {*PARTS_FIRST, *PARTS_LAST})
    return [*PARTS_FIRST, *features, *PARTS_LAST]
