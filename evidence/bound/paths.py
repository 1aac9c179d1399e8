"""The longest way through a function, and through everything that it calls.

A function has four numbers, each a Cost or None (no such way), computed when asked for:
  through  from its first instruction to its return, without the end of a stay
  to_end   from its first instruction to the end of a stay in it or in a function that it calls
  out      from the begin of a stay in it (after a WFI, or in what it calls) to its return
  within   from the begin of a stay in it to the end of one
A loop is replaced, innermost first, by the longest ways through it: at most `back` times around,
then out. That a way exists in the graph does not say that it can be taken: all are bounds.
Turns that share a pot (LOOP_SHARED) are counted where the pot is (LOOP_POT), each as the longest.

@req EVID-4
"""

from dataclasses import dataclass
from functools import cached_property

from evidence.bound.bounds import Kind, LoopBound, bound_of
from evidence.bound.cost import ZERO, Cost, larger
from evidence.bound.graph import END, RETURN, read_graph
from evidence.bound.loops import Irreducible, loops_of, postorder

AGAIN = "again"  # the way to the header of the loop that one is in


@dataclass
class Shape:
    """A function, its loops and their bounds; the same whatever is excluded."""
    graph: object
    loops: list
    markers: dict  # block -> [Marker]
    bounds: dict  # header -> LoopBound, of the loops that were asked about
    inner: dict  # block -> innermost Loop
    callees: frozenset


class Recursion(Exception):
    """A cycle of calls: no bound exists. `path`: names."""

    def __init__(self, path):
        super().__init__(" > ".join(path))
        self.path = path


class Paths:
    """code: graph.Code; markers: of bounds.parse; classifiers: addresses of the functions that a
    class of exits may exclude; never: of those that all exclude."""

    def __init__(self, code, markers, classifiers, never=()):
        self.code, self.classifiers = code, frozenset(classifiers)
        self.widest = self.classifiers - frozenset(never)
        self.faults = []
        self.waits = {}  # (function, header) -> addresses of the loop's blocks
        self._markers = sorted(markers, key=lambda m: m.address)
        self._shapes, self._known, self._reached = {}, {}, {}
        self._open = []

    # --- shape ---------------------------------------------------------------------------

    def shape(self, entry):
        """The Shape of the function at `entry`."""
        if entry not in self._shapes:
            self._shapes[entry] = self._shape(entry)
        return self._shapes[entry]

    def _shape(self, entry):
        graph = read_graph(self.code, entry)
        self.faults += graph.faults
        try:
            loops = loops_of(entry, graph.successors)
        except Irreducible as where:
            self.fault(graph, where.block, "a loop that is entered at two places (irreducible)")
            loops = []
        inner = {}
        for loop in loops:
            for block in loop.blocks:
                inner.setdefault(block, loop)
        callees = frozenset(c for b in graph.blocks.values() for e in b.edges for c in e.calls)
        return Shape(graph, loops, self._markers_of(graph), {}, inner, callees)

    def fault(self, graph, address, what):
        """Takes down that there is no bound for `what` at `address`."""
        sentence = f"{graph.name} at {self.code.place(address)}: {what}"
        if sentence not in self.faults:
            self.faults.append(sentence)

    def reached(self, entry):
        """Classifiers that the function at `entry` is or can come to."""
        if entry not in self._reached:
            if entry in self._open:
                raise Recursion([self.code.functions[f] for f in
                                 (*self._open[self._open.index(entry):], entry)])
            self._open.append(entry)
            below = [self.reached(c) for c in sorted(self.shape(entry).callees)]
            self._open.pop()
            own = {entry} & self.classifiers
            self._reached[entry] = frozenset(own.union(*below))
        return self._reached[entry]

    def bound(self, shape, loop):
        """The LoopBound of one of its loops."""
        if loop.header not in shape.bounds:
            found = bound_of(shape.graph, loop, shape.markers,
                             lambda node, after: self._is_cut(shape.graph, node, after))
            if isinstance(found, str):
                self.fault(shape.graph, loop.header, found)
                found = LoopBound(0)
            if found.waits:
                self.waits[shape.graph.name, loop.header] = [
                    (b, b + 4 * shape.graph.blocks[b].count) for b in sorted(loop.blocks)]
            shape.bounds[loop.header] = found
        return shape.bounds[loop.header]

    def _markers_of(self, graph):
        found = {}
        for block in graph.blocks.values():
            end = block.start + 4 * block.count
            for marker in self._markers:
                if block.start <= marker.address < end:
                    found.setdefault(block.start, []).append(marker)
        return found

    def _is_cut(self, graph, node, after):
        """Does a stay always end between the two blocks?"""
        edges = [e for e in graph.blocks[node].edges if e.to == after]
        return all(e.calls and all(self.summary(c, self.widest, 0).through is None
                                   for c in e.calls) for e in edges)

    def is_sized(self, entry):
        """Does the function at `entry` take a number of bytes to go through?"""
        return any(m.kind is Kind.BYTES for found in self.shape(entry).markers.values()
                   for m in found)

    def size(self, shape, block):
        """The third argument of the call that ends `block`, at most; None: unknown."""
        stated = [m.number for m in shape.markers.get(block, ()) if m.kind is Kind.SIZE]
        if stated:
            return max(stated)
        for word in reversed(shape.graph.blocks[block].words[:-1]):
            if word & 0x7FE0001F == 0x52800002:  # movz w2 or x2, #n
                return word >> 5 & 0xFFFF
            if word & 31 == 2:  # may write x2
                return None
        return None

    # --- costs ---------------------------------------------------------------------------

    def summary(self, entry, allowed, size=None):
        """The Walk through the function at `entry` when of the classifiers only `allowed` run;
        size: its third argument where it is sized."""
        key = (entry, self.reached(entry) & allowed, size)
        if key not in self._known:
            is_excluded = entry in self.classifiers - allowed
            self._known[key] = Walk(self, self.shape(entry), allowed, size, is_excluded)
        return self._known[key]


class Walk:
    """One function with some classifiers excluded; itself, too, where `is_excluded`: then a stay
    may begin in it, but none comes to it."""

    def __init__(self, paths, shape, allowed, size, is_excluded):
        self.paths, self.shape, self.allowed, self.bytes = paths, shape, allowed, size
        self.graph, self.is_excluded = shape.graph, is_excluded
        self.pots = {}  # pot -> Cost of the longest turn that it pays for, as far as is known
        self._through, self._order = {}, {}

    @cached_property
    def through(self):
        """From the first instruction to the return."""
        return None if self.is_excluded else self.paid(self.to(self.entered, RETURN))

    @cached_property
    def to_end(self):
        """From the first instruction to the end of a stay."""
        return None if self.is_excluded else self.paid(self.to(self.entered, END))

    @cached_property
    def out(self):
        """From the begin of a stay to the return."""
        return self.paid(self.to(self.begun, RETURN))

    @cached_property
    def within(self):
        """From the begin of a stay to the end of one."""
        return self.paid(self.to(self.begun, END))

    @cached_property
    def entered(self):
        """The ways from the first instruction."""
        return self.spread(None, {self.graph.entry: ZERO})

    @cached_property
    def begun(self):
        """The ways from where a stay begins."""
        return self.spread(None, self.begins())

    @cached_property
    def limits(self):
        """{pot: turns} of this function."""
        found = {}
        for block, markers in self.shape.markers.items():
            for marker in markers:
                if marker.kind is Kind.POT:
                    found[marker.pot] = marker.number
                    if block in self.shape.inner:
                        self.paths.fault(self.graph, marker.address, "LOOP_POT within a loop")
        return found

    def paid(self, cost):
        """`cost` and all turns of the pots that are this function's."""
        for pot, turns in self.limits.items():
            if cost is not None and pot in self.pots:
                cost = cost.plus(self.pots[pot], turns)
        return cost

    def open_pots(self):
        """Those that a caller has to pay for."""
        return {pot: turn for pot, turn in self.pots.items() if pot not in self.limits}

    @staticmethod
    def to(ways, goal):
        found = None
        for (_, to), cost in ways.items():
            if to == goal:
                found = larger(found, cost)
        return found

    def begins(self):
        """{block: what was executed before it} where a stay begins in this function or below."""
        found = {}
        for after in self.graph.wakes.values():
            found[after] = larger(found.get(after), ZERO)
        for block in self.graph.blocks.values():
            for edge in block.edges:
                for below in self.below(block.start, edge, "out"):
                    if edge.to == RETURN:
                        found[RETURN] = larger(found.get(RETURN), below)
                    elif edge.to != END:
                        found[edge.to] = larger(found.get(edge.to), below)
        for block in self.graph.blocks.values():
            for edge in block.edges:
                if edge.to == END:
                    for below in self.below(block.start, edge, "within"):
                        found[END] = larger(found.get(END), below)
        return found

    def below(self, block, edge, what):
        """The Costs `what` of the functions that `edge` of `block` calls."""
        found = []
        for callee in edge.calls:
            below = self.paths.summary(callee, self.allowed, self.argument(block, callee))
            cost = getattr(below, what)
            for pot, turn in below.open_pots().items():
                self.pots[pot] = larger(self.pots.get(pot), turn)
            if cost is not None:
                found.append(cost)
        return found

    def argument(self, block, callee):
        """The third argument of the call of `callee` that ends `block`, if it matters."""
        if not self.paths.is_sized(callee):
            return None
        size = self.paths.size(self.shape, block)
        if size is None:
            self.paths.fault(self.graph, block + 4 * self.graph.blocks[block].count - 4,
                             f"a call of {self.paths.code.functions[callee]} of unknown size, "
                             "without LOOP_SIZE")
        return size or 0

    def cost(self, block, edge):
        """What `edge` of `block` costs after it; None: it cannot be taken."""
        if not edge.calls:
            return ZERO
        if edge.to != END and len(edge.calls) > 1 and self.is_once(block):
            return ZERO if self.below(block, edge, "through") else None  # see leave()
        below = self.below(block, edge, "to_end" if edge.to == END else "through")
        return max(below, key=lambda c: c.total, default=None)

    def is_once(self, block):
        """Are the calls that end `block` made at most once to each function?"""
        loop = self.shape.inner.get(block)
        return loop is not None and self.paths.bound(self.shape, loop).each_once

    def once(self, loop):
        """The Cost of all functions that `loop` calls at most once each."""
        total, done = ZERO, set()
        for block in sorted(loop.blocks):
            for edge in self.graph.blocks[block].edges:
                if edge.to != END and len(edge.calls) > 1 and self.shape.inner[block] is loop:
                    for callee in edge.calls:
                        size = self.argument(block, callee)
                        cost = self.paths.summary(callee, self.allowed, size).through
                        if callee not in done and cost is not None:
                            done.add(callee)
                            total = total.plus(cost)
        return total

    def child(self, region, block):
        """The loop directly in `region` (None: the function) that holds `block`, or None."""
        loop = self.shape.inner.get(block)
        while loop is not None and loop is not region and loop.parent is not region:
            loop = loop.parent
        return None if loop is region else loop

    def spread(self, region, starts, without=frozenset()):
        """{(block, where to): Cost} of the ways out of `region` from the blocks `starts` ({block:
        Cost before it}), without going round it or through the blocks `without`; AGAIN: to its
        header."""
        ways = {(None, goal): starts[goal] for goal in (RETURN, END) if goal in starts}
        items = {}  # block or header of a child loop -> {block: Cost}
        for block, before in starts.items():
            if block not in (RETURN, END):
                items.setdefault(self.item(region, block), {})[block] = before
        for item in self.order(region):
            if item not in items or item in without:
                continue
            loop = self.child(region, item)
            leaves = self.leave(loop, items[item]) if loop else self.step(item, items[item][item])
            for (block, to), cost in leaves.items():
                if region is not None and to == region.header:
                    to = AGAIN
                is_inside = to in self.graph.blocks and (region is None or to in region.blocks)
                if to == AGAIN or not is_inside:
                    ways[block, to] = larger(ways.get((block, to)), cost)
                else:
                    into = items.setdefault(self.item(region, to), {})
                    into[to] = larger(into.get(to), cost)
        return ways

    def item(self, region, block):
        loop = self.child(region, block)
        return loop.header if loop else block

    def order(self, region):
        """The items of `region`, each before all that it leads to."""
        key = region.header if region else None
        if key not in self._order:
            def after(item):
                loop = self.child(region, item)
                found = []
                for block in sorted(loop.blocks) if loop else [item]:
                    for to in self.graph.successors(block):
                        if ((region is None or (to in region.blocks and to != region.header))
                                and self.item(region, to) != item):
                            found.append(self.item(region, to))
                return found

            first = region.header if region else self.graph.entry
            self._order[key] = list(reversed(postorder(self.item(region, first), after)))
        return self._order[key]

    def step(self, block, before):
        """The ways out of one block."""
        size = Cost.of(self.graph.name, self.graph.blocks[block].count)
        found = {}
        for edge in self.graph.blocks[block].edges:
            cost = self.cost(block, edge)
            if cost is not None:
                done = before.plus(size).plus(cost)
                found[block, edge.to] = larger(found.get((block, edge.to)), done)
        return found

    def leave(self, loop, starts):
        """The ways out of `loop`, going round it as often as its bound allows."""
        bound = self.paths.bound(self.shape, loop)
        first = self.spread(loop, starts)
        again, around, cheap = self.turns(loop, bound)
        ways = {key: cost for key, cost in first.items() if key[1] != AGAIN}
        entered = self.to(first, AGAIN)
        if bound.each_once:
            once = self.once(loop)
            ways = {key: cost.plus(once) for key, cost in ways.items()}
            entered = entered and entered.plus(once)
        back = bound.back if bound.bytes_each is None else -(-self.bytes // bound.bytes_each)
        if back > 0 and entered is not None:
            rounds = self.rounds(entered, back - 1, bound, around, cheap)
            for key, cost in again.items():
                if key[1] != AGAIN:
                    ways[key] = larger(ways.get(key), rounds.plus(cost))
        return ways

    def turns(self, loop, bound):
        """(ways from the header, Cost of the longest turn, of the longest that is not rare)."""
        if loop.header not in self._through:
            again = self.spread(loop, {loop.header: ZERO})
            around = self.to(again, AGAIN)
            cheap = around
            if bound.rare_blocks:
                cheap = self.to(self.spread(loop, {loop.header: ZERO}, bound.rare_blocks), AGAIN)
            if bound.pot is not None and cheap is not None:
                self.pots[bound.pot] = larger(self.pots.get(bound.pot), cheap)
            self._through[loop.header] = again, around, cheap
        return self._through[loop.header]

    @staticmethod
    def rounds(entered, count, bound, around, cheap):
        """`entered` and `count` turns more."""
        if around is None:
            return entered
        dear = min(bound.rare, count) if bound.rare_blocks else count
        done = entered.plus(around, dear)
        return done.plus(cheap, count - dear) if cheap is not None else done
