"""Reading boards' devicetrees.

@req DESC-4, PLAT-1
"""

import pytest

from generator.board import BOARDS, BoardError, load_board
from generator.devicetree import Tree, compile_source
from generator.model import BoardIrq, Range

SOURCE = """/dts-v1/;
/ {
    #address-cells = <2>; #size-cells = <1>; interrupt-parent = <&gic>;
    gic: gic@1000 { compatible = "arm,gic-v3"; #interrupt-cells = <3>; interrupt-controller;
        reg = <0 0x1000 0x10000>, <0 0x20000 0x40000>; };
    other: pic { #interrupt-cells = <1>; interrupt-controller; };
    soc { compatible = "simple-bus"; #address-cells = <1>; #size-cells = <1>;
        ranges = <0x0 0x1 0x0 0x1000>, <0x80000000 0x2 0x0 0x10000000>;
        a: a@10 { compatible = "x"; reg = <0x10 0x20>; interrupts = <0 5 4>, <1 7 4>, <0 6 1>; };
        b@80000000 { compatible = "x"; reg = <0x80000000 0x1000>;
            interrupts-extended = <&other 3>, <&gic 0 9 2>; };
        inner { #address-cells = <1>; #size-cells = <1>; ranges = <0 0x400 0x100>;
            e@8 { compatible = "x"; reg = <8 4>; }; };
        c@5000 { compatible = "x"; reg = <0x5000 0x10>; status = "disabled"; };
    };
    island { #address-cells = <1>; #size-cells = <1>; status = "disabled";
        d@0 { compatible = "x"; reg = <0 4>; }; };
    aliases { first = &a; };
};
"""


@pytest.fixture(name="tree")
def tree_fixture(tmp_path):
    (tmp_path / "t.dts").write_text(SOURCE, encoding="utf-8")
    return Tree(compile_source(tmp_path / "t.dts"))


def test_registers_go_through_ranges(tree):
    assert tree.find("&a").regs() == (Range(0x1_00000010, 0x20),)
    assert tree.nodes["/soc/inner/e@8"].regs() == (Range(0x1_00000408, 4),)
    assert tree.nodes["/soc/b@80000000"].regs() == (Range(0x2_00000000, 0x1000),)


def test_no_registers_where_ranges_do_not_reach(tree):
    assert tree.nodes["/soc/c@5000"].regs() == ()
    assert tree.nodes["/island/d@0"].regs() == ()


def test_only_spis_at_the_gic_count(tree):
    assert tree.spis(tree.find("&a"), "/gic@1000") == (BoardIrq(37, False), BoardIrq(38, True))
    assert tree.spis(tree.nodes["/soc/b@80000000"], "/gic@1000") == (BoardIrq(41, True),)


def test_a_disabled_bus_disables_what_is_on_it(tree):
    assert not tree.nodes["/island/d@0"].is_enabled
    assert not tree.nodes["/soc/c@5000"].is_enabled and tree.find("&a").is_enabled


@pytest.mark.parametrize("name", ["&a", "/soc/a@10", "first", "a"])
def test_names_of_a_node(tree, name):
    assert tree.find(name).path == "/soc/a@10"


@pytest.mark.parametrize("name", ["&first", "/soc/a", "nothing", "&", ""])
def test_names_of_no_node(tree, name):
    assert tree.find(name) is None


def test_nearest_name(tree):
    assert tree.nearest("/soc/a@11") == "/soc/a@10"
    assert tree.nearest("&othe") == "&other"
    assert tree.nearest("frist") == "first"
    assert tree.nearest("/completely/different@123456") is None


def test_source_that_does_not_compile(tmp_path):
    (tmp_path / "t.dts").write_text("/ {", encoding="utf-8")
    with pytest.raises(ValueError, match="syntax error"):
        compile_source(tmp_path / "t.dts")


def test_qemu_virt():
    board, _ = load_board(str(BOARDS / "qemu-virt"))
    assert [c.mpidr for c in board.cpus] == [0, 1, 2, 3]
    assert board.ram == (Range(0x40000000, 0x80000000),)
    assert board.gic.distributor == Range(0x08000000, 0x10000)
    assert board.gic.redistributors == (Range(0x080A0000, 0xF60000),)
    assert board.uart.regs == (Range(0x09000000, 0x1000),) and board.uart.irqs[0].intid == 33
    assert board.devices["/virtio_mmio@a000200"].can_dma
    assert not board.devices["/pl061@9030000"].can_dma
    assert set(board.reserved) == {"/psci", "/pmu", "/timer", "/intc@8000000",
                                   "/intc@8000000/its@8080000"}
    assert board.owner_of_spi(39) == ["/pl061@9030000"]


def test_qemu_virt_64():
    board, _ = load_board(str(BOARDS / "qemu-virt-64"))
    assert len(board.cpus) == 64 and board.cpus[17].mpidr == 0x101
    assert board.ram == (Range(0x40000000, 16 << 30),)


def test_board_with_too_few_redistributors(tmp_path):
    facts = (BOARDS / "qemu-virt" / "board.yaml").read_text(encoding="utf-8")
    source = (BOARDS / "qemu-virt" / "board.dts").read_text(encoding="utf-8")
    assert "0x80a0000 0x00 0xf60000" in source
    (tmp_path / "board.yaml").write_text(facts, encoding="utf-8")
    (tmp_path / "board.dts").write_text(
        source.replace("0x80a0000 0x00 0xf60000", "0x80a0000 0x00 0x60000"), encoding="utf-8")
    with pytest.raises(BoardError, match="too small for all CPUs"):
        load_board(str(tmp_path))


@pytest.mark.parametrize("text, sentence", [
    ("image_base: 0", "lacks"), ("[", "cannot be read"),
    ("{image_base: 0, pa_bits: 41, console: x, grants: [], qemu: []}", "pa_bits is 41"),
    ("{image_base: 0, pa_bits: 40, console: x, grants: [], qemu: [], colour: red}", "colour")])
def test_board_yaml_that_cannot_be_used(tmp_path, text, sentence):
    (tmp_path / "board.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(BoardError, match=sentence):
        load_board(str(tmp_path))
