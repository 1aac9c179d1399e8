"""Boards with a GICv2: what is read from their devicetree, and what guests get.

@req IRQ-2, PLAT-1
"""

from pathlib import Path

import libfdt
import pytest

from generator.board import BoardError, load_board
from generator.model import Range

from plans import LINUX_BOOT, merged, one_vm, planned, tables_of, walk

BOARDS = Path(__file__).resolve().parents[2] / "boards"
DEVICE_RW = 0x4 | 3 << 6 | 1 << 10 | 1 << 54  # Device-nGnRE, S2AP 3, AF, XN [DDI0487 D8.3]
TWO = one_vm(boot=LINUX_BOOT, board="qemu-virt-gicv2",
             more="  b: { cpus: [2, 3], memory: { ram: { size: 3 MiB } }, "
                  "boot: { entry: 0x40000000 },\n"
                  "       gic: { distributor: 0x2c001000, cpu_interface: 0x2c002000 } }")


@pytest.fixture(name="plan", scope="module")
def plan_fixture(tmp_path_factory):
    return planned(tmp_path_factory.mktemp("gicv2"), TWO)


def test_the_board_says_where_the_blocks_are(plan):
    gic = plan.system.board.gic
    assert gic.version == 2 and gic.distributor == Range(0x08000000, 0x10000)
    assert gic.cpu_interface.base == 0x08010000
    assert gic.hypervisor_interface.base == 0x08030000
    assert gic.guest_interface == Range(0x08040000, 0x1000)


def test_every_vm_maps_the_virtual_cpu_interface_at_its_own_address(plan):
    for vm, ipa in ((0, 0x08010000), (1, 0x2C002000)):
        leaves = merged(walk(tables_of(plan, vm)))
        assert (ipa, 0x08040000, 0x1000, DEVICE_RW) in leaves
        assert not any(pa < 0x08040000 and pa + size > 0x08000000 for _, pa, size, _ in leaves)


def test_the_hypervisor_maps_its_own_blocks_and_not_the_guests(plan):
    mapped = [(pa, pa + size) for _, pa, size, _ in walk(plan.el2_tables)]
    for base, is_mapped in ((0x08000000, True), (0x08010000, True), (0x08011000, True),
                            (0x08030000, True), (0x08040000, False), (0x08041000, False)):
        assert any(a <= base < b for a, b in mapped) == is_mapped


def test_the_distributor_and_the_page_with_dir_are_emulated(plan):
    assert [(m.kind, m.ipa, m.size) for m in plan.mmios_of(1)] == [
        ("GICD", 0x2C001000, 0x1000), ("GICC", 0x2C003000, 0x1000)]


def test_the_guests_devicetree_has_a_gicv2(plan):
    fdt = libfdt.FdtRo(plan.vms[0].devicetree)
    node = fdt.path_offset("/intc@8000000")
    assert fdt.getprop(node, "compatible").as_str() == "arm,cortex-a15-gic"
    assert bytes(fdt.getprop(node, "reg")).hex() == (
        "0000000008000000" "0000000000001000" "0000000008010000" "0000000000002000")
    timer = bytes(fdt.getprop(fdt.path_offset("/timer"), "interrupts")).hex()
    assert timer.startswith("00000001" "0000000d" "00000104")  # of the VM's one CPU


DTS = """/dts-v1/;
/ {{
  #address-cells = <1>; #size-cells = <1>; interrupt-parent = <&gic>;
  cpus {{ #address-cells = <1>; #size-cells = <0>;
{cpus}
  }};
  memory@40000000 {{ device_type = "memory"; reg = <0x40000000 0x40000000>; }};
  gic: gic@1000 {{ compatible = "arm,gic-400"; #interrupt-cells = <3>; interrupt-controller;
    reg = <{reg}>; interrupts = <{ppi}>; }};
  uart0: serial@9000 {{ compatible = "arm,pl011"; reg = <0x9000 0x1000>; interrupts = <0 1 4>; }};
}};
"""
BLOCKS = "0x1000 0x1000 0x2000 0x2000 0x4000 0x2000 0x6000 0x2000"


@pytest.mark.parametrize("change, words", [
    ({"reg": "0x1000 0x1000 0x2000 0x2000"}, "has 2 register ranges"),
    ({"reg": BLOCKS.replace("0x6000 0x2000", "0x6000 0x1000")},
     "its virtual CPU interface is not two whole pages"),
    ({"reg": BLOCKS.replace("0x2000 0x2000", "0x2800 0x2000", 1)},
     "its CPU interface is not two whole pages"),
    ({"ppi": "1 8 4"}, "its maintenance interrupt is not PPI 9"),
    ({"ppi": "0 9 4"}, "its maintenance interrupt is not PPI 9"),
    ({"cpus": 9}, "9 CPUs: a GICv2 has interfaces for 8"),
    ({}, None)])
def test_a_board_that_cannot_work_is_refused(tmp_path, change, words):
    values = {"reg": BLOCKS, "ppi": "1 9 4", "cpus": 4} | change
    values["cpus"] = "\n".join(f'cpu@{i} {{ device_type = "cpu"; compatible = "arm,cortex-a72"; '
                               f'reg = <{i}>; }};' for i in range(values["cpus"]))
    (tmp_path / "board.dts").write_text(DTS.format(**values), encoding="utf-8")
    facts = (BOARDS / "qemu-virt" / "board.yaml").read_text(encoding="utf-8")
    (tmp_path / "board.yaml").write_text(facts, encoding="utf-8")
    if words is None:
        assert load_board(str(tmp_path))[0].gic.version == 2
        return
    with pytest.raises(BoardError, match=words):
        load_board(str(tmp_path))
