"""Wrong schedules: what a wrong compiler, or a damaged file, could have made of the time tables of
CPUs that vCPUs share, and the exact sentence that each must produce. Two images: one with written
tables in two modes, one with a written table beside one that the compiler built.

@req EVID-1
"""

import pytest

import systems
from edits import Image
from verifier import layout
from verifier.faults import Unreadable
from verifier.run import read_sources
from verifier.schedule import BUILT, modes, on_grid, time_text
from verifier.yaml_reader import duration

CASES = []
ONE, TWO, THREE_0, THREE_1 = range(4)  # vCPUs of the written image
MEMBER = layout.U16.size


def wrong(system, name, also=()):
    """Registers an edit of the property `name` on the image of `system`; it returns the sentence.
    `also`: properties that the edit breaks as well."""
    def add(edit):
        CASES.append(pytest.param(system, name, set(also), edit, id=f"{name}-{edit.__name__}"))
        return edit
    return add


def row_at(image, table, row, kind):
    """The end of a sentence: the address of a row."""
    return f"; first byte 0x{image.symbol('cfg_' + table) + row * kind.size:x}"


def slot_at(image, slot):
    return row_at(image, "slots", slot, layout.SLOT)


def member(image, index, vcpu):
    """Puts a vCPU at an index of cfg_slot_members; returns the end of the sentence about it."""
    at = image.symbol("cfg_slot_members") + MEMBER * index
    image.write(at, vcpu.to_bytes(MEMBER, "little"))
    return f"; first byte 0x{at:x}"


# --- PROP-FORM: slices and ids


@wrong("written", "PROP-FORM")
def slots_of_another_cpu(image):
    image.set("cpu_schedules", 2, "first_slot", 0)
    return ("system: cfg_cpu_schedules[2].first_slot is 0, the slice of the schedule before ends "
            "at 2" + row_at(image, "cpu_schedules", 2, layout.CPU_SCHEDULE))


@wrong("written", "PROP-FORM")
def members_beyond_the_table(image):
    image.set("slots", 4, "member_count", 2)
    return ("system: cfg_slots[4]: its members end at 9, the table has 8" + slot_at(image, 4))


@wrong("written", "PROP-FORM")
def vcpu_that_is_none(image):
    return f"system: cfg_slot_members[0] is vCPU 4, there are 4{member(image, 0, 4)}"


# --- PROP-CPUS: homes


@wrong("written", "PROP-CPUS")
def resident_of_another_cpu(image):
    image.write(image.symbol("cfg_residents") + 3 * layout.U16.size, b"\2\0")
    return ("system: the residents of CPU 2 are vCPUs [2] of cfg_vcpus; [3] live there"
            + row_at(image, "cpus", 2, layout.CPU))


@wrong("written", "PROP-CPUS")
def first_vcpu_is_another(image):
    image.set("cpus", 1, "vcpu", TWO)
    return ("system: CPU 1 runs vCPU 1, the first that lives there is 0"
            + row_at(image, "cpus", 1, layout.CPU))


@wrong("written", "PROP-CPUS", {"PROP-SLOTS", "PROP-TIME"})
def vcpu_that_moved(image):
    image.set("vcpus", THREE_1, "cpu", 0)
    return ("three: its vCPUs run on CPUs [1, 0]; declared are [1, 2]"
            + row_at(image, "vms", 2, layout.VM))


# --- PROP-SLOTS: what the runtime relies on


@wrong("written", "PROP-SLOTS", {"PROP-SCHEDULE"})
def slots_overlap(image):
    image.set("slots", 0, "end", 63361)
    return ("system: cfg_slots[1] (mode `normal`, CPU 1) starts at tick 63360, the one before it "
            "ends at 63361" + slot_at(image, 1))


@wrong("written", "PROP-SLOTS", {"PROP-SCHEDULE"})
def slot_beyond_the_frame(image):
    image.set("slots", 4, "end", 96001)
    return ("system: cfg_slots[4] (mode `degraded`, CPU 1) ends at tick 96001, the frame at 96000"
            + slot_at(image, 4))


@wrong("written", "PROP-SLOTS", {"PROP-SCHEDULE"})
def slot_that_ends_before_it_starts(image):
    image.set("slots", 2, "end", 19202)
    return ("system: cfg_slots[2] (mode `normal`, CPU 2) ends at tick 19202 and starts at 19202"
            + slot_at(image, 2))


@wrong("written", "PROP-SLOTS", {"PROP-SCHEDULE"})
def slot_that_is_shorter_than_a_switch(image):
    image.set("slots", 0, "end", 300)
    return ("system: cfg_slots[0] (mode `normal`, CPU 1) or a turn in it is shorter than 20 us"
            + slot_at(image, 0))


@wrong("written", "PROP-SLOTS", {"PROP-SCHEDULE"})
def turn_that_never_ends(image):
    image.set("slots", 3, "quantum", 0)
    return f"system: cfg_slots[3] (mode `degraded`, CPU 1) has no quantum{slot_at(image, 3)}"


@wrong("written", "PROP-SLOTS", {"PROP-SCHEDULE", "PROP-TIME"})
def vcpu_of_another_cpu(image):
    place = member(image, 4, ONE)
    return ("system: cfg_slots[2] (mode `normal`, CPU 2) has `one/0`, which lives on CPU 1" + place)


@wrong("written", "PROP-SLOTS", {"PROP-SCHEDULE", "PROP-TIME"})
def vcpu_twice(image):
    place = member(image, 3, TWO)
    return f"system: cfg_slots[1] (mode `normal`, CPU 1) has `two/0` twice{place}"


@wrong("written", "PROP-SLOTS", {"PROP-SCHEDULE"})
def nobody_but_spare(image):
    image.set("slots", 0, "spare_count", 1)
    return ("system: cfg_slots[0] (mode `normal`, CPU 1) has 1 members, 1 of them spare"
            + slot_at(image, 0))


@wrong("written", "PROP-SLOTS", {"PROP-SCHEDULE", "PROP-TIME"})
def shared_cpu_without_slots(image):
    """All slots of CPU 1 in the second mode go to CPU 2."""
    image.set("cpu_schedules", 4, "slot_count", 0)
    image.set("cpu_schedules", 5, "first_slot", 3)
    image.set("cpu_schedules", 5, "slot_count", 2)
    return ("system: CPU 1 has 3 vCPUs and no schedule in some mode"
            + row_at(image, "cpus", 1, layout.CPU))


# --- PROP-SCHEDULE: what is written


@wrong("written", "PROP-SCHEDULE")
def modes_exchanged(image):
    first, second = (image.get("modes", row, "name") for row in (0, 1))
    image.set("modes", 0, "name", second)
    image.set("modes", 1, "name", first)
    return ("system: the modes are ['degraded', 'normal'], described are ['normal', 'degraded']"
            f"; first byte 0x{image.symbol('cfg_modes'):x}")


@wrong("written", "PROP-SCHEDULE")
def longer_frame(image):
    image.set("modes", 0, "frame_ticks", 192001)
    return ("system: the frame of mode `normal` has 192001 ticks, described is 10 ms at 19200000 Hz"
            f"; first byte 0x{image.symbol('cfg_modes'):x}")


@wrong("written", "PROP-SCHEDULE")
def another_counter(image):
    image.set("system", 0, "counter_hz", 62500000)
    return ("system: cfg_system.counter_hz is 62500000, expected 19200000; first byte "
            f"0x{image.symbol('cfg_system'):x}")


@wrong("written", "PROP-SCHEDULE")
def slot_a_tick_late(image):
    assert image.get("slots", 2, "start") == 19202  # 19201.92
    image.set("slots", 2, "start", 19201)
    return ("system: cfg_slots[2] (mode `normal`, CPU 2): its start is tick 19201, described is "
            f"1000100 ns{slot_at(image, 2)}")


@wrong("written", "PROP-SCHEDULE")
def slot_a_tick_short(image):
    image.set("slots", 1, "end", image.get("slots", 1, "end") - 1)
    return ("system: cfg_slots[1] (mode `normal`, CPU 1): its end is tick 188159, described is "
            f"9800 us{slot_at(image, 1)}")


@wrong("written", "PROP-SCHEDULE")
def longer_turns(image):
    image.set("slots", 3, "quantum", 9600)
    return ("system: cfg_slots[3] (mode `degraded`, CPU 1): its quantum is tick 9600, described is "
            f"1 ms{slot_at(image, 3)}")


@wrong("written", "PROP-SCHEDULE")
def other_order_of_turns(image):
    member(image, 1, ONE)
    member(image, 2, TWO)
    return ("system: cfg_slots[1] (mode `normal`, CPU 1) runs `one/0`, `two/0` and, when these "
            "cannot, `three/0`; described is `two/0`, `one/0` and, when these cannot, `three/0`"
            + slot_at(image, 1))


@wrong("written", "PROP-SCHEDULE")
def spare_that_takes_turns(image):
    image.set("slots", 1, "spare_count", 0)
    return ("system: cfg_slots[1] (mode `normal`, CPU 1) runs `two/0`, `one/0`, `three/0`; "
            "described is `two/0`, `one/0` and, when these cannot, `three/0`" + slot_at(image, 1))


@wrong("built", "PROP-SCHEDULE", {"PROP-TIME"})
def schedule_of_a_pinned_cpu(image):
    """The last slot of CPU 1 goes to CPU 2, whose only vCPU has it always."""
    count = image.get("cpu_schedules", 1, "slot_count") - 1
    image.set("cpu_schedules", 1, "slot_count", count)
    image.set("cpu_schedules", 2, "first_slot", image.get("cpu_schedules", 2, "first_slot") - 1)
    image.set("cpu_schedules", 2, "slot_count", 1)
    last = image.get("cpu_schedules", 2, "first_slot")
    member(image, image.get("slots", last, "first_member"), 4)
    return ("system: mode `normal`, CPU 2 has 1 slots, described are 0"
            + row_at(image, "cpu_schedules", 2, layout.CPU_SCHEDULE))


@wrong("built", "PROP-SCHEDULE")
def longer_turns_in_a_built_slot(image):
    image.set("slots", 3, "quantum", 19201)
    return ("system: cfg_slots[3] (mode `normal`, CPU 1) is not of one vCPU with the usual quantum, "
            "as built ones are" + slot_at(image, 3))


@wrong("built", "PROP-SCHEDULE", {"PROP-SLOTS"})
def built_slot_of_two(image):
    """It has the vCPU of the next one as well, which has none."""
    image.set("slots", 3, "member_count", 2)
    image.set("slots", 4, "first_member", image.get("slots", 4, "first_member") + 1)
    image.set("slots", 4, "member_count", 0)
    return ("system: cfg_slots[3] (mode `normal`, CPU 1) is not of one vCPU with the usual quantum, "
            "as built ones are" + slot_at(image, 3))


# --- PROP-TIME: what each vCPU comes to


def first_slot_of(image, vcpu):
    """The first slot of a vCPU in the built table."""
    first, count = (image.get("cpu_schedules", 1, m) for m in ("first_slot", "slot_count"))
    at = image.symbol("cfg_slot_members")
    return next(slot for slot in range(first, first + count) if image.word(
        at + MEMBER * image.get("slots", slot, "first_member"), MEMBER) == vcpu)


@wrong("built", "PROP-TIME")
def budget_a_tick_short(image):
    slot = first_slot_of(image, 1)
    image.set("slots", slot, "end", image.get("slots", slot, "end") - 1)
    return ("two: vCPU 0 has 9599 ticks in period 1 of mode `normal`, described are 500 us in 2 "
            "ms, 9600 ticks" + row_at(image, "vcpus", 1, layout.VCPU))


@wrong("built", "PROP-TIME")
def slot_given_to_another(image):
    slot = first_slot_of(image, 2)
    member(image, image.get("slots", slot, "first_member"), 1)
    return ("two: vCPU 1 has 0 ticks in period 1 of mode `normal`, described are 500 us in 2 "
            "ms, 9600 ticks" + row_at(image, "vcpus", 2, layout.VCPU))


@wrong("built", "PROP-TIME")
def more_than_its_budget(image):
    last = image.get("cpu_schedules", 1, "slot_count") + image.get("cpu_schedules", 1, "first_slot")
    image.set("slots", last - 1, "end", image.get("slots", last - 1, "end") + 1)
    return ("two: vCPU 1 has 9601 ticks in period 6 of mode `normal`, described are 500 us in 2 "
            "ms, 9600 ticks" + row_at(image, "vcpus", 2, layout.VCPU))


@wrong("written", "PROP-TIME", {"PROP-SCHEDULE"})
def vcpu_in_no_slot_of_a_mode(image):
    member(image, 7, TWO)
    return "one: vCPU 0 has no slot in mode `degraded`" + row_at(image, "vcpus", 0, layout.VCPU)


# --- PROP-SETTINGS: rights


@wrong("written", "PROP-SETTINGS")
def right_that_is_not_described(image):
    image.set("vms", 1, "flags", image.get("vms", 1, "flags") | 1 << 8)
    return ("two: cfg_vms[1].flags is autostart, may-switch-mode, clock-stands, described is "
            "autostart, clock-stands" + row_at(image, "vms", 1, layout.VM))


@wrong("written", "PROP-SETTINGS")
def clock_that_goes_on(image):
    image.set("vms", 1, "flags", image.get("vms", 1, "flags") & ~(1 << 10))
    return ("two: cfg_vms[1].flags is autostart, described is autostart, clock-stands"
            + row_at(image, "vms", 1, layout.VM))


@pytest.mark.parametrize("system, name, also, edit", CASES)
def test_the_edit_is_rejected_with_its_sentence(schedules, system, name, also, edit):
    image = Image(*schedules[system])
    sentence = edit(image)
    failing = image.failing()
    assert sentence in failing.get(name, []), failing
    if name != "PROP-FORM":  # without which nothing else is looked at
        assert set(failing) == {name} | also, failing


@pytest.mark.parametrize("system", ["written", "built"])
def test_the_right_image_holds(schedules, system):
    assert Image(*schedules[system]).failing() == {}


# --- the description's times


def described(tmp_path, text):
    """The modes of a description."""
    sources = read_sources(systems.write_inputs(tmp_path / "in", text))
    return modes(sources.description, sources.board)


def test_a_shorter_table_is_repeated_and_slots_are_in_order_of_time(tmp_path):
    mode, = described(tmp_path, systems.BUILT)
    assert (mode.name, mode.frame, mode.cpus[1]) == ("normal", 12_000_000, BUILT)
    assert [(s.start, s.end, s.members) for s in mode.cpus[0]] == [
        (at + 1_000_000, at + 3_000_000, [0]) for at in (0, 4_000_000, 8_000_000)]
    assert 2 not in mode.cpus


def test_modes_and_members_are_as_written(tmp_path):
    normal, degraded = described(tmp_path, systems.SCHEDULED)
    assert [s.start for s in normal.cpus[1]] == [0, 3_300_000]
    assert (normal.cpus[1][1].members, normal.cpus[1][1].spare) == ([TWO, ONE, THREE_0], 1)
    assert [(m.name, m.frame) for m in (normal, degraded)] == [
        ("normal", 10_000_000), ("degraded", 5_000_000)]
    assert [s.quantum for s in degraded.cpus[1]] == [1_000_000, 500_000]


@pytest.mark.parametrize("text, ns", [
    ("0 ms", 0), ("1 ns", 1), ("1.5us", 1500), ("0.000001 ms", 1), ("2 s", 2 * 10**9)])
def test_times_are_exact(text, ns):
    assert duration(text, "x") == ns


@pytest.mark.parametrize("text", ["1", "1 min", "-1 ms", "1.0001 us", "ms", "1. ms", 5, None])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(Unreadable):
        duration(text, "x")


def test_times_are_shown_without_a_fraction():
    assert [time_text(ns) for ns in (0, 1, 1500, 2500000, 10**7, 3 * 10**9)] == [
        "0 s", "1 ns", "1500 ns", "2500 us", "10 ms", "3 s"]


def test_a_budget_on_the_grid_is_the_next_multiple_of_what_divides_all_periods():
    assert on_grid(500_000, [3_000_000, 2_000_000]) == 500_000
    assert on_grid(30_001, [1_000_000, 600_000]) == 40_000
    assert on_grid(1000, [10_000, 15_000]) is None


@pytest.mark.parametrize("old, new, sentence", [
    ("run: [one] }", "run: [four] }", "schedule: `four` has no vCPU on the CPU where"),
    ("run: [three/1]", "run: [three/0]", "schedule: `three/0` has no vCPU on the CPU where"),
    ("run: [three/1]", "run: [three/x]", "schedule.modes.normal.cpus.2: `three/x` is no vCPU"),
    ("        2:\n", "        9:\n", "schedule: there is no CPU 9"),
    ("        2:\n", "        x:\n", "schedule.modes.normal.cpus: `x` is no CPU"),
    ("at: 0 ms, ", "", "schedule.modes.normal.cpus.1: a slot has no `at` or no `for`"),
    ("  frame: 10 ms\n", "", "schedule: the mode `normal` has no `frame`"),
    ("read-times", "reboot", "vms.one: the verifier does not know the right `reboot`"),
    ("clock: scheduled", "clock: lunar", "vms.two: the verifier does not know the clock `lunar`"),
    ("for: 3 ms", "for: 3 min", "schedule.modes.normal.cpus.1: `for`: `3 min` is no time"),
    ("    cpus: [1, 2]", "    cpus: [1, 2]\n    time: { period: 1 ms }",
     "vms.three.time has not both `period` and `budget`"),
])
def test_a_schedule_that_cannot_be_understood(tmp_path, old, new, sentence):
    assert old in systems.SCHEDULED
    with pytest.raises(Unreadable) as said:
        described(tmp_path, systems.SCHEDULED.replace(old, new, 1))
    assert str(said.value).startswith(sentence)


def test_a_board_has_to_say_how_fast_its_counter_is(tmp_path):
    path = systems.write_inputs(tmp_path / "in", systems.BUILT)
    board = path.parent / "tiny" / "board.yaml"
    board.write_text(board.read_text(encoding="utf-8").replace("counter_hz: 19200000\n", ""),
                     encoding="utf-8")
    sources = read_sources(path)
    with pytest.raises(Unreadable) as said:
        modes(sources.description, sources.board)
    assert str(said.value) == "board.yaml of `tiny` has no `counter_hz`"


@pytest.mark.parametrize("budget, holds", [
    ("500.02 us", True),  # 9600.38 ticks: the bounds are rounded
    ("500.2 us", False), ("499.9 us", True), ("479 us", False),
    ("499 us", True),  # 500 us on the grid of 20 us
])
def test_budgets_may_be_rounded_and_no_more(schedules, tmp_path, budget, holds):
    image = Image(*schedules["built"])
    text = systems.BUILT.replace("budget: 500 us", f"budget: {budget}")
    image.sources = read_sources(systems.write_inputs(tmp_path / "in", text))
    assert set(image.failing()) == (set() if holds else {"PROP-TIME"})


def test_a_shared_cpu_without_table_or_time_is_rejected(schedules, tmp_path):
    text = systems.BUILT.replace("    time: { period: 2 ms, budget: 500 us }\n", "")
    image = Image(*schedules["built"])
    image.sources = read_sources(systems.write_inputs(tmp_path / "in", text))
    assert any(t.startswith("two: vCPU 0 shares CPU 1, and the description has neither a table nor "
                            "`time` for it") for t in image.failing()["PROP-TIME"])

