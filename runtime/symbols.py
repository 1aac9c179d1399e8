#!/usr/bin/python3
"""Write the table of core/symbols.h: the functions of a linked ELF as C, sorted by address.

usage: symbols.py ELF > symbols.c      without ELF: an empty table, for the first link
"""
import sys

from elftools.elf.elffile import ELFFile


def functions(path):
    """(address, name) of every function symbol of the ELF, one name an address."""
    with open(path, "rb") as file:
        table = ELFFile(file).get_section_by_name(".symtab")
        found = {}
        for symbol in table.iter_symbols():
            if symbol["st_info"]["type"] == "STT_FUNC" and symbol.name:
                found.setdefault(symbol["st_value"], symbol.name)
    return sorted(found.items())


def main(arguments):
    rows = functions(arguments[0]) if arguments else []
    print("/* Generated from the first link; see core/symbols.h. */")
    print('#include "core/symbols.h"\n')
    print("const struct symbol symbols[] = {")
    for address, name in rows:
        print(f'    {{0x{address:x}, "{name}"}},')
    if not rows:
        print("    {0, 0},")
    print("};")
    print(f"const uint32_t symbol_count = {len(rows)};")


if __name__ == "__main__":
    main(sys.argv[1:])
