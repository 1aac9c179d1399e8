"""Recognising guest images; no bytes may stop the compiler.

@req DESC-1
"""

import struct

from hypothesis import given, settings, strategies as st
import pytest

from generator.diagnostics import Place
from generator.images import read_image

from image_files import CODE, elf, linux_image

PLACE = Place("t.yaml")


def read(folder, data):
    (folder / "image").write_bytes(data)
    read_image.__globals__["_read"].cache_clear()
    return read_image(folder, "image", PLACE)


def test_linux(tmp_path):
    image = read(tmp_path, linux_image(0x400000, text_offset=0x80000))
    assert (image.kind, image.problem) == ("linux", "")
    assert (image.linux.text_offset, image.linux.image_size, image.linux.flags) == (
        0x80000, 0x400000, 0xA)


def test_elf_segments_by_address(tmp_path):
    image = read(tmp_path, elf([(0x2000, CODE, 0x4000), (0x1000, b"ab", 2)], 0x1000))
    assert image.kind == "elf" and image.elf.machine == 183 and image.elf.entry == 0x1000
    first, second = image.elf.segments
    assert (first.address, first.file_size, first.memory_size) == (0x1000, 2, 2)
    assert (second.address, second.memory_size) == (0x2000, 0x4000)
    assert image.data[first.file_offset:][:2] == b"ab"


def test_entry_of_an_elf_that_is_linked_elsewhere(tmp_path):
    data = bytearray(elf([(0x40080000, CODE, 0x1000)], 0xFFFF000000000010))
    data[64 + 16:64 + 24] = struct.pack("<Q", 0xFFFF000000000000)  # p_vaddr
    assert read(tmp_path, bytes(data)).elf.entry == 0x40080010


def test_flat(tmp_path):
    assert read(tmp_path, CODE).kind == "flat"


@pytest.mark.parametrize("data, problem", [
    (b"", "is empty"),
    (b"\x7fELF\x02\x01\x01", "cut short"),
    (b"\x7fELF\x01\x01\x01" + bytes(60), "not a 64-bit"),
    (elf([(0, CODE, 0x1000)], 0)[:100], "program headers outside"),
    (elf([(0, CODE, 0x1000)], 0)[:300], "segment outside"),
    (elf([(0, CODE, 16)], 0), "segment outside"),
    (elf([], 0), "nothing to load")])
def test_problems_in_words(tmp_path, data, problem):
    assert problem in read(tmp_path, data).problem


def test_missing_file(tmp_path):
    image = read_image(tmp_path, "nowhere", PLACE)
    assert image.data is None and image.problem == "cannot be read: No such file or directory"


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 3))
def test_no_bytes_stop_the_compiler(tmp_path_factory, data, form):
    folder = tmp_path_factory.getbasetemp()
    prefix = {0: b"", 1: b"\x7fELF", 2: b"\x7fELF\x02\x01" + bytes(10), 3: bytes(56) + b"ARM\x64"}
    image = read(folder, prefix[form] + data)
    assert image.kind in ("flat", "elf", "linux")


@settings(derandomize=True, max_examples=200, deadline=None)
@given(st.integers(0, 119), st.binary(min_size=1, max_size=8))
def test_damaged_elf_headers(tmp_path_factory, at, patch):
    data = bytearray(elf([(0x1000, CODE, 0x1000)], 0x1000))
    data[at:at + len(patch)] = patch
    image = read(tmp_path_factory.getbasetemp(), bytes(data))
    for segment in image.elf.segments if image.elf else ():
        assert segment.file_offset + segment.file_size <= len(image.data)


def test_image_header_cut_short(tmp_path):
    image = read(tmp_path, bytes(56) + struct.pack("<4s", b"ARM\x64"))
    assert image.kind == "linux" and image.linux is None and "cut short" in image.problem
