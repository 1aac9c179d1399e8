"""A number of instructions that remembers what it is made of.

@req EVID-4
"""

from itertools import count

_serial = count()


class Cost:
    """`total` instructions. Immutable; sums share their terms, so that a path through a thousand
    blocks costs no more to keep than one through ten."""

    __slots__ = ("total", "_terms", "_leaf", "_serial")

    def __init__(self, total, terms=(), leaf=None):
        self.total, self._terms, self._leaf = total, terms, leaf
        self._serial = next(_serial)

    @classmethod
    def of(cls, name, instructions):
        """`instructions` of the function `name`."""
        return cls(instructions, leaf=name)

    def plus(self, other, times=1):
        """This, then `times` the other."""
        if times == 0 or (other.total == 0 and not other._terms and other._leaf is None):
            return self
        return Cost(self.total + times * other.total, ((self, 1), (other, times)))

    def parts(self):
        """{function: instructions}, the largest first."""
        weights = {self: 1}
        order = {self._serial: self}
        found = {}
        while order:
            # Terms are older than their sum: the youngest has heard of all its users.
            node = order.pop(max(order))
            weight = weights.pop(node)
            if node._leaf is not None:
                found[node._leaf] = found.get(node._leaf, 0) + weight * node.total
            for term, times in node._terms:
                weights[term] = weights.get(term, 0) + weight * times
                order[term._serial] = term
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


ZERO = Cost(0)


def larger(one, other):
    """The larger of two Costs, either of which may be None: no such path."""
    if one is None or other is None:
        return one or other
    return one if one.total >= other.total else other
