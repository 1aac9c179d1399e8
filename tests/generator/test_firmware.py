"""How a board's CPUs are started, how it is switched off, and memory that its firmware keeps.

@req CORE-1, PLAT-1
"""

from pathlib import Path

import pytest

from generator.board import BoardError, load_board
from generator.model import Range

from plans import LINUX_BOOT, one_vm, planned, walk

BOARDS = Path(__file__).resolve().parents[2] / "boards"
DTS = """/dts-v1/;
{memreserve}
/ {{
  #address-cells = <1>; #size-cells = <1>; interrupt-parent = <&gic>;
  cpus {{ #address-cells = <1>; #size-cells = <0>;
    cpu@0 {{ device_type = "cpu"; compatible = "arm,cortex-a72"; reg = <0>; {first} }};
    cpu@1 {{ device_type = "cpu"; compatible = "arm,cortex-a72"; reg = <1>; {second} }};
  }};
  memory@0 {{ device_type = "memory"; reg = <0 0x40000000>; }};
  reserved-memory {{ #address-cells = <1>; #size-cells = <1>; ranges; {kept} }};
  gic: gic@80001000 {{ compatible = "arm,gic-400"; #interrupt-cells = <3>; interrupt-controller;
    reg = <0x80001000 0x1000 0x80002000 0x2000 0x80004000 0x2000 0x80006000 0x2000>;
    interrupts = <1 9 4>; }};
  uart0: serial@90000000 {{ compatible = "arm,pl011"; reg = <0x90000000 0x1000>;
    interrupts = <0 1 4>; }};
  {power}
}};
"""
PARKED = 'enable-method = "spin-table"; cpu-release-addr = <0 {}>;'
POWER = 'pm@a0000000 { compatible = "brcm,bcm2835-pm-wdt"; reg = <0xa0000000 0x114>; };'
SPIN = {"first": PARKED.format("0xd8"), "second": PARKED.format("0x10e0"), "power": POWER,
        "memreserve": "/memreserve/ 0 0x1000;"}


def board(folder, **change):
    values = {"memreserve": "", "first": "", "second": "", "kept": "", "power": ""} | change
    (folder / "board.dts").write_text(DTS.format(**values), encoding="utf-8")
    facts = (BOARDS / "qemu-virt" / "board.yaml").read_text(encoding="utf-8")
    (folder / "board.yaml").write_text(facts, encoding="utf-8")
    return load_board(str(folder))[0]


def test_psci_is_what_a_board_has_that_says_nothing(tmp_path):
    found = board(tmp_path, power=POWER)
    assert (found.firmware, found.power, found.releases) == ("psci", None, ())
    assert found.platform == ("pl011", "psci")


def test_a_spin_table(tmp_path):
    found = board(tmp_path, **SPIN)
    assert [c.release for c in found.cpus] == [0xD8, 0x10E0]
    assert found.releases == (Range(0, 0x1000), Range(0x1000, 0x1000))
    assert found.power.path == "/pm@a0000000" and found.power.path in found.reserved
    assert found.platform == ("pl011", "spin-table", "bcm2835")


@pytest.mark.parametrize("change, words", [
    ({"power": ""}, "no device that is known switches the machine off"),
    ({"second": 'enable-method = "psci";'}, "psci, spin-table; one of"),
    ({"first": 'enable-method = "brcm,bcm2836-smp";',
      "second": 'enable-method = "brcm,bcm2836-smp";'}, "brcm,bcm2836-smp; one of"),
    ({"first": 'enable-method = "spin-table";'}, "/cpus/cpu@0 has a spin table and no"),
    ({"first": 'enable-method = "spin-table"; cpu-release-addr = <0xd8>;'}, "no 64-bit")])
def test_a_board_that_cannot_work_is_refused(tmp_path, change, words):
    with pytest.raises(BoardError, match=words):
        board(tmp_path, **SPIN | change)


@pytest.mark.parametrize("change, ram", [
    ({}, [(0, 0x40000000)]),
    ({"memreserve": "/memreserve/ 0 0x1000;"}, [(0x1000, 0x40000000)]),
    ({"memreserve": "/memreserve/ 0x2000800 0x900;"}, [(0, 0x2000000), (0x2002000, 0x40000000)]),
    ({"kept": "a@3f000000 { reg = <0x3f000000 0x1000000>; };"}, [(0, 0x3F000000)]),
    ({"kept": 'a@3f000000 { reg = <0x3f000000 0x1000000>; status = "disabled"; };'},
     [(0, 0x40000000)]),
    ({"kept": "cma { size = <0x4000000>; };"}, [(0, 0x40000000)])])
def test_memory_that_firmware_keeps_is_no_ram(tmp_path, change, ram):
    assert [(r.base, r.end) for r in board(tmp_path, **change).ram] == ram


def test_the_hypervisor_reaches_the_table_and_the_power_controller_and_no_vm_does(tmp_path):
    plan = planned(tmp_path, one_vm(boot=LINUX_BOOT, board="raspi4b"))
    mapped = [(pa, pa + size) for _, pa, size, _ in walk(plan.el2_tables)]
    for pa in (0xD8, 0xFE100000):
        assert any(a <= pa < b for a, b in mapped)
        assert not any(w.pa <= pa < w.pa + w.size for w in plan.windows)
