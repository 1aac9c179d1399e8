"""Schedules on bare-metal guests, with a counter that counts instructions: where windows start whatever
the others do, what a change of vCPU keeps, and who has which turn.

The guests judge; what they measured goes into the transcript and is shown by `pytest -s`. Bounds in
instructions are those of the product: the build that traps undefined behaviour executes more.

@req CPU-2, CPU-3, CORE-3, IRQ-5
"""

import re

import pytest

ICOUNT = ["-icount", "shift=0,sleep=off"]
GROUPS = {"schedule": ("test", 900), "context": ("test", 300), "extensions": ("test", 300),
          "turns": ("test", 300), "schedule-gicv2": ("test", 900), "context-gicv2": ("test", 300),
          "turns-gicv2": ("test", 300)}
# Who run the same program.
OTHERS = {"context": ["other"], "context-gicv2": ["other"], "extensions": ["sve", "plain"]}
BOUNDS = tuple(f"FAIL {name}:" for name in ("jitter", "late", "start", "length",
                                            "has-its-turn-when-due"))
# At the end of the machine, of each vCPU that has a schedule.
TIMES = (r"^{}: vCPU {} ran (\d+) us in (\d+) turns, (\d+) of them cut short; (\d+) windows, (\d+) too "
         r"short for it, the latest (\d+) ticks late$")
# Of the groups' lines: "CPU_ON: start 0 to 1320 ...", "switch: same VM: ...".
MEASURED = re.compile(r"^(?!PASS|TEST|DONE|FAIL).*: .*\d.*$", re.MULTILINE)


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
@pytest.mark.parametrize("group", GROUPS)
def test_group(machine, flavour, group):
    vm, timeout = GROUPS[group]
    system = machine(f"systems/test-{group}.yaml", qemu_flags=ICOUNT)
    done = system.expect(vm, r"^DONE passed=(\d+) failed=(\d+)$", timeout=timeout)
    for other in OTHERS.get(group, []):
        system.expect(other, r"^DONE passed=\d+ failed=0$", timeout=timeout)
    failures = re.findall(r"^FAIL .*$", system.text(vm), re.MULTILINE)
    if flavour != "":
        failures = [f for f in failures if not f.startswith(BOUNDS)]
    assert not failures, "\n".join(failures)
    assert int(done.group(1)) > 0
    if group == "extensions":  # all of its VMs switch themselves off
        for name, vcpu in (("test", 0), ("test", 1), ("sve", 0), ("plain", 0)):
            found = system.expect("bulkhead", TIMES.format(name, vcpu)).groups()
            run, turns, cut_short, windows, overruns, _late = map(int, found)
            assert run > 5000 and turns > 200, found
            assert turns >= cut_short >= overruns and windows <= turns, found
    print("\n" + "\n".join(MEASURED.findall(system.text(vm))))
