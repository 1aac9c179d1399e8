"""Physical placement and guest addresses.

@req DESC-5
"""

from hypothesis import given, settings, strategies as st
import pytest

from generator.model import Range
from generator.plan.memory import Wish, placements

from plans import one_vm, planned

MIB, GIB = 1 << 20, 1 << 30
RAM = (Range(GIB, 2 * GIB),)
IMAGE = Range(GIB + 2 * MIB, 32 * MIB)


def placed(*wished, ram=RAM, image=IMAGE):
    return {k: p.pa for k, p in placements(list(wished), ram, image).items()}


def wish(name, size, ipa=GIB, phys=None):
    return Wish((name,), size, ipa, phys)


def test_highest_free_ram_first():
    assert placed(wish("a", 64 * MIB)) == {("a",): 3 * GIB - 64 * MIB}


def test_congruent_to_the_guest_address():
    pa = placed(wish("a", 4 * MIB, ipa=GIB + 0x5000))[("a",)]
    assert pa % (2 * MIB) == 0x5000


def test_a_gigabyte_is_congruent_modulo_a_gigabyte_when_all_fits():
    assert placed(wish("a", GIB), wish("b", 512 * MIB))[("a",)] == 2 * GIB


def test_a_gigabyte_gives_way_when_not_all_fits():
    found = placed(wish("a", GIB + 2 * MIB), wish("b", 900 * MIB))
    assert None not in found.values()
    assert found[("a",)] % (2 * MIB) == 0


def test_fixed_is_used_as_given_and_kept_free():
    found = placed(wish("a", 64 * MIB, phys=3 * GIB - 64 * MIB), wish("b", 64 * MIB))
    assert found == {("a",): 3 * GIB - 64 * MIB, ("b",): 3 * GIB - 128 * MIB}


def test_the_system_image_is_kept_free():
    found = placed(wish("a", 2 * GIB - 34 * MIB), wish("b", 4 * MIB))
    assert found[("a",)] == GIB + 34 * MIB
    assert found[("b",)] is None


def test_a_fixed_place_that_costs_pages_says_so():
    wished = [wish("a", 4 * MIB, phys=GIB + 65 * MIB), wish("b", 4 * MIB, phys=GIB + 70 * MIB)]
    found = placements(wished, RAM, IMAGE)
    assert "mapped by pages" in found[("a",)].reason
    assert found[("b",)].reason == "as described"


def test_what_does_not_fit_is_none_and_the_rest_is_placed():
    found = placed(wish("a", 4 * GIB), wish("b", MIB))
    assert found[("a",)] is None and found[("b",)] is not None


def test_several_banks():
    ram = (Range(GIB, 64 * MIB), Range(4 * GIB, 64 * MIB))
    found = placed(wish("a", 48 * MIB), wish("b", 48 * MIB), ram=ram, image=Range(GIB, 2 * MIB))
    assert sorted(found.values()) == [GIB + 16 * MIB, 4 * GIB + 16 * MIB]


sizes = st.lists(st.integers(1, 300 * 256).map(lambda pages: pages * 0x1000), max_size=12)


@settings(derandomize=True, max_examples=60, deadline=None)
@given(sizes)
def test_nothing_overlaps(found_sizes):
    wished = [wish(str(i), size) for i, size in enumerate(found_sizes)]
    found = placements(wished, RAM, IMAGE)
    ranges = [IMAGE] + [Range(found[w.key].pa, w.size) for w in wished
                        if found[w.key].pa is not None]
    for i, one in enumerate(ranges):
        assert RAM[0].contains(one)
        assert not any(one.overlaps(other) for other in ranges[i + 1:])


def windows(plan):
    return {w.name: w for w in plan.windows}


def test_first_ram_is_where_qemu_has_it_and_the_next_behind_it(tmp_path):
    plan = planned(tmp_path, one_vm("5 MiB", more_memory="      more: { size: 1 MiB }"))
    found = windows(plan)
    assert found["ram"].ipa == 0x40000000
    assert found["more"].ipa == 0x40600000, "5 MiB end inside a 2 MiB block"


def test_memory_goes_around_what_is_given(tmp_path):
    plan = planned(tmp_path, one_vm(more_memory="      rom: { size: 1 MiB, at: 0x40100000 }"))
    assert windows(plan)["ram"].ipa == 0x40200000


def test_shared_memory_is_one_place_in_both(tmp_path):
    text = """
system: two
board: qemu-virt
shared:
  pool: { size: 64 KiB }
vms:
  a:
    cpus: 1
    memory: { ram: { size: 1 MiB }, pool: { shared: pool, at: 0x70000000 } }
    boot: { entry: 0x40000000 }
  b:
    cpus: 1
    memory: { ram: { size: 1 MiB }, pool: { shared: pool, at: 0x50000000, access: r } }
    boot: { entry: 0x40000000 }
"""
    plan = planned(tmp_path, text)
    one, other = (w for w in plan.windows if w.kind == "shared")
    assert one.pa == other.pa == plan.shared[0].pa
    assert (one.access, other.access) == ("rw", "r")
    assert [(s.dst, s.size, s.blob) for s in plan.boot_loads] == [(one.pa, 0x10000, None)]


def test_shared_memory_where_it_is_asked_for(tmp_path):
    text = one_vm(more_memory="      pool: { shared: pool, at: 0x70000000 }")
    text = text.replace("vms:", "shared: { pool: { size: 8 KiB, phys: 0x50000000 } }\nvms:")
    plan = planned(tmp_path, text)
    assert windows(plan)["pool"].pa == plan.shared[0].pa == 0x50000000
    assert windows(plan)["pool"].source.phys.value == 0x50000000


def test_image_in_place_is_mapped_from_the_system_image(tmp_path):
    memory = "      rom: { at: 0, image: files/rt.elf, in_place: true }"
    plan = planned(tmp_path, one_vm(more_memory=memory))
    rom = windows(plan)["rom"]
    blob = next(b for b in plan.blobs if b.pa == rom.pa)
    assert blob.data.startswith(b"\x7fELF")
    assert plan.image.slot("guests").range.contains(rom.pa_range)
    assert rom.access == "rx" and rom.size == 0x1000 * -(-blob.size // 0x1000)
    assert not any(s.dst == rom.pa for s in plan.loads)


@pytest.mark.parametrize("size", ["64 MiB", "1900 MiB"])
def test_image_and_windows_never_overlap(tmp_path, size):
    plan = planned(tmp_path, one_vm(size))
    for window in plan.windows:
        assert window.pa is not None and not window.pa_range.overlaps(plan.image.range)
