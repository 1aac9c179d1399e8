"""Everything that traps, at random: nobody notices, and no exit is longer than its bound.

@req EVID-4, CORE-5
"""

import re

import pytest

from evidence.bound.analysis import Bounds
from evidence.bound.report import fuzz_run, judged
from evidence.image import Image

# Classes that the guest is made to reach, each with several stays.
REACHED = ("vgic_gicd_write, short", "vgic_gicd_write, in full", "vgic_gicr_read, short",
           "pl011_write, in full", "pl031_write, in full", "system register, short",
           "SGI (ICC_SGI1R_EL1), short",
           "psci_cpu_on, short", "psci_cpu_suspend", "smccc_arch_call",
           "call of no service of ours", "interrupt: timer or PMU of the guest",
           "interrupt: list registers (maintenance)", "interrupt: message of another CPU",
           "interrupt: message that the virtual GIC has news",
           "exception that is refused: one is injected, and a line logged",
           "exception that stops or parks the vCPU",
           "wake from WFI at EL2: CPU without a guest, sleeping vCPU, restart of a VM")


@pytest.fixture(scope="module")
def bounds(build):
    return Bounds(Image(build("systems/test-fuzz.yaml", "") / "bulkhead.elf"))


@pytest.fixture(scope="module")
def measured(build, bounds):
    return fuzz_run(build("systems/test-fuzz.yaml", ""), bounds)


@pytest.fixture(scope="module")
def found(bounds, measured):
    return judged(bounds, measured)


def test_no_stay_is_longer_than_its_bound_and_nobody_notices(found):
    assert found["faults"] == [] and found["wrong"] == []


@pytest.mark.parametrize("title", REACHED)
def test_the_class_was_reached(found, title):
    row = next(r for r in found["rows"] if r["title"] == title)
    assert row["count"] > 3 and 0 < row["measured"] <= row["bound"]


def test_the_vm_restarted_and_a_second_run_is_the_same(build, bounds, measured):
    """The second life draws from other seeds."""
    assert re.findall(r"fuzz: life (\d) is over", measured.console) == ["1", "2"]
    assert "restarts from its pristine image" in measured.console
    assert fuzz_run(build("systems/test-fuzz.yaml", ""), bounds).stays == measured.stays
