"""Entered by real firmware: Trusted Firmware-A, built from Debian's source, boots the image as BL33
with its devicetree in x0; EL3 owns the GIC's secure state and the power of the CPUs.

@req CORE-1, CORE-10
"""

from pathlib import Path

FIRMWARE = Path(__file__).resolve().parents[2] / "build/guests/tfa/qemu_fw.bios"


def test_default_system_under_tfa(machine):
    system = machine("system.yaml", firmware=FIRMWARE)
    system.expect_raw(r"NOTICE:  BL31: v2")
    system.expect("bulkhead", r"description sha256:")
    system.login("linux0")
    system.login("linux1")
    assert "entered without a devicetree" not in system.text("bulkhead")
    cpu1 = "/sys/devices/system/cpu/cpu1/online"
    system.shell("linux0", f"echo 0 > {cpu1}; echo 1 > {cpu1}")
    assert system.shell("linux0", "nproc").strip() == "2"
    system.assert_rt_missed_nothing()
    system.send("linux0", "reboot\n")
    system.login("linux0")
