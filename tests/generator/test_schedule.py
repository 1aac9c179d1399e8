"""Schedules: written tables, tables that are built, their ticks; the offline scheduler against a
brute-force check that knows nothing of how it works.

@req CPU-2, CPU-3, DESC-3
"""

from fractions import Fraction
from math import lcm
from pathlib import Path

from hypothesis import HealthCheck, given, settings, strategies as st
import pytest
import yaml

from generator.compile import analyse
from generator.diagnostics import Diagnostics
from generator.emit import emit
from generator.invariants import require_invariants
from generator.plan.edf import Task, edf_table, on_grid, slot_grid
from generator.plan.schedule import CPU_SLOT_MAX, SLOT_MIN_NS, ticks
from generator.units import parse_time, time_text

from test_emit import RUNTIME, run
from test_good import scalars

HERE = Path(__file__).resolve().parent
GOOD = {name: (HERE / "good" / f"{name}.yaml").read_text(encoding="utf-8")
        for name in ("scheduled", "budgeted")}
MS = 1_000_000
SETTINGS = settings(deadline=None, derandomize=True, database=None, max_examples=150,
                    suppress_health_check=[HealthCheck.function_scoped_fixture,
                                           HealthCheck.too_slow])


def analysed(text):
    """(Plan, Diagnostics) of a description in the current folder."""
    Path("t.yaml").write_text(text, encoding="utf-8")
    diagnostics = Diagnostics()
    return analyse("t.yaml", diagnostics).plan, diagnostics


def planned(text):
    plan, diagnostics = analysed(text)
    assert not list(diagnostics), diagnostics.as_text()
    require_invariants(plan)
    return plan


def vm(name, cpus, *more):
    return (f"  {name}:\n    cpus: {cpus}\n    memory: {{ ram: {{ size: 1 MiB }} }}\n"
            "    boot: { images: [{ file: files/rt.elf }] }\n"
            + "".join(f"    {line}\n" for line in more))


def described(*vms, schedule="", board="qemu-virt"):
    return f"system: t\nboard: {board}\n{schedule}vms:\n" + "".join(vms)


# --- times ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text, time_ns", [
    ("10 ms", 10 * MS), ("2.5ms", 2_500_000), ("0 ms", 0), ("0.5 us", 500), ("1 ns", 1),
    ("0.000000001 s", 1), ("1.000000001 s", 10**9 + 1), ("10", None), ("0.5 ns", None),
    ("1.0001 us", None), ("10 min", None), ("-1 ms", None), ("1. ms", None), (".5 ms", None),
    ("10  ms", None), ("1e3 us", None), (10, None)])
def test_times_are_read(text, time_ns):
    assert parse_time(text) == time_ns


@given(st.integers(0, 10**12))
def test_times_are_written_exactly(time_ns):
    assert parse_time(time_text(time_ns)) == time_ns


@pytest.mark.parametrize("time_ns, text", [
    (0, "0 ms"), (999, "999 ns"), (1500, "1.5 us"), (10 * MS, "10 ms"), (10**9, "1 s")])
def test_times_are_written_shortly(time_ns, text):
    assert time_text(time_ns) == text


@given(st.integers(0, 10**10), st.sampled_from([1_000_000, 54_000_000, 62_500_000, 10**9]))
def test_ticks_are_the_nearest(time_ns, hz):
    exact = Fraction(time_ns * hz, 10**9)
    assert abs(ticks(time_ns, hz) - exact) <= Fraction(1, 2)


# --- written tables -------------------------------------------------------------------------


def rows(plan):
    """(mode, CPU, start, end and quantum in ticks, members by name, spare)."""
    names = [f"{plan.vms[v.vm].name}{v.index}" for v in plan.vcpus]
    return [(plan.modes[s.mode].name, s.cpu, s.start_ticks, s.end_ticks, s.quantum_ticks,
             " ".join(names[i] for i in s.members), s.spare_count) for s in plan.slots]


def test_written_tables_are_used_as_written(in_bench):
    plan = planned(GOOD["scheduled"])
    assert [(m.name, m.frame_ns, m.frame_ticks) for m in plan.modes] == [
        ("normal", 10 * MS, 625_000), ("busy", 20 * MS, 1_250_000)]
    assert rows(plan) == [
        ("normal", 1, 0, 281_250, 15_625, "a0 a1", 0),
        ("normal", 1, 312_500, 625_000, 31_250, "b0 c0 a1", 1),
        ("normal", 2, 62_500, 63_750, 15_625, "c1", 0),
        ("busy", 1, 2, 1_187_502, 15_625, "a0 a1 b0 c0", 0)]
    assert [c.residents for c in plan.cpus] == [(5,), (0, 1, 2, 3), (4,), (6,)]
    assert not plan.slots_of(1, 2), "in this mode CPU 2 is that of its only vCPU"
    assert plan.vms[0].flags == ("autostart", "may_switch_mode", "may_read_times")
    assert plan.vms[1].flags == ("autostart", "clock_stands")


def test_a_cpu_with_a_schedule_is_not_given_away(in_bench):
    """`cpus: 1` takes CPUs that neither a VM nor a schedule names."""
    plan = planned(described(
        vm("a", "[0]"), vm("b", "1"),
        schedule="schedule: { frame: 1 ms, cpus: { 0: [{ at: 0 ms, for: 1 ms, run: [a] }] } }\n"))
    assert [v.cpu for v in plan.vcpus] == [0, 1]
    text = described(vm("a", "1"), schedule="schedule: { frame: 1 ms, cpus: { 0: "
                     "[{ at: 0 ms, for: 1 ms, run: [a] }] } }\n")
    plan, diagnostics = analysed(text)
    assert [v.cpu for v in plan.vcpus] == [1] and diagnostics.rules == {"schedule-cpu-unused"}


def test_bounds_do_not_drift(in_bench):
    """Each bound is rounded by itself: 3 ticks of 16 ns are 48 ns, slots of 20.004 us none."""
    slots = "".join(f"      - {{ at: {i * 20.004:.3f} us, for: 20.004 us, run: [a] }}\n"
                    for i in range(40))
    plan = planned(described(vm("a", "[1]"), schedule=(
        f"schedule:\n  frame: 1 ms\n  cpus:\n    1:\n{slots}")))
    for slot in plan.slots:
        for time_ns, bound in ((slot.start_ns, slot.start_ticks), (slot.end_ns, slot.end_ticks)):
            assert abs(bound * 16 - time_ns) <= 8
    assert {s.end_ticks - s.start_ticks for s in plan.slots} == {1250, 1251}


PRINTER = r"""
#include <stdio.h>
#include "config/config.h"
int main(void)
{
    printf("%u %u %u %u %u %u %u %u %u\n", CFG_SCHEDULED, CFG_RESIDENT_COUNT, CFG_MODE_COUNT,
           CFG_SLOT_COUNT, CFG_SLOT_MEMBER_COUNT, CFG_CPU_RESIDENT_MAX, CFG_CPU_SLOT_MAX,
           CFG_SLOT_MEMBER_MAX, cfg_system.counter_hz);
    for (unsigned i = 0; i < CFG_CPU_COUNT; i++) {
        const struct cfg_cpu *cpu = &cfg_cpus[i];
        printf("cpu %u %u %u", cpu->vcpu, cpu->first_resident, cpu->resident_count);
        for (unsigned j = 0; j < cpu->resident_count; j++) {
            printf(" %u", cfg_residents[cpu->first_resident + j]);
        }
        printf("\n");
    }
    for (unsigned m = 0; m < CFG_MODE_COUNT; m++) {
        printf("mode %s %llu\n", cfg_modes[m].name, (unsigned long long)cfg_modes[m].frame_ticks);
        for (unsigned c = 0; c < CFG_CPU_COUNT; c++) {
            const struct cfg_cpu_schedule *s = &cfg_cpu_schedules[m * CFG_CPU_COUNT + c];
            for (unsigned i = s->first_slot; i < (unsigned)s->first_slot + s->slot_count; i++) {
                const struct cfg_slot *slot = &cfg_slots[i];
                printf("%u: %llu %llu %llu", c, (unsigned long long)slot->start,
                       (unsigned long long)slot->end, (unsigned long long)slot->quantum);
                for (unsigned j = 0; j < slot->member_count; j++) {
                    printf(" %u", cfg_slot_members[slot->first_member + j]);
                }
                printf(", %u\n", slot->spare_count);
            }
        }
    }
    printf("flags %x %x %x\n", cfg_vms[0].flags, cfg_vms[1].flags, CFG_VM_FLAGS_ANY);
    return 0;
}
"""


def printed(plan, folder):
    """What a C program finds in the emitted tables."""
    out = folder / "out"
    out.mkdir()
    emit(plan, out)
    (folder / "main.c").write_text(PRINTER.replace(
        '#include "config/config.h"', '#include "config/config.h"\n#include "tables.h"'),
        encoding="utf-8")
    run("gcc", "-Wall", "-Wno-type-limits", "-Werror", f"-I{out / 'gen'}", f"-I{RUNTIME}",
        folder / "main.c", *(out / "gen" / f"{name}.c" for name in ("config", "stage2", "el2_map")),
        "-o", folder / "print")
    return run(folder / "print").splitlines()


def test_c_says_what_is_written(in_bench, tmp_path):
    assert printed(planned(GOOD["scheduled"]), tmp_path) == [
        "1 7 2 4 10 4 2 4 62500000",
        "cpu 5 0 1 5", "cpu 0 1 4 0 1 2 3", "cpu 4 5 1 4", "cpu 6 6 1 6",
        "mode normal 625000", "1: 0 281250 15625 0 1, 0", "1: 312500 625000 31250 2 3 1, 1",
        "2: 62500 63750 15625 4, 0",
        "mode busy 1250000", "1: 2 1187502 15625 0 1 2 3, 0", "flags 380 480 780"]


def test_c_of_a_system_without_schedules(in_bench, tmp_path):
    assert printed(planned(described(vm("a", "[2]"), vm("b", "[0, 1]"))), tmp_path) == [
        "0 3 0 0 0 1 1 1 0",
        "cpu 1 0 1 1", "cpu 2 1 1 2", "cpu 0 2 1 0", "cpu 65535 3 0", "flags 80 80 80"]


def test_the_hash_is_over_the_schedule_too(in_bench):
    plain = planned(GOOD["scheduled"]).description_hash
    for old, new in (("4.5 ms", "4.4 ms"), ("500 us", "400 us"), ("spare: [a/1]", "spare: [a]"),
                     ("clock: scheduled", "clock: real"), ("[switch-mode, read-times]",
                                                           "[switch-mode]")):
        assert old in GOOD["scheduled"]
        assert planned(GOOD["scheduled"].replace(old, new)).description_hash != plain


# --- tables that are built ------------------------------------------------------------------


def test_built_tables_repeat_in_one_frame(in_bench):
    plan = planned(GOOD["budgeted"])
    (mode,) = plan.modes
    assert (mode.name, mode.frame_ns) == ("normal", 60 * MS)
    for cpu, own_ns, count in ((0, 20 * MS, 1), (1, 30 * MS, 5), (2, 20 * MS, 8)):
        slots = [(s.start_ns, s.end_ns, s.members) for s in plan.slots_of(0, cpu)]
        assert len(slots) == count * mode.frame_ns // own_ns
        for i, (start, end, members) in enumerate(slots[count:]):
            assert (start - own_ns, end - own_ns, members) == slots[i]
    needs = {0: (10 * MS, 2_500_000), 1: (10 * MS, 2_500_000), 2: (15 * MS, 10 * MS),
             3: (4 * MS, MS)}
    for vcpu, (period, budget) in needs.items():
        given = [(s.start_ns, s.end_ns) for s in plan.slots if s.members == (vcpu,)]
        assert shares(given, period, mode.frame_ns) == [budget] * (mode.frame_ns // period)


def shares(runs, period, frame):
    """How much lies in each period."""
    return [sum(max(0, min(end, at + period) - max(start, at)) for start, end in runs)
            for at in range(0, frame, period)]


@pytest.mark.parametrize("needs, schedule, said", [
    ((("[1]", 10, 2), ("[1]", 7, 2), ("[2]", 9, 2), ("[2]", 11, 2)), "",
     "the tables of all CPUs repeat together after 6.93 s only; 1 s are possible"),
    ((("[1]", 10, 2), ("[1]", 7, 2)), "999 ms",
     "the tables of all CPUs repeat together after 69.93 s only; 1 s are possible"),
    ((("[1]", 500, 2), ("[1]", 999, 2)), "",
     "the table of CPU 1 repeats after 499.5 s only; 1 s are possible"),
    ((("[1]", 0.1, 0.04), ("[1]", 1000, 500)), "", "the table of CPU 1 has more than 4096 slots"),
    ((("[1]", 0.25, 0.1), ("[1]", 0.5, 0.1), ("[2]", 1000, 500), ("[2]", 500, 100)), "",
     "the table of CPU 1, repeated until 1 s, has 6000 slots; 4096 are possible"),
])
def test_tables_have_bounds(in_bench, needs, schedule, said):
    vms = [vm(f"v{i}", cpus, f"time: {{ period: {period} ms, budget: {budget} ms }}")
           for i, (cpus, period, budget) in enumerate(needs)]
    written = (f"schedule: {{ frame: {schedule}, cpus: {{ 3: [{{ at: 0 ms, for: 1 ms, run: [w] }}]"
               " } }\n") if schedule else ""
    _plan, diagnostics = analysed(described(*vms, *([vm("w", "[3]")] if written else []),
                                            schedule=written))
    (only,) = diagnostics
    assert (only.rule, only.message) == ("frame-too-long", said)


# --- the scheduler against brute force ------------------------------------------------------

# Unit times: small enough to try every unit. A slot is 1 at least, or 3.
TASKS = st.lists(st.sampled_from([2, 3, 4, 5, 6, 8, 10, 12, 15]).flatmap(
    lambda period: st.tuples(st.just(period), st.integers(1, period))), min_size=1, max_size=5).map(
        lambda pairs: [Task(i * 7, period, budget) for i, (period, budget) in enumerate(pairs)])


def load_of(tasks):
    return sum(Fraction(t.budget, t.period) for t in tasks)


def require_table(runs, tasks, shortest):
    """Unit by unit: one task at a time, each its budget in each of its periods."""
    frame = lcm(*(t.period for t in tasks))
    owner = [None] * frame
    for one in runs:
        assert 0 <= one.start < one.end <= frame and one.end - one.start >= shortest
        for unit in range(one.start, one.end):
            assert owner[unit] is None, "two at a time"
            owner[unit] = one.task
    assert [r.start for r in runs] == sorted(r.start for r in runs)
    assert all(a.end < b.start or a.task != b.task for a, b in zip(runs, runs[1:])), "one slot"
    for task in tasks:
        for at in range(0, frame, task.period):
            assert owner[at:at + task.period].count(task.id) == task.budget, task
    assert {o for o in owner if o is not None} <= {t.id for t in tasks}


@SETTINGS
@given(TASKS)
def test_a_table_is_found_exactly_where_the_cpu_suffices(tasks):
    runs = edf_table(tasks, 1, 10**6)
    assert (runs is not None) == (load_of(tasks) <= 1)
    if runs is not None:
        require_table(runs, tasks, 1)
        assert edf_table(list(reversed(tasks)), 1, 10**6) == runs, "the order says nothing"


@SETTINGS
@given(TASKS.map(lambda tasks: [Task(t.id, t.period * 3, t.budget * 3 - t.id % 3) for t in tasks
                                if t.budget * 3 - t.id % 3 >= 3]).filter(bool))
def test_no_slot_is_shorter_than_allowed(tasks):
    """With slots of 3 at least: where the exact table has shorter ones, budgets are rounded up."""
    runs = edf_table(tasks, 3, 10**6)
    rounded = on_grid(tasks, 3)
    assert slot_grid(tasks, 3) is not None
    if load_of(rounded) <= 1:
        assert runs is not None
    if runs is None:
        assert load_of(rounded) > 1
    else:
        exact = all(sum(r.end - r.start for r in runs if r.task == t.id)
                    == lcm(*(u.period for u in tasks)) // t.period * t.budget for t in tasks)
        require_table(runs, tasks if exact else on_grid(tasks, slot_grid(tasks, 3)), 3)


@given(st.lists(st.integers(1, 400), min_size=1, max_size=3), st.integers(1, 50))
def test_the_grid_is_the_smallest_possible(periods, shortest):
    grid = slot_grid([Task(i, p, 1) for i, p in enumerate(periods)], shortest)
    found = [n for n in range(shortest, 401) if all(p % n == 0 for p in periods)]
    assert grid == (found[0] if found else None)


def test_a_table_can_be_too_long():
    tasks = [Task(0, 10, 5), Task(1, 30, 3)]
    count = len(edf_table(tasks, 1, 100))
    assert edf_table(tasks, 1, count) is not None and edf_table(tasks, 1, count - 1) is None


NEEDS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from([1, 2, 2.5, 4, 5, 10]),
                           st.sampled_from([0.02, 0.1, 0.5, 1, 1.3])), min_size=2, max_size=6)


@SETTINGS
@given(NEEDS)
def test_descriptions_get_their_time_or_are_told_why(in_bench, needs):
    """From a description to ticks: each vCPU its budget in each period, on its own CPU only."""
    needs = [(cpu, period, budget) for cpu, period, budget in needs if budget <= period]
    crowded = {cpu for cpu, *_ in needs if [c for c, *_ in needs].count(cpu) > 1}
    vms = [vm(f"v{i}", f"[{cpu}]", *([f"time: {{ period: {period} ms, budget: {budget} ms }}"]
                                     if cpu in crowded else []))
           for i, (cpu, period, budget) in enumerate(needs)]
    if not vms:
        return
    plan, diagnostics = analysed(described(*vms))
    load = {cpu: sum(Fraction(str(b)) / Fraction(str(p)) for c, p, b in needs if c == cpu)
            for cpu in crowded}
    overbooked = [d for d in diagnostics if d.rule == "cpu-overbooked"]
    assert len(overbooked) == sum(share > 1 for share in load.values())
    if diagnostics.has_errors:
        assert diagnostics.rules <= {"cpu-overbooked", "slots-do-not-fit"}
        return
    require_invariants(plan)
    assert plan.is_scheduled == bool(crowded)
    for i, (cpu, period, budget) in enumerate(needs):
        runs = [(s.start_ticks * 16, s.end_ticks * 16) for s in plan.slots if s.members == (i,)]
        assert all(s.cpu == cpu for s in plan.slots if i in s.members)
        if cpu in crowded:
            frame, each = plan.modes[0].frame_ns, round(period * MS)
            assert all(share >= round(budget * MS) - 16 * len(runs)
                       for share in shares(runs, each, frame))


# --- one mistake, one diagnostic ------------------------------------------------------------

LANGUAGE = {"system", "board", "schedule", "frame", "quantum", "modes", "cpus", "at", "for", "run",
            "spare", "vms", "memory", "size", "boot", "images", "file", "may", "clock", "time",
            "period", "budget"}
NODES = [(name, node, is_key) for name, text in GOOD.items()
         for node, is_key in scalars(yaml.compose(text)) if not is_key or node.value in LANGUAGE]


def with_node(name, node, text):
    return GOOD[name][:node.start_mark.index] + text + GOOD[name][node.end_mark.index:]


@pytest.mark.parametrize("name, node, is_key", NODES, ids=[
    f"{name}-{node.start_mark.line + 1}-{node.value}" for name, node, _ in NODES])
def test_one_mistake_gives_one_diagnostic(in_bench, name, node, is_key):
    first, second, *rest = f"{node.value}_"
    text = second + first + "".join(rest)[:-1] if is_key else "[[]]"
    diagnostics = list(analysed(with_node(name, node, text))[1])
    assert len(diagnostics) == 1, "\n".join(d.as_text() for d in diagnostics)
    assert diagnostics[0].place.line == node.start_mark.line + 1


POOL = ["0 ms", "1 ns", "19 us", "20 us", "5 ms", "10 ms", "20 ms", "7.000016 ms", "999999999 s",
        "1.5 ns", "0", "1", "3", "4", "x", "a", "a/1", "b/7", "c", "[]", "[a, a]", "{}", "null",
        "scheduled", "switch-mode", "[1, 1, 1]", "[0]", "9", "true", "normal"]


@SETTINGS
@given(edits=st.lists(st.tuples(st.integers(0, len(NODES) - 1), st.sampled_from(POOL)), min_size=1,
                      max_size=4), name=st.sampled_from(sorted(GOOD)))
def test_no_schedule_breaks_the_compiler(in_bench, edits, name):
    text = GOOD[name]
    chosen = {i: replacement for i, replacement in edits if NODES[i][0] == name}
    for i, replacement in sorted(chosen.items(), reverse=True):
        node = NODES[i][1]
        text = text[:node.start_mark.index] + replacement + text[node.end_mark.index:]
    plan, diagnostics = analysed(text)
    assert all(d.remedy for d in diagnostics)
    if not diagnostics.has_errors:
        require_invariants(plan)
        for part in plan.cpu_schedules:
            slots = plan.slots_of(part.mode, part.cpu)
            assert all(s.end_ns - s.start_ns >= SLOT_MIN_NS for s in slots)
            assert len(slots) <= CPU_SLOT_MAX
            if slots:
                assert set(plan.cpus[part.cpu].residents) <= {i for s in slots for i in s.members}


# --- room -----------------------------------------------------------------------------------


def test_room_for_vector_registers_that_turns_move(in_bench):
    """Of all vCPUs, as soon as there are turns and any VM has them."""
    def data_bytes(cpus, grants):
        plan = planned(described(vm("a", cpus, f"grant: {grants}"), board="qemu-virt-max", schedule=(
            "schedule: { frame: 1 ms, cpus: { 1: [{ at: 0 ms, for: 1 ms, run: [a] }] } }\n"
            if cpus == "[1, 1]" else "")))
        return plan.image.slot("data").size

    plain = data_bytes("[1, 1]", "[]")
    assert data_bytes("[1, 1]", "[sve]") == plain + 2 * 9 * 1024 + 2048  # in pages
    assert data_bytes("[1, 1]", "[sme]") == plain + 2 * 74 * 1024
    assert data_bytes("[1, 1]", "[sve, sme]") == plain + 2 * 74 * 1024
    assert data_bytes("[1, 2]", "[sme]") == data_bytes("[1, 2]", "[]")
