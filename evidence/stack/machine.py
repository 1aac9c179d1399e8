"""What the linked code says: how far each function moves the stack pointer, and whom the assembly
calls. From the disassembly of binutils.

The frame found here is the sum of everything that a function ever subtracts from SP, so it is at
least what it uses at once. `None`: the function computes SP in a way that has no constant.

@req EVID-4
"""

from dataclasses import dataclass
import re
import subprocess

from evidence.build import EvidenceError

OBJDUMP = "aarch64-linux-gnu-objdump"
HEAD = re.compile(r"^([0-9a-f]+) <([^>]+)>:$")
PUSH = re.compile(r"\[sp, #-(\d+)\]!")
SUB = re.compile(r"^sub\s+sp, sp, #0x([0-9a-f]+)(, lsl #12)?$")
KEEPS = re.compile(r"^(add\s+sp, sp, #|mov\s+sp, x29$|ldp\s|ldr\s)")
WRITES_SP = re.compile(r"^(?:mov|add|sub|and|bic|orr)\s+sp, ")
BRANCH = re.compile(r"^(?:bl?|b\.\w+|cbn?z\s+\w+,|tbn?z\s+\w+, #\d+,)\s+([0-9a-f]+) <")


@dataclass(frozen=True)
class Code:
    address: int
    name: str
    frame: int | None
    leaves: tuple  # addresses outside the function that it calls or branches to


def functions_of(elf, symbols):
    """address -> Code for every function Symbol (of known size) in the code of `elf`."""
    done = subprocess.run([OBJDUMP, "-d", "--no-show-raw-insn", "-j", ".text", str(elf)],
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise EvidenceError(f"{OBJDUMP}: {done.stderr.strip()}")
    lines = [(int(address, 16), text.split("//")[0].strip()) for address, text in
             re.findall(r"^\s*([0-9a-f]+):\t(.*)$", done.stdout, re.M)]
    starts = sorted(symbols)
    found = {}
    position = 0
    for start in starts:
        end = start + symbols[start].size
        while position < len(lines) and lines[position][0] < start:
            position += 1
        body = []
        while position < len(lines) and lines[position][0] < end:
            body.append(lines[position][1].replace("\t", " "))
            position += 1
        found[start] = Code(start, symbols[start].name, _frame(body), _leaves(body, start, end))
    return found


def _frame(body):
    total = 0
    for text in body:
        if push := PUSH.search(text):
            total += int(push[1])
        elif sub := SUB.match(text):
            total += int(sub[1], 16) << (12 if sub[2] else 0)
        elif WRITES_SP.match(text) and not KEEPS.match(text):
            return None
    return total


def _leaves(body, start, end):
    targets = {int(found[1], 16) for text in body if (found := BRANCH.match(text))}
    return tuple(sorted(t for t in targets if not start <= t < end))
