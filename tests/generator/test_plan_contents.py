"""What is loaded where, how a guest is entered, and that memory is filled exactly once.

@req DESC-1
"""

from generator.model import Range

from image_files import CODE
from plans import LINUX_BOOT, one_vm, planned

MIB = 1 << 20


def pieces(plan):
    return {p.what: p for p in plan.pieces}


def boot(text):
    return f"      {text}"


def test_linux_layout(tmp_path):
    plan = planned(tmp_path, one_vm(boot=LINUX_BOOT))
    found = pieces(plan)
    assert found["kernel"].ipa == 0x40000000
    assert found["kernel"].memory_size == 4 * MIB, "image_size of the header, not the file's"
    assert found["initrd"].ipa == 0x40400000
    assert found["devicetree"].ipa == 0x40600000, "2 MiB boundary behind the 64 KiB initrd"
    assert plan.vms[0].entry == 0x40000000 and plan.vms[0].x0 == 0x40600000


def test_linux_text_offset(tmp_path):
    from image_files import linux_image
    (tmp_path / "k").write_bytes(linux_image(0x300000, text_offset=0x80000))
    plan = planned(tmp_path, one_vm(boot=boot("linux: { kernel: k }")))
    assert pieces(plan)["kernel"].ipa == 0x40080000
    assert plan.vms[0].entry == 0x40080000


def test_linux_in_ram_that_starts_between_2_mib_boundaries(tmp_path):
    text = one_vm(boot=LINUX_BOOT).replace("size: 64 MiB", "size: 64 MiB, at: 0x40001000")
    assert pieces(planned(tmp_path, text))["kernel"].ipa == 0x40200000


def test_flat_binary_goes_where_qemu_puts_it(tmp_path):
    plan = planned(tmp_path, one_vm())
    assert pieces(plan)["files/flat.bin"].ipa == 0x40080000
    assert plan.vms[0].entry == 0x40080000
    assert pieces(plan)["devicetree"].ipa == 0x40000000 == plan.vms[0].x0


def test_devicetree_gives_way_to_a_piece_at_the_start_of_ram(tmp_path):
    text = one_vm(boot=boot("images: [ { file: files/flat.bin, at: 0x40000000 } ]"))
    assert pieces(planned(tmp_path, text))["devicetree"].ipa == 0x40200000


def test_no_devicetree_when_refused(tmp_path):
    text = one_vm(boot="      images: [ { file: files/flat.bin } ]\n      devicetree: false")
    plan = planned(tmp_path, text)
    assert "devicetree" not in pieces(plan) and plan.vms[0].x0 == 0


def test_x0_and_entry_as_given(tmp_path):
    text = one_vm(boot="      images: [ { file: files/flat.bin } ]\n      entry: 0x40080010\n"
                       "      x0: 0x1234")
    plan = planned(tmp_path, text)
    assert (plan.vms[0].entry, plan.vms[0].x0) == (0x40080010, 0x1234)


def test_elf_segments(tmp_path):
    plan = planned(tmp_path, one_vm(boot=boot("images: [ { file: files/rt.elf } ]")))
    segment = pieces(plan)["segment 0 of files/rt.elf"]
    assert (segment.ipa, segment.memory_size, segment.data) == (0x40080000, 0x4000, CODE)
    assert segment.window == "ram" and plan.vms[0].entry == 0x40080000


def test_elf_moved_as_a_whole(tmp_path):
    text = one_vm(boot=boot("images: [ { file: files/twice.elf, at: 0x40100000 } ]"))
    plan = planned(tmp_path, text)
    assert sorted(p.ipa for p in plan.pieces if p.what.startswith("segment")) == [
        0x40100000, 0x40101000]
    assert plan.vms[0].entry == 0x40100000


def test_piece_outside_every_window_has_none(tmp_path):
    plan = planned(tmp_path, one_vm("1 MiB", boot=boot("images: [ { file: files/high.elf } ]")))
    assert pieces(plan)["segment 1 of files/high.elf"].window is None
    assert_filled_once(plan)


def filled(plan, vm):
    """The memory of a VM after its loads, as {PA: (bytes of the step, source)}; sorted steps."""
    part = plan.vms[vm].loads
    return sorted(plan.loads[part.first:part.first + part.count], key=lambda s: s.dst)


def assert_filled_once(plan):
    """INV-LOAD-INSIDE and INV-LOAD-ONCE for every VM."""
    for vm in plan.vms:
        wanted = sorted((w.pa, w.pa + w.size) for w in plan.windows_of(vm.id) if w.kind == "ram")
        got = []
        for step in filled(plan, vm.id):
            assert step.size > 0
            if got and got[-1][1] == step.dst and (got[-1][0], step.dst) not in wanted:
                got[-1] = (got[-1][0], step.dst + step.size)
            else:
                got.append((step.dst, step.dst + step.size))
        assert got == wanted


def test_every_byte_is_filled_once(tmp_path):
    more = ("      more: { size: 20 KiB }\n"
            "      rom: { size: 64 KiB, image: files/flat.bin, access: r }")
    for how in (LINUX_BOOT, boot("images: [ { file: files/twice.elf } ]"),
                boot("images: [ { file: files/flat.bin, at: 0x40000000 } ]")):
        assert_filled_once(planned(tmp_path, one_vm(boot=how, more_memory=more)))


def test_images_that_overlap_are_not_both_loaded(tmp_path):
    """The rules refuse such a description; the plan stays one that can be shown."""
    both = boot("images: [ { file: files/flat.bin, at: 0x40080000 }, "
                "{ file: files/initrd, at: 0x40080010 } ]")
    plan = planned(tmp_path, one_vm(boot=both))
    assert_filled_once(plan)
    assert sum(s.blob is not None for s in plan.loads) == 2, "one of them, and the devicetree"


def test_contents_arrive_where_the_guest_expects_them(tmp_path):
    plan = planned(tmp_path, one_vm(boot=LINUX_BOOT))
    ram = plan.windows_of(0)[0]
    for piece in plan.pieces:
        step = next(s for s in plan.loads if s.dst == piece.ipa - ram.ipa + ram.pa)
        assert plan.blobs[step.blob].data == piece.data and step.size == len(piece.data)


def test_equal_contents_are_packed_once(tmp_path):
    text = one_vm(boot=LINUX_BOOT)
    vm = text[text.index("  a:"):]
    both = text.rstrip() + "\n" + vm.replace("  a:", "  b:", 1).replace("[1]", "[2]")
    plan = planned(tmp_path, both)
    assert len(plan.blobs) == 3, "kernel, initrd, and the devicetree, which is the same for both"
    assert len(plan.pieces) == 6


def test_blobs_are_aligned_and_apart(tmp_path):
    memory = "      rom: { at: 0, image: big, in_place: true }"
    (tmp_path / "big").write_bytes(bytes(range(256)) * 8192 + b"end")
    plan = planned(tmp_path, one_vm(boot=LINUX_BOOT, more_memory=memory))
    ranges = [Range(b.pa, b.size) for b in plan.blobs]
    assert all(r.base % 0x1000 == 0 for r in ranges)
    assert not any(a.overlaps(b) for a, b in zip(ranges, ranges[1:]))
    assert next(b for b in plan.blobs if b.name == "big").pa % (2 * MIB) == 0
