"""What a start costs: instructions of EL2 on a VM's own CPU from the image's first to the guest's
first, the loading of the VM's memory aside.

QEMU tells each executed instruction of the hypervisor, with its CPU; the functions that load memory
are left out of what it tells.

@req CORE-1, CPU-1
"""

from bisect import bisect_right
from collections import Counter
import re
import subprocess

import pytest

from conftest import ROOT

GOAL = 60_000
LOADING = {"load_more", "memory_clear", "memory_copy", "clean_invalidate", "store_zeros"}
EXECUTED = re.compile(rb"Trace (\d+): \S+ \[[0-9a-f]+/([0-9a-f]+)/")
FLAGS = ["-icount", "shift=0,sleep=off", "-accel", "tcg,one-insn-per-tb=on", "-d", "exec,nochain",
         "-serial", "null", "-monitor", "none", "-display", "none"]
VM = """\
  vm{n}:
    cpus: [{n}]
    memory: {{ ram: {{ size: 2 MiB }} }}
    boot: {{ images: [{{ file: {root}/build/guests/bench/bench.elf }}] }}
    devices: {{ uart: {{ emulate: pl011 }} }}
"""


def functions(elf):
    """(addresses, names), ascending, of the code."""
    lines = subprocess.run(["aarch64-linux-gnu-nm", "-n", elf], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    found = [(int(address, 16), name) for address, kind, name in map(str.split, lines)
             if kind in "tT" and not name.startswith("$")]
    return [a for a, _ in found], [n for _, n in found]


def executed_at_start(out):
    """Function -> instructions that CPU 0 executes of it, up to the entry of its guest."""
    addresses, names = functions(out / "bulkhead.elf")
    ends = [*addresses[1:], addresses[-1] + 4096]
    told = ",".join(f"{a:#x}..{e - 1:#x}" for a, e, n in zip(addresses, ends, names, strict=True)
                    if n not in LOADING and e > a)
    arguments = (out / "gen/qemu.args").read_text().replace("%IMAGE%", str(out / "bulkhead.img"))
    command = ["qemu-system-aarch64", *arguments.split("\n")[:-1], *FLAGS, "-dfilter", told]
    count = Counter()
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.PIPE) as qemu:
        for line in qemu.stderr:
            match = EXECUTED.match(line)
            if match is None or match[1] != b"0":
                continue
            name = names[bisect_right(addresses, int(match[2], 16)) - 1]
            count[name] += 1
            if name == "guest_enter":
                break
        qemu.kill()
    assert count["guest_enter"] == 1, "CPU 0 does not enter its guest"
    return count


def many(folder, count):
    """A description of `count` VMs, one a CPU, and the console on the last CPU."""
    text = "board: qemu-virt-64\nhypervisor: { console: { cpu: 63 } }\nvms:\n"
    path = folder / f"start{count}.yaml"
    path.write_text(f"system: start{count}\n{text}"
                    + "".join(VM.format(n=n, root=ROOT) for n in range(count)), encoding="utf-8")
    return str(path)


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
def test_a_start_is_short(build, flavour):
    count = executed_at_start(build("systems/bench.yaml", flavour))
    assert count.total() < GOAL, count.most_common(20)


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
def test_a_start_does_not_cost_more_where_others_start_too(build, flavour, tmp_path):
    """16 VMs instead of one. What is left is the code model, and the digits of numbers in a line of
    the log."""
    alone = executed_at_start(build(many(tmp_path, 1), flavour))
    among = executed_at_start(build(many(tmp_path, 16), flavour))
    assert abs(among.total() - alone.total()) < alone.total() // 100, among - alone
