"""How large the hypervisor is: code and constants of the linked ELF, by folder of the sources.

Counted: all of .text with its padding and literal pools, and of .rodata everything but what is
generated for one system: the tables of the description (which the linker script puts first), the
table of symbols for backtraces, and the names in it. Guest images are in sections of their own.
What has no symbol (strings, literal pools, padding) cannot be told apart by folder. The linker keeps
a string that is the end of another once: one of ours that ends a function's name counts as the name.

@req PERF-1
"""

from dataclasses import dataclass, replace
import re
import subprocess

from elftools.elf.elffile import ELFFile

CROSS = "aarch64-linux-gnu-"
SYMBOL_TABLE = "symbols"
SYMBOL_ROW_BYTES = 16  # struct symbol: address, name (runtime/core/symbols.h)
UNNAMED = "strings, literals, padding"
LAYERS = {"lib": 0, "arch": 1, "platform": 1, "config": 2, "core": 2, "gic": 2, "vm": 3, "mmio": 3,
          "smccc": 3, "psci": 4, "vtimer": 4, "vgic": 4, "vdev": 4, "sysreg": 4, "world": 5}


@dataclass(frozen=True)
class Piece:
    """What a symbol names."""
    name: str
    address: int
    size: int
    source: str  # as in the debug information; "" if there is none


@dataclass(frozen=True)
class CodeSize:
    text: int
    rodata: int     # ours only
    generated: int
    folders: dict   # folder -> (text, rodata), UNNAMED last

    @property
    def total(self):
        return self.text + self.rodata


def pieces_of(elf_path):
    """Every symbol with a size, with the source that it is from."""
    lines = subprocess.run([f"{CROSS}nm", "-l", "-S", "--defined-only", str(elf_path)], check=True,
                           capture_output=True, text=True).stdout.splitlines()
    found = []
    for line in lines:
        match = re.fullmatch(r"(\w{16}) (\w{16}) . ([^\t]+)(?:\t(.*):\d+)?", line)
        if match:
            found.append(Piece(match[3], int(match[1], 16), int(match[2], 16), match[4] or ""))
    sources = _sources_at(elf_path, [p.address for p in found if not p.source])
    return [replace(p, source=p.source or sources[p.address]) for p in found]


def _sources_at(elf_path, addresses):
    """The source at each address: of assembly, whose symbols have no debug entry of their own."""
    if not addresses:
        return {}
    out = subprocess.run([f"{CROSS}addr2line", "-e", str(elf_path), *(hex(a) for a in addresses)],
                         check=True, capture_output=True, text=True).stdout.splitlines()
    return {a: line.rsplit(":", 1)[0] for a, line in zip(addresses, out)}


def folder_of(source):
    """runtime/vgic/lists.c -> vgic."""
    match = re.search(r"runtime/(\w+)/", source)
    return match[1] if match else UNNAMED


def _name_bytes(table, rodata):
    """How many bytes of .rodata hold the names of the table of symbols; shared ones count once."""
    data, base = rodata.data(), rodata["sh_addr"]
    taken = set()
    for at in range(table.address - base, table.address - base + table.size, SYMBOL_ROW_BYTES):
        name = int.from_bytes(data[at + 8:at + 16], "little") - base
        if 0 <= name < len(data):  # the empty table of the first link has a row without one
            taken.update(range(name, data.index(b"\0", name) + 1))
    return len(taken)


def _by_folder(pieces, section):
    """folder -> bytes of `section`; two symbols at one place count once."""
    first, end = section["sh_addr"], section["sh_addr"] + section["sh_size"]
    sizes, reached = {}, first
    for piece in sorted(pieces, key=lambda p: (p.address, -p.size)):
        if first <= piece.address < end and piece.address + piece.size > reached:
            size = piece.address + piece.size - max(piece.address, reached)
            reached = piece.address + piece.size
            folder = folder_of(piece.source)
            sizes[folder] = sizes.get(folder, 0) + size
    return sizes


def code_size(elf_path):
    """The CodeSize of a linked hypervisor."""
    with open(elf_path, "rb") as file:
        elf = ELFFile(file)
        text, rodata = (elf.get_section_by_name(name) for name in (".text", ".rodata"))
        pieces = pieces_of(elf_path)
        table = next((p for p in pieces if p.name == SYMBOL_TABLE), Piece(SYMBOL_TABLE, 0, 0, ""))
        tables_end = max(p.address + p.size for p in pieces if "/gen/" in p.source
                         and p.address < rodata["sh_addr"] + rodata["sh_size"])
        generated = tables_end - rodata["sh_addr"] + table.size + _name_bytes(table, rodata)
        ours = [p for p in pieces if p is not table and "/gen/" not in p.source]
        in_text, in_rodata = (_by_folder(ours, s) for s in (text, rodata))
    rodata_bytes = rodata["sh_size"] - generated
    named = {f for f in {*in_text, *in_rodata} if f != UNNAMED}
    folders = {f: (in_text.get(f, 0), in_rodata.get(f, 0))
               for f in sorted(named, key=lambda f: (LAYERS.get(f, len(LAYERS)), f))}
    folders[UNNAMED] = (text["sh_size"] - sum(t for t, _ in folders.values()),
                        rodata_bytes - sum(r for _, r in folders.values()))
    return CodeSize(text["sh_size"], rodata_bytes, generated, folders)
