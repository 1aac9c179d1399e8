"""Interrupts of a stock Linux VM, as its own administration shows and moves them.

@req CPU-4, IRQ-1, IRQ-5
"""

import re

import pytest

from test_linux import SYSTEM, assert_kernel_is_well

LINE = re.compile(r"^\s*(\w+):((?:\s+\d+)+)(.*)$", re.MULTILINE)
CPU1 = "/sys/devices/system/cpu/cpu1/online"


@pytest.fixture
def linux(machine):
    """linux0, with two CPUs, at its shell."""
    system = machine(SYSTEM)
    system.login("linux0")
    return system


def interrupts(system):
    """/proc/interrupts: {name: (number, [count for each CPU])}; IPIs by their number (IPI0…)."""
    found = {}
    for number, counts, rest in LINE.findall(system.shell("linux0", "cat /proc/interrupts")):
        name = number if not number.isdigit() else rest.split()[-1]
        found[name] = (number, [int(c) for c in counts.split()])
    return found


def grown(system, action):
    """What `action` adds to each interrupt, by CPU."""
    before = interrupts(system)
    action()
    after = interrupts(system)
    return {name: [a - b for a, b in zip(counts, before[name][1])]
            for name, (_, counts) in after.items() if len(counts) == len(before[name][1])}


def use_console(system):
    """Each character that is typed is an interrupt, as is what is printed."""
    for _ in range(3):
        system.shell("linux0", "echo 0123456789012345678901234567890123456789")


def move_uart(system, cpu):
    number = interrupts(system)["uart-pl011"][0]
    folder = f"/proc/irq/{number}"
    system.shell("linux0", f"echo {1 << cpu:x} > {folder}/smp_affinity")
    assert int(system.shell("linux0", f"cat {folder}/effective_affinity"), 16) == 1 << cpu


def test_distribution(linux):
    """Both CPUs have their timer and take IPIs; nothing is spurious."""
    work = "for i in 1 2 3 4; do load 2 & done; wait"
    counts = grown(linux, lambda: linux.shell("linux0", work, timeout=600))
    assert min(counts["arch_timer"]) > 0, counts
    assert min(counts["IPI0"]) > 0, counts  # rescheduling, of each CPU by the other
    assert interrupts(linux)["Err"][1] == [0]
    assert_kernel_is_well(linux, "linux0")
    linux.assert_rt_missed_nothing()


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
def test_affinity_moves_the_uart(linux):
    """smp_affinity moves the console's interrupt to a CPU, and away from the other, under load."""
    linux.shell("linux0", "{ load 30 > /tmp/load 2>&1 & }")
    for cpu in (1, 0, 1, 1, 0):
        move_uart(linux, cpu)
        counts = grown(linux, lambda: use_console(linux))["uart-pl011"]
        assert counts[cpu] > 0 and counts[1 - cpu] == 0, (cpu, counts)
    linux.shell("linux0", "wait; cat /tmp/load", timeout=600)
    assert_kernel_is_well(linux, "linux0")
    linux.assert_rt_missed_nothing()


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
def test_hotplug_under_load(linux):
    """CPU 1 goes and comes while both work, with the console's interrupt on it; no stall, and every
    hash is right."""
    linux.shell("linux0", "{ load 40 > /tmp/load 2>&1 & }")
    for _ in range(6):
        move_uart(linux, 1)
        linux.shell("linux0", f"echo 0 > {CPU1}", timeout=300)
        use_console(linux)  # by the other CPU now
        linux.shell("linux0", f"echo 1 > {CPU1}", timeout=300)
        assert linux.shell("linux0", "nproc").strip() == "2"
        counts = grown(linux, lambda: linux.shell("linux0", "load 1", timeout=300))
        assert min(counts["arch_timer"]) > 0, counts
    assert "load: ok" in linux.shell("linux0", "wait; cat /tmp/load", timeout=900)
    assert_kernel_is_well(linux, "linux0")
    linux.assert_rt_missed_nothing()
