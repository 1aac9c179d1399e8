"""Translation tables as the MMU reads them: 4 KiB granule, 48-bit output addresses [DDI0487 D8.3].

`decode_page` judges one table page by itself and is a function of its bytes, kept by content.
`walk` follows a tree from its root, each table once, and yields runs: stretches of consecutive
descriptors with consecutive output addresses and equal attributes. FEAT_LPA2, FEAT_HAFDBS,
FEAT_XNX and hierarchical permissions are not used by the tables, so what belongs to them must be 0.

@req EVID-1
"""

from collections import namedtuple
from functools import lru_cache
import struct

from verifier.layout import ACCESS_R, ACCESS_W, ACCESS_X

PAGE = 4096
ENTRIES = 512
ADDRESS = 0x0000FFFFFFFFF000  # bits 47:12

VALID, TABLE_OR_PAGE = 1, 2
AF = 1 << 10

NORMAL, DEVICE = "Normal write-back", "Device-nGnRE"

Run = namedtuple("Run", "ia pa size bits table index step")
Fault = namedtuple("Fault", "sentence pa table index value")
Page = namedtuple("Page", "faults tables runs")
Tree = namedtuple("Tree", "name runs tables faults loops")


def _bit_names(names, value):
    return ", ".join(f"{where} ({name})" for mask, where, name in names if value & mask)


def _field(high, low):
    return ((1 << (high - low + 1)) - 1) << low


# What must be zero, by kind of descriptor [DDI0487 D8.3.1, D8.3.2]
TABLE_ZERO = ((_field(11, 2), "bits 11:2", "ignored"), (_field(50, 48), "bits 50:48", "RES0"),
              (_field(58, 51), "bits 58:51", "ignored"),
              (_field(63, 59), "bits 63:59", "hierarchical attributes"))
LEAF_ZERO = ((_field(50, 48), "bits 50:48", "RES0"), (1 << 51, "bit 51", "DBM"),
             (1 << 52, "bit 52", "Contiguous"), (_field(58, 55), "bits 58:55", "software's"),
             (_field(63, 59), "bits 63:59", "ignored or PBHA"))
STAGE1_ZERO = LEAF_ZERO + ((1 << 5, "bit 5", "NS"), (1 << 11, "bit 11", "nG, RES0 at EL2"),
                           (1 << 53, "bit 53", "PXN, RES0 at EL2"))
STAGE2_ZERO = LEAF_ZERO + ((1 << 11, "bit 11", "RES0"), (1 << 53, "bit 53", "XN[0], FEAT_XNX"))


def _mask(names):
    return sum(mask for mask, _, _ in names)


def entry_bytes(level):
    """Bytes that one descriptor of `level` covers."""
    return PAGE << 9 * (3 - level)


def stage1_access(bits):
    """Access rights at EL2 of a leaf's attributes, EL2 not using VHE [DDI0487 D8.4.1]."""
    return ACCESS_R | (0 if bits >> 7 & 1 else ACCESS_W) | (0 if bits >> 54 & 1 else ACCESS_X)


def stage2_access(bits):
    """Access rights of a guest by a leaf's S2AP and XN [DDI0487 D8.4.2]."""
    return bits >> 6 & 3 | (0 if bits >> 54 & 1 else ACCESS_X)


def stage1_memory(bits):
    """Memory type by AttrIndx, with MAIR_EL2 as properties/registers.py proves it."""
    return (NORMAL, DEVICE)[bits >> 2 & 7]


def stage2_memory(bits):
    """Memory type by MemAttr, FEAT_S2FWB not used [DDI0487 D8.6.5]."""
    return NORMAL if bits >> 2 & 15 == 15 else DEVICE


def _leaf_fault(stage, level, value):
    """What is wrong with a block or page descriptor by itself, or None."""
    zero = STAGE1_ZERO if stage == 1 else STAGE2_ZERO
    if value & _mask(zero):
        return f"{_bit_names(zero, value)} must be 0"
    if value & ADDRESS & entry_bytes(level) - 1:
        return "its output address is not aligned to what it maps"
    if not value & AF:
        return "AF is 0: each access would fault"
    if stage == 1 and value >> 2 & 7 > 1:
        return f"AttrIndx is {value >> 2 & 7}: MAIR_EL2 has types 0 and 1"
    if stage == 1 and not value & 1 << 6:
        return "AP[1] must be 1 at EL2"
    if stage == 2 and value >> 2 & 15 not in (15, 1):
        return (f"MemAttr is {value >> 2 & 15:04b}: neither Normal write-back (1111) nor "
                "Device-nGnRE (0001)")
    is_normal = (value >> 2 & 7 == 0) if stage == 1 else (value >> 2 & 15 == 15)
    if value >> 8 & 3 != (3 if is_normal else 0):
        return "SH is not inner shareable for normal memory and 0 for device memory"
    return None


def descriptor_fault(stage, level, value):
    """What is wrong with one descriptor by itself, or None. The rule for each bit is here."""
    if not value & VALID:
        return "it is invalid but not zero" if value else None
    if level < 3 and value & TABLE_OR_PAGE:
        return f"{_bit_names(TABLE_ZERO, value)} must be 0" if value & _mask(TABLE_ZERO) else None
    if level == 3 and not value & TABLE_OR_PAGE:
        return "bit 1 is 0 at level 3, which is reserved"
    if level == 0:
        return "a block at level 0 is reserved"
    return _leaf_fault(stage, level, value)


_EMPTY = Page((), (), ())


@lru_cache(maxsize=1 << 12)
def decode_page(stage, level, data):
    """One table page: (index, sentence, value) of wrong descriptors, (index, pa) of tables, and
    (index, count, pa, bits) of runs of leaves."""
    if not any(data):
        return _EMPTY
    faults, tables, runs = [], [], []
    step = entry_bytes(level)
    first = count = pa = bits = 0
    for index, value in enumerate(struct.unpack(f"<{ENTRIES}Q", data)):
        if not value:
            continue
        sentence = descriptor_fault(stage, level, value)
        if sentence is not None:
            faults.append((index, sentence, value))
        elif level < 3 and value & TABLE_OR_PAGE:
            tables.append((index, value & ADDRESS))
        elif (count and index == first + count and value & ~ADDRESS == bits
              and value & ADDRESS == pa + count * step):
            count += 1
        else:
            if count:
                runs.append((first, count, pa, bits))
            first, count, pa, bits = index, 1, value & ADDRESS, value & ~ADDRESS
    if count:
        runs.append((first, count, pa, bits))
    return Page(tuple(faults), tuple(tables), tuple(runs))


class TablePages:
    """The image's table pages: their bytes, their names, and who uses them."""

    def __init__(self, elf, prefixes):
        self.elf = elf
        self.users = {}
        names = [s for s in elf.symbols_named(prefixes)
                 if s.size and s.size % PAGE == 0 and s.size <= 16 * PAGE]
        self.names = {s.base + at: (s.name, at // PAGE) for s in names
                      for at in range(0, s.size, PAGE)}

    def name(self, pa):
        """`symbol`, or `symbol+page` for the further pages of concatenated tables."""
        if pa not in self.names:
            return f"0x{pa:x}"
        name, page = self.names[pa]
        return name if page == 0 else f"{name}+{page * ENTRIES}"


def walk(pages, stage, name, roots, start_level):
    """The tree under `roots` (table addresses, consecutive input addresses) as a Tree."""
    runs, faults, loops, tables = [], [], [], []
    todo = [(root, start_level, i * ENTRIES * entry_bytes(start_level), None)
            for i, root in enumerate(roots)]
    todo.reverse()
    while todo:
        pa, level, base, parent = todo.pop()
        sentence = _table_fault(pages, pa, name)
        if sentence is not None:
            loops.append(Fault(sentence, pa, *(parent or (name, None, pa))))
            continue
        pages.users[pa] = name
        tables.append(pa)
        page = decode_page(stage, level, pages.elf.read(pa, PAGE))
        step = entry_bytes(level)
        faults += [Fault(sentence, value & ADDRESS, pa, index, value)
                   for index, sentence, value in page.faults]
        runs += [Run(base + index * step, out, count * step, bits, pa, index, step)
                 for index, count, out, bits in page.runs]
        for index, table in reversed(page.tables):
            todo.append((table, level + 1, base + index * step, (pa, index, table | 3)))
    runs.sort()
    return Tree(name, runs, tables, faults, loops)


def _table_fault(pages, pa, user):
    """Why the hardware must not be sent to a table at `pa`, or None."""
    if pa in pages.users:
        other = pages.users[pa]
        return (f"the table at 0x{pa:x} ({pages.name(pa)}) is reached a second time"
                + (f"; it belongs to {other}" if other != user else ""))
    if not pages.elf.is_constant(pa, PAGE):
        return f"there is no table at 0x{pa:x}: it is not constant memory of the image"
    if pa not in pages.names:
        return f"there is no table at 0x{pa:x}: no table begins there"
    return None


def coalesced(runs):
    """Runs joined where input and output addresses and attributes go on, across tables."""
    joined = []
    for run in runs:
        last = joined[-1] if joined else None
        if (last and last.ia + last.size == run.ia and last.pa + last.size == run.pa
                and last.bits == run.bits):
            joined[-1] = last._replace(size=last.size + run.size)
        else:
            joined.append(run)
    return joined


def place_of(pages, tree, ia):
    """(table, index, value) of the leaf that maps input address `ia`, or None."""
    for run in tree.runs:
        if run.ia <= ia < run.ia + run.size:
            entry = (ia - run.ia) // run.step
            return (pages.name(run.table), run.index + entry,
                    run.pa + entry * run.step | run.bits)
    return None
