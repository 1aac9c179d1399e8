"""What the page judges by itself: numbers, hashes, verdicts, results, comparisons.

@req EVID-7
"""

import json

import pytest

from evidence import repro, results, summary, trace, verdicts
from evidence.canonical import canonical_text, values
from evidence.maps import Part, _merged
from evidence.summary import worst
from evidence.values import hex_text, range_text, size, size_text

ELF = "e" * 64


def test_numbers_are_read_and_shown():
    assert [size(t) for t in ("512 MiB", "27303872 B", "4 KiB")] == [1 << 29, 27303872, 4096]
    assert hex_text(0x40200000) == "0x4020_0000"
    assert hex_text(0x4010000000) == "0x40_1000_0000"
    assert range_text(0x9000000, 0x1000) == "0x0900_0000–0x0900_0fff"
    assert [size_text(n) for n in (0, 10, 4096, 1 << 29, 28544 << 10)] == [
        "0 B", "10 B", "4 KiB", "512 MiB", "27.9 MiB"]


def test_canonical_form_has_values_only():
    resolved = {"name": "x", "line": 7, "board_line": 8,
                "size": {"value": "4 KiB", "line": 3, "reason": "as described"},
                "image": {"file": "a", "sha256": "b", "line": 3, "linux": None, "elf": None},
                "boot": {"linux": None, "line": 9}}
    assert values(resolved) == {"name": "x", "size": "4 KiB", "boot": {"linux": None},
                                "image": {"file": "a", "sha256": "b"}}
    assert canonical_text({"b": 1, "a": [2]}) == '{"a":[2],"b":1}'


def _said(**changes):
    good = {"verdict": "holds", "elf_sha256": ELF, "vms": {},
            "properties": [{"id": "P", "verdict": "holds", "checked": 3}]}
    return json.dumps({**good, **changes})


def test_a_verdict_holds_only_when_all_of_it_does():
    assert verdicts.judged(_said(), "", 0, ELF)["status"] == "good"


@pytest.mark.parametrize("output, status, words", [
    ("", 1, "the verifier failed"),
    ("[]", 0, "the verifier failed"),
    ('{"verdict": "unreadable", "reason": "no tables"}', 2, "no tables"),
    (_said(elf_sha256="f" * 64), 0, "another ELF"),
    (_said(), 1, "rejected"),
    (_said(properties=[]), 0, "checked nothing"),
    (_said(properties=[{"id": "P", "verdict": "not checked", "checked": 0}]), 0, "1 of 1"),
    (_said(verdict="violated"), 0, "rejected"),
])
def test_any_other_verdict_is_bad(output, status, words):
    judged = verdicts.judged(output, "No module named verifier", status, ELF)
    assert judged["status"] == "bad" and words in judged["words"]


def test_a_trace_with_gaps_is_bad():
    row = {"id": "A-1", "status": "done"}
    assert trace.judged(json.dumps([row]), "", 0)["status"] == "good"
    assert trace.judged(json.dumps([row]), "trace: A-1 has no test\n", 1)["status"] == "bad"
    assert trace.judged("", "Traceback", 1)["status"] == "bad"
    assert trace.judged("[]", "", 0)["status"] == "bad"


def _suite(folder, body, tree="t"):
    (folder / "unit.xml").write_text(f"<testsuites><testsuite>{body}</testsuite></testsuites>")
    (folder / "unit.tree").write_text(tree + "\n")
    return results.results(folder, "t")[0]


@pytest.mark.parametrize("body, tree, status", [
    ('<testcase classname="c" name="n"/>', "t", "good"),
    ('<testcase classname="c" name="n"/>', "other", "stale"),
    ('<testcase name="n"/><testcase name="m"><failure/></testcase>', "t", "bad"),
    ('<testcase name="n"/><testcase name="m"><error/></testcase>', "t", "bad"),
    ('<testcase name="n"/><testcase name="m"><skipped/></testcase>', "t", "bad"),
    ("", "t", "bad"),
    ("<testcase", "t", "bad"),
])
def test_results_are_good_only_when_all_of_these_sources_passed(tmp_path, body, tree, status):
    assert _suite(tmp_path, body, tree)["status"] == status


def test_a_suite_without_a_result_is_missing(tmp_path):
    assert {row["status"] for row in results.results(tmp_path, "t")} == {"missing"}


def test_the_worst_status_counts():
    assert worst(["good", "stale", "good"]) == "stale"
    assert worst(["stale", "bad"]) == "bad"


@pytest.mark.parametrize("one, other, offset", [
    (b"", b"", None), (b"abc", b"abc", None), (b"abc", b"abd", 2), (b"abc", b"ab", 2),
    (b"", b"a", 0), (b"x" * (1 << 20) + b"a", b"x" * (1 << 20) + b"b", 1 << 20),
])
def test_the_first_byte_that_differs_is_found(tmp_path, one, other, offset):
    (tmp_path / "a").write_bytes(one)
    (tmp_path / "b").write_bytes(other)
    assert repro.first_difference(tmp_path / "a", tmp_path / "b") == offset


def test_devices_that_nobody_has_are_joined_over_small_holes_only():
    def device(base, owner="nobody"):
        return Part(base, 0x1000, owner, f"/d@{base:x}", "device")

    def hole(base, length):
        return Part(base, length, "hole", "nothing", "hole")

    joined = _merged([device(0), hole(0x1000, 0x1000), device(0x2000)])
    assert [(p.base, p.end, p.label) for p in joined] == [(0, 0x3000, "2 devices")]
    large = [device(0), hole(0x1000, 0x200000), device(0x201000)]
    assert _merged(large) == large
    owned = [device(0), hole(0x1000, 0x1000), device(0x2000, "hypervisor")]
    assert _merged(owned) == owned


def test_tests_that_were_not_run_leave_the_answer_open_and_failed_ones_make_it_no():
    row = {"suite": "s", "passed": 0, "words": "w"}
    assert summary._results([{**row, "status": "missing"}])[0] == "stale"
    assert summary._results([{**row, "status": "missing"}, {**row, "status": "bad"}])[0] == "bad"
