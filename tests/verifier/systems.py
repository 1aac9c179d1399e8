"""Small systems for the tests: boards, guest files and descriptions, built by the real build.

The compiler of descriptions and the runtime's makefile are run as programs; nothing of them is
imported.
"""

from pathlib import Path
import os
import struct
import subprocess

ROOT = Path(__file__).resolve().parent.parent.parent
PYTHON = "/usr/bin/python3"
NOP = b"\x1f\x20\x03\xd5"

# A machine with little of everything, so that few tables say all: 4 MiB of RAM, three CPUs.
TINY_DTS = """\
/dts-v1/;
/ {
	#address-cells = <2>;
	#size-cells = <2>;
	compatible = "test,tiny";
	interrupt-parent = <&gic>;
	memory@40000000 { device_type = "memory"; reg = <0 0x40000000 0 0x400000>; };
	psci { compatible = "arm,psci-1.0"; method = "smc"; };
	cpus {
		#address-cells = <1>;
		#size-cells = <0>;
		cpu@0 { device_type = "cpu"; compatible = "arm,cortex-a76"; reg = <0>; enable-method = "psci"; };
		cpu@1 { device_type = "cpu"; compatible = "arm,cortex-a76"; reg = <1>; enable-method = "psci"; };
		cpu@2 { device_type = "cpu"; compatible = "arm,cortex-a76"; reg = <2>; enable-method = "psci"; };
	};
	timer { compatible = "arm,armv8-timer"; interrupts = <1 13 4>, <1 14 4>, <1 11 4>, <1 10 4>; };
	uart0: pl011@9000000 {
		compatible = "arm,pl011", "arm,primecell";
		reg = <0 0x09000000 0 0x1000>;
		interrupts = <0 1 4>;
	};
	gpio: pl061@9030000 {
		compatible = "arm,pl061", "arm,primecell";
		reg = <0 0x09030000 0 0x1000>;
		interrupts = <0 7 4>;
	};
	gic: intc@8000000 {
		compatible = "arm,gic-v3";
		#interrupt-cells = <3>;
		interrupt-controller;
		reg = <0 0x08000000 0 0x10000>, <0 0x080a0000 0 0x60000>;
	};
};
"""
TINY_YAML = """\
title: A tiny machine
image_base: 0x40200000
pa_bits: 40
counter_hz: 19200000
console: uart0
grants: [debug, pmu]
qemu: [-kernel, "%IMAGE%"]
"""
SMALL = """\
system: small
board: ./tiny
shared:
  frames: { size: 8 KiB }
vms:
  one:
    cpus: [1]
    memory:
      ram: { size: 64 KiB }
      rom: { at: 0x0, image: rom.bin, size: 64 KiB, access: rx, in_place: true }
      shm: { shared: frames, at: 0x70000000 }
    boot:
      images: [{ file: flat.bin, at: 0x40008000 }]
    devices:
      uart: { emulate: pl011 }
      gpio: { assign: "&gpio" }
    interrupts: [{ spi: 2, trigger: edge }]
    control: [two]
  two:
    cpus: [0]
    memory:
      ram: { size: 32 KiB }
      shm: { shared: frames, at: 0x70000000, access: r }
    boot:
      images: [{ file: flat.bin, at: 0x40004000 }]
    devices:
      rtc: { emulate: pl031 }
    grant: [pmu]
    smc_allow: [0xc2000001]
    start_after: { one: ready }
"""
LINUX = """\
system: tux
board: ./larger
vms:
  tux:
    cpus: [0, 1]
    memory: { ram: { size: 3 MiB } }
    boot: { linux: { kernel: small-image, initrd: small-initrd, cmdline: quiet } }
    devices:
      uart: { emulate: pl011 }
      gpio: { assign: "&gpio", irq: { spi: 9 } }
    grant: [pmu]
"""
# A tick has 52.083... ns: the 3.3 ms are 63360 ticks, and 1.0001 ms are 19201.92.
SCHEDULED = """\
system: scheduled
board: ./tiny
schedule:
  frame: 10 ms
  quantum: 500 us
  modes:
    normal:
      cpus:
        1:
          - { at: 3.3 ms, for: 6.5 ms, run: [two, one/0], spare: [three] }
          - { at: 0 ms, for: 3 ms, run: [one] }
        2:
          - { at: 1.0001 ms, for: 5 ms, run: [three/1] }
    degraded:
      frame: 5 ms
      cpus:
        1:
          - { at: 0 s, for: 4 ms, run: [three, two], quantum: 1 ms }
          - { at: 4 ms, for: 1000 us, run: [one] }
vms:
  one:
    cpus: [1]
    memory: { ram: { size: 32 KiB } }
    boot: { images: [{ file: flat.bin, at: 0x40004000 }] }
    may: [switch-mode, read-times]
  two:
    cpus: [1]
    memory: { ram: { size: 32 KiB } }
    boot: { images: [{ file: flat.bin, at: 0x40004000 }] }
    clock: scheduled
  three:
    cpus: [1, 2]
    memory: { ram: { size: 32 KiB } }
    boot: { images: [{ file: flat.bin, at: 0x40004000 }] }
"""
BUILT = """\
system: built
board: ./tiny
schedule:
  frame: 4 ms
  cpus:
    0:
      - { at: 1 ms, for: 2 ms, run: [one] }
vms:
  one:
    cpus: [0]
    memory: { ram: { size: 32 KiB } }
    boot: { images: [{ file: flat.bin, at: 0x40004000 }] }
  two:
    cpus: [1, 1]
    memory: { ram: { size: 32 KiB } }
    boot: { images: [{ file: flat.bin, at: 0x40004000 }] }
    time: { period: 2 ms, budget: 500 us }
  three:
    cpus: [1, 2]
    memory: { ram: { size: 32 KiB } }
    boot: { images: [{ file: flat.bin, at: 0x40004000 }] }
    time: { period: 3 ms, budget: 1.25 ms }
"""
# Two VMs that are watched in every way.
MONITORED = """\
system: monitored
board: ./tiny
schedule:
  frame: 4 ms
  modes:
    normal: { cpus: { 2: [{ at: 1 ms, for: 2 ms, run: [two] }] } }
    degraded: { cpus: { 2: [{ at: 0 ms, for: 4 ms, run: [two] }] } }
health:
  smc: inject
  overrun: { switch-mode: degraded }
vms:
  one:
    cpus: [0]
    memory: { ram: { size: 32 KiB } }
    boot: { images: [{ file: flat.bin, at: 0x40004000 }] }
    devices:
      panic: { emulate: pvpanic }
      gpio: { assign: "&gpio" }
    interrupt_limit: { count: 100, per: 2.5 ms }
    heartbeat: 100 ms
    health:
      memory: { restart: { times: 5, per: 1.5 s, then: { switch-mode: degraded } } }
      watchdog: reset-system
      panic: restart
  two:
    cpus: [2]
    memory: { ram: { size: 32 KiB } }
    boot: { images: [{ file: flat.bin, at: 0x40004000 }] }
    devices:
      uart: { emulate: pl011 }
      watchdog: { emulate: sp805, at: 0x0a000000, irq: { spi: 5 } }
    may: [read-events]
"""
GICV2_DTS = TINY_DTS.replace(
    """		compatible = "arm,gic-v3";
""", """		compatible = "arm,gic-400";
		interrupts = <1 9 0xf04>;
""").replace(
    "<0 0x08000000 0 0x10000>, <0 0x080a0000 0 0x60000>",
    "<0 0x08000000 0 0x10000>, <0 0x08010000 0 0x10000>, <0 0x08030000 0 0x10000>, "
    "<0 0x08040000 0 0x10000>")
GICV2 = """\
system: gicv2
board: ./gicv2
vms:
  one:
    cpus: [1, 2]
    memory: { ram: { size: 64 KiB } }
    boot: { images: [{ file: flat.bin, at: 0x40008000 }] }
    devices: { uart: { emulate: pl011 } }
  two:
    cpus: [0]
    memory: { ram: { size: 32 KiB } }
    boot: { images: [{ file: flat.bin, at: 0x40004000 }] }
    gic: { distributor: 0x2c001000, cpu_interface: 0x2c002000 }
"""
MANY_VM = """\
  vm{n}:
    cpus: [{n}]
    memory:
      ram: {{ size: 64 MiB }}
      shm: {{ shared: frames, at: 0x70000000 }}
    boot:
      linux: {{ kernel: Image, initrd: initrd, cmdline: console=ttyAMA0 }}
    devices: {{ uart: {{ emulate: pl011 }}, rtc: {{ emulate: pl031 }} }}
"""


def many(count):
    """`count` Linux VMs that share a page or two."""
    return ("system: many\nboard: qemu-virt-64\nshared: { frames: { size: 64 KiB } }\nvms:\n"
            + "".join(MANY_VM.format(n=n) for n in range(count)))


def linux_image(image_size):
    """An arm64 Image with nothing in it; `image_size` is what it needs with its zeroed data."""
    header = struct.pack("<II QQQ QQQ 4sI", 0x91005A4D, 0x14000000, 0, image_size, 0xA, 0, 0, 0,
                         b"ARM\x64", 0)
    return header + bytes(0x1000 - len(header))


def write_inputs(folder, text):
    """Board, guest files and the description `text` in `folder`; returns the description."""
    for name, dts in (("tiny", TINY_DTS),
                      ("larger", TINY_DTS.replace("0 0x400000>", "0 0x800000>")),
                      ("gicv2", GICV2_DTS)):
        board = folder / name
        board.mkdir(parents=True)
        (board / "board.dts").write_text(dts, encoding="utf-8")
        (board / "board.yaml").write_text(TINY_YAML, encoding="utf-8")
    (folder / "flat.bin").write_bytes(NOP * 256)
    (folder / "rom.bin").write_bytes(bytes(range(256)) * 20)
    (folder / "Image").write_bytes(linux_image(0x400000))
    (folder / "small-image").write_bytes(linux_image(0x10000))
    (folder / "small-initrd").write_bytes(b"070701" + b"x" * 1000)
    (folder / "initrd").write_bytes(b"070701" + bytes(0xFFFA))
    description = folder / "system.yaml"
    description.write_text(text, encoding="utf-8")
    return description


def build(folder, text, flavour=""):
    """Compiles the description `text`; returns (its path, path of the ELF)."""
    description = write_inputs(folder, text)
    out = folder / "out"
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    for command in ((PYTHON, "-m", "generator", "build", str(description), "--out", str(out)),
                    ("make", "-s", "-j2", "-f", "runtime/build.mk", f"OUT={out}",
                     f"FLAVOUR={flavour}")):
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True,
                              check=False)
        assert done.returncode == 0, done.stdout + done.stderr
    return description, out / f"bulkhead{'-' if flavour else ''}{flavour}.elf"
