"""The guest images that a description names, read again: flat files, ELF files, arm64 Images.

`pieces` gives what must be in a VM's memory when it starts, as (guest address, bytes, zeroed bytes
after them, name). [Linux Documentation/arch/arm64/booting.rst]

@req EVID-1
"""

from collections import namedtuple
import struct

from verifier.description import FLAT_AT
from verifier.faults import Unreadable
from verifier.files import read_file

Piece = namedtuple("Piece", "ipa data zeros name")
IMAGE_MAGIC = b"ARM\x64"


class GuestFiles:
    """Files by the name that the description gives them, each read once."""

    def __init__(self, folder):
        self.folder = folder
        self._read = {}

    def data(self, name):
        """Bytes of the file `name`."""
        if name not in self._read:
            printable = name.encode("utf-8", "backslashreplace").decode("utf-8")
            self._read[name] = read_file(self.folder / name,
                                         f"the description names `{printable}`, which")
        return self._read[name]

    def is_elf(self, name):
        """Is it an ELF file?"""
        return self.data(name)[:4] == b"\x7fELF"

    def elf(self, name):
        """(entry, pieces) of an ELF file's loadable segments."""
        data = self.data(name)
        try:
            entry, phoff = struct.unpack_from("<QQ", data, 24)
            phentsize, phnum = struct.unpack_from("<HH", data, 54)
            found = []
            for i in range(phnum):
                kind, _flags, offset, _va, pa, filesz, memsz = struct.unpack_from(
                    "<IIQQQQQ", data, phoff + i * phentsize)
                if kind == 1 and memsz:
                    if offset + filesz > len(data) or memsz < filesz:
                        raise Unreadable(f"`{name}` has a segment outside the file")
                    found.append(Piece(pa, data[offset:offset + filesz], memsz - filesz, name))
        except struct.error as error:
            raise Unreadable(f"`{name}` is no whole ELF file") from error
        return entry, found

    def kernel(self, name):
        """(text_offset, image_size) of an arm64 Image's header."""
        data = self.data(name)
        if len(data) < 64 or data[56:60] != IMAGE_MAGIC:
            raise Unreadable(f"`{name}` is no arm64 Linux Image")
        return struct.unpack_from("<QQ", data, 8)


def images(files, boot):
    """(entry by default, pieces) of `boot.images`."""
    entry, pieces, first_flat = None, [], None
    for name, at in boot.images:
        if files.is_elf(name):
            start, found = files.elf(name)
            pieces += found
            entry = start if entry is None else entry
        else:
            if at is None:
                at = FLAT_AT
            first_flat = at if first_flat is None else first_flat
            pieces.append(Piece(at, files.data(name), 0, name))
    return (first_flat if entry is None else entry), pieces
