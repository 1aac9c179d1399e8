"""Verdicts: what each property looked at, and what it found wrong, per VM and for the system.

A property that looked at nothing has not been shown: it fails.

@req EVID-1
"""

from dataclasses import dataclass, field

SYSTEM = "system"  # the subject of what is about no single VM
VIOLATIONS_KEPT = 20


@dataclass(frozen=True)
class Property:
    """`check(evidence, result)` counts what it looks at and reports what is wrong.
    With `scope` "vm" every VM must have been looked at, else the system."""
    id: str
    title: str
    check: object
    scope: str = SYSTEM


@dataclass(frozen=True)
class Violation:
    """One place where a property does not hold. `pa`: first byte of physical memory; `place`:
    (table, index, value) of the descriptor that makes it so."""
    subject: str
    sentence: str
    pa: int | None = None
    place: tuple | None = None

    @property
    def text(self):
        """One sentence, with the place."""
        parts = [f"{self.subject}: {self.sentence}"]
        if self.pa is not None:
            parts.append(f"first byte 0x{self.pa:x}")
        if self.place is not None:
            table, index, value = self.place
            parts.append(f"by {table}" + (f"[{index}]" if index is not None else "")
                         + (f" = 0x{value:016x}" if value is not None else ""))
        return "; ".join(parts)


class Enough(Exception):
    """No further violation of this property is of interest."""


@dataclass
class Result:
    """What one property came to."""
    property: Property
    keep: int = VIOLATIONS_KEPT
    counts: dict = field(default_factory=dict)
    violations: list = field(default_factory=list)
    skipped: str = ""  # why it was not looked at

    def count(self, subject, number=1):
        """`number` more things of `subject` were looked at."""
        self.counts[subject] = self.counts.get(subject, 0) + number

    def wrong(self, subject, sentence, pa=None, place=None):
        """Reports a violation; raises Enough when there are as many as are kept."""
        self.violations.append(Violation(subject, sentence, pa, place))
        if len(self.violations) >= self.keep:
            raise Enough

    def expect(self, good, subject, sentence, pa=None, place=None):
        """Counts one thing looked at, and reports it unless it is good."""
        self.count(subject)
        if not good:
            self.wrong(subject, sentence, pa, place)

    @property
    def holds(self):
        """Was it looked at, and nothing found wrong?"""
        return not self.skipped and not self.violations

    def of(self, subject):
        """"holds", "violated" or "not checked" for one VM or the system."""
        if any(v.subject == subject for v in self.violations):
            return "violated"
        return "holds" if self.counts.get(subject) and not self.skipped else "not checked"


def demand_counts(result, subjects):
    """A property must have looked at something, for each VM where it is about VMs."""
    wanted = subjects if result.property.scope == "vm" else [SYSTEM]
    for subject in wanted:
        if not result.counts.get(subject) and not result.violations:
            result.violations.append(Violation(subject, "nothing was there to be checked"))
