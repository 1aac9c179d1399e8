"""The plugin counts what the guest's counter counts, and the same each time.

@req EVID-4
"""

import re

from evidence.image import Image
from evidence.stays import Functions, measure, qemu_command

RUNS = 1000  # of each row of vm-images/bench
FLAGS = ("-cpu", "cortex-a53,cntfrq=1000000000", "-icount", "shift=0,sleep=off")


def _measured(build):
    folder = build("systems/bench.yaml", "")
    return measure(folder, qemu_command(folder, FLAGS), ("smccc_call", "psci_call"))


def _exactly(console, row):
    """The figure of a row of the guest that is the same in each of its runs."""
    median, low, high = map(int, re.search(rf"BENCH {row} (\d+) (\d+) (\d+)", console).groups())
    assert median == low == high
    return median


def test_stays_are_what_the_guests_counter_says(build):
    """One tick is one instruction: a call costs itself and the stay. The two rows that only the
    dispatch of calls answers are a class of their own."""
    found = _measured(build)
    calls = [s for s in found.stays if (s.start, s.ec) == ("lower sync", 0x16)
             and s.classes == ("smccc_call",)]
    each = [_exactly(found.console, row) - 1 for row in ("smccc_version", "smccc_arch_features")]
    assert [(s.count, s.total, s.max) for s in calls] == [(2 * RUNS, RUNS * sum(each), max(each))]


def test_intervals_are_what_the_guests_counter_says(build):
    """The guest's first row lies between marker 64 and the last marker, as do its preparations."""
    found = _measured(build)
    first = [i for i in found.intervals if (i.start, i.end) == (64, 126) and i.count == RUNS]
    assert [i.own for i in first] == [_exactly(found.console, "null_call_hvc") - 1]
    assert sum(first[0].first.values()) == first[0].own


def test_every_address_of_a_stay_is_in_a_function(build):
    found = _measured(build)
    functions = Functions(Image(build("systems/bench.yaml", "") / "bulkhead.elf"))
    for stay in found.stays:
        assert sum(stay.worst.values()) == stay.max
        assert all(functions.name(address) for address in stay.worst)
        assert stay.start in ("_start", "secondary_entry", "wake", "lower sync", "lower irq")


def test_two_runs_are_equal(build):
    """What QEMU itself says on the console depends on the host; what was counted does not."""
    one, other = _measured(build), _measured(build)
    assert (one.stays, one.intervals) == (other.stays, other.intervals)
