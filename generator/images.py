"""Reads guest image files and recognises what they are.

Owns: arm64 Image headers and ELF program headers, as far as placing needs them. Promises: any
byte sequence is accepted; what cannot be used comes back with `problem` in words and the rest
empty. A file that several VMs name is read once. [Documentation/arch/arm64/booting], [ELF-64]

@req DESC-1
"""

from functools import lru_cache
import hashlib
from pathlib import Path
import stat
import struct

from generator.model import ElfImage, ElfSegment, ImageFile, LinuxHeader

LINUX_MAGIC_OFFSET = 56
LINUX_MAGIC = b"ARM\x64"
LINUX_HEADER = struct.Struct("<II QQQ QQQ 4sI")
ELF_MAGIC = b"\x7fELF"
ELF64_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
ELF64_PROGRAM = struct.Struct("<IIQQQQQQ")
PT_LOAD = 1
ELF_TYPES = {1: "is an object file that has not been linked", 4: "is a core dump"}
ADDRESS_END = 1 << 64


def read_image(folder, name, place):
    """The image file `name`, relative to the description's folder."""
    data, digest, problem = _read(str(Path(folder, name)))
    if data is None:
        return ImageFile(name, place, "flat", None, problem)
    if data.startswith(ELF_MAGIC):
        elf, problem = _elf(data)
        return ImageFile(name, place, "elf", data, problem, digest, elf=elf)
    if data[LINUX_MAGIC_OFFSET:LINUX_MAGIC_OFFSET + 4] == LINUX_MAGIC:
        header = _linux(data)
        problem = "" if header else "is an arm64 Image cut short"
        return ImageFile(name, place, "linux", data, problem, digest, linux=header)
    return ImageFile(name, place, "flat", data, "" if data else "is empty", digest)


@lru_cache(maxsize=None)
def _read(path):
    """(data, SHA-256, problem)."""
    try:
        mode = Path(path).stat().st_mode
        if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):  # it may have no end
            return None, None, "is a device or a pipe; a file is expected"
        data = Path(path).read_bytes()
    except OSError as error:
        return None, None, f"cannot be read: {error.strerror}"
    return data, hashlib.sha256(data).hexdigest(), ""


def _linux(data):
    if len(data) < LINUX_HEADER.size:
        return None
    _, _, text_offset, image_size, flags, *_ = LINUX_HEADER.unpack_from(data)
    return LinuxHeader(text_offset, image_size, flags)


def _elf(data):
    if len(data) < 20:
        return None, "is an ELF file cut short"
    bits = 64 if data[4] == 2 else 32
    machine = int.from_bytes(data[18:20], "little" if data[5] == 1 else "big")
    if bits != 64 or data[5] != 1 or len(data) < ELF64_HEADER.size:
        return ElfImage(machine, bits, 0, ()), "is not a 64-bit little-endian ELF file"
    header = ELF64_HEADER.unpack_from(data)
    if header[1] in ELF_TYPES:
        return ElfImage(machine, bits, 0, ()), ELF_TYPES[header[1]]
    entry, table, entry_size, count = header[4], header[5], header[9], header[10]
    if count and (entry_size < ELF64_PROGRAM.size or table + count * entry_size > len(data)):
        return ElfImage(machine, bits, entry, ()), "has program headers outside the file"
    segments, physical_entry = [], entry
    for i in range(count):
        kind, _, offset, virtual, address, file_size, memory_size, _ = ELF64_PROGRAM.unpack_from(
            data, table + i * entry_size)
        if kind != PT_LOAD or memory_size == 0:
            continue
        if offset + file_size > len(data) or file_size > memory_size:
            return ElfImage(machine, bits, entry, ()), "has a segment outside the file"
        if address + memory_size > ADDRESS_END:
            return ElfImage(machine, bits, entry, ()), "has a segment beyond 64-bit addresses"
        segments.append(ElfSegment(address, offset, file_size, memory_size))
        if virtual <= entry < virtual + memory_size:  # linked to run elsewhere than it is loaded
            physical_entry = entry - virtual + address
    problem = "" if segments else "has nothing to load"
    ordered = tuple(sorted(segments, key=lambda s: s.address))
    return ElfImage(machine, bits, physical_entry, ordered), problem
