"""What the image says and does on a machine that is not the one it was built for (CORE-1, CORE-10,
OPS-4), and that a panic names its reason and the functions on the way there.

@req CORE-1, CORE-10, OPS-4, PLAT-1
"""

import re

import pytest

from machine import ICOUNT

SYSTEM = "systems/test-timer.yaml"

MISMATCHES = {
    "too-little-ram": (["-m", "1G"], r"error: machine: RAM 0x40000000\.\.0xc0000000 is expected"),
    "too-few-cpus": (["-smp", "2"], r"error: machine: CPU 3 with MPIDR 0x3 is expected"),
    "other-gic": (["-machine", "gic-version=2"],
                  r"error: machine: a GICv3 is expected, the devicetree has version 2"),
}


@pytest.mark.parametrize("case", MISMATCHES)
def test_another_machine_is_refused(machine, case):
    """Expected and found are named, no VM starts, and the panic says where it came from."""
    flags, line = MISMATCHES[case]
    system = machine(SYSTEM, [*ICOUNT, *flags])
    system.expect("bulkhead", line)
    system.expect_raw(r"\*\*\* bulkhead panic on CPU 0")
    system.expect_raw(r"\*\*\* this machine is not the one that the image was built for")
    system.expect_raw(r"from 0x[0-9a-f]{16} boot_primary\+0x")
    system.expect_raw(r"\*\*\* all CPUs are stopped")
    assert "starts at tick" not in system.text("bulkhead")


def test_el1_is_refused(machine):
    system = machine(SYSTEM, [*ICOUNT, "-machine", "virtualization=off"])
    system.expect_raw(r"bulkhead: not entered at EL2")


def test_all_of_the_machine_as_described_starts(machine):
    """The hash that is printed is the one in the tables, and every VM starts."""
    system = machine(SYSTEM)
    said = system.expect("bulkhead", r"description sha256:([0-9a-f]{64})").group(1)
    config = (system.out / "gen/config.c").read_text()
    table = re.search(r"\.description_hash = \{([^}]*)\}", config).group(1)
    assert said == "".join(re.findall(r"0x([0-9a-f]{2})", table))
    for _ in range(2):
        system.expect("bulkhead", r": starts at tick \d+")
    for vm in ("test", "rt"):
        assert f"{vm}: starts at tick" in system.text("bulkhead")


def test_an_elf_without_a_devicetree_boots(machine):
    """Entered with x0 = 0, as QEMU does for an ELF: RAM and CPUs are taken as described."""
    system = machine(SYSTEM, ICOUNT, image="bulkhead{}.elf")
    system.expect("bulkhead", r"entered without a devicetree")
    system.expect("test", r"^DONE passed=\d+ failed=0$", timeout=300)
