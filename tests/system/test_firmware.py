"""Software that nobody here wrote: Debian's U-Boot, GRUB and EDK2, and Linux started by U-Boot.

@req PLAT-2
"""

from pathlib import Path

import pytest

GUESTS = Path(__file__).resolve().parents[2] / "build/guests"
UBOOT_PROMPT = r"^=> "
EDK2_PROMPT = r"^Shell> "


def uboot_prompt(system, vm):
    system.expect(vm, r"U-Boot 20\d\d")
    system.expect(vm, r"Hit any key to stop autoboot", timeout=300)
    system.send(vm, "\n")
    system.expect(vm, UBOOT_PROMPT, timeout=300)


def uboot(system, vm, command, answer, timeout=120):
    """Types a command at U-Boot's prompt and waits for its answer and the next prompt."""
    system.send(vm, command + "\n")
    match = system.expect(vm, answer, timeout)
    system.expect(vm, UBOOT_PROMPT, timeout)
    return match


def test_uboot_commands(machine):
    system = machine("systems/uboot.yaml")
    uboot_prompt(system, "uboot")
    memory = uboot(system, "uboot", "bdinfo", r"-> size\s+= 0x([0-9a-f]+)$")
    assert int(memory.group(1), 16) == 256 << 20
    uboot(system, "uboot", "version", r"aarch64-linux-gnu-gcc|gcc \(Debian")
    uboot(system, "uboot", "mw.l 0x48000000 0xcafe1234 4; md.l 0x48000000 4", r"48000000: cafe1234")
    uboot(system, "uboot", "crc32 0x0 0x1000", r"crc32 for 00000000 ... 00000fff ==> [0-9a-f]{8}")
    uboot(system, "uboot", "date", r"Date: ")
    # A write to the flash, which is read-only, is U-Boot's own exception; it resets its machine,
    # and the machine is its VM.
    system.send("uboot", "mw.l 0x0 0\n")
    system.expect("uboot", r'"Synchronous Abort" handler')
    uboot_prompt(system, "uboot")


def test_uboot_starts_linux(machine):
    system = machine("systems/uboot.yaml")
    uboot_prompt(system, "uboot")
    kernel = (GUESTS / "linux/Image").stat().st_size
    initrd = (GUESTS / "linux/initramfs.cpio.gz").stat().st_size
    # From the read-only window to RAM: the kernel writes to itself.
    uboot(system, "uboot", f"cp.q 0x80000000 0x44000000 {kernel // 8:x}; echo do''ne", r"^done")
    system.send("uboot", "setenv bootargs console=ttyAMA0 bulkhead.name=uboot; "
                         f"booti 0x44000000 0x84000000:{initrd:x} 0x40000000\n")
    system.login("uboot", timeout=300)
    assert system.shell("uboot", "nproc").strip() == "2"


def test_grub(machine):
    system = machine("systems/grub.yaml")
    uboot_prompt(system, "grub")
    size = (GUESTS / "grub/grubaa64.efi").stat().st_size
    system.send("grub", f"bootefi 0x80000000:{size:x} 0x40000000\n")
    system.expect("grub", r"Welcome to GRUB!", timeout=300)
    system.expect("grub", r"GNU GRUB +version 2\.")
    system.expect("grub", r"grub> ")
    system.send("grub", "set\n")
    system.expect("grub", r"grub_cpu=arm64")
    system.expect("grub", r"grub_platform=efi")
    system.send("grub", "halt\n")
    system.expect("bulkhead", r"grub.*(off|stopped)", timeout=60)


def edk2_prompt(system, vm):
    system.expect(vm, r"UEFI firmware \(version \S+")
    system.expect(vm, r"UEFI Interactive Shell v2", timeout=300)
    system.expect(vm, EDK2_PROMPT, timeout=300)


def edk2(system, vm, command, answer):
    """Types a command at the UEFI shell's prompt and waits for its answer and the next prompt."""
    system.send(vm, command + "\r")
    match = system.expect(vm, answer)
    system.expect(vm, EDK2_PROMPT)
    return match


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
def test_edk2(machine):
    system = machine("systems/edk2.yaml")
    edk2_prompt(system, "edk2")
    edk2(system, "edk2", "ver", r"UEFI Interactive Shell v2")
    pages = edk2(system, "edk2", "memmap", r"Total Memory: .*\(([\d,]+) Bytes\)")
    assert int(pages.group(1).replace(",", "")) > 250 << 20
    # A variable is written to the assigned flash by programming it, and outlives a restart.
    variable = "setvar v -guid 9f0cf7a1-6a6a-4f0e-8a39-4d0b0e5c2f11"
    edk2(system, "edk2", f"{variable} -nv -bs =0x4b50", r"=0x4b50")
    system.send("edk2", "reset\r")
    system.expect("bulkhead", r"^edk2: .*start")
    edk2_prompt(system, "edk2")
    edk2(system, "edk2", variable, r"50 4B")
    system.send("edk2", "reset -s\r")
    system.expect("bulkhead", r"^edk2: off$")
