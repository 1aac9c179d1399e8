"""What a start costs: instructions of EL2 on a VM's own CPU from the image's first to the guest's
first, the loading of the VM's memory aside.

@req CORE-1, CPU-1
"""

import sys

import pytest

from conftest import ROOT

sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]
from benchmark import start  # noqa: E402

GOAL = 60_000
VM = """\
  vm{n}:
    cpus: [{n}]
    memory: {{ ram: {{ size: 2 MiB }} }}
    boot: {{ images: [{{ file: {root}/build/guests/bench/bench.elf }}] }}
    devices: {{ uart: {{ emulate: pl011 }} }}
"""


def many(folder, count):
    """A description of `count` VMs, one a CPU, and the console on the last CPU."""
    text = "board: qemu-virt-64\nhypervisor: { console: { cpu: 63 } }\nvms:\n"
    path = folder / f"start{count}.yaml"
    path.write_text(f"system: start{count}\n{text}"
                    + "".join(VM.format(n=n, root=ROOT) for n in range(count)), encoding="utf-8")
    return str(path)


def executed_at_start(out):
    """Function -> instructions of CPU 0, up to the entry of its guest."""
    count = start.executed_at_start(out)
    assert count[start.ENTRY] == 1, "CPU 0 does not enter its guest"
    return count


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
