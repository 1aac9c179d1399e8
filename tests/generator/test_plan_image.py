"""The system image: slots, stacks, EL2's map, registers.

@req CORE-2
"""

from dataclasses import replace

from generator.model import Range
from generator.plan.el2 import tcr_el2
from generator.plan.image import Counts, image_layout
from generator.plan.stage2 import vtcr_el2

from plans import LINUX_BOOT, merged, one_vm, planned, tables_of, walk

XN, READ_ONLY = 1 << 54, 1 << 7
NORMAL, DEVICE = 0x300, 1 << 2


def mapped(plan, address):
    """Attributes of the EL2 mapping at an address, or None."""
    for base, pa, size, attributes in walk(plan.el2_tables):
        if base <= address < base + size:
            assert base == pa, "EL2 is identity-mapped"
            return attributes
    return None


def test_slots_are_adjacent_and_in_order(tmp_path):
    image = planned(tmp_path, one_vm(boot=LINUX_BOOT)).image
    assert [s.name for s in image.slots] == ["text", "rodata", "data", "stacks", "guests"]
    assert image.slots[0].base == image.base == 0x40200000
    for one, other in zip(image.slots, image.slots[1:]):
        assert one.base + one.size == other.base and other.base % 0x1000 == 0
    assert image.slots[-1].base + image.slots[-1].size == image.end


def test_tables_fit_the_room_set_aside(tmp_path):
    plan = planned(tmp_path, one_vm("256 MiB", more_memory="      odd: { size: 66 MiB, "
                                    "at: 0x60000000, phys: 0x60001000 }"))
    tables = sum(t.size for t in (*plan.stage2_tables, *plan.el2_tables))
    assert tables > 33 * 0x1000, "66 MiB that are not congruent need 33 tables of pages"
    assert plan.image.slot("rodata").size >= tables + 256 * 1024


def test_room_grows_with_the_counts(tmp_path):
    board = planned(tmp_path, one_vm()).system.board
    few = Counts(cpus=4, vms=1, vcpus=1, vector_bytes=0, rows=10, spis=32, intid_limit=40, consoles=1,
                 table_bytes=0)
    many = replace(few, vcpus=64, spis=64 * 960, consoles=64)
    assert (image_layout(board, many).slot("data").size
            >= image_layout(board, few).slot("data").size + 63 * 1024 + 63 * 960 * 16)


def test_el2_map(tmp_path):
    plan = planned(tmp_path, one_vm(boot=LINUX_BOOT))
    slot = plan.image.slot
    assert mapped(plan, slot("text").base) & (XN | READ_ONLY | NORMAL) == READ_ONLY | NORMAL
    for name in ("rodata", "guests"):
        assert mapped(plan, slot(name).base) & (XN | READ_ONLY | NORMAL) == XN | READ_ONLY | NORMAL
    ram = plan.windows_of(0)[-1]
    for address in (slot("data").base, ram.pa, ram.pa + ram.size - 1):
        assert mapped(plan, address) & (XN | READ_ONLY | NORMAL) == XN | NORMAL
    firmware_devicetree = 0x40000000
    assert mapped(plan, firmware_devicetree) & (XN | READ_ONLY) == XN | READ_ONLY
    for device in (0x08000000, 0x080A0000, 0x080A0000 + 0xF60000 - 1, 0x09000000):
        assert mapped(plan, device) & (XN | READ_ONLY | 0x1C) == XN | DEVICE


def test_el2_maps_no_more_than_that(tmp_path):
    plan = planned(tmp_path, one_vm())
    assert mapped(plan, 0) is None and mapped(plan, 0x09001000) is None
    assert mapped(plan, 0x08010000) is None and mapped(plan, 0xC0000000) is None


def test_the_clock_is_mapped_only_to_read_the_date(tmp_path):
    clock, emulated = 0x09010000, "      rtc: { emulate: pl031 }"
    plan = planned(tmp_path, one_vm(more=emulated))
    assert mapped(plan, clock) & (XN | READ_ONLY | 0x1C) == XN | READ_ONLY | DEVICE
    assert mapped(planned(tmp_path, one_vm()), clock) is None, "nobody asks for the date"
    other = one_vm(more="      clock: { assign: /pl031@9010000 }").split("vms:\n")[1]
    both = one_vm(more=emulated) + other.replace("  a:", "  b:", 1).replace("[1]", "[2]")
    assert mapped(planned(tmp_path, both), clock) is None, "it is b's"


def test_guards_take_nothing_from_the_data(tmp_path):
    plan = planned(tmp_path, one_vm())
    stacks = plan.image.slot("stacks").range
    assert all(stacks.contains(Range(c.stack.base - 0x1000, c.stack.size + 0x1000))
               for c in plan.cpus)
    assert mapped(plan, stacks.base - 1) & (XN | READ_ONLY) == XN


def test_stacks_have_guards(tmp_path):
    plan = planned(tmp_path, one_vm())
    for cpu in plan.cpus:
        assert cpu.stack.end % 16 == 0 and cpu.stack.size == 16 * 1024
        assert mapped(plan, cpu.stack.base - 1) is None
        assert mapped(plan, cpu.stack.base - 0x1000) is None
        assert mapped(plan, cpu.stack.base) & (XN | READ_ONLY) == XN
        assert mapped(plan, cpu.stack.end - 1) is not None


def test_nothing_is_writable_and_executable(tmp_path):
    plan = planned(tmp_path, one_vm())
    for _, _, _, attributes in walk(plan.el2_tables):
        assert attributes & (XN | READ_ONLY)


def test_stage2_maps_the_windows_and_nothing_else(tmp_path):
    more = "      gpio: { assign: /pl061@9030000, at: 0x0a000000 }"
    plan = planned(tmp_path, one_vm(more_memory="      rom: { size: 8 KiB, access: r }", more=more))
    assert merged(walk(tables_of(plan, 0))) == [
        (w.ipa, w.pa, w.size, attributes) for w, attributes in zip(
            plan.windows, (0x4C4 | XN, 0x7FC, 0x77C | XN), strict=True)]
    assert (plan.windows[0].ipa, plan.windows[0].pa) == (0x0A000000, 0x09030000)


def test_largest_mappings(tmp_path):
    plan = planned(tmp_path, one_vm("1 GiB"))
    assert [size for _, _, size, _ in walk(tables_of(plan, 0))] == [1 << 30]


def test_registers(tmp_path):
    plan = planned(tmp_path, one_vm())
    board = plan.system.board
    assert tcr_el2(board, plan.el2_tables) == 0x80823519  # 39 bits, 4 KiB, PS 40 bits
    assert vtcr_el2(board) == 0x80023558  # T0SZ 24, SL0 1, PS 40 bits
    assert plan.registers.mair_el2 == 0x04FF
    assert plan.pa_bits_needed == 32


def test_memory_above_512_gib_takes_a_fourth_level(tmp_path):
    from generator.plan.el2 import el2_tables
    plan = planned(tmp_path, one_vm())
    board = replace(plan.system.board, ram=(*plan.system.board.ram, Range(1 << 39, 1 << 30)))
    tables = el2_tables(replace(plan.system, board=board), plan.image, plan.cpus, (), ())
    assert tables[0].level == 0 and tcr_el2(board, tables) & 0x3F == 16
    assert any(base == 1 << 39 for base, _, _, _ in walk(tables))


def test_absurd_windows_are_left_out_of_the_tables(tmp_path):
    more = "      absurd: { size: 1073741824 GiB, at: 0x50000000, phys: 0x50000000 }"
    plan = planned(tmp_path, one_vm(more_memory=more))
    assert len(walk(tables_of(plan, 0))) == 32
