"""The control flow graph of one function, from its code.

A block ends at a branch, a call, the end of a stay, or before a branch's target. A branch to the
first instruction of another function is a call whose return is this function's; GCC's `.cold`
parts are no functions. Blocks after a WFI are entries: a stay begins there.

@req EVID-4
"""

from dataclasses import dataclass, field

from evidence.bound.a64 import Kind, WFI, flow

RETURN, END = "return", "end"  # where an edge may lead instead of to a block


@dataclass(frozen=True)
class Edge:
    """Way out of a block. `to`: a block's address, RETURN or END. `calls`: functions one of which
    is called on the way; for END, the stay ends in that function."""
    to: object
    calls: tuple = ()


@dataclass
class Block:
    start: int
    count: int = 0  # instructions
    edges: list = field(default_factory=list)
    words: list = field(default_factory=list)


@dataclass
class Graph:
    name: str
    entry: int
    blocks: dict  # address -> Block
    wakes: dict  # block that a WFI ends -> the block after it
    faults: list

    def successors(self, start):
        """Addresses of the blocks after `start`, those after a WFI included."""
        found = [e.to for e in self.blocks[start].edges if e.to not in (RETURN, END)]
        return found + ([self.wakes[start]] if start in self.wakes else [])


class Code:
    """What the graphs are made from. word: address -> instruction or None; functions: addresses
    where one starts, with its name; noreturn: addresses of those that never return; targets: of
    an indirect call at an address, or None; table: of an indirect jump within a function, or None;
    place: of an address, for messages."""

    def __init__(self, word, functions, noreturn, targets, table, place):
        self.word, self.functions, self.noreturn = word, functions, noreturn
        self.targets, self.table, self.place = targets, table, place

    def starts_function(self, address):
        """Is it the first instruction of a function (not of a .cold part)?"""
        return address in self.functions and ".cold" not in self.functions[address]


class _Reader:
    def __init__(self, code, entry):
        self.code, self.entry = code, entry
        self.graph = Graph(code.functions[entry], entry, {}, {}, [])

    def is_own(self, address):
        return address == self.entry or not self.code.starts_function(address)

    def reach(self):
        """{address: Flow} of every instruction of the function, and the addresses that start
        a block."""
        found, leaders, todo = {}, {self.entry}, [self.entry]
        while todo:
            address = todo.pop()
            while address not in found:
                word = self.code.word(address)
                if word is None:
                    self.fault(address, "the code runs out of the image")
                    break
                step = found[address] = flow(word, address)
                if step.kind in (Kind.JUMP, Kind.BRANCH) and self.is_own(step.target):
                    leaders.add(step.target)
                    todo.append(step.target)
                if step.kind is Kind.JUMP_REGISTER:
                    cases = self.code.table(address) or ()
                    leaders.update(cases)
                    todo += cases
                if not self.goes_on(step, address):
                    break
                address += 4
                if step.kind is not Kind.NEXT:
                    leaders.add(address)
                if not self.is_own(address):
                    break
        return found, leaders

    def goes_on(self, step, address):
        """May the next instruction execute after this one, in this function?"""
        if step.kind is Kind.CALL:
            return step.target not in self.code.noreturn
        if step.kind is Kind.END:
            return self.code.word(address) == WFI
        return step.kind in (Kind.NEXT, Kind.BRANCH, Kind.CALL_REGISTER)

    def fault(self, address, what):
        self.graph.faults.append(f"{self.code.functions[self.entry]} at "
                                 f"{self.code.place(address)}: {what}")

    def read(self):
        flows, leaders = self.reach()
        for start in sorted(leaders & flows.keys()):
            block = Block(start)
            address = start
            while address in flows:
                block.count += 1
                block.words.append(self.code.word(address))
                last = address
                address += 4
                if flows[last].kind is not Kind.NEXT or address in leaders:
                    break
            block.edges = self.edges(last, flows[last])
            self.graph.blocks[start] = block
            if block.words[-1] == WFI and self.is_own(address):
                self.graph.wakes[start] = address
        return self.graph

    def edges(self, address, step):
        """The ways out after the instruction at `address`."""
        after = address + 4
        if step.kind is Kind.NEXT:
            return self.jump(after)
        if step.kind is Kind.JUMP:
            return self.jump(step.target)
        if step.kind is Kind.BRANCH:
            return self.jump(step.target) + self.jump(after)
        if step.kind is Kind.CALL:
            return self.call((step.target,), after)
        if step.kind is Kind.CALL_REGISTER:
            return self.call(self.indirect(address), after)
        if step.kind is Kind.JUMP_REGISTER:
            cases = self.code.table(address)
            return ([Edge(c) for c in cases] if cases
                    else self.call(self.indirect(address), RETURN))
        if step.kind is Kind.RETURN:
            return [Edge(RETURN)]
        if step.kind is Kind.END:
            return [Edge(END)]
        if step.kind is Kind.UNKNOWN:
            self.fault(address, "a branch of an unknown kind")
        return []

    def jump(self, target):
        if self.is_own(target):
            return [Edge(target)]
        return self.call((target,), RETURN)

    def call(self, targets, after):
        calls = tuple(t for t in targets if t not in self.code.noreturn)
        if calls and after != RETURN and not self.is_own(after):
            self.fault(after - 4, "a call at the end of the function, which goes on in the next")
            after = RETURN
        return [Edge(after, calls), Edge(END, calls)] if calls else []

    def indirect(self, address):
        targets = self.code.targets(address)
        if not targets:
            self.fault(address, "a call through a pointer, and no row of "
                                "evidence/stack/indirect.py says where to")
        return tuple(targets or ())


def read_graph(code, entry):
    """The Graph of the function at `entry`."""
    return _Reader(code, entry).read()
