"""The stage-2 tables of each VM, and VTCR_EL2.

Promises: a table maps the windows of its VM and nothing else (INV-MMIO-HOLE, INV-S2-ROOT); input
addresses have 40 bits, start level 1, so the root is two concatenated tables [DDI0487 D8.2.9].

@req CORE-4
"""

from generator.model import IPA_BITS, PAGE, Range
from generator.plan.pages import LEVEL_SIZE, Builder, Mapping, stage2_attributes

ROOT_ENTRIES = (1 << IPA_BITS) // LEVEL_SIZE[1]
PS_OF_BITS = {32: 0, 36: 1, 40: 2, 42: 3, 44: 4, 48: 5}  # [DDI0487 D19.2.65, PARange]


def table_prefix(vm_id):
    return f"stage2_vm{vm_id}"


def stage2_tables(vm, windows, board):
    """The tables of one VM, the root first."""
    builder = Builder(table_prefix(vm.id), 1, ROOT_ENTRIES)
    for window in windows:
        if _is_mappable(window, board):
            attributes = stage2_attributes(window.access, window.kind in ("device", "gicv"))
            note = f"{window.name} of {vm.name}, line {window.place.line}"
            builder.add(Mapping(window.ipa, window.pa, window.size, attributes, note))
    return builder.tables()


def _is_mappable(window, board):
    """A window that the checks will refuse is left out: its size may be absurd."""
    if window.ipa is None or window.pa is None or window.size <= 0:
        return False
    if (window.ipa | window.pa | window.size) % PAGE or window.ipa + window.size > 1 << IPA_BITS:
        return False
    if window.kind == "ram" or window.kind == "shared":
        return any(ram.contains(Range(window.pa, window.size)) for ram in board.ram)
    return window.pa + window.size <= 1 << board.pa_bits


def vtcr_el2(board):
    """[DDI0487 D19.2.163]"""
    return (
        1 << 31  # RES1
        | PS_OF_BITS[board.pa_bits] << 16
        | 0 << 14  # TG0: 4 KiB
        | 3 << 12  # SH0: walks are inner shareable
        | 1 << 10  # ORGN0: write-back, read- and write-allocate
        | 1 << 8  # IRGN0: the same
        | 1 << 6  # SL0: start at level 1
        | 64 - IPA_BITS)  # T0SZ
