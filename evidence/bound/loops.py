"""Natural loops of a control flow graph.

A loop is entered at its header only; a graph with a cycle that can be entered at two places
(irreducible) has no loops to count, and is a fault. [A. Aho et al., Compilers, 9.6]

@req EVID-4
"""

from dataclasses import dataclass, field


@dataclass
class Loop:
    header: int
    blocks: set
    latches: set  # blocks with an edge back to the header
    children: list = field(default_factory=list)
    parent: object = None


class Irreducible(Exception):
    """`block`: where a cycle is entered beside its header."""

    def __init__(self, block):
        super().__init__(hex(block))
        self.block = block


def postorder(root, successors):
    """Every node that `root` reaches; without cycles, each after all that it leads to."""
    seen, order = {root}, []
    stack = [(root, iter(successors(root)))]
    while stack:
        node, rest = stack[-1]
        fresh = next((s for s in rest if s not in seen), None)
        if fresh is None:
            order.append(node)
            stack.pop()
        else:
            seen.add(fresh)
            stack.append((fresh, iter(successors(fresh))))
    return order


def _dominators(root, successors):
    """(node -> its immediate dominator, node -> reverse postorder number, node -> predecessors).
    [K. Cooper, T. Harvey, K. Kennedy: A Simple, Fast Dominance Algorithm]"""
    order = list(reversed(postorder(root, successors)))
    number = {node: i for i, node in enumerate(order)}
    before = {node: [] for node in order}
    for node in order:
        for after in successors(node):
            before[after].append(node)
    above = {root: root}
    changed = True
    while changed:
        changed = False
        for node in order[1:]:
            best, *others = [p for p in before[node] if p in above]
            for other in others:
                while best != other:
                    if number[best] > number[other]:
                        best = above[best]
                    else:
                        other = above[other]
            if above.get(node) != best:
                above[node], changed = best, True
    return above, number, before


def _dominates(one, other, above):
    while other not in (one, above[other]):
        other = above[other]
    return other == one


def loops_of(root, successors):
    """The Loops of the graph that `root` reaches, innermost first."""
    above, number, before = _dominators(root, successors)
    found = {}
    for node in number:
        for after in successors(node):
            if number[after] <= number[node]:
                if not _dominates(after, node, above):
                    raise Irreducible(after)
                loop = found.setdefault(after, Loop(after, {after}, set()))
                loop.latches.add(node)
    for loop in found.values():
        todo = [latch for latch in loop.latches if latch not in loop.blocks]
        while todo:
            node = todo.pop()
            if node not in loop.blocks:
                loop.blocks.add(node)
                todo += before[node]
    ordered = sorted(found.values(), key=lambda l: (len(l.blocks), l.header))
    for i, loop in enumerate(ordered):
        loop.parent = next((o for o in ordered[i + 1:] if loop.header in o.blocks), None)
        if loop.parent:
            loop.parent.children.append(loop)
    return ordered
