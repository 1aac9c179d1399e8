"""A hypervisor without a console: the UART is the VM's that is assigned it, and nobody else's.

@req EVID-1, DEV-1
"""

import pytest

import systems
from edits import Image
from verifier.cli import main

BARE = systems.SMALL.replace("vms:", "hypervisor: { console: none }\nvms:", 1).replace(
    "      uart: { emulate: pl011 }", '      uart: { assign: "&uart0" }', 1)
EL2_GIC = "el2_l2_0"


@pytest.fixture(name="bare_files", scope="module")
def bare_files_fixture(tmp_path_factory):
    """(description, ELF)."""
    return systems.build(tmp_path_factory.mktemp("bare"), BARE)


@pytest.fixture(name="bare")
def bare_fixture(bare_files):
    """The image, to be edited."""
    return Image(*bare_files)


def test_a_right_image(bare):
    assert bare.failing() == {}
    assert "panic" in bare.elf.symbols
    assert not {"console_service", "log_print", "fmt_print", "pl011_read"} & set(bare.elf.symbols)


def test_el2_reaches_the_uart(bare):
    """The table that maps EL2's registers of the GIC, and the UART beside them by a block."""
    device = next(bare.entry("el2_l3_8000000", i) for i in range(512)
                  if bare.entry("el2_l3_8000000", i))
    value = device & ~0xFFFFFFFFF000 & ~2 | 0x09000000  # a block of 2 MiB
    bare.set_entry(EL2_GIC, 0x09000000 >> 21, value)
    (text,) = bare.failing()["PROP-EL2-MAP"]
    assert text.startswith("system: EL2 maps 0x9000000..0x91fffff, for which there is no reason")


def test_el2_says_that_it_has_the_uart(bare):
    bare.set("system", 0, "uart_base", 0x09000000)
    bare.set("system", 0, "console_cpu", 0)
    wrong = bare.failing()
    assert set(wrong) == {"PROP-BOARD", "PROP-SETTINGS"}


def test_the_interrupt_goes_to_another(bare):
    bare.set("irqs", 0, "pintid", 40)
    assert "PROP-INTERRUPTS" in bare.failing()


def test_the_uart_of_another_description(bare_files, tmp_path_factory, capsys):
    """The image is one with a console, the description one without."""
    _, elf = systems.build(tmp_path_factory.mktemp("other"), systems.SMALL)
    assert main(["--elf", str(elf), "--description", str(bare_files[0])]) == 1
    assert "EL2 maps 0x9000000..0x9000fff, for which there is no reason" in capsys.readouterr().out
