"""scripts/bench.py: what counts as worse than the record, and what cannot be compared with it.

@req CORE-5
"""
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "scripts"))

import bench  # noqa: E402

TOOLS = {"compiler": "12.2.0", "qemu": "10.0.2"}


def row(median, largest):
    return {"median": median, "min": median, "max": largest}


def test_a_larger_median_or_largest_is_worse_and_a_smaller_better():
    worse, better = bench.differences({"boot": row(11, 12), "null_call_hvc": row(5, 9)},
                                      {"boot": row(10, 13), "null_call_hvc": row(5, 8)})
    assert worse == ["boot: median 11, recorded 10", "null_call_hvc: max 9, recorded 8"]
    assert better == ["boot: max 12, recorded 13"]


def test_a_row_without_a_record_is_worse():
    worse, _ = bench.differences({"boot": row(1, 1)}, {})
    assert worse[0] == "boot: median 1, nothing is recorded"


def test_another_compiler_is_not_compared_and_another_qemu_not_in_the_boot_row():
    now = {"boot": row(1, 1), "null_call_hvc": row(2, 2)}
    assert bench.comparable(now, TOOLS, TOOLS) == (now, [])
    rows, notes = bench.comparable(now, TOOLS, {**TOOLS, "compiler": "14.2.0"})
    assert rows == {} and "gcc 12.2.0" in notes[0] and "gcc 14.2.0" in notes[0]
    rows, notes = bench.comparable(now, TOOLS, {**TOOLS, "qemu": "10.0.13"})
    assert list(rows) == ["null_call_hvc"] and "boot row" in notes[0]
