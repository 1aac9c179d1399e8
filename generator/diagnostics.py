"""What the compiler tells a person: collected, sorted by place, never one at a time.

Owns the types Place, Note and Diagnostic, and the collector that is handed to every phase.
Promises: the order of the output depends only on the places and texts, not on the order in
which the phases found things; the same diagnostic is kept once; what a description contains
cannot move the terminal's cursor, hide or fill the screen. Every diagnostic carries the id
of the rule that made it (the name of its example in tests/generator/bad), where, what, what it
collides with (notes, each with its own place) and what would fix it (remedy).

@req DESC-3
"""

from dataclasses import dataclass
import json
import re

ERROR = "error"
WARNING = "warning"
_LONG_WORD = re.compile(r"\S{201,}")


@dataclass(frozen=True, order=True)
class Place:
    """A position in a text file; line and column count from 1."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self):
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, order=True)
class Note:
    """A second culprit: what it is and where. The place is None for what has no line, such as
    memory of the hypervisor itself."""

    message: str
    place: Place | None = None


@dataclass(frozen=True)
class Diagnostic:
    rule: str
    severity: str
    place: Place
    message: str
    notes: tuple[Note, ...] = ()
    remedy: str = ""

    @property
    def order(self):
        return (self.place, self.rule, self.message)

    def as_text(self):
        lines = [f"{self.place}: {self.severity}: {self.message} [{self.rule}]"]
        for note in self.notes:
            where = f"{note.place}: " if note.place else "  "
            lines.append(f"{where}note: {note.message}")
        if self.remedy:
            lines.append(f"  fix: {self.remedy}")
        return "\n".join(lines)

    def as_dict(self):
        return {
            "rule": self.rule,
            "severity": self.severity,
            **_place_dict(self.place),
            "message": self.message,
            "notes": [{"message": n.message, **_place_dict(n.place)} for n in self.notes],
            "remedy": self.remedy,
        }


def shown(text):
    """`text` as it can be printed: what is invisible (control and format characters, spaces other
    than the usual one) as an escape, endless words without their middle."""
    visible = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii")
                      for c in text)
    return _LONG_WORD.sub(lambda word: f"{word[0][:60]}…{word[0][-20:]}", visible)


def _place_dict(place):
    if place is None:
        return {}
    return {"file": place.file, "line": place.line, "column": place.column}


def _diagnostic(rule, severity, place, message, notes, remedy):
    notes = tuple(Note(shown(n.message), n.place) for n in notes)
    return Diagnostic(rule, severity, place, shown(message), notes, shown(remedy))


class Diagnostics:
    """The collector. A phase reports and goes on with what is usable."""

    def __init__(self):
        self._found = {}

    def error(self, rule, place, message, *notes, remedy=""):
        self._add(_diagnostic(rule, ERROR, place, message, notes, remedy))

    def warning(self, rule, place, message, *notes, remedy=""):
        self._add(_diagnostic(rule, WARNING, place, message, notes, remedy))

    def _add(self, diagnostic):
        self._found.setdefault(diagnostic.order, diagnostic)

    def extend(self, diagnostics):
        for diagnostic in diagnostics:
            self._add(diagnostic)

    def __iter__(self):
        return iter(sorted(self._found.values(), key=lambda d: d.order))

    @property
    def has_errors(self):
        return any(d.severity == ERROR for d in self._found.values())

    @property
    def rules(self):
        return {d.rule for d in self._found.values()}

    def has(self, rule, place):
        """Was this reported here? Used to keep one mistake from giving two diagnostics."""
        return any(d.rule == rule and d.place == place for d in self._found.values())

    def as_text(self):
        return "".join(d.as_text() + "\n" for d in self)

    def as_json(self):
        return json.dumps([d.as_dict() for d in self], indent=2) + "\n"
