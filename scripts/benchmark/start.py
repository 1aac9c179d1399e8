"""What a start, or a restart, costs the CPU of the first VM: the instructions of EL2 that it executes.

QEMU tells each executed instruction of the hypervisor, with its CPU; the functions that load memory
and hash it are left out of what it tells. So nothing depends on what EL2 says.

@req PERF-1, CORE-1
"""

from bisect import bisect_right
from collections import Counter
import re
import subprocess

from benchmark.machine import BenchError
from evidence.stays import qemu_command

LOADING = {"loading_all", "loading_step", "advance", "fill", "hash", "hash_blocks",
           "arch_sha256_blocks", "sha256_blocks", "sha256_begin", "sha256_padding", "sha256_digest",
           "memory_clear", "memory_copy", "clean_invalidate", "store_zeros"}
ENTRY = "guest_enter"
EXECUTED = re.compile(rb"Trace (\d+): \S+ \[[0-9a-f]+/([0-9a-f]+)/")
FLAGS = ["-icount", "shift=0,sleep=off", "-accel", "tcg,one-insn-per-tb=on", "-d", "exec,nochain",
         "-serial", "null", "-monitor", "none", "-display", "none"]


def functions(elf):
    """(addresses, names), ascending, of the code."""
    lines = subprocess.run(["aarch64-linux-gnu-nm", "-n", elf], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    found = [(int(address, 16), name) for address, kind, name in map(str.split, lines)
             if kind in "tT" and not name.startswith("$")]
    return [a for a, _ in found], [n for _, n in found]


def executed(out, qemu="qemu-system-aarch64", lives=1):
    """Function -> instructions that CPU 0 executes of it, up to the entry of its guest; with more
    lives, those from the one before the last entry to the last."""
    addresses, names = functions(out / "bulkhead.elf")
    ends = [*addresses[1:], addresses[-1] + 4096]
    told = ",".join(f"{a:#x}..{e - 1:#x}" for a, e, n in zip(addresses, ends, names, strict=True)
                    if n not in LOADING and e > a)
    command = [*qemu_command(out, FLAGS, qemu), "-dfilter", told]
    count = Counter()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE) as process:
        for line in process.stderr:
            match = EXECUTED.match(line)
            if match is None or match[1] != b"0":
                continue
            address = int(match[2], 16)
            at = bisect_right(addresses, address) - 1
            count[names[at]] += 1
            if names[at] == ENTRY and address == addresses[at]:
                lives -= 1
                if lives == 0:
                    break
                count.clear()
        process.kill()
    if lives > 0:
        raise BenchError(f"{out}: CPU 0 does not enter its guest")
    return count
