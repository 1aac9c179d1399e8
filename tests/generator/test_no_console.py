"""A hypervisor without a console: the board's UART is a device like any other.

@req DEV-1, DESC-1
"""

from pathlib import Path

from generator.cli import main
from generator.devicetree import Tree
from generator.model import Range
from generator.rows import sizes, system_fields

from plans import LINUX_BOOT, one_vm, planned, walk

UART = 0x09000000


def bare(**parts):
    """The description of one VM that has the board's UART, and its like with a console."""
    text = one_vm(**parts)
    return text.replace("vms:", "hypervisor: { console: none }\nvms:", 1).replace(
        "{ emulate: pl011 }", "{ assign: /pl011@9000000 }")


def test_the_uart_is_the_vms_alone(tmp_path):
    plan = planned(tmp_path, bare())
    assert not any(base <= UART < base + size for base, _, size, _ in walk(plan.el2_tables))
    assert any(base <= UART < base + size
               for base, _, size, _ in walk(planned(tmp_path, one_vm()).el2_tables))
    assert [(w.ipa, w.pa) for w in plan.windows if w.kind == "device"] == [(UART, UART)]
    assert [(i.pintid, i.vintid) for i in plan.irqs] == [(33, 33)]


def test_the_tables_say_that_there_is_none(tmp_path):
    plan = planned(tmp_path, bare())
    fields = {name: value for name, value, _ in system_fields(plan)}
    assert plan.console_cpu is None and plan.console_names == ()
    assert fields["console_cpu"] == "CFG_NONE" and fields["uart_intid"] == "0U"
    assert int(fields["uart_base"].split("(")[1].rstrip(")"), 16) == 0
    counts = dict(sizes(plan))
    assert counts["CFG_HAS_CONSOLE"] == counts["CFG_PL011_COUNT"] == 0
    assert dict(sizes(planned(tmp_path, one_vm())))["CFG_HAS_CONSOLE"] == 1


def test_an_uart_of_nobody_has_no_route(tmp_path):
    text = bare().replace("{ assign: /pl011@9000000 }", "{ assign: /pl061@9030000 }")
    assert planned(tmp_path, text).intid_limit == 40, "that of the PL061, the only one"


def test_a_guest_finds_its_console(tmp_path):
    tree = Tree(planned(tmp_path, bare(boot=LINUX_BOOT)).vms[0].devicetree)
    uart = tree.nodes["/pl011@9000000"]
    assert tree.nodes["/chosen"].strings("stdout-path") == ("/pl011@9000000",)
    assert tree.aliases == {"serial0": "/pl011@9000000"}
    assert uart.regs() == (Range(UART, 0x1000),) and uart.u32s("interrupts") == (0, 1, 4)
    assert tree.by_phandle(uart.u32("clocks")).u32("clock-frequency") == 24000000


def test_clocks_of_one_name_are_not_one_clock(tmp_path):
    """Linux registers a clock by its name, and refuses a second one of that name."""
    more = "      rtc: { emulate: pl031 }"
    tree = Tree(planned(tmp_path, bare(more=more)).vms[0].devicetree)
    clocks = [n for n in tree.nodes.values() if "fixed-clock" in n.compatible]
    names = [(n.strings("clock-output-names") or (n.name,))[0] for n in clocks]
    assert len(names) == 2 and len(set(names)) == 2
    assert tree.by_phandle(tree.nodes["/pl011@9000000"].u32("clocks")) in clocks


def test_explained(tmp_path, capsys, monkeypatch):
    planned(tmp_path, bare())  # with its files
    monkeypatch.chdir(tmp_path)
    Path("bare.yaml").write_text(bare(), encoding="utf-8")
    said = {}
    for question in (("irq", "33"), ("cpu", "0"), ("0x09000000",)):
        assert main(["explain", "bare.yaml", *question]) == 0
        said[question[-1]] = capsys.readouterr().out
    assert "console" not in said["33"] and "goes to `a`" in said["33"]
    assert "console" not in said["0"]
    assert "assigned to `a`" in said["0x09000000"]
