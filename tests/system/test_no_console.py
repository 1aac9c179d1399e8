"""A hypervisor without a console: a stock Linux has the board's UART, and EL2 says nothing.

What EL2 would have said of a machine that is not the image's is left in memory: it is read there
through QEMU's monitor, as a debugger would.

@req DEV-1, DESC-1, OPS-4
"""

import re
import subprocess
import time

import pytest

from conftest import ROOT

SYSTEM = "systems/no-console.yaml"
MONITOR = ["-monitor", "stdio", "-serial", "null", "-display", "none"]
# Of the console, the log and the emulated UART.
NOT_THERE = re.compile(r"(console|mux|line|log|fmt|pl011|platform_uart|input|symbol)_\w+|symbols")
PROMPT = r"root@\S+:\S+# "


class Terminal:
    """The serial line as one program has it alone: what was matched is consumed."""

    def __init__(self, system):
        self._system, self._end = system, 0

    def expect(self, pattern, timeout=240):
        whole = rf"(?s)\A.{{{self._end}}}.*?(?:{pattern})"
        self._system.expect_raw(whole, timeout)
        self._end = re.search(whole, self._system.raw).end()

    def type(self, text):
        """When the shell has its terminal: it asks where the cursor is, behind its prompt."""
        self.expect(rf"{PROMPT}\x1b\[6n")
        self._system.type(text)

    def login(self):
        self.expect("login: ")
        self._system.type("root\n")


def symbols(out, flavour):
    """{name: address} of the linked image."""
    elf = out / f"bulkhead{'-' + flavour if flavour else ''}.elf"
    lines = subprocess.run(["aarch64-linux-gnu-nm", elf], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    return {name: int(address, 16) for address, _, name in map(str.split, lines)}


def test_nothing_of_the_console_is_in_the_image(build, flavour):
    bare = symbols(build(SYSTEM, flavour), flavour)
    assert [name for name in bare if NOT_THERE.fullmatch(name)] == []
    full = symbols(build("systems/bench.yaml", flavour), flavour)
    assert {"console_service", "log_print", "mux_step", "pl011_read", "fmt_print"} <= set(full)


def test_linux_on_the_boards_uart(machine):
    """Its shell, its second CPU, interrupts of the UART, a reboot; and the machine goes off with
    it."""
    system = machine(SYSTEM)
    terminal = Terminal(system)
    terminal.login()
    terminal.type("grep -c uart-pl011 /proc/interrupts; echo there are $(nproc) CPUs\n")
    terminal.expect(r"\n1\r\nthere are 2 CPUs")
    terminal.type("reboot\n")
    terminal.expect(r"Booting Linux on physical CPU")
    terminal.login()
    terminal.type("poweroff\n")
    system.expect_end(timeout=120)
    text = system.raw
    assert "bulkhead |" not in text and "description sha256" not in text
    assert text.lstrip().startswith("[    0.000000]"), "Linux is the first to speak"


def left_by(out, flavour, arguments, question, pattern):
    """What QEMU's monitor answers to `question`, once it matches; the serial line goes nowhere."""
    command = [ROOT / "scripts/qemu.sh", out, *MONITOR, *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True, bufsize=1, env={"PATH": "/usr/bin:/bin", "FLAVOUR": flavour}
                          ) as qemu:
        try:
            for _ in range(100):
                time.sleep(0.2)
                qemu.stdin.write(question + "\ninfo version\n")
                said = ""
                while not re.search(r"^\d+\.\d+\.\d+", said, re.M):
                    line = qemu.stdout.readline()
                    assert line, f"QEMU ended: {said}"
                    said += line
                if found := re.search(pattern, said):
                    return found
            raise AssertionError(f"{pattern!r} is not in {said!r}")
        finally:
            qemu.kill()


def read_text(out, flavour, address):
    """The text at an address of the image."""
    image = (out / f"bulkhead{'-' + flavour if flavour else ''}.img").read_bytes()
    data = image[address - 0x40200000:]
    return data[:data.index(0)].decode()


def test_a_wrong_machine_leaves_the_reason(build, flavour):
    out = build(SYSTEM, flavour)
    known = symbols(out, flavour)
    words = r"0x([0-9a-f]{16}) 0x([0-9a-f]{16})\s+[0-9a-f]+: 0x([0-9a-f]{16}) 0x([0-9a-f]{16})"
    found = left_by(out, flavour, ["-m", "1G"], f"xp /4gx {known['panic_record']:#x}",
                    r"[0-9a-f]+: 0x(?!0{16})" + words[2:])
    reason = read_text(out, flavour, int(found[1], 16))
    assert reason.startswith("this machine is not the one that the image was built for (%u")
    assert int(found[2], 16) & 0xFFFFFFFF == 1, "one difference"
    found = left_by(out, flavour, ["-m", "1G"], f"xp /4gx {known['machine_difference']:#x}",
                    r"[0-9a-f]+: 0x(?!0{16})" + words[2:])
    assert read_text(out, flavour, int(found[1], 16)) == "RAM"
    assert (int(found[2], 16), int(found[3], 16)) == (2 << 30, 1 << 30), "expected, found"


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
def test_entered_at_the_wrong_level(build, flavour):
    """The CPU stands in the loop that is named after what is wrong; the UART is not touched."""
    out = build(SYSTEM, flavour)
    place = symbols(out, flavour)["wrong_el"]
    assert left_by(out, flavour, ["-machine", "virtualization=off"], "info registers",
                   f"PC=0*({place:x}|{place + 4:x})")
