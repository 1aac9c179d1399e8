"""One machine: a built system in QEMU, its console on a pipe.

    with Machine(system) as machine:
        machine.expect("linux0", r"login: ", timeout=120)
        machine.send("linux0", "root\n")

`expect` waits for an event and never for a time; timeouts are generous, since they only bound a
failure. What was matched is consumed, per VM. A failure shows the end of every VM's text, and the
whole transcript is in build/<name>/transcript-<test>.log.
"""

import os
import re
import selectors
import subprocess
import time
from pathlib import Path

from console import Console

ROOT = Path(__file__).resolve().parents[2]
SWITCH_KEY = "\x1d"  # ctrl-]
# Time in the machine counts instructions, 2 ns each, and jumps to the next event when all CPUs
# sleep: nothing depends on the host's load, so that "never late" can be asserted.
ICOUNT = ["-icount", "shift=1,sleep=off"]
HYPERVISOR = "bulkhead"
INPUT = r"^input: (\S+)$"  # where what is typed goes
# What the real-time partition says once a second, of all its life: ticks, how many it missed, and how
# often its work was late.
REPORT = r"rt: (\d+) ticks, (\d+) missed, (\d+) overran"
TAIL_LINES = 25


class Timeout(AssertionError):
    """What was expected did not come."""


def with_one_bit_changed(out, text):
    """Of the plain image, in the only place with these bytes; its name, for Machine(image=...)."""
    data = bytearray((Path(out) / "bulkhead.img").read_bytes())
    assert data.count(text) == 1
    data[data.index(text)] ^= 1
    (Path(out) / "bulkhead-changed.img").write_bytes(data)
    return "bulkhead-changed{}.img"


class Machine:
    def __init__(self, out, flavour="", name="test", qemu_flags=ICOUNT, image=None,
                 firmware=None):
        self.out = Path(out)
        self.flavour = flavour
        self.console = Console()
        self.transcript = self.out / f"transcript-{name}.log"
        # QEMU takes the last -kernel: another form of the image than the generated one.
        suffix = f"-{flavour}" if flavour else ""
        other = [] if image is None else ["-kernel", str(self.out / image.format(suffix))]
        if firmware is not None:
            # With firmware QEMU starts no kernel: the image lies in RAM, where BL33 is entered.
            place = f"loader,file={self.out}/bulkhead{suffix}.img,addr=0x40200000,force-raw=on"
            other = ["-machine", "secure=on", "-bios", str(firmware), "-device", place]
        self._qemu_flags = [*qemu_flags, *other]
        self._raw = ""
        self._consumed = {}
        self._process = None

    def __enter__(self):
        command = [ROOT / "scripts/qemu.sh", self.out, *self._qemu_flags]
        environment = {**os.environ, "FLAVOUR": self.flavour}
        self._log = self.transcript.open("wb")
        self._process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        os.set_blocking(self._process.stdout.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ)
        return self

    def __exit__(self, *_):
        self._process.kill()
        self._process.wait()
        self._selector.close()
        self._process.stdout.close()
        self._process.stdin.close()
        self._log.close()

    # --- output -----------------------------------------------------------------------------

    def text(self, vm):
        """All that `vm` has printed so far."""
        return self.console.text(vm)

    def expect(self, vm, pattern, timeout=180):
        """Waits until `vm` prints what matches; returns the match."""
        return self.expect_any({vm: pattern}, timeout)[1]

    def expect_any(self, patterns, timeout=180):
        """Waits for the first of several VMs' patterns; returns (vm, match).

        A pattern that ends with `$` waits for the end of the line, not of what has come so far.
        What is captured is whole: a match with groups that reaches the end of what has come so
        far may have cut a number short, and is looked at again when there is more.
        """
        deadline = time.monotonic() + timeout
        while True:
            for vm, pattern in patterns.items():
                match = self._search(vm, pattern)
                if match:
                    self._consumed[vm] = match.end()
                    return vm, match
            if not self._read(deadline - time.monotonic()):
                raise Timeout(self._report(patterns, timeout))

    def expect_new(self, vm, pattern, timeout=180):
        """The same in what `vm` prints from now on, whatever it has printed before."""
        self._skip(vm)
        return self.expect(vm, pattern, timeout)

    def _skip(self, vm):
        """What it has printed so far is not looked at again."""
        self._consumed[vm] = max(self._consumed.get(vm, 0), len(self.text(vm)))

    def assert_rt_missed_nothing(self):
        """Up to now, by its next report."""
        ticks, missed, _ = self.expect_new("rt", REPORT).groups()
        assert missed == "0", f"the bystander missed {missed} of {ticks} ticks"

    def _search(self, vm, pattern):
        text = self.console.complete.get(vm, "") if pattern.endswith("$") else self.text(vm)
        match = re.compile(pattern, re.MULTILINE).search(text, self._consumed.get(vm, 0))
        may_grow = match is not None and match.re.groups > 0 and match.end() == len(text)
        return None if may_grow and not pattern.endswith("$") else match

    def _read(self, seconds):
        """Reads once; False when time is over or QEMU has ended."""
        if seconds <= 0 or not self._selector.select(seconds):
            return False
        data = self._process.stdout.read(65536)
        if not data:
            return False
        self._log.write(data)
        self._log.flush()
        self._raw += data.decode("latin-1")
        self.console.feed(data.decode("latin-1"))
        return True

    @property
    def raw(self):
        """All bytes that came so far."""
        return self._raw

    def expect_raw(self, pattern, timeout=60):
        """Waits for what comes without a label: a panic, or a word before the console is up."""
        deadline = time.monotonic() + timeout
        while re.search(pattern, self._raw) is None:
            if not self._read(deadline - time.monotonic()):
                raise Timeout(f"not seen within {timeout} s: {pattern!r} in\n{self._raw[-4000:]}")

    def expect_end(self, timeout=60):
        """Waits until QEMU ends, as it does when the machine is switched off."""
        deadline = time.monotonic() + timeout
        while self._process.poll() is None:
            if not self._read(deadline - time.monotonic()) and time.monotonic() > deadline:
                raise Timeout(f"QEMU did not end within {timeout} s")

    def _report(self, patterns, timeout):
        wanted = " or ".join(f"{vm}: {pattern!r}" for vm, pattern in patterns.items())
        state = "running" if self._process.poll() is None else "ended"
        parts = [f"not seen within {timeout} s: {wanted}", f"QEMU is {state}; {self.transcript}"]
        for vm in sorted(self.console.complete):
            tail = self.text(vm).splitlines()[-TAIL_LINES:]
            parts.append(f"--- {vm}\n" + "\n".join(tail))
        return "\n".join(parts)

    # --- input ------------------------------------------------------------------------------

    def focus(self, vm):
        """Switches the input until it goes to `vm` (or to "none")."""
        if self._focused() is None:
            self.expect(HYPERVISOR, INPUT)
        first = self._focused()
        while self._focused() != vm:
            self._skip(HYPERVISOR)
            self.type(SWITCH_KEY)
            if self.expect(HYPERVISOR, INPUT).group(1) == first:
                raise AssertionError(f"the switch key never leads to {vm}")

    def _focused(self):
        """Whom the input goes to, by the last word on it; None before the first."""
        said = re.findall(INPUT, self.console.complete.get(HYPERVISOR, ""), re.MULTILINE)
        return said[-1] if said else None

    def type(self, text):
        """Types on the board console, whoever has the focus."""
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def send(self, vm, text):
        self.focus(vm)
        self.type(text)

    # --- Linux ------------------------------------------------------------------------------

    def login(self, vm, timeout=240):
        """From a Linux VM's boot to its shell's prompt."""
        self.expect(vm, r"login: ", timeout)
        self.send(vm, "root\n")
        self.expect(vm, r"root@\S+:\S+# ", timeout)

    def shell(self, vm, command, timeout=120):
        """Runs a command at a Linux VM's prompt; returns its output.

        Begin and end are marked by texts that the echo of the command does not contain.
        """
        self.send(vm, f"echo be''gin; {command}; echo en''d\n")
        begin = self.expect(vm, r"^begin$", timeout).end()
        end = self.expect(vm, r"^end$", timeout).start()
        output = self.text(vm)[begin + 1 : end]
        self.expect(vm, r"# ", timeout)
        return output
