"""Interval arithmetic against the same in bytes.

@req EVID-1
"""

from hypothesis import given, settings, strategies as st

from verifier.properties.memory import apart
from verifier.expected import Expected
from verifier.layout import WINDOW_RAM, WINDOW_SHARED
from verifier.ranges import meetings, merged, overlay, without
from verifier.translation import Run
from verifier.verdict import Property, Result

NARROW = settings(max_examples=300, derandomize=True, deadline=None)
STRETCHES = st.lists(st.tuples(st.integers(0, 40), st.integers(1, 9)), max_size=6)


def disjoint(pairs):
    """Sorted stretches that do not overlap, each with its own value."""
    found = []
    for base, size in sorted(pairs):
        start = max(base, found[-1][1] if found else 0)
        found.append((start, start + size, len(found) + 1))
    return found


def at(stretches, byte):
    """What a list has at a byte."""
    return next((what for start, end, what in stretches if start <= byte < end), None)


@NARROW
@given(STRETCHES, STRETCHES)
def test_overlay(first, second):
    a, b = disjoint(first), disjoint(second)
    pieces = overlay(a, b)
    for byte in range(120):
        here = [(x, y) for start, end, x, y in pieces if start <= byte < end]
        wanted = (at(a, byte), at(b, byte))
        assert here == ([] if wanted == (None, None) else [wanted])
    assert [at(without(a, b), byte) for byte in range(120)] == [
        None if at(b, byte) else at(a, byte) for byte in range(120)]


@NARROW
@given(STRETCHES)
def test_merged_and_meetings(pairs):
    claims = [(base, base + size, n) for n, (base, size) in enumerate(pairs)]
    covered = {byte for start, end, _ in claims for byte in range(start, end)}
    assert {b for start, end in merged(c[:2] for c in claims) for b in range(start, end)} == covered
    wanted = {frozenset((a[2], b[2])) for a in claims for b in claims
              if a[2] < b[2] and a[0] < b[1] and b[0] < a[1]}
    assert {frozenset((a[2], b[2])) for _, a, b in meetings(claims)} == wanted
    assert all(max(a[0], b[0]) == first for first, a, b in meetings(claims))


class _Maps:
    """Just what PROP-VM-APART looks at: VM `a` has shared memory and, right behind it in guest and
    physical addresses and with equal attributes, private memory; `b` reaches into both."""

    def __init__(self, b_pages):
        names = ("a", "b")
        self.description = type("D", (), {"vms": [type("V", (), {"name": n}) for n in names]})
        shared = Expected("shm", WINDOW_SHARED, 0x70000000, 0x50000000, 0x1000, 3, "shm", None,
                          False, "a row")
        ram = Expected("ram", WINDOW_RAM, 0x70001000, 0x50001000, 0x1000, 3, None, None, False,
                       "a row")
        self.windows = [[shared, ram], [shared]]
        self.stage2_runs = [[Run(0x70000000, 0x50000000, 0x2000, 0x7FF, 0, 0, 0x1000)],
                            [Run(0x70000000, 0x50000000, b_pages * 0x1000, 0x7FF, 0, 0, 0x1000)]]

    @staticmethod
    def place(_tree, _ia):
        return None


def test_private_memory_behind_shared_memory_is_seen():
    def check(pages):
        result = Result(Property("PROP-VM-APART", "", apart))
        apart(_Maps(pages), result)
        return [v.text for v in result.violations]

    assert check(1) == []
    meets = "at 0x50001000..0x50001fff, which no shared memory declares; first byte 0x50001000"
    assert check(2) == [f"b: it meets `a` {meets}", f"a: it meets `b` {meets}"]
