"""Overlaps and holes against an oracle: a rule speaks when, and only when, the ranges say so.

@req DESC-3, DESC-5
"""

from hypothesis import HealthCheck, given, settings, strategies as st

from generator.compile import analyse
from generator.diagnostics import Diagnostics
from generator.rules.context import lowest_gap, overlapping_pairs
from generator.model import Range

MIB = 1 << 20
SETTINGS = settings(deadline=None, derandomize=True, database=None, max_examples=60,
                    suppress_health_check=[HealthCheck.function_scoped_fixture])
GUEST = st.integers(0, 12).map(lambda n: 0x42000000 + n * MIB)
REAL = st.integers(-2, 12).map(lambda n: 0xBF400000 + n * MIB)  # RAM ends at 0xbfffffff
SIZE = st.integers(1, 3).map(lambda n: n * MIB)
WINDOW = st.tuples(GUEST, REAL, SIZE)
VMS = st.lists(st.lists(WINDOW, min_size=1, max_size=3), min_size=1, max_size=3)
RAM_END = 0xC0000000


def text_of(vms):
    text = "system: drawn\nboard: qemu-virt\nvms:\n"
    for number, windows in enumerate(vms):
        text += f"  v{number}:\n    cpus: [{number}]\n    memory:\n"
        text += "      ram: { at: 0x40000000, size: 16 MiB }\n"
        for i, (at, phys, size) in enumerate(windows):
            text += f"      w{i}: {{ at: {at:#x}, phys: {phys:#x}, size: {size // MIB} MiB }}\n"
        text += "    boot: { images: [{ file: files/rt.elf }] }\n"
    return text


def overlaps(ranges):
    """How many pairs overlap, the slow way."""
    return sum(one.overlaps(other) for i, one in enumerate(ranges) for other in ranges[:i])


@SETTINGS
@given(vms=VMS)
def test_rules_say_what_the_ranges_say(in_bench, vms):
    (in_bench / "drawn.yaml").write_text(text_of(vms), encoding="utf-8")
    diagnostics = Diagnostics()
    analyse("drawn.yaml", diagnostics)
    guest = sum(overlaps([Range(at, size) for at, _phys, size in windows]) for windows in vms)
    real = [Range(phys, size) for windows in vms for _at, phys, size in windows]
    outside = [r for r in real if r.end > RAM_END]
    rules = diagnostics.rules
    assert ("windows-overlap" in rules) == (guest > 0)
    assert ("phys-overlap" in rules) == (overlaps(real) > 0)
    assert ("phys-outside-ram" in rules) == bool(outside)
    assert diagnostics.has_errors == bool(guest or overlaps(real) or outside)


RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 10)), max_size=8).map(
    lambda pairs: [Range(base, size) for base, size in pairs])


@settings(derandomize=True, database=None)
@given(RANGES)
def test_overlapping_pairs(ranges):
    found = list(overlapping_pairs(sorted(ranges), lambda r: r))
    assert len(found) == overlaps(ranges)
    assert all(one.overlaps(other) for one, other in found)


@settings(derandomize=True, database=None)
@given(RANGES, st.integers(1, 8), st.sampled_from([1, 2, 4]), st.integers(0, 40))
def test_lowest_gap(ranges, size, alignment, start):
    free = [a for a in range(start, 81 - size) if a % alignment == 0
            and not any(Range(a, size).overlaps(r) for r in ranges)]
    assert lowest_gap(ranges, size, alignment, start, 80) == (free[0] if free else None)
