"""Schedules in answers to people: `explain` and `diff`.

@req DESC-8, DESC-9
"""

from dataclasses import fields

import pytest

from generator.cli import main
from generator.diff import CHANGED, GAINED, LOST, compare
from generator.diff_report import as_json, as_text
from generator.meaning import meaning_of
from generator.timeshare import shortest_frame

from test_diff import said
from test_schedule import GOOD, analysed, described, planned, vm

SCHEDULED, BUDGETED = GOOD["scheduled"], GOOD["budgeted"]


def explained(capsys, text, *question):
    """(status, standard output, standard error)."""
    analysed(text)
    status = main(["explain", "t.yaml", *question])
    return (status, *capsys.readouterr())


# --- explain --------------------------------------------------------------------------------


@pytest.mark.parametrize("question, answer", [
    (("--cpu", "1", "--at", "3ms"), """\
CPU 1 at 3 ms, mode `normal`: `a/0`, `a/1`, in turns of 250 us
    t.yaml:12:13: as described
    0 ms to 4.5 ms of 10 ms: ticks 0 to 281250
"""),
    (("--cpu", "1", "--at", "4.5 ms"), """\
CPU 1 at 4.5 ms, mode `normal`: idle
    4.5 ms to 5 ms of 10 ms: no slot
"""),
    (("--cpu", "1", "--at", "4.499999ms"), """\
CPU 1 at 4.499999 ms, mode `normal`: `a/0`, `a/1`, in turns of 250 us
    t.yaml:12:13: as described
    0 ms to 4.5 ms of 10 ms: ticks 0 to 281250
"""),
    (("--cpu", "1", "--at", "19ms"), """\
CPU 1 at 19 ms, 9 ms in the frame, mode `normal`: `b/0`, `c/0`, in turns of 500 us; `a/1` while \
none of them can
    t.yaml:11:13: as described
    5 ms to 10 ms of 10 ms: ticks 312500 to 625000
"""),
    (("--cpu", "1", "--at", "1ms", "--mode", "busy"), """\
CPU 1 at 1 ms, mode `busy`: `a/0`, `a/1`, `b/0`, `c/0`, in turns of 250 us
    t.yaml:18:13: as described
    24 ns to 19.000024 ms of 20 ms: ticks 2 to 1187502; rounded to ticks, by 8 ns at most
"""),
    (("--cpu", "2", "--at", "1ms", "--mode", "busy"), """\
CPU 2 at any time: `c/1`, which has it for itself
    t.yaml:31:15: as described
"""),
    (("--cpu", "0", "--at", "1ms"), """\
CPU 0 at any time: `d/0`, which has it for itself
    t.yaml:36:11: the lowest CPU that no VM names
"""),
])
def test_what_runs_at_a_time(in_bench, capsys, question, answer):
    assert explained(capsys, SCHEDULED, *question) == (0, answer, "")


def test_built_slots_say_why(in_bench, capsys):
    assert explained(capsys, BUDGETED, "--cpu", "1", "--at", "31ms") == (0, """\
CPU 1 at 31 ms, mode `normal`: `a/0`
    t.yaml:14:5: built: 2.5 ms in every 10 ms, the earliest deadline first; repetition 2 of 2
    30 ms to 32.5 ms of 60 ms: ticks 1875000 to 2031250
""", "")


def test_a_cpu_and_its_frames(in_bench, capsys):
    status, out, _err = explained(capsys, SCHEDULED, "cpu", "1")
    assert status == 0 and out.split("\n", 1)[1] == """\
mode `normal`: a frame of 10 ms, 625000 ticks
    t.yaml:8:5: as described
    0 ms to 4.5 ms: `a/0`, `a/1`, in turns of 250 us
    4.5 ms to 5 ms: idle
    5 ms to 10 ms: `b/0`, `c/0`, in turns of 500 us; `a/1` while none of them can
    `a/0` has 22.5 %
    `a/1` has 22.5 %, and what others leave of 50 %
    `b/0` has 25 %
    `c/0` has 25 %
    nobody has 5 %
mode `busy`: a frame of 20 ms, 1250000 ticks
    t.yaml:15:5: as described
    0 ms to 24 ns: idle
    24 ns to 19.000024 ms: `a/0`, `a/1`, `b/0`, `c/0`, in turns of 250 us
    19.000024 ms to 20 ms: idle
    `a/0` has 23.75 %
    `a/1` has 23.75 %
    `b/0` has 23.75 %
    `c/0` has 23.75 %
    nobody has 5 %
"""
    _status, out, _err = explained(capsys, SCHEDULED, "cpu", "2")
    assert "    `c/1` has 0.2 %\n    nobody has 99.8 %\n" in out
    assert out.endswith("    always `c/1`: it has no slots in this mode\n")


@pytest.mark.parametrize("question, status, said_", [
    (("--cpu", "9", "--at", "1ms"), 1, "there is no CPU 9: the board has 0 to 3"),
    (("--cpu", "1", "--at", "1"), 2, "`1` is no time: write 3ms, 500us or 2.5ms"),
    (("--cpu", "1", "--at", "1ms", "--mode", "norml"), 1,
     "there is no mode `norml`; did you mean `normal`?"),
    (("--cpu", "1"), 2, "ask ADDRESS, "), ((), 2, "ask ADDRESS, ")])
def test_questions_without_an_answer(in_bench, capsys, question, status, said_):
    found = explained(capsys, SCHEDULED, *question)
    assert found[:2] == (status, "") and found[2].startswith(f"explain: {said_}")


# --- diff -----------------------------------------------------------------------------------


def edited(text, *edits):
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def difference(old, new):
    return compare(*(meaning_of(planned(text), name)
                     for text, name in ((old, "old.yaml"), (new, "new.yaml"))))


A1 = "time of vCPU 1 in mode `normal`: "
CHANGES = {
    "a-slot-shrinks": (SCHEDULED, [("for: 4.5 ms", "for: 4 ms")], [
        (LOST, "a", "time of vCPU 0 in mode `normal`: share 22.5 % -> 20 %; slots 0 ms to 4.5 ms "
         "(1 of 2 by 250 us) in every 10 ms -> 0 ms to 4 ms (1 of 2 by 250 us) in every 10 ms"),
        (LOST, "a", A1 + "share 22.5 % -> 20 %; slots 0 ms to 4.5 ms (2 of 2 by 250 us), 5 ms to "
         "10 ms (spare, 1 of 1 by 500 us) in every 10 ms -> 0 ms to 4 ms (2 of 2 by 250 us), 5 ms "
         "to 10 ms (spare, 1 of 1 by 500 us) in every 10 ms")]),
    "a-slot-moves": (SCHEDULED, [("at: 1 ms, for: 20 us", "at: 2 ms, for: 20 us")], [
        (CHANGED, "c", A1 + "slots 1 ms to 1.02 ms in every 10 ms -> 2 ms to 2.02 ms in every "
         "10 ms")]),
    "from-one-to-another": (SCHEDULED, [("run: [b, c], spare: [a/1]", "run: [b, c, a/0]")], [
        (GAINED, "a", "time of vCPU 0 in mode `normal`: share 22.5 % -> 39.1667 %; *"),
        (CHANGED, "a", A1 + "slots *"),
        (LOST, "b", "time of vCPU 0 in mode `normal`: share 25 % -> 16.6667 %; *"),
        (LOST, "c", "time of vCPU 0 in mode `normal`: share 25 % -> 16.6667 %; *")]),
    "another-turn": (SCHEDULED, [("run: [b, c]", "run: [c, b]")], [
        (CHANGED, "b", "time of vCPU 0 in mode `normal`: slots *(1 of 2*-> *(2 of 2*"),
        (CHANGED, "c", "time of vCPU 0 in mode `normal`: slots *(2 of 2*-> *(1 of 2*")]),
    "another-quantum": (SCHEDULED, [("quantum: 500 us", "quantum: 400 us")], [
        (CHANGED, "a", A1 + "slots *by 500 us*-> *by 400 us*"),
        (CHANGED, "b", "time of vCPU 0 in mode `normal`: slots *by 500 us*-> *by 400 us*"),
        (CHANGED, "c", "time of vCPU 0 in mode `normal`: slots *by 500 us*-> *by 400 us*")]),
    "no-slots-any-more": (SCHEDULED, [
        ("        2:\n          - { at: 1 ms, for: 20 us, run: [c/1] }\n", "")], [
        (GAINED, "c", A1 + "share 0.2 % -> 100 %; slots 1 ms to 1.02 ms in every 10 ms -> always")]),
    "modes-exchanged": (SCHEDULED, [("    normal:", "    x:"), ("    busy:", "    normal:"),
                                    ("    x:", "    busy:")], None),
    "rights": (SCHEDULED, [("may: [switch-mode, read-times]", "may: [read-times]")], [
        (LOST, "a", "right to switch-mode")]),
    "clock": (SCHEDULED, [("clock: scheduled", "clock: real")], [
        (CHANGED, "b", "start: clock scheduled -> real")]),
    "budget": (BUDGETED, [("period: 4 ms, budget: 1 ms", "period: 4 ms, budget: 0.5 ms")], [
        (LOST, "c", "time of vCPU 0 in mode `normal`: share 25 % -> 12.5 %; need 1 ms in every "
         "4 ms -> 500 us in every 4 ms")]),
    "frame": (SCHEDULED, [("frame: 20 ms", "frame: 40 ms")], None),
}


@pytest.mark.parametrize("case", CHANGES)
def test_change(in_bench, case):
    from test_diff import matches
    text, edits, expected = CHANGES[case]
    found = difference(text, edited(text, *edits))
    assert not found.is_same_meaning and as_json(found)
    got = [said(found, change) for change in found.changes]
    if expected is None:  # much changes
        assert {c.owner for c in found.changes} > {"a", "b", "c"}
        return
    assert [g[:2] for g in got] == [e[:2] for e in expected], got
    for (_, _, sentence), (_, _, pattern) in zip(got, expected):
        assert matches(sentence, pattern), sentence


@pytest.mark.parametrize("text, edits", [
    (SCHEDULED, [("at: 0 ms, for: 4.5 ms", "at: 0 s, for: 4500 us")]),
    (SCHEDULED, [("run: [a] }", "run: [a/0, a/1] }")]),
    (SCHEDULED, [("quantum: 250 us\n", "quantum: 0.25 ms\n")]),
])
def test_same_meaning(in_bench, text, edits):
    found = difference(text, edited(text, *edits))
    assert found.is_empty, as_text(found)


def test_a_table_that_is_repeated_is_the_same(in_bench):
    """That of a CPU which nobody touched, when another CPU's makes the common frame longer."""
    longer = edited(BUDGETED, ("period: 15 ms, budget: 10 ms", "period: 30 ms, budget: 20 ms"),
                    ("frame: 20 ms", "frame: 40 ms"))
    found = difference(BUDGETED, longer)
    assert {c.owner for c in found.changes} == {None, "b", "d"}, as_text(found)


def test_what_the_compiler_chose_is_relocated(in_bench):
    more = vm("e", "[1]", "time: { period: 30 ms, budget: 1 ms }")
    found = difference(BUDGETED, BUDGETED + more)
    assert found.added == ("e",)
    assert {c.owner for c in found.changes} == {"e"}
    assert GAINED in {c.effect for c in found.changes if c.thing.kind == "time"}
    text = as_text(found)
    assert "gained   time of vCPU 0 in mode `normal`: share 3.3333 %" in text


def test_from_pinned_to_shared(in_bench):
    """Who shares a CPU that it had for itself, loses time, and says so."""
    alone = described(vm("a", "[1]"), vm("b", "[2]"))
    both = described(vm("a", "[1]"), vm("b", "[1]"), schedule=(
        "schedule: { frame: 10 ms, cpus: { 1: [{ at: 0 ms, for: 5 ms, run: [a] },"
        " { at: 5 ms, for: 5 ms, run: [b] }] } }\n"))
    found = difference(alone, both)
    times = [said(found, c) for c in found.changes if c.thing.kind == "time"]
    assert times == [
        (LOST, "a", "time of vCPU 0 in mode `normal`: share 100 % -> 50 %; slots always -> 0 ms to "
         "5 ms in every 10 ms"),
        (LOST, "b", "time of vCPU 0 in mode `normal`: share 100 % -> 50 %; slots always -> 5 ms to "
         "10 ms in every 10 ms")]


def bones(plan):
    """Every number of the schedule; the quantum of one alone says nothing."""
    skip = {"place", "reason", "start_ns", "end_ns", "quantum_ns"}
    rows = [[tuple(getattr(row, f.name) for f in fields(row) if f.name not in skip)
             for row in table] for table in (plan.modes, plan.cpu_schedules, plan.slots)]
    return repr((rows, [c.residents for c in plan.cpus], [v.flags for v in plan.vms]))


@pytest.mark.parametrize("case", CHANGES)
def test_every_change_against_the_plans(in_bench, case):
    text, edits, _expected = CHANGES[case]
    assert bones(planned(text)) != bones(planned(edited(text, *edits)))


def test_shortest_frame(in_bench):
    slots = planned(BUDGETED).slots
    for cpu, frame, count in ((0, 20, 1), (1, 30, 5), (2, 20, 8)):
        own = [s for s in slots if s.cpu == cpu]
        found = shortest_frame(60_000_000, own)
        assert (found[0], len(found[1])) == (frame * 1_000_000, count)
        assert shortest_frame(60_000_000, own[:-1])[0] == 60_000_000
