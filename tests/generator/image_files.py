"""Guest image files for tests, small and made on the spot: ELF files, arm64 Images, flat ones."""

import struct

EM_AARCH64, EM_X86_64 = 183, 62


def elf(segments, entry, machine=EM_AARCH64, kind=2):
    """An ELF file with `segments`: (address, contents, memory_size)."""
    data = b""
    headers = b""
    offset = 64 + 56 * len(segments)
    for address, contents, memory_size in segments:
        headers += struct.pack("<IIQQQQQQ", 1, 7, offset + len(data), address, address,
                               len(contents), memory_size, 0x1000)
        data += contents
    ident = b"\x7fELF" + bytes([2, 1, 1]) + bytes(9)
    header = ident + struct.pack("<HHIQQQIHHHHHH", kind, machine, 1, entry, 64, 0, 0, 64, 56,
                                 len(segments), 0, 0, 0)
    return header + headers + data


def linux_image(image_size, text_offset=0, flags=0xA, file_size=0x1000):
    """An arm64 Linux Image: its header, then nothing of interest."""
    header = struct.pack("<II QQQ QQQ 4sI", 0x91005A4D, 0x14000000, text_offset, image_size, flags,
                         0, 0, 0, b"ARM\x64", 0)
    return header + bytes(file_size - len(header))


CODE = b"\x1f\x20\x03\xd5" * 256  # NOP

FILES = {
    "rt.elf": elf([(0x40080000, CODE, 0x4000)], 0x40080000),
    "high.elf": elf([(0x40080000, CODE, 0x1000), (0x60000000, CODE, 0x1000)], 0x40080000),
    "odd.elf": elf([(0x40080000, CODE, 0x1000)], 0x40080002),
    "virtual.elf": elf([(0x40080000, CODE, 0x1000)], 0xFFFF000040080000),
    "twice.elf": elf([(0x40080000, CODE, 0x2000), (0x40081000, CODE, 0x1000)], 0x40080000),
    "x86.elf": elf([(0x40080000, CODE, 0x1000)], 0x40080000, EM_X86_64),
    "cut.elf": elf([(0x40080000, CODE, 0x1000)], 0x40080000)[:200],
    "object.o": elf([(0x40080000, CODE, 0x1000)], 0x40080000, kind=1),
    "endless.elf": elf([(0x40080000, CODE, 0xFFFFFFFFFFFF0000)], 0x40080000),
    "flat.bin": CODE,
    "large.bin": CODE * (8 << 10),  # 8 MiB
    "Image": linux_image(0x400000),
    "Image-big-endian": linux_image(0x400000, flags=0xB),
    "Image.gz": b"\x1f\x8b\x08\x00" + bytes(100),
    "initrd": b"070701" + bytes(0xFFFA),
}


def write_files(folder):
    """Writes all of FILES into `folder`/files."""
    target = folder / "files"
    target.mkdir()
    for name, data in FILES.items():
        (target / name).write_bytes(data)
