"""Whatever a description says, the compiler answers with diagnostics: it never breaks down, and
what it accepts keeps the promises that the runtime relies on.

@req DESC-3
"""

from hypothesis import HealthCheck, example, given, settings, strategies as st

from generator.compile import analyse
from generator.diagnostics import Diagnostics
from generator.invariants import require_invariants
from generator.load import load_text
from test_good import ALL, FULL

POOL = ["0", "1", "-1", "3", "4", "31", "33", "64", "0x1000", "0x1001", "0x08000000",
        "0x09000000", "0x40000000", "0x40200000", "0x40400000", "0x50000000", "0xbffff000",
        "0xfffffff000", "0x10000000000", "0xffffffffffffffff", "0x10000000000000000", "1.5", ".5",
        "1e999", "9" * 50, "9" * 5000, "9" * 5000 + " KiB", "true", "null", "[]", "{}", "[1, 2]",
        "[[0]]", "{ a: 1 }", "''", "x", "ram", "frames", "rwx", "r", "w", "0 KiB", "4 KiB", "1 B",
        "16 MiB", "2 GiB", "99999999999 GiB", "files/Image", "files/rt.elf", "files/initrd",
        "files/none", "files", "files/cut.elf", "files/x86.elf", "/pl011@9000000",
        "/intc@8000000", "/virtio_mmio@a000000", '"&gpio"', "/", "/memory@40000000",
        "/cpus/cpu@0", "/pcie@10000000", "/flash@0", "serial0", "qemu-virt", "qemu-virt-64",
        "level", "accept-risk", "linux", "a" * 40, "\"\\0\"", "é"]
EDITS = st.lists(st.tuples(st.integers(0, len(ALL) - 1), st.sampled_from(POOL)), min_size=1,
                 max_size=4)


def edited(edits):
    """FULL with the scalar of each index replaced."""
    text = FULL
    for idx, replacement in sorted({i: r for i, r in edits}.items(), reverse=True):
        node = ALL[idx][0]
        text = text[:node.start_mark.index] + replacement + text[node.end_mark.index:]
    return text


@settings(max_examples=120, deadline=None, derandomize=True, database=None,
          suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(edits=EDITS)
@example(edits=[])
def test_no_description_breaks_the_compiler(in_bench, edits):
    (in_bench / "mutant.yaml").write_text(edited(edits), encoding="utf-8")
    diagnostics = Diagnostics()
    analysis = analyse("mutant.yaml", diagnostics)
    for diagnostic in diagnostics:
        assert diagnostic.place.file == "mutant.yaml" and diagnostic.remedy
    if not diagnostics.has_errors:
        keeps_its_promises(analysis.plan)


def keeps_its_promises(plan):
    """What the rules must have made sure of, said once more and differently."""
    require_invariants(plan)
    owners = {}
    for window in plan.windows:
        assert window.pa is not None and window.ipa is not None and window.size > 0
        assert window.pa % 4096 == window.ipa % 4096 == window.size % 4096 == 0
        assert window.ipa + window.size <= 1 << 40
        if window.kind == "ram":
            assert not window.pa_range.overlaps(plan.image.range)
            owners[window.vm, window.name] = window.pa_range
    disjoint(owners.values())
    for vm in plan.vms:
        disjoint([w.ipa_range for w in plan.windows_of(vm.id)]
                 + [m.ipa_range for m in plan.mmios_of(vm.id)])
        assert all(p.window for p in plan.pieces_of(vm.id))
        disjoint([p.ipa_range for p in plan.pieces_of(vm.id) if p.memory_size])
        assert vm.entry is not None and vm.entry % 4 == 0
    assert all(v.cpu is not None for v in plan.vcpus)
    assert len({v.cpu for v in plan.vcpus}) == len(plan.vcpus)
    assert len({i.pintid for i in plan.irqs}) == len(plan.irqs)
    assert all(32 <= i.pintid <= 1019 and 32 <= i.vintid <= 1019 for i in plan.irqs)


def disjoint(ranges):
    ordered = sorted(ranges)
    for one, other in zip(ordered, ordered[1:]):
        assert one.end <= other.base


@settings(max_examples=150, deadline=None, derandomize=True, database=None)
@given(st.binary(max_size=60) | st.text("{}[]:,-&*!|>'\"%@`#ab01 \n\t", max_size=60))
def test_no_text_breaks_the_reader(data):
    diagnostics = Diagnostics()
    tree = load_text(data, "any.yaml", diagnostics)
    assert tree is not None or diagnostics.has_errors
