"""Life of VMs: one rules the life of others, a thousand restarts included, while stock Linux adds up
checksums and the real-time partition keeps its deadlines.

@req CPU-4, CPU-6
"""

import re

import pytest
from machine import REPORT, with_one_bit_changed

# A round in which a sum differs says so; each tenth says how many there were.
SUMS = ("w=$(cksum /bin/busybox); n=0; while :; do s=$(cksum /bin/busybox); "
        "[ \"$s\" = \"$w\" ] || echo wrong''sum; n=$((n+1)); "
        "[ $((n % 10)) != 0 ] || echo sum''med $n; done\n")


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
def test_life(machine):
    system = machine("systems/test-life.yaml")
    system.expect("test", r"^press a key$", timeout=300)
    failures = re.findall(r"^FAIL .*$", system.text("test"), re.MULTILINE)
    assert not failures, "\n".join(failures)
    system.login("linux")
    system.send("linux", SUMS)
    before = int(system.expect("linux", r"^summed (\d+)$").group(1))
    begun = system.text("bulkhead").count("worker: starts at tick")
    system.send("test", "x")
    passed, failed = system.expect("test", r"^DONE passed=(\d+) failed=(\d+)$", 900).groups()
    failures = re.findall(r"^FAIL .*$", system.text("test"), re.MULTILINE)
    assert failed == "0" and int(passed) > 0 and not failures, "\n".join(failures)

    # The bystanders: during the restarts, and after.
    sums = [int(n) for n in re.findall(r"^summed (\d+)$", system.text("linux"), re.MULTILINE)]
    assert sums[-1] > before and "wrongsum" not in system.text("linux")
    system.expect_new("linux", r"^summed \d+$")
    ticks, missed, overran = system.expect_new("rt", REPORT).groups()
    assert (missed, overran) == ("0", "0"), f"rt missed {missed} of {ticks} ticks, {overran}"
    assert system.text("bulkhead").count("worker: starts at tick") > begun


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
def test_an_image_that_has_changed_is_not_entered(machine, build, flavour):
    """One bit of one VM's program, in the image that is started: that VM stays off, with a line, and
    the other one runs."""
    description = "systems/test-psci.yaml"
    changed = with_one_bit_changed(build(description, flavour), b"cpu_on_bad_entry")
    system = machine(description, image=changed)
    system.expect("bulkhead", r"^error: test: its image in memory is not what was packed")
    system.expect("bulkhead", r"^test: off$")
    ticks, missed, overran = system.expect_new("rt", REPORT).groups()
    assert ticks and (missed, overran) == ("0", "0")
    assert system.text("test") == "" and "test: starts" not in system.text("bulkhead")
