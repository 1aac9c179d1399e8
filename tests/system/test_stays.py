"""The plugin counts what the guest's counter counts, and the same each time.

@req EVID-4
"""

import re

from evidence.image import Image
from evidence.stays import Functions, measure, qemu_command

FLAGS = ("-cpu", "cortex-a53,cntfrq=1000000000", "-icount", "shift=0,sleep=off")


def _measured(build):
    folder = build("systems/bench.yaml", "")
    return measure(folder, qemu_command(folder, FLAGS), ("psci_version", "smccc_call"))


def test_stays_are_what_the_guests_counter_says(build):
    """One tick is one instruction: a call costs itself, the stay, and the reading of the counter."""
    found = _measured(build)
    calls = [s for s in found.stays if (s.start, s.ec) == ("lower sync", 0x16)
             and s.classes == ("psci_version",)]
    median, low, _ = map(int, re.search(r"BENCH null_call_hvc (\d+) (\d+) (\d+)",
                                        found.console).groups())
    assert len(calls) == 1 and calls[0].count == 101
    assert median == low == calls[0].max + 2
    assert calls[0].total == 101 * calls[0].max


def test_every_address_of_a_stay_is_in_a_function(build):
    found = _measured(build)
    functions = Functions(Image(build("systems/bench.yaml", "") / "bulkhead.elf"))
    for stay in found.stays:
        assert sum(stay.worst.values()) == stay.max
        assert all(functions.name(address) for address in stay.worst)
        assert stay.start in ("_start", "secondary_entry", "wake", "lower sync", "lower irq")


def test_two_runs_are_equal(build):
    one, other = _measured(build), _measured(build)
    assert (one.stays, one.intervals) == (other.stays, other.intervals)
