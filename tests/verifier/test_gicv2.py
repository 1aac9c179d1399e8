"""Systems on a GICv2: the page that several VMs map is the board's virtual CPU interface and no
other, and the rest of the GIC is the hypervisor's.

@req EVID-1, IRQ-2
"""

import pytest

import systems
from edits import Image

GICV = 0x08040000
INTERFACE_ONE = ("stage2_vm0_l3_8000000", 0x10)  # guest address 0x08010000
INTERFACE_TWO = ("stage2_vm1_l3_2c000000", 0x02)


@pytest.fixture(name="files", scope="session")
def files_fixture(tmp_path_factory):
    return systems.build(tmp_path_factory.mktemp("gicv2"), systems.GICV2)


@pytest.fixture(name="image")
def image_fixture(files):
    return Image(*files)


def leads_to(image, place, pa):
    """The interface at `place` leads to `pa` instead."""
    table, index = place
    value = image.entry(table, index)
    assert value & 0xFFFFFFFFF000 == GICV
    image.set_entry(table, index, value & ~0xFFFFFFFFF000 | pa)


def test_the_right_image_holds(image):
    assert not image.failing()


@pytest.mark.parametrize("pa, what", [
    (0x08010000, "the physical CPU interface"), (0x08030000, "virtual interface control"),
    (0x08000000, "the distributor"), (0x08041000, "GICV_DIR"),
    (0x08042000, "what lies behind GICV")])
def test_another_page_of_the_gic_is_the_hypervisors(image, pa, what):
    leads_to(image, INTERFACE_ONE, pa)
    failing = image.failing()
    assert any(text.startswith(f"one: it reaches the GIC; first byte 0x{pa:x}")
               for text in failing["PROP-EL2-APART"]), what
    assert any(text.startswith("one: its window `cpu-interface` leads to")
               for text in failing["PROP-VM-MEMORY"])
    assert any("registers of /intc@8000000" in text for text in failing["PROP-DEVICES"])


def test_the_second_page_is_emulated(image):
    """Nothing is mapped where GICC_DIR is."""
    table, index = INTERFACE_TWO
    image.set_entry(table, index + 1, image.entry(table, index) + 0x1000)
    failing = image.failing()
    assert {"PROP-EMULATED", "PROP-VM-MEMORY", "PROP-EL2-APART"} <= set(failing)


def test_a_vm_does_not_map_it_twice(image):
    table, index = INTERFACE_ONE
    image.set_entry(table, index + 0x20, image.entry(table, index))
    failing = image.failing()
    assert any("one: it meets itself" in text for text in failing["PROP-VM-APART"])
    assert any("which no window declares" in text for text in failing["PROP-VM-MEMORY"])


def test_it_is_device_memory_that_cannot_be_executed(image):
    table, index = INTERFACE_ONE
    image.set_entry(table, index, image.entry(table, index) & ~(1 << 54))
    assert "PROP-VM-MEMORY" in image.failing()
    image.set_entry(table, index, image.entry(table, index) | 3 << 8 | 0xF << 2 | 1 << 54)
    assert {"PROP-VM-MEMORY", "PROP-EL2-APART"} <= set(image.failing())


def test_a_window_that_calls_itself_the_interface_is_not(image):
    """RAM of one VM, named a virtual CPU interface, and mapped by the other as well."""
    rows = [i for i in range(4) if image.get("windows", i, "kind") == 0]
    image.set("windows", rows[0], "kind", 4)
    assert "PROP-VM-MEMORY" in image.failing()


@pytest.mark.parametrize("member, value", [
    ("gicc_base", 0x08020000), ("gich_base", GICV), ("gicd_base", 0x08010000),
    ("gic_version", 3), ("gicr_base", 0x080A0000), ("power_base", 0x09000000)])
def test_the_blocks_are_the_boards(image, member, value):
    image.set("system", 0, member, value)
    assert any(f"cfg_system.{member} is 0x{value:x}" in text
               for text in image.failing()["PROP-BOARD"])


def test_the_guest_finds_its_interface_where_it_is(image):
    image.set("vms", 1, "gicc_ipa", 0x2C004000)
    assert any("gicc_ipa" in text for text in image.failing()["PROP-SETTINGS"])
    image.set("vms", 1, "gicc_ipa", 0x2C002000)
    image.set("cpus", 2, "release_pa", 0xD8)
    assert "PROP-BOARD" in image.failing()


def test_el2_reaches_its_blocks_and_not_the_guests(image):
    table = "el2_l3_8000000"
    image.set_entry(table, 0x40, image.entry(table, 0x30) & ~0xFFFFFFFFF000 | GICV)
    assert "PROP-EL2-MAP" in image.failing()
    image.set_entry(table, 0x40, 0)
    image.set_entry(table, 0x30, 0)
    assert any("the GIC's virtual interface control" in text
               for text in image.failing()["PROP-EL2-MAP"])
