"""The default system: two stock Linux VMs and a real-time partition on one machine.

@req CPU-4, DEV-1, DEV-2, DESC-1, DESC-6, IRQ-1, IRQ-5, PLAT-2
"""

import time

import pytest

SYSTEM = "system.yaml"
BAD_KERNEL = "'stall|lockup|BUG|Oops|WARNING|hung task|Unable to handle'"


@pytest.fixture
def linux(machine):
    """The default system with both Linux VMs at their shells."""
    system = machine(SYSTEM)
    system.login("linux0")
    system.login("linux1")
    return system


def assert_kernel_is_well(system, vm):
    bad = system.shell(vm, f"dmesg | grep -E {BAD_KERNEL}")
    assert bad.strip() == "", bad


def test_boots(linux):
    """Both VMs reach a shell with all their CPUs; the console says how its input is switched."""
    assert "console: ctrl-] moves the input" in linux.text("bulkhead")
    for vm, cpus in (("linux0", 2), ("linux1", 1)):
        assert linux.shell(vm, "nproc").strip() == str(cpus)
        online = linux.shell(vm, "cat /sys/devices/system/cpu/online").strip()
        assert online == ("0-1" if cpus == 2 else "0")
        assert f"smp: Brought up 1 node, {cpus} CPU" in linux.text(vm)
        assert_kernel_is_well(linux, vm)
    assert not linux.console.unlabelled
    linux.assert_rt_missed_nothing()


def test_devices(linux):
    """The interrupt controller, both timers' users, the clock and the console as Linux sees them."""
    interrupts = linux.shell("linux0", "cat /proc/interrupts")
    assert "arch_timer" in interrupts and "GICv3" in interrupts and "uart-pl011" in interrupts
    first = int(linux.shell("linux0", "cat /sys/class/rtc/rtc0/since_epoch"))
    second = int(linux.shell("linux0", "sleep 2; cat /sys/class/rtc/rtc0/since_epoch"))
    assert 1 <= second - first <= 10
    day = 86400  # time in the machine may run faster or slower than the host's
    assert abs(first - time.time()) < day, "the board's clock says what day it is"


def test_console_isolation(linux):
    """What is typed for one VM reaches no other; `none` takes it away from all."""
    linux.shell("linux0", "echo for-zero")
    linux.shell("linux1", "echo for-one")
    assert "for-one" not in linux.text("linux0")
    assert "for-zero" not in linux.text("linux1")
    linux.focus("none")
    linux.type("echo for-nobody\n")
    linux.assert_rt_missed_nothing()
    for vm in ("linux0", "linux1"):
        linux.shell(vm, "true")
        assert "for-nobody" not in linux.text(vm)


def test_label_cannot_be_forged(linux):
    """No output of a guest stands where a label stands."""
    forged = r"printf '\rlinux1 | forged\n\033[1A\033[Glinux1 | forged\n\033[2J\033[Hrt | forged\n'"
    linux.shell("linux0", forged)
    assert "forged" not in linux.text("linux1")
    assert "forged" not in linux.text("rt")
    assert not linux.console.unlabelled


def test_hotplug(linux):
    cpu1 = "/sys/devices/system/cpu/cpu1/online"
    for _ in range(3):
        linux.shell("linux0", f"echo 0 > {cpu1}")
        assert linux.shell("linux0", "nproc").strip() == "1"
        linux.shell("linux0", f"echo 1 > {cpu1}")
        assert linux.shell("linux0", "nproc").strip() == "2"
    assert_kernel_is_well(linux, "linux0")
    linux.assert_rt_missed_nothing()


def test_reboot_while_the_other_computes(linux):
    """linux0 reboots twice, from pristine memory, while linux1 hashes without an error."""
    linux.send("linux1", "load 20\n")
    for _ in range(2):
        linux.shell("linux0", "echo kept > /tmp/mark")
        linux.send("linux0", "reboot\n")
        linux.expect("linux0", r"Booting Linux on physical CPU", timeout=180)
        linux.login("linux0")
        assert linux.shell("linux0", "ls /tmp").strip() == ""
        assert linux.shell("linux0", "nproc").strip() == "2"
    linux.expect("linux1", r"^load: ok", timeout=600)
    linux.assert_rt_missed_nothing()


def test_poweroff(linux):
    """linux1 goes off for good; the others do not notice."""
    linux.send("linux1", "poweroff\n")
    linux.expect("linux1", r"reboot: Power down", timeout=120)
    linux.expect("bulkhead", r"linux1.*(off|stopped)", timeout=60)
    assert linux.shell("linux0", "nproc").strip() == "2"
    linux.assert_rt_missed_nothing()


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
def test_a_minute_of_load(linux):
    """All CPUs of both VMs busy for a minute of their time, without a stall or a wrong hash."""
    linux.send("linux0", "load 60\n")
    linux.send("linux1", "load 60\n")
    for vm in ("linux0", "linux1"):
        linux.expect(vm, r"^load: ok, \d+ hashes", timeout=900)
        linux.shell(vm, "true")
        assert_kernel_is_well(linux, vm)
    linux.assert_rt_missed_nothing()
