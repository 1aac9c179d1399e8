"""Translation tables of the 4 KiB granule, built from mappings with the largest blocks that fit.

Owns the descriptor formats [DDI0487 D8.3]. Promises: each mapping is covered exactly, by 1 GiB
and 2 MiB blocks and 4 KiB pages; the contiguous bit is never set; where two mappings overlap the
first one stays, so that even a wrong description yields tables (`check` reports it). Tables come
in a fixed order: the root, then by level and input address.

@req CORE-2, CORE-4
"""

from dataclasses import dataclass, field

from generator.model import PAGE
from generator.planned import Descriptor, Table

LEVEL_SIZE = {0: 1 << 39, 1: 1 << 30, 2: 1 << 21, 3: PAGE}  # bytes that one entry covers
BLOCK, PAGE_OR_TABLE = 1, 3  # bits [1:0]
ENTRIES = 512

# Stage 2 [DDI0487 D8.3.1.2, D8.5.2]
S2_NORMAL = 0xF << 2 | 3 << 8  # MemAttr: write-back both; inner shareable
S2_DEVICE = 0x1 << 2  # MemAttr: Device-nGnRE
S2_READ, S2_WRITE = 1 << 6, 1 << 7
S2_XN = 1 << 54  # XN[1:0] = 0b10: no execution at EL1 or EL0

# Stage 1 of a regime with one privilege level [DDI0487 D8.4.1, D8.5.1]
S1_NORMAL = 0 << 2 | 3 << 8  # Attr0; inner shareable
S1_DEVICE = 1 << 2  # Attr1
S1_AP1_RES1 = 1 << 6
S1_READ_ONLY = 1 << 7
S1_XN = 1 << 54

AF = 1 << 10


@dataclass(frozen=True)
class Mapping:
    base: int  # input address
    pa: int
    size: int
    attributes: int
    note: str


def stage2_attributes(access, is_device):
    value = AF | (S2_DEVICE if is_device else S2_NORMAL)
    value |= S2_READ if "r" in access else 0
    value |= S2_WRITE if "w" in access else 0
    return value | (0 if "x" in access and not is_device else S2_XN)


def stage1_attributes(access, is_device):
    value = AF | S1_AP1_RES1 | (S1_DEVICE if is_device else S1_NORMAL)
    value |= 0 if "w" in access else S1_READ_ONLY
    return value | (0 if "x" in access and not is_device else S1_XN)


@dataclass
class _Node:
    name: str
    base: int
    level: int
    entry_count: int
    entries: dict = field(default_factory=dict)  # index -> (value, _Node | None, note)


class Builder:
    """Builds the tables of one address space."""

    def __init__(self, prefix, root_level, root_entries):
        self._prefix = prefix
        self._root = _Node(f"{prefix}_root", 0, root_level, root_entries)
        self._nodes = [self._root]

    def add(self, mapping):
        done = 0
        while done < mapping.size:
            base, pa = mapping.base + done, mapping.pa + done
            level = next(level for level in (1, 2, 3) if self._fits(level, base, pa,
                                                                    mapping.size - done))
            self._insert(level, base, pa, mapping)
            done += LEVEL_SIZE[level]

    @staticmethod
    def _fits(level, base, pa, left):
        size = LEVEL_SIZE[level]
        return level == 3 or (base % size == 0 and pa % size == 0 and left >= size)

    def _insert(self, level, base, pa, mapping):
        node = self._root
        while node is not None and node.level < level:
            node = self._next(node, base)
        if node is None:
            return
        idx = (base - node.base) // LEVEL_SIZE[level]
        kind = PAGE_OR_TABLE if level == 3 else BLOCK
        if idx < node.entry_count:
            node.entries.setdefault(idx, (pa | mapping.attributes | kind, None, mapping.note))

    def _next(self, node, base):
        idx = (base - node.base) // LEVEL_SIZE[node.level]
        if idx >= node.entry_count:
            return None
        if idx not in node.entries:
            start = node.base + idx * LEVEL_SIZE[node.level]
            name = f"{self._prefix}_l{node.level + 1}_{start:x}"
            child = _Node(name, start, node.level + 1, ENTRIES)
            self._nodes.append(child)
            node.entries[idx] = (PAGE_OR_TABLE, child, "")
        return node.entries[idx][1]

    def tables(self):
        ordered = sorted(self._nodes, key=lambda n: (n.level, n.base))
        return tuple(
            Table(n.name, n.entry_count, n.base, n.level, tuple(
                Descriptor(idx, value, child.name if child else None, note)
                for idx, (value, child, note) in sorted(n.entries.items())))
            for n in ordered)
