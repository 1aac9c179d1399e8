"""The finished image: memory contents, symbols and sections of a 64-bit little-endian Arm ELF file.

Memory is read through the loadable segments, whose addresses must be the same physically and
virtually. Every number of the file is checked before it is used; a file that is cut off or of
another kind raises Unreadable with a sentence for people. [ELF-64 Object File Format 1.5]

@req EVID-1
"""

from bisect import bisect_right
from collections import namedtuple
import struct

from verifier.faults import Malformed, Unreadable

EM_AARCH64, ET_EXEC = 183, 2
PT_LOAD, SHT_SYMTAB, SHT_NOBITS = 1, 2, 8
STT_FUNC = 2
EXECUTE, WRITE, READ = 1, 2, 4
TEXT_LIMIT = 4096

Segment = namedtuple("Segment", "base end file_end offset flags")
Section = namedtuple("Section", "name base size kind offset")
Symbol = namedtuple("Symbol", "name base size is_function is_global")


class Elf:
    """`data` may be a bytearray: contents are read from it at each call, headers once."""

    def __init__(self, data):
        self.data = data
        self._check_header()
        self.entry, self._phoff, self._shoff = struct.unpack_from("<QQQ", data, 24)
        (self._phentsize, self._phnum, self._shentsize, self._shnum,
         self._shstrndx) = struct.unpack_from("<HHHHH", data, 54)
        self.segments = self._read_segments()
        self._bases = [s.base for s in self.segments]
        self.sections = self._read_sections()
        symbols = self._read_symbols()
        self.functions = sorted((s for s in symbols if s.is_function and s.size),
                                key=lambda s: (s.base, s.name))
        self.symbols = {}
        for symbol in sorted(symbols, key=lambda s: s.is_global):
            self.symbols[symbol.name] = symbol
        self._named = {}

    # --- headers ---------------------------------------------------------------------------

    def _check_header(self):
        data = self.data
        if len(data) < 4 or bytes(data[:4]) != b"\x7fELF":
            raise Unreadable("is no ELF file")
        if len(data) < 64:
            raise Unreadable("is cut off: an ELF header has 64 bytes")
        if data[4] != 2 or data[5] != 1:
            raise Unreadable("is no 64-bit little-endian ELF file")
        kind, machine = struct.unpack_from("<HH", data, 16)
        if machine != EM_AARCH64:
            raise Unreadable(f"is for another machine (e_machine {machine}; 64-bit Arm is "
                             f"{EM_AARCH64})")
        if kind != ET_EXEC:
            raise Unreadable(f"is not a linked program (e_type {kind}; expected {ET_EXEC})")

    def _rows(self, offset, count, size, least, what):
        if count and size < least:
            raise Unreadable(f"has {what} of {size} bytes each; they have {least}")
        if offset + count * size > len(self.data):
            raise Unreadable(f"is cut off: its {what} lie beyond its end")
        return [offset + i * size for i in range(count)]

    def _read_segments(self):
        found = []
        for at in self._rows(self._phoff, self._phnum, self._phentsize, 56, "program headers"):
            kind, flags, offset, base, physical, filesz, memsz = struct.unpack_from("<IIQQQQQ",
                                                                                    self.data, at)
            if kind != PT_LOAD or memsz == 0:
                continue
            if offset + filesz > len(self.data):
                raise Unreadable(f"is cut off: the contents of 0x{base:x} lie beyond its end")
            if filesz > memsz or base + memsz > 1 << 64:
                raise Unreadable(f"has a segment at 0x{base:x} with impossible sizes")
            if physical != base:
                raise Unreadable(f"has a segment at 0x{base:x} that is loaded at 0x{physical:x}; "
                                 "the hypervisor runs identity-mapped")
            found.append(Segment(base, base + memsz, base + filesz, offset, flags))
        found.sort()
        for one, next_one in zip(found, found[1:]):
            if next_one.base < one.end:
                raise Unreadable(f"has two segments that overlap at 0x{next_one.base:x}")
        if not found:
            raise Unreadable("has nothing to load")
        return found

    def _string(self, table, offset):
        start = table.offset + offset
        end = table.offset + table.size
        stop = self.data.find(b"\0", start, min(end, start + TEXT_LIMIT))
        if offset >= table.size or stop < 0:
            raise Unreadable("has a name outside its string table")
        return bytes(self.data[start:stop]).decode("utf-8", "backslashreplace")

    def _read_sections(self):
        rows = self._rows(self._shoff, self._shnum, self._shentsize, 64, "section headers")
        raw = []
        for at in rows:
            name, kind, _flags, base, offset, size, link = struct.unpack_from("<IIQQQQI",
                                                                              self.data, at)
            if kind != SHT_NOBITS and offset + size > len(self.data):
                raise Unreadable("is cut off: the contents of a section lie beyond its end")
            raw.append((Section(name, base, size, kind, offset), link))
        if not 0 < self._shstrndx < len(raw):
            raise Unreadable("has no names of sections")
        names = raw[self._shstrndx][0]
        self._links = [link for _, link in raw]
        return [s._replace(name=self._string(names, s.name)) for s, _ in raw]

    def _read_symbols(self):
        tables = [(s, link) for s, link in zip(self.sections, self._links)
                  if s.kind == SHT_SYMTAB]
        if len(tables) != 1 or not 0 < tables[0][1] < len(self.sections):
            raise Unreadable("has no symbol table: the tables cannot be found in a stripped image")
        table, strings = tables[0][0], self.sections[tables[0][1]]
        found = []
        for at in range(table.offset, table.offset + table.size - 23, 24):
            name, info, _other, _shndx, value, size = struct.unpack_from("<IBBHQQ", self.data, at)
            if name:
                found.append(Symbol(self._string(strings, name), value, size,
                                    info & 15 == STT_FUNC, info >> 4 != 0))
        return found

    def section_headers(self):
        """Bytes of the section header table."""
        return bytes(self.data[self._shoff:self._shoff + self._shnum * self._shentsize])

    # --- contents --------------------------------------------------------------------------

    def segment_at(self, address):
        """The segment whose memory holds `address`, or None."""
        i = bisect_right(self._bases, address) - 1
        return self.segments[i] if i >= 0 and address < self.segments[i].end else None

    def offset_of(self, address, size):
        """Place in the file of [address, address + size), or None where it is not stored."""
        segment = self.segment_at(address)
        if segment is None or size < 0 or address + size > segment.file_end:
            return None
        return segment.offset + (address - segment.base)

    def read(self, address, size, what="an object"):
        """Bytes of the image as loaded; Malformed where the file has none."""
        offset = self.offset_of(address, size)
        if offset is None:
            raise Malformed(f"{what} at 0x{address:x} ({size} bytes) is not in the image", address)
        return bytes(self.data[offset:offset + size])

    def is_constant(self, address, size):
        """Is [address, address + size) stored, and in a segment that is not writable?"""
        segment = self.segment_at(address)
        return (segment is not None and not segment.flags & WRITE
                and address + size <= segment.file_end)

    def text_at(self, address, what):
        """The C string at `address`, which must be constant."""
        segment = self.segment_at(address)
        if segment is None or segment.flags & WRITE or address >= segment.file_end:
            raise Malformed(f"{what} is a string at 0x{address:x}, which is not constant data",
                            address)
        start = segment.offset + (address - segment.base)
        limit = min(start + TEXT_LIMIT, segment.offset + (segment.file_end - segment.base))
        stop = self.data.find(b"\0", start, limit)
        if stop < 0:
            raise Malformed(f"{what} is a string at 0x{address:x} that does not end", address)
        return bytes(self.data[start:stop]).decode("utf-8", "backslashreplace")

    def symbols_named(self, prefixes):
        """Symbols whose names begin with one of `prefixes`, a tuple."""
        if prefixes not in self._named:
            self._named[prefixes] = [s for s in self.symbols.values()
                                     if s.name.startswith(prefixes)]
        return self._named[prefixes]

    def symbol(self, name):
        """The symbol `name`; Unreadable without it, since the tables are found by their names."""
        if name not in self.symbols:
            raise Unreadable(f"has no tables: there is no `{name}` in it")
        return self.symbols[name]
