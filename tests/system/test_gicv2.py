"""Stock Linux on machines with a GICv2: QEMU's virt with gic-version=2, and the Raspberry Pi 4.

@req CORE-1, CPU-4, IRQ-2, PLAT-1, PLAT-2
"""

import pytest

from machine import ICOUNT

SYSTEMS = {"qemu-virt-gicv2": "systems/linux-gicv2.yaml", "raspi4b": "systems/raspi4b.yaml"}
BAD_KERNEL = "'stall|lockup|BUG|Oops|WARNING|hung task|Unable to handle|unexpected IRQ'"
CPU1 = "/sys/devices/system/cpu/cpu1/online"


@pytest.fixture(params=SYSTEMS)
def linux(machine, request):
    """Both VMs at their shells."""
    system = machine(SYSTEMS[request.param])
    system.login("linux0")
    system.login("linux1")
    return system


def assert_kernel_is_well(system, vm):
    bad = system.shell(vm, f"dmesg | grep -E {BAD_KERNEL}")
    assert bad.strip() == "", bad


def interrupts_of(system, vm, name):
    """Counts by CPU of the line of /proc/interrupts with `name`."""
    line = system.shell(vm, f"grep '{name}' /proc/interrupts").split()
    return [int(word) for word in line[1:] if word.isdigit()][:2]


def test_a_shell_hotplug_reboot_and_the_end(linux):
    """The guest drives a GICv2: its console and timer interrupt, each CPU is sent SGIs, an SPI goes
    where it is told to, CPUs come and go; a reboot starts from nothing, and the last VM that goes
    off takes the machine with it."""
    for vm, cpus in (("linux0", 2), ("linux1", 1)):
        assert linux.shell(vm, "nproc").strip() == str(cpus)
        assert_kernel_is_well(linux, vm)
    table = linux.shell("linux0", "cat /proc/interrupts")
    assert "GIC-0" in table and "arch_timer" in table and "uart-pl011" in table

    assert interrupts_of(linux, "linux0", "uart-pl011")[0] > 0
    uart = linux.shell("linux0", "grep uart-pl011 /proc/interrupts | cut -d: -f1").strip()
    before = interrupts_of(linux, "linux0", "uart-pl011")
    linux.shell("linux0", f"echo 2 > /proc/irq/{uart}/smp_affinity")
    linux.shell("linux0", "echo this is to be seen by the other CPU")
    after = interrupts_of(linux, "linux0", "uart-pl011")
    assert after[1] > before[1]
    linux.shell("linux0", f"echo 1 > /proc/irq/{uart}/smp_affinity")

    for _ in range(3):
        linux.shell("linux0", f"echo 0 > {CPU1}")
        assert linux.shell("linux0", "nproc").strip() == "1"
        linux.shell("linux0", f"echo 1 > {CPU1}")
        assert linux.shell("linux0", "nproc").strip() == "2"
    wakes = interrupts_of(linux, "linux0", "Rescheduling")
    assert len(wakes) == 2 and wakes[0] > 0 and wakes[1] > 0
    linux.send("linux0", "load 5\n")
    linux.expect("linux0", r"^load: ok, \d+ hashes", timeout=300)
    assert_kernel_is_well(linux, "linux0")

    linux.shell("linux0", "echo kept > /tmp/mark")
    linux.send("linux0", "reboot\n")
    linux.expect("linux0", r"Booting Linux on physical CPU", timeout=180)
    linux.login("linux0")
    assert linux.shell("linux0", "ls /tmp").strip() == ""
    assert linux.shell("linux0", "nproc").strip() == "2"
    assert_kernel_is_well(linux, "linux1")

    for vm in ("linux1", "linux0"):
        linux.send(vm, "poweroff\n")
        linux.expect("bulkhead", rf"{vm}.*(off|stopped)", timeout=120)
    linux.expect("bulkhead", r"every VM is off: the machine is switched off")
    linux.expect_end()


def test_another_gic_is_refused(machine):
    system = machine(SYSTEMS["qemu-virt-gicv2"], [*ICOUNT, "-machine", "gic-version=3"])
    system.expect("bulkhead", r"error: machine: a GICv2 is expected, the devicetree has version 3")
    system.expect_raw(r"\*\*\* this machine is not the one that the image was built for")
