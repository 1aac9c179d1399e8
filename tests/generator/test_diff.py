"""`diff`: each kind of change to a description that uses every key, and what holds of all of them.

@req DESC-8
"""

from dataclasses import fields, replace
from functools import lru_cache
import json
from pathlib import Path
import random
import re

from hypothesis import HealthCheck, assume, given, settings, strategies as st
import pytest
import yaml

from generator.cli import main
from generator.compile import analyse
from generator.devicetree import compile_source
from generator.diagnostics import Diagnostics
from generator.diff import CHANGED, GAINED, KINDS, LOST, compare
from generator.diff_report import EVIDENCE, PROPERTIES, as_json, as_text, evidence_of
from generator.health import action_text
from generator.meaning import SYSTEM, _tree_digest, meaning_of
from test_good import FULL

ROOT = Path(__file__).resolve().parents[2]
SETTINGS = settings(max_examples=25, deadline=None, derandomize=True, database=None,
                    suppress_health_check=[HealthCheck.function_scoped_fixture])


@lru_cache(maxsize=None)
def attempted(name, text):
    """(plan, "") or (None, what is wrong); each text is planned once."""
    Path(name).write_text(text, encoding="utf-8")
    diagnostics = Diagnostics()
    analysis = analyse(name, diagnostics)
    return (None, diagnostics.as_text()) if diagnostics.has_errors else (analysis.plan, "")


def planned(name, text):
    """The plan of a description that must be right."""
    plan, wrong = attempted(name, text)
    assert plan, wrong
    return plan


def difference(old, new):
    return compare(meaning_of(planned("old.yaml", old), "old.yaml"),
                   meaning_of(planned("new.yaml", new), "new.yaml"))


def edited(text, *edits):
    for old, new in edits:
        assert text.count(old) == 1, old
        text = text.replace(old, new)
    return text


def said(found, change):
    """(effect, owner, sentence) of one change."""
    lines = as_text(replace(found, changes=(change,))).split("\n")
    line = next(n for n in lines if n.startswith(f"  {change.effect:8} "))
    return change.effect, change.owner, line[11:]


# What a change of the text means: name: (edits, [(effect, owner, sentence)]).
CHANGES = {
    "memory-shrinks": (
        [("ram: { size: 64 MiB }", "ram: { size: 32 MiB }"), ("0x43000000", "0x41000000")],
        [(LOST, "linux", "memory `ram`: size 64 MiB -> 32 MiB (0x42000000..0x43ffffff)"),
         (CHANGED, "linux",
          "start: x0 0x43000000 -> 0x41000000; devicetree at 0x43000000 -> 0x41000000")]),
    "memory-grows": (
        [("at: 0x50000000, image: files/flat.bin, size: 1 MiB",
          "at: 0x50000000, image: files/flat.bin, size: 2 MiB")],
        [(GAINED, "rt", "memory `copy`: size 1 MiB -> 2 MiB (0x50100000..0x501fffff)")]),
    "memory-moves-in-the-guest": (
        [("copy: { at: 0x50000000", "copy: { at: 0x51000000")],
        [(CHANGED, "rt", "memory `copy`: at 0x50000000 -> 0x51000000"),
         (CHANGED, "rt", "files/flat.bin: at 0x50000000 -> 0x51000000")]),
    "right-to-execute-lost": (
        [("at: 0x50000000, image: files/flat.bin, size: 1 MiB",
          "at: 0x50000000, image: files/flat.bin, access: rw, size: 1 MiB")],
        [(LOST, "rt", "memory `copy`: access rwx -> rw")]),
    "memory-gained": (
        [("      shm: { shared: frames, at: 0x70000000 }\n",
          "      shm: { shared: frames, at: 0x70000000 }\n"
          "      heap: { at: 0x60000000, phys: 0x70000000, size: 4 KiB, access: rw }\n")],
        [(GAINED, "linux", "memory `heap`: at 0x60000000, size 4 KiB, access rw, "
                           "physical 0x70000000")]),
    "image-in-place-changes": (
        [("image: files/flat.bin, access: rx", "image: files/initrd, access: rx")],
        [(CHANGED, "rt", "memory `rom`: size 4 KiB -> 64 KiB (0x00001000..0x0000ffff); contents "
                         "sha256:* -> sha256:*")]),
    "right-to-write-shared-memory": (
        [("      shm: { shared: frames, at: 0x70000000, access: r }",
          "      shm: { shared: frames, at: 0x70000000, access: rw }")],
        [(GAINED, "rt", "shared memory `frames`: access r -> rw")]),
    "shared-memory-made-private": (
        [("  frames: { size: 64 KiB }\n", ""),
         ("shm: { shared: frames, at: 0x70000000 }", "shm: { at: 0x70000000, size: 64 KiB }"),
         ("      shm: { shared: frames, at: 0x70000000, access: r }\n", "")],
        [(GAINED, "linux", "memory `shm`: at 0x70000000, size 64 KiB, access rwx, physical 0x*"),
         (LOST, "linux", "shared memory `frames`: of frames, at 0x70000000, size 64 KiB, "
                         "access rw, physical 0x*"),
         (LOST, "rt", "shared memory `frames`: of frames, at 0x70000000, size 64 KiB, access r, "
                      "physical 0x*")]),
    "shared-memory-grows-for-both": (
        [("frames: { size: 64 KiB }", "frames: { size: 60 KiB }")],
        [(LOST, "linux", "shared memory `frames`: size 64 KiB -> 60 KiB "
                         "(0x7000f000..0x7000ffff)"),
         (LOST, "rt", "shared memory `frames`: size 64 KiB -> 60 KiB (0x7000f000..0x7000ffff)")]),
    "device-to-another-vm": (
        [('      gpio: { assign: "&gpio", irq: { spi: 9 } }\n', ""),
         ("      x0: 0x1234\n", '      x0: 0x1234\n    devices: { gpio: { assign: "&gpio" } }\n')],
        [(LOST, "linux", "device /pl061@9030000: at 0x09030000..0x09030fff, access rw, "
                         "physical 0x09030000 (now `rt`'s)"),
         (LOST, "linux", "interrupt INTID 39: in the guest INTID 41, trigger level (now `rt`'s)"),
         (GAINED, "rt", "device /pl061@9030000: at 0x09030000..0x09030fff, access rw, "
                        "physical 0x09030000 (before `linux`'s)"),
         (GAINED, "rt", "interrupt INTID 39: in the guest INTID 39, trigger level "
                        "(before `linux`'s)")]),
    "device-moves-in-the-guest": (
        [('assign: "&gpio",', 'assign: "&gpio", at: 0x0a000000,')],
        [(CHANGED, "linux", "device /pl061@9030000: at 0x09030000..0x09030fff -> "
                            "0x0a000000..0x0a000fff")]),
    "interrupt-number-in-the-guest": (
        [("irq: { spi: 9 }", "irq: { spi: 11 }")],
        [(CHANGED, "linux", "interrupt INTID 39: in the guest INTID 41 -> INTID 43")]),
    "interrupt-trigger": (
        [("{ spi: 40, trigger: edge }", "{ spi: 40 }")],
        [(CHANGED, "linux", "interrupt INTID 72: trigger edge -> level")]),
    "interrupt-to-another-vm": (
        [("      - { intid: 100 }\n", ""),
         ("      x0: 0x1234\n", "      x0: 0x1234\n    interrupts: [{ intid: 100 }]\n")],
        [(LOST, "linux", "interrupt INTID 100: in the guest INTID 100, trigger level "
                         "(now `rt`'s)"),
         (GAINED, "rt", "interrupt INTID 100: in the guest INTID 100, trigger level "
                        "(before `linux`'s)"),
         (CHANGED, "rt", "interrupt controller: SPIs 32 -> 96")]),
    "cpu-named": (
        [("    cpus: [2]", "    cpus: [3]")],
        [(CHANGED, "rt", "vCPU 0: CPU 2 -> 3")]),
    "cpu-named-that-was-chosen": (
        [("    cpus: 2", "    cpus: [0, 3]")],
        [(CHANGED, "linux", "vCPU 1: CPU 1 -> 3")]),
    "cpu-lost": (
        [("    cpus: 2", "    cpus: 1")],
        [(LOST, "linux", "vCPU 1: CPU 1")]),
    "cpu-to-another-vm": (
        [("    cpus: 2", "    cpus: [0]"), ("    cpus: [2]", "    cpus: [1, 2]")],
        [(LOST, "linux", "vCPU 1: CPU 1 (now `rt`'s)"),
         (CHANGED, "rt", "vCPU 0: CPU 2 -> 1 (before `linux`'s)"),
         (GAINED, "rt", "vCPU 1: CPU 2")]),
    "grant-gained": (
        [("      x0: 0x1234\n", "      x0: 0x1234\n    grant: [pmu]\n")],
        [(GAINED, "rt", "grant of pmu")]),
    "grant-lost": (
        [("grant: [debug, pmu]", "grant: [pmu]")], [(LOST, "linux", "grant of debug")]),
    "answer-to-faults": (
        [("      x0: 0x1234\n", "      x0: 0x1234\n    health: { memory: stop, image: reset-system }\n")],
        [(CHANGED, "rt", "answer to faults of class image: action stop -> reset-system"),
         (CHANGED, "rt", "answer to faults of class memory: action inject -> stop")]),
    "heartbeat": (
        [("      x0: 0x1234\n", "      x0: 0x1234\n    heartbeat: 10 ms\n    may: [read-events]\n")],
        [(GAINED, "rt", "right to read-events"), (GAINED, "rt", "heartbeat: period 10 ms")]),
    "smc-gained": (
        [("[0xc2000001]", "[0xc2000001, 0xc2000002]")],
        [(GAINED, "linux", "SMC 0xc2000002 to EL3")]),
    "emulated-moves": (
        [("at: 0x09011000, irq: { intid: 40 }", "at: 0x09012000, irq: { intid: 42 }")],
        [(CHANGED, "linux", "emulated device `rtc`: at 0x09011000 -> 0x09012000; interrupt "
                            "INTID 40 -> INTID 42")]),
    "another-model": (
        [("uart: { emulate: pl011 }", "uart: { emulate: pl031 }")],
        [(LOST, "linux", "emulated device `uart`: model pl011, at 0x09000000, interrupt INTID 33"),
         (GAINED, "linux", "emulated device `uart`: model pl031, at 0x09010000, interrupt "
                           "INTID 34")]),
    "interrupt-controller-moves": (
        [("distributor: 0x08000000", "distributor: 0x08010000")],
        [(CHANGED, "linux", "interrupt controller: distributor 0x08000000 -> 0x08010000")]),
    "redistributors-move": (
        [("redistributors: 0x080a0000", "redistributors: 0x080c0000")],
        [(CHANGED, "linux", "interrupt controller: redistributors 0x080a0000 -> 0x080c0000")]),
    "contents": (
        [("kernel: files/Image", "kernel: files/Image-two")],
        [(CHANGED, "linux", "kernel: contents sha256:* -> sha256:*")]),
    "start": (
        [("quiet", "debug"), ("conduit: smc", "conduit: hvc"), ("autostart: false",
                                                                "autostart: true")],
        [(CHANGED, "linux", 'start: command line "console=ttyAMA0 quiet" -> "console=ttyAMA0 '
                            'debug"; PSCI by smc -> hvc; at boot no -> yes')]),
    "control-of-another": (
        [("    autostart: false\n", "    autostart: false\n    control: [rt]\n")],
        [(GAINED, "linux", "control of rt")]),
    "waits-for-another": (
        [("autostart: false", "start_after: { rt: ready }")],
        [(CHANGED, "linux", "start: at boot no -> yes; after nothing -> rt ready")]),
    "entry": (
        [("entry: 0x40080000", "entry: 0x40080004"), ("x0: 0x1234", "x0: 0x1235")],
        [(CHANGED, "rt", "start: entry 0x40080000 -> 0x40080004; x0 0x00001234 -> 0x00001235")]),
    "settings": (
        [("log: debug", "log: info"), ("cpu: 3", "cpu: 0"), ("ctrl-t", "ctrl-o")],
        [(CHANGED, SYSTEM, "console: CPU 3 -> 0"), (CHANGED, SYSTEM, "log level: level debug -> "
                                                    "info"),
         (CHANGED, SYSTEM, "switch key: key ctrl-t -> ctrl-o")]),
    "board": (
        [("board: qemu-virt", "board: qemu-virt-64")],
        [(CHANGED, SYSTEM, "board qemu-virt-64: name qemu-virt -> qemu-virt-64; "
                           "RAM at 0x40000000 2 GiB -> 16 GiB*")]),
}
# What changes the text and not the meaning: name: (edits, number relocated, number renamed).
SAME = {
    "comments-and-blank-lines": ([("vms:\n", "\n# The machines.\nvms:   # two\n\n")], 0, 0),
    "default-made-explicit": ([("shm: { shared: frames, at: 0x70000000 }",
                                "shm: { shared: frames, at: 0x70000000, access: rw }")], 0, 0),
    "another-way-to-write-it": ([("{ spi: 40, trigger: edge }", "{ intid: 72, trigger: edge }"), ('"&gpio"', "/pl061@9030000"),
                                 ("64 KiB }\n  table", "65536 B }\n  table")], 0, 0),
    "cpus-as-the-compiler-chose": ([("cpus: 2", "cpus: [0, 1]")], 0, 0),
    "cpus-chosen-anew": ([("cpus: [2]", "cpus: 1")], 0, 0),
    "window-renamed": ([("      copy:", "      data:")], 0, 1),
    "two-windows-exchange-their-names": ([("      rom:", "      new:"), ("      copy:", "      rom:"),
                                          ("      new:", "      copy:")], 0, 2),
    "device-renamed": ([("      rtc:", "      clock:")], 0, 1),
    "assigned-device-renamed": ([("      gpio:", "      pins:")], 0, 1),
    "file-elsewhere": ([("files/rt.elf", "./files/rt.elf")], 0, 0),
    "fixed-memory-moves": ([("phys: 0x50000000", "phys: 0x58000000")], 1, 0),
    "shared-memory-moves": ([("phys: 0x60000000", "phys: 0x61000000")], 2, 0),
    "system-renamed": ([("system: full", "system: whole")], 0, 0),
    "vm-renamed": ([("  rt:\n", "  realtime:\n")], 0, 0),
}


@pytest.fixture(autouse=True)
def more_files(in_bench):
    image = (in_bench / "files" / "Image").read_bytes()
    (in_bench / "files" / "Image-two").write_bytes(image[:-1] + b"\1")


def matches(sentence, pattern):
    """`*` in a pattern stands for anything."""
    return re.fullmatch(".*".join(re.escape(part) for part in pattern.split("*")), sentence)


@pytest.mark.parametrize("case", CHANGES)
def test_change(case):
    edits, expected = CHANGES[case]
    found = difference(FULL, edited(FULL, *edits))
    got = [said(found, change) for change in found.changes]
    assert [g[:2] for g in got] == [e[:2] for e in expected], got
    for (_, _, sentence), (_, _, pattern) in zip(got, expected):
        assert matches(sentence, pattern), sentence
    assert not found.is_same_meaning


@pytest.mark.parametrize("case", SAME)
def test_same_meaning(case):
    edits, relocated, renamed = SAME[case]
    found = difference(FULL, edited(FULL, *edits))
    assert not found.changes and found.is_same_meaning, as_text(found)
    assert (len(found.relocated), len(found.renamed)) == (relocated, renamed), as_text(found)


def test_cpus_that_the_compiler_chooses_are_relocated():
    found = difference(FULL, edited(FULL, ("    cpus: [2]", "    cpus: [0]")))
    assert [(c.owner, c.fields) for c in found.relocated if c.thing.kind == "cpu"] == [
        ("linux", (("CPU", 0, 1),)), ("linux", (("CPU", 1, 2),))]
    (change,) = found.changes
    assert said(found, change) == (CHANGED, "rt", "vCPU 0: CPU 2 -> 0 (before `linux`'s)")


DMA = """
system: dma
board: ./boards/odd
vms:
  a:
    cpus: [0]
    memory: { ram: { at: 0x48000000, phys: 0x48000000, size: 16 MiB } }
    boot: { images: [{ file: files/flat.bin, at: 0x48000000 }] }
    devices: { net: { assign: DEVICE, dma: accept-risk } }
"""


def test_physical_memory_means_something_to_who_reaches_it_unconfined():
    """A device without an IOMMU is told physical addresses by its VM."""
    text = DMA.replace("DEVICE", "/ethernet@b000000")
    found = difference(text, text.replace("phys: 0x48000000", "phys: 0x58000000"))
    assert [said(found, c)[1:] for c in found.changes] == [
        ("a", "memory `ram`: physical 0x48000000 -> 0x58000000")]
    assert not found.relocated


def test_a_vm_that_comes_and_one_that_goes():
    full = FULL.replace("autostart: false", "autostart: true")
    second = full.index("  rt:\n")
    alone = full[:second].replace("shared: frames", "size: 64 KiB").replace(
        "shared: table", "size: 4 KiB")
    alone = alone[:alone.index("shared:\n")] + alone[alone.index("vms:\n"):]
    found = difference(alone, full)
    assert found.added == ("rt",) and not found.removed
    assert {c.thing.kind for c in found.changes if c.owner == "rt"} >= {
        "memory", "shared", "cpu", "gic", "contents", "start"}
    assert all(c.effect == GAINED for c in found.changes if c.owner == "rt")
    assert "VM `rt` is new: new.yaml:37:3" in as_text(found)
    back = difference(full, alone)
    assert back.removed == ("rt",) and "VM `rt` is gone: old.yaml:37:3" in as_text(back)
    assert [owner for owner, *_ in evidence_of(back)] == [SYSTEM, "linux"]


def test_a_devicetree_counts_when_nothing_else_says_why(monkeypatch):
    import generator.meaning
    plan = planned("old.yaml", FULL)
    old = meaning_of(plan, "old.yaml")
    monkeypatch.setattr(generator.meaning, "_tree_digest", lambda blob: "sha256:other")
    found = compare(old, meaning_of(plan, "old.yaml"))
    assert [(c.owner, c.thing.kind, c.effect) for c in found.changes] == [
        ("linux", "devicetree", CHANGED)]


TREE = """/dts-v1/;
/ {{ #address-cells = <1>; #size-cells = <1>;
{nodes} }};
"""
ONE = "one {{ phandle = <{a}>; freq = <{freq}>; }};\n"
TWO = "two {{ phandle = <{b}>; }};\n"
USER = "user {{ clocks = <{a} {b}>; }};\n"


def tree_digest(tmp_path, nodes, **numbers):
    (tmp_path / "t.dts").write_text(TREE.format(nodes="".join(nodes).format(**numbers)))
    return _tree_digest(compile_source(tmp_path / "t.dts"))


def test_what_a_devicetree_says(tmp_path):
    """Neither the order of nodes nor the numbers of phandles, but all else."""
    first = tree_digest(tmp_path, (ONE, TWO, USER), a=7, b=8, freq=1)
    assert tree_digest(tmp_path, (USER, TWO, ONE), a=8, b=7, freq=1) == first
    assert tree_digest(tmp_path, (ONE, TWO, USER), a=7, b=8, freq=2) != first
    assert tree_digest(tmp_path, (ONE, TWO, USER.replace("{a} {b}", "{b} {a}")), a=7, b=8,
                       freq=1) != first


EXACT = """\
old: old.yaml
new: new.yaml
different meaning: 1 gained, 1 lost, 1 changed

`linux`
  lost     grant of debug
      old old.yaml:34:13

`rt`
  changed  vCPU 0: CPU 2 -> 0 (before `linux`'s)
      old old.yaml:38:12
      new new.yaml:38:12
  gained   grant of pmu
      new new.yaml:52:13

relocated: it means the same in another place
  `linux`: vCPU 0: CPU 0 -> 1
      old old.yaml:14:11
      new new.yaml:14:11
  `linux`: vCPU 1: CPU 1 -> 2
      old old.yaml:14:11
      new new.yaml:14:11

renamed
  the system: `full` -> `whole`
  `linux`: emulated device `rtc` -> `clock`

evidence to look at again, of the new image
  `linux`
      page: guest devicetree, schedule, grants
      verdicts: PROP-SETTINGS, PROP-CPUS, PROP-GUEST-TREE
  `rt`
      page: guest devicetree, schedule, grants
      verdicts: PROP-SETTINGS, PROP-CPUS, PROP-GUEST-TREE
"""


def test_exact_text():
    """Everything at once, as a person sees it."""
    found = difference(FULL, edited(
        FULL, ("system: full", "system: whole"), ("grant: [debug, pmu]", "grant: [pmu]"),
        ("      rtc:", "      clock:"), ("    cpus: [2]", "    cpus: [0]"),
        ("      x0: 0x1234\n", "      x0: 0x1234\n    grant: [pmu]\n")))
    assert as_text(found) == EXACT


def test_a_vm_under_another_name():
    found = difference(FULL, edited(FULL, ("  rt:\n", "  real:\n"), ("phys: 0x50000000",
                                                                   "phys: 0x58000000")))
    assert found.renamed_vms == (("rt", "real"),) and found.is_same_meaning
    assert "renamed\n  VM `rt` -> `real`\n" in as_text(found)


# --- what holds of every comparison ---------------------------------------------------------


def shuffled(node, draw):
    """The same mappings with their keys in another order."""
    if isinstance(node, dict):
        keys = list(node)
        draw.shuffle(keys)
        return {key: shuffled(node[key], draw) for key in keys}
    return [shuffled(item, draw) for item in node] if isinstance(node, list) else node


@SETTINGS
@given(seed=st.integers(0, 1 << 32))
def test_order_has_no_meaning(in_bench, seed):
    """But for the order of windows without an address, of which FULL has one for each VM."""
    other = shuffled(yaml.safe_load(FULL), random.Random(seed))
    found = difference(FULL, yaml.safe_dump(other, sort_keys=False))
    assert found.is_same_meaning and not found.renamed, as_text(found)


def drawn(names):
    """FULL with the edits of these cases, as far as they go together."""
    text = FULL
    for name in names:
        edits = {**CHANGES, **SAME}[name][0]
        if all(text.count(old) == 1 for old, _ in edits):
            text = edited(text, *edits)
    return text


GOOD = [n for n in (*CHANGES, *SAME) if n not in ("board", "cpu-to-another-vm")]
CASES = st.lists(st.sampled_from(GOOD), max_size=3, unique=True)
OTHER_WAY = {GAINED: LOST, LOST: GAINED}


def mirror(change):
    return (OTHER_WAY.get(change.effect, change.effect), change.thing.kind, change.new, change.old,
            tuple((name, new, old) for name, old, new in change.fields))


def plain(change):
    return (change.effect, change.thing.kind, change.old, change.new, change.fields)


def by_text(rows):
    return sorted(map(repr, rows))


@SETTINGS
@given(one=CASES, other=CASES)
def test_the_other_way_round_mirrors(in_bench, one, other):
    plans = attempted("old.yaml", drawn(one))[0], attempted("new.yaml", drawn(other))[0]
    assume(all(plans))
    before, after = meaning_of(plans[0], "old.yaml"), meaning_of(plans[1], "new.yaml")
    there, back = compare(before, after), compare(after, before)
    for part in ("changes", "relocated", "renamed"):
        assert by_text(map(mirror, getattr(there, part))) == by_text(
            map(plain, getattr(back, part)))
    assert (there.added, there.removed) == (back.removed, back.added)
    assert {(b, a) for b, a in there.renamed_vms} == {(a, b) for b, a in back.renamed_vms}
    assert as_text(there) == as_text(compare(before, after))
    assert as_json(there) == as_json(compare(before, after))


TABLES = ("cpus", "vms", "vcpus", "windows", "shared", "pieces", "loads", "boot_loads", "mmios",
          "emulated", "irqs", "blobs")
NOT_MEANT = re.compile("place|source|what|data|devicetree|.*reason")  # the blobs hold all data


def bones(plan):
    """Every number of a plan but for translation tables, which follow from the windows; without
    lines and reasons, which no guest meets."""
    rows = [[tuple(getattr(row, f.name) for f in fields(row) if not NOT_MEANT.fullmatch(f.name))
             for row in getattr(plan, table)] for table in TABLES]
    chosen = plan.system.hypervisor
    return repr((rows, plan.system.name, plan.console_cpu, plan.image, plan.registers,
                 chosen.log.value, chosen.switch_key.value,
                 [[call.value for call in vm.smc_allow] for vm in plan.system.vms],
                 [[action_text(r) for r in vm.reactions] for vm in plan.system.vms]))


@SETTINGS
@given(one=CASES, other=CASES)
def test_nothing_is_missed(in_bench, one, other):
    """Where no difference at all is found, the plans are the same in every number; and a
    description against itself is empty."""
    before, after = attempted("old.yaml", drawn(one))[0], attempted("new.yaml", drawn(other))[0]
    assume(before and after)
    assert compare(meaning_of(before, "a"), meaning_of(before, "b")).is_empty
    if compare(meaning_of(before, "a"), meaning_of(after, "b")).is_empty:
        assert bones(before) == bones(after)


@pytest.mark.parametrize("case", GOOD)
def test_every_case_against_the_plans(in_bench, case):
    before, after = planned("old.yaml", FULL), planned("new.yaml", drawn([case]))
    is_empty = compare(meaning_of(before, "a"), meaning_of(after, "b")).is_empty
    assert is_empty == (bones(before) == bones(after)), "the plans say otherwise"


# --- evidence, JSON, the command line -------------------------------------------------------


def test_evidence_is_named_as_the_verifier_names_it():
    text = (ROOT / "verifier" / "properties" / "__init__.py").read_text(encoding="utf-8")
    assert set(PROPERTIES) <= set(re.findall(r'"(PROP-[A-Z0-9-]+)"', text))
    assert set(EVIDENCE) == set(KINDS)


def test_evidence_of_shared_memory_is_that_of_all_who_map_it():
    found = difference(FULL, edited(FULL, *CHANGES["right-to-write-shared-memory"][0]))
    assert [c.owner for c in found.changes] == ["rt"]
    rows = {owner: (properties, parts) for owner, properties, parts in evidence_of(found)}
    assert set(rows) == {"linux", "rt"}
    for properties, parts in rows.values():
        assert "PROP-VM-APART" in properties and {"channels", "memory matrix"} <= set(parts)


def test_evidence_of_a_relocation():
    found = difference(FULL, edited(FULL, *SAME["fixed-memory-moves"][0]))
    assert evidence_of(found) == [
        ("rt", ("PROP-VM-MEMORY", "PROP-VM-APART", "PROP-LOADS"), ("physical memory map",))]


def cli(capsys, *arguments):
    status = main(["diff", *arguments])
    return (status, *capsys.readouterr())


def test_exit_status(in_bench, capsys):
    for name, text in (("a.yaml", FULL), ("b.yaml", "# again\n" + FULL),
                       ("c.yaml", edited(FULL, ("grant: [debug, pmu]", "grant: [pmu]")))):
        Path(name).write_text(text, encoding="utf-8")
    assert cli(capsys, "a.yaml", "b.yaml") == (
        0, "old: a.yaml\nnew: b.yaml\nsame meaning\n", "")
    status, out, err = cli(capsys, "a.yaml", "c.yaml")
    assert status == 1 and "lost     grant of debug\n      old a.yaml:34:13" in out and not err
    status, out, err = cli(capsys, "a.yaml", "cpu-taken.yaml")
    assert status == 2 and not out and "[cpu-taken]" in err
    status, out, err = cli(capsys, "irq-taken.yaml", "cpu-taken.yaml")
    assert status == 2 and "[irq-taken]" in err and "[cpu-taken]" in err and "3 errors" in err
    status, out, err = cli(capsys, "a.yaml", "none.yaml")
    assert status == 2 and "none.yaml" in err


def test_json(in_bench, capsys):
    Path("a.yaml").write_text(FULL, encoding="utf-8")
    Path("c.yaml").write_text(edited(FULL, *CHANGES["device-to-another-vm"][0]), encoding="utf-8")
    status, out, _err = cli(capsys, "a.yaml", "c.yaml", "--format", "json")
    document = json.loads(out)
    assert status == 1 and document["same_meaning"] is False
    first = document["changes"][0]
    assert (first["effect"], first["vm"], first["other"], first["kind"]) == (
        "lost", "linux", "rt", "device")
    assert first["old"]["place"] == {"file": "a.yaml", "line": 28, "column": 7}
    assert first["new"] is None and first["old"]["physical"] == "0x09030000"
    assert {e["vm"] for e in document["evidence"]} == {"linux", "rt"}
    status, out, _err = cli(capsys, "a.yaml", "cpu-taken.yaml", "--format", "json")
    assert status == 2 and json.loads(out)[0]["rule"] == "cpu-taken"


def test_missing_tool_is_2(in_bench, monkeypatch, capsys):
    from generator.board import load_board
    Path("a.yaml").write_text(FULL, encoding="utf-8")
    monkeypatch.setenv("PATH", str(in_bench))
    load_board.cache_clear()
    status, _out, err = cli(capsys, "a.yaml", "a.yaml")
    load_board.cache_clear()
    assert status == 2 and "dtc" in err
