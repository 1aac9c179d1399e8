"""How often each loop of a function can go round, from what the source states.

The macros of runtime/lib/loop.h leave entries (address, kind, number) in the section .loopbound.

LOOP_BOUND(n): this place is passed at most n times each time its innermost loop is entered. Every
cycle through the loop has to pass one, and all of one loop state the same n; then its back edges
are taken at most n times. Where a marker comes before every way out of the loop, the header is
passed at most n times and the back edges one time fewer; a marker at the first instruction of a
block that is entered from several sides may stem from the end of another block, and is not used
for that.

LOOP_RARE(n): a way round the loop that is taken at most n times of those. (GCC may make two loops
of it, the rare way round the other: then this is the bound of the outer one.)

LOOP_EACH_ONCE: of the functions that a call through a pointer in this loop can go to, each is
called at most once each time the loop is entered: their sum is counted, not as often the longest.

LOOP_WAITS marks a loop that waits for another CPU or for hardware: passing through it once is
counted, waiting is not. So it is for a load-exclusive/store-exclusive retry, which only a store of
another CPU repeats.

LOOP_SHARED(pot): what this loop goes round is limited together with the other loops of the pot,
within one call of the function that has LOOP_POT(pot, n): n times in all. Turns of LOOP_RARE(m)
are not among those: they are at most m each time the loop is entered.

LOOP_BYTES(n): the loop is in a function whose third argument is a number of bytes, of which each
turn takes n; LOOP_SIZE(n) before a call of it: the argument is at most n.

@req EVID-4
"""

from dataclasses import dataclass
from enum import IntEnum

from evidence.bound.a64 import is_load_exclusive, is_store_exclusive
from evidence.bound.graph import END, RETURN


class Kind(IntEnum):
    """As in runtime/lib/loop.h."""
    BOUND = 0
    WAITS = 1
    RARE = 2
    SHARED = 3
    POT = 4
    BYTES = 5
    SIZE = 6
    EACH = 7


GOVERNS = (Kind.BOUND, Kind.WAITS, Kind.SHARED, Kind.BYTES)  # say how often a loop goes round
POT_SHIFT = 8  # kind and number of the pot share a word


@dataclass(frozen=True)
class Marker:
    address: int
    kind: Kind
    number: int
    pot: int = 0


@dataclass(frozen=True)
class LoopBound:
    """back: how often the back edges are taken at most; rare: how often, of those, by the ways
    through `rare_blocks`; waits: going round is not counted; pot: counted there instead;
    bytes_each: back is the third argument by it."""
    back: int
    waits: bool = False
    rare: int = 0
    rare_blocks: frozenset = frozenset()
    pot: int | None = None
    bytes_each: int | None = None
    each_once: bool = False


def parse(data):
    """The Markers in the bytes of the section .loopbound; those of discarded code are at 0."""
    words = [int.from_bytes(data[i:i + 8], "little") for i in range(0, len(data), 8)]
    rows = zip(words[::3], words[1::3], words[2::3])
    return [Marker(address, Kind(kind & (1 << POT_SHIFT) - 1), number, kind >> POT_SHIFT)
            for address, kind, number in rows if address]


def bound_of(graph, loop, markers, is_cut):
    """The LoopBound of `loop`, or a sentence that says why there is none. markers: {block:
    [Marker]} of the function; is_cut: (block, successor) -> a stay always ends between them."""
    own = {b: markers[b] for b in loop.blocks if b in markers
           and not any(b in child.blocks for child in loop.children)}
    governing = {b: [m for m in found if m.kind in GOVERNS] for b, found in own.items()}
    governing = {b: found for b, found in governing.items() if found} or {
        b: [m for m in found if m.kind is Kind.RARE] for b, found in own.items()}
    governing = {b: found for b, found in governing.items() if found}
    stated = sorted({(m.kind, m.number, m.pot) for found in governing.values() for m in found})
    if not _cycles(graph, loop, set(), is_cut):
        return LoopBound(1)  # only a stay that begins within comes to the header again
    if not stated:
        if _is_retry(graph, loop):
            return LoopBound(0, waits=True)
        return "a loop without LOOP_BOUND"
    if len(stated) > 1:
        return f"a loop with more than one bound: {', '.join(str(s[1]) for s in stated)}"
    if _cycles(graph, loop, governing.keys(), is_cut):
        return "a way round a loop that passes no LOOP_BOUND"
    (kind, number, pot), = stated
    rare = {b: max(m.number for m in found if m.kind is Kind.RARE) for b, found in own.items()
            if any(m.kind is Kind.RARE for m in found)}
    if kind is Kind.WAITS:
        return LoopBound(0, waits=True)
    if kind is Kind.SHARED:
        return LoopBound(sum(rare.values()), rare=sum(rare.values()),
                         rare_blocks=frozenset(rare), pot=pot)
    if kind is Kind.BYTES:
        return LoopBound(0, bytes_each=number)
    counts_header = not _leaves_without(graph, loop, _certain(graph, governing))
    return LoopBound(max(number - 1, 0) if counts_header else number, rare=sum(rare.values()),
                     rare_blocks=frozenset(rare),
                     each_once=any(m.kind is Kind.EACH for found in own.values() for m in found))


def _cycles(graph, loop, without, is_cut):
    """Is there a way from the header to itself within the loop that avoids the blocks `without`?"""
    if loop.header in without:
        return False
    seen, todo = set(), [loop.header]
    while todo:
        node = todo.pop()
        for after in graph.successors(node):
            if after == loop.header and not is_cut(node, after):
                return True
            if (after in loop.blocks and after not in without and after not in seen
                    and not is_cut(node, after)):
                seen.add(after)
                todo.append(after)
    return False


def _certain(graph, own):
    """The blocks that surely contain their marker."""
    entered = {}
    for block in graph.blocks:
        for after in set(graph.successors(block)):
            entered[after] = entered.get(after, 0) + 1
    return {block for block, found in own.items()
            if entered.get(block, 0) <= 1 or any(m.address != block for m in found)}


def _leaves_without(graph, loop, certain):
    """Is there a way from the header out of the loop that avoids the blocks `certain`?"""
    if loop.header in certain:
        return False
    seen, todo = {loop.header}, [loop.header]
    while todo:
        node = todo.pop()
        for edge in graph.blocks[node].edges:
            if edge.to in (RETURN, END) or edge.to not in loop.blocks:
                return True
        for after in graph.successors(node):
            if after in loop.blocks and after not in certain and after not in seen:
                seen.add(after)
                todo.append(after)
    return False


def _is_retry(graph, loop):
    """Only exclusive accesses and arithmetic, no call."""
    words = [w for b in loop.blocks for w in graph.blocks[b].words]
    has_calls = any(e.calls for b in loop.blocks for e in graph.blocks[b].edges)
    return (not has_calls and any(map(is_load_exclusive, words))
            and any(map(is_store_exclusive, words)))
