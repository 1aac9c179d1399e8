"""Each invariant: holds for real plans, and a plan that breaks it is found by its id.

@req DESC-1
"""

from dataclasses import replace
from pathlib import Path
import re

import pytest

from generator.invariants import CHECKS, InvariantError, require_invariants
from generator.planned import Slice

from plans import LINUX_BOOT, one_vm, planned

ROOT = Path(__file__).resolve().parent.parent.parent
TWO = one_vm(
    boot=LINUX_BOOT, more_memory="      more: { size: 1 MiB }",
    more="      gpio: { assign: /pl061@9030000 }\n"
         "  b: { cpus: [2, 3], memory: { ram: { size: 3 MiB } }, boot: { entry: 0x40000000 },\n"
         "       interrupts: [ { spi: 40 } ],\n"
         "       control: [a], start_after: { a: ready },\n"
         "       health: { memory: { restart: { times: 2, per: 1 s } } } }\n"
         "  c: { cpus: [1], memory: { ram: { size: 1 MiB } }, boot: { entry: 0x40000000 } }",
).replace("vms:", "schedule: { frame: 9 ms, cpus: { 1: [ { at: 0 ms, for: 2 ms, run: [a], spare: [c] },"
          " { at: 3 ms, for: 6 ms, run: [c] } ] } }\nvms:")


@pytest.fixture(name="plan", scope="module")
def plan_fixture(tmp_path_factory):
    return planned(tmp_path_factory.mktemp("invariants"), TWO)


def test_a_plan_keeps_all(plan):
    require_invariants(plan)


def changed(rows, idx, **fields):
    rows = list(rows)
    rows[idx] = replace(rows[idx], **fields)
    return tuple(rows)


def with_row(plan, table, idx, **fields):
    return replace(plan, **{table: changed(getattr(plan, table), idx, **fields)})


def with_leaf(plan, tables, value):
    """The plan with the first leaf of its first table of pages replaced."""
    all_tables = getattr(plan, tables)
    idx = next(i for i, t in enumerate(all_tables) if t.level == 3)
    descriptors = all_tables[idx].descriptors
    return with_row(plan, tables, idx, descriptors=changed(
        descriptors, 0, value=value(descriptors[0].value)))


def guard_mapped(plan):
    """The plan with the guard page of CPU 0 mapped."""
    guard = plan.cpus[0].stack.base - 0x1000
    for i, table in enumerate(plan.el2_tables):
        if table.level == 3 and table.base <= guard < table.base + (2 << 20):
            extra = replace(table.descriptors[0], idx=(guard - table.base) // 0x1000)
            return with_row(plan, "el2_tables", i, descriptors=(*table.descriptors, extra))
    raise AssertionError("the guard lies in no table of pages")


BREAKS = {
    "INV-CPU-RESIDENTS": lambda p: with_row(p, "cpus", 0, residents=(1,)),
    "INV-SLOT-SORTED": lambda p: with_row(p, "slots", 1, start_ticks=p.slots[0].end_ticks - 1),
    "INV-SLOT-MEMBERS": lambda p: with_row(p, "slots", 1, members=(0, 2)),
    "INV-VCPU-CPU": lambda p: replace(p, console_cpu=4),
    "INV-VMPIDR": lambda p: with_row(p, "vcpus", 2, vmpidr=p.vcpus[1].vmpidr),
    "INV-VMID-UNIQUE": lambda p: with_row(p, "vms", 1, vmid=1),
    "INV-SLICE": lambda p: with_row(p, "vms", 1, mmios=Slice(0, 2)),
    "INV-WINDOW-ALIGNED": lambda p: with_row(p, "windows", 1, pa=p.windows[1].pa + 8),
    "INV-WINDOW-SORTED": lambda p: with_row(p, "windows", 1, ipa=p.windows[2].ipa),
    "INV-MMIO-SORTED": lambda p: with_row(p, "mmios", 0, ipa=p.mmios[1].ipa),
    "INV-MMIO-HOLE": lambda p: with_row(p, "mmios", 2, ipa=p.windows[1].ipa),
    "INV-MEMORY-ONE-OWNER": lambda p: with_row(p, "windows", 3, pa=p.windows[1].pa),
    "INV-LOAD-INSIDE": lambda p: with_row(p, "loads", 0, dst=p.image.base),
    "INV-LOAD-ONCE": lambda p: with_row(p, "loads", 0, dst=p.loads[0].dst + 1),
    "INV-LOAD-ALIGNED": lambda p: with_row(p, "blobs", 1, pa=p.blobs[1].pa + 8),
    "INV-LOAD-HASH": lambda p: with_row(p, "blobs", 0, sha256=p.blobs[1].sha256),
    "INV-CONTROL": lambda p: with_row(p, "controls", 0, target=1),
    "INV-FOLLOWER": lambda p: with_row(p, "vms", 1, awaited_count=0),
    "INV-HEALTH-EVERY": lambda p: replace(p, reactions=p.reactions[1:]),
    "INV-HEALTH-RESTARTS": lambda p: replace(p, reactions=tuple(
        replace(r, restart_count=0) for r in p.reactions)),
    "INV-SPI-COUNT": lambda p: with_row(p, "vms", 1, spi_count=33),
    "INV-IRQ-ONE-OWNER": lambda p: with_row(p, "irqs", 1, pintid=p.irqs[0].pintid),
    "INV-IRQ-VINTID": lambda p: with_row(p, "irqs", 0, vintid=p.emulated[0].intid),
    "INV-S2-ROOT": lambda p: with_leaf(p, "stage2_tables", lambda v: v ^ 1 << 54),
    "INV-GICV-BANKED": lambda p: with_row(p, "windows", 0, kind="gicv"),
    "INV-EL2-ROOT": lambda p: replace(p, registers=replace(p.registers, tcr_el2=16)),
    "INV-EL2-WX": lambda p: with_leaf(p, "el2_tables", lambda v: v & ~(1 << 54 | 1 << 7)),
    "INV-STACK-GUARD": guard_mapped,
}


def test_every_check_has_a_break():
    assert set(BREAKS) == set(CHECKS)


@pytest.mark.parametrize("name", sorted(BREAKS))
def test_a_broken_promise_is_named(plan, name):
    with pytest.raises(InvariantError, match=f"{name}: "):
        require_invariants(BREAKS[name](plan))


@pytest.mark.parametrize("change", [
    {"kind": "device"}, {"pa": 0x08030000}, {"size": 0x2000}, {"access": "r"}])
def test_the_cpu_interface_of_a_gicv2_is_the_boards_own(tmp_path, change):
    """Not another page of the GIC, not less or more, and each VM has it."""
    plan = planned(tmp_path, one_vm(boot=LINUX_BOOT, board="qemu-virt-gicv2"))
    require_invariants(plan)
    idx = next(i for i, w in enumerate(plan.windows) if w.kind == "gicv")
    with pytest.raises(InvariantError, match="INV-GICV-BANKED: "):
        require_invariants(with_row(plan, "windows", idx, **change))


@pytest.mark.parametrize("name, break_it", [
    ("INV-CPU-RESIDENTS", lambda p: replace(p, modes=(), cpu_schedules=(), slots=())),
    ("INV-SLOT-SORTED", lambda p: with_row(p, "slots", 1, end_ticks=p.modes[0].frame_ticks + 1)),
    ("INV-SLOT-SORTED", lambda p: with_row(p, "slots", 0, end_ticks=0)),
    ("INV-SLOT-SORTED", lambda p: with_row(p, "slots", 0, quantum_ticks=0)),
    ("INV-SLOT-SORTED", lambda p: with_row(p, "slots", 0, cpu=2)),
    ("INV-SLOT-SORTED", lambda p: with_row(p, "cpu_schedules", 1, slots=Slice(0, 1))),
    ("INV-SLOT-SORTED", lambda p: replace(p, cpu_schedules=p.cpu_schedules[:3])),
    ("INV-SLOT-MEMBERS", lambda p: with_row(p, "slots", 0, members=(0, 0))),
    ("INV-SLOT-MEMBERS", lambda p: with_row(p, "slots", 0, spare_count=2)),
    ("INV-SLOT-MEMBERS", lambda p: with_row(p, "slots", 0, members=())),
])
def test_schedules_are_looked_at_from_all_sides(plan, name, break_it):
    with pytest.raises(InvariantError, match=f"{name}: "):
        require_invariants(break_it(plan))


@pytest.mark.parametrize("part, change", [
    ("loads", {"size": 0}), ("windows", {"size": 0}), ("windows", {"pa": None})])
def test_empty_rows_are_found(plan, part, change):
    with pytest.raises(InvariantError):
        require_invariants(with_row(plan, part, 0, **change))


def test_the_image_is_owned(plan):
    image = replace(plan.image, base=0x40000000, end=plan.windows[1].pa + 0x1000)
    with pytest.raises(InvariantError, match="INV-MEMORY-ONE-OWNER"):
        require_invariants(replace(plan, image=image))


def test_the_list_of_invariants_is_complete():
    """docs/invariants.md has each id that is stated anywhere, and no other."""
    listed = set(re.findall(r"^\| (INV-[A-Z0-9-]+) \|",
                            (ROOT / "docs" / "invariants.md").read_text(), re.M))
    stated = set()
    for folder in ("runtime", "generator"):
        for path in (ROOT / folder).rglob("*.[chSp]*"):
            if path.suffix in (".c", ".h", ".S", ".py"):
                text = re.sub(r"-\n[ */#]*", "-", path.read_text())  # a broken line
                stated |= set(re.findall(r"INV-[A-Z0-9]+(?:-[A-Z0-9]+)*", text))
    assert stated == listed
