"""Every bare-metal test guest: all its verdicts are PASS, and the bystander notices nothing.

@req CORE-5, CPU-1, IRQ-2, IRQ-5
"""

import re

import pytest

GROUPS = {
    "memory": 180,
    "mmio": 120,
    "gic": 600,
    "gicmap": 600,
    "gicmap-gicv2": 600,
    "gicrace": 600,
    "gicv2": 600,
    "psci": 300,
    "psci-gicv2": 300,
    "smccc": 120,
    "sysreg": 300,
    "sysreg-granted": 300,
    "timer": 300,
    "timer-gicv2": 300,
    "passthrough": 300,
    "passthrough-gicv2": 300,
    "shared": 180,
}
LONG = ["gicrace-gicv2", "storm", "storm-gicv2"]  # a minute and more: on the product alone


@pytest.mark.parametrize("group", GROUPS)
def test_group(machine, group):
    check_group(machine, group, GROUPS[group])


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
@pytest.mark.parametrize("group", LONG)
def test_long_group(machine, group):
    check_group(machine, group, 600)


def check_group(machine, group, timeout):
    system = machine(f"systems/test-{group}.yaml")
    done = system.expect("test", r"^DONE passed=(\d+) failed=(\d+)$", timeout=timeout)
    text = system.text("test")
    if group == "shared":
        system.expect("peer", r"^DONE passed=\d+ failed=0$")
        text += system.text("peer")
    failures = re.findall(r"^FAIL .*$", text, re.MULTILINE)
    assert not failures, "\n".join(failures)
    assert int(done.group(1)) > 0 and done.group(2) == "0"

    # The bystander ran all the time and goes on after the test VM is off.
    system.assert_rt_missed_nothing()
