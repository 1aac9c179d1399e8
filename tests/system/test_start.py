"""What a start and a restart cost: instructions of EL2 on a VM's own CPU from the image's first to
the guest's first, and from the guest's last to its next life's first, the loading of the VM's memory
and its hash aside.

@req CORE-1, CPU-1
"""

import sys

import pytest

from conftest import ROOT

sys.path[:0] = [str(ROOT), str(ROOT / "scripts")]
from benchmark.start import executed  # noqa: E402

GOAL = 60_000
RESTART_GOAL = 15_000
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


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
def test_a_start_is_short(build, flavour):
    count = executed(build("systems/bench.yaml", flavour))
    assert count.total() < GOAL, count.most_common(20)


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
def test_a_start_does_not_cost_more_where_others_start_too(build, flavour, tmp_path):
    """16 VMs instead of one. What is left is the code model, and the digits of numbers in a line of
    the log."""
    alone = executed(build(many(tmp_path, 1), flavour))
    among = executed(build(many(tmp_path, 16), flavour))
    assert abs(among.total() - alone.total()) < alone.total() // 100, among - alone


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
def test_a_restart_is_short(build, flavour, tmp_path):
    """Of a VM that asks for it, SYSTEM_RESET to the first instruction of its next life. Each piece
    that is loaded or hashed has its message, which counts."""
    path = tmp_path / "restart.yaml"
    path.write_text(f"""\
system: restart
board: qemu-virt-1
hypervisor: {{ log: warn }}
vms:
  vm:
    cpus: [0]
    memory: {{ ram: {{ size: 2 MiB }} }}
    boot: {{ images: [{{ file: {ROOT}/build/guests/tests/life.elf }}], x0: 4 }}
    devices: {{ uart: {{ emulate: pl011 }} }}
""", encoding="utf-8")
    out = build(str(path), flavour)
    count = executed(out, lives=2)
    print(f"a restart: {count.total()} instructions")
    assert count.total() < RESTART_GOAL, count.most_common(20)
