"""Bounds of all classes of one linked image, and what was measured against them.

@req EVID-4
"""

from dataclasses import dataclass

from evidence.bound.classes import NEVER, WAKE, classes, classifiers
from evidence.bound.elf import VECTOR_BYTES, VECTORS, Linked
from evidence.bound.paths import Paths, Recursion
from evidence.stays import Functions, start_name

# Where a CPU begins: it may sleep at EL2 for the first time there.
BOOTS = ("primary_entry", "secondary_entry")
STARTS_OF_BOOT = ("_start", "secondary_entry")
LOWER = range(8, 16)  # vectors for exceptions from a lower exception level


@dataclass
class Row:
    """One class. bound: None where it cannot happen; parts: {function: instructions} of the bound;
    measured: the longest stay seen, or None; worst: its {function: instructions}."""
    title: str
    bound: int | None
    parts: dict
    measured: int | None
    count: int
    worst: dict


class Bounds:
    """The bounds of one image."""

    def __init__(self, image):
        self.linked = Linked(image)
        self.names = classifiers(self.linked)
        self.classes = classes(self.linked)
        self._address = {n: self.linked.by_name[n] for n in self.names}
        self._paths = Paths(self.linked.code(), self.linked.markers, self._address.values(),
                            [self._address[n] for n in NEVER if n in self._address])
        vectors = image.symbol(VECTORS).address
        self._ways_in = {start_name(image, address): address
                         for address in (vectors + VECTOR_BYTES * n for n in LOWER)}
        self._costs = {}
        self.rows = self._rows()

    @property
    def faults(self):
        """Why there is no bound; empty: all are bounds."""
        return sorted(set(self._paths.faults))

    @property
    def waits(self):
        """[(low, high)] of the code that waits for other CPUs or for hardware."""
        return sorted({r for ranges in self._paths.waits.values() for r in ranges})

    @property
    def waiting(self):
        """Names of the functions with such code."""
        return sorted({name for name, _ in self._paths.waits})

    def cost(self, start, entered):
        """The bound of the stays that begin at `start` and enter only `entered`: a Cost, or None
        when there are none."""
        key = start, entered
        if key not in self._costs:
            allowed = frozenset(self._address[n] for n in entered)
            if start in WAKE:
                roots = [*self._ways_in.values(), *(self.linked.by_name[b] for b in BOOTS)]
                found = [self._paths.summary(root, allowed).within for root in roots]
            else:
                found = [self._paths.summary(self._ways_in[start], allowed).to_end]
            self._costs[key] = max((c for c in found if c is not None), key=lambda c: c.total,
                                   default=None)
        return self._costs[key]

    def _rows(self):
        try:
            return [self._row(of) for of in self.classes]
        except Recursion as cycle:
            self._paths.faults.append(f"recursion: {cycle}")
            return []

    def _row(self, of):
        costs = [self.cost(start, of.allowed) for start in of.start]
        worst = max((c for c in costs if c is not None), key=lambda c: c.total, default=None)
        return Row(of.title, worst and worst.total, worst.parts() if worst else {}, None, 0, {})

    def compare(self, measured):
        """Puts the Measured stays into the rows; returns sentences about those that no class holds
        or that are longer than the bound of exactly what they enter."""
        functions = Functions(self.linked.image)
        wrong = []
        for stay in measured.stays:
            if stay.start in STARTS_OF_BOOT:
                continue
            entered = frozenset(stay.classes)
            name = f"{stay.start} ({', '.join(stay.classes) or 'no function of a class'})"
            place = next((i for i, of in enumerate(self.classes) if of.holds(stay.start, entered)),
                         None)
            if place is None:
                wrong.append(f"{name}: a stay of no class")
                continue
            row = self.rows[place]
            row.count += stay.count
            if row.measured is None or stay.max > row.measured:
                row.measured, row.worst = stay.max, functions.sums(stay.worst)
            cost = self.cost(stay.start, entered)
            if cost is None or stay.max > cost.total:
                wrong.append(f"{name}: {stay.max} instructions were executed, and the bound is "
                             f"{cost.total if cost else 'that there is no such stay'}")
        return wrong
