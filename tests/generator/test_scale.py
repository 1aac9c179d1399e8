"""Cost grows in proportion to the description: 64 VMs compile in seconds.

@req DESC-1
"""

import time

from generator.compile import analyse, build
from generator.diagnostics import Diagnostics

VM = """\
  vm{n}:
    cpus: [{n}]
    memory:
      ram: {{ size: 64 MiB }}
      shm: {{ shared: frames, at: 0x70000000 }}
    boot:
      linux: {{ kernel: files/Image, initrd: files/initrd, cmdline: console=ttyAMA0 }}
    devices: {{ uart: {{ emulate: pl011 }}, rtc: {{ emulate: pl031 }} }}
"""


def description(folder, count):
    text = "system: many\nboard: qemu-virt-64\nshared: { frames: { size: 64 KiB } }\nvms:\n"
    path = folder / f"many{count}.yaml"
    path.write_text(text + "".join(VM.format(n=n) for n in range(count)), encoding="utf-8")
    return path.name


def test_64_vms_build_in_seconds(in_bench):
    diagnostics = Diagnostics()
    start = time.process_time()
    build(description(in_bench, 64), in_bench / "many", diagnostics)
    seconds = time.process_time() - start
    assert diagnostics.as_text() == ""
    assert seconds < 10


def test_cost_per_vm_does_not_grow(in_bench):
    """Four times the VMs may cost six times the time, no more."""
    times = []
    for count in (16, 64):
        name = description(in_bench, count)
        analyse(name, Diagnostics())  # the board is loaded once
        start = time.process_time()
        analyse(name, Diagnostics())
        times.append(time.process_time() - start)
    assert times[1] < 6 * times[0] + 0.2
