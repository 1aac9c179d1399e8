"""The deepest path through a call graph without cycles.

@req EVID-4
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Bound:
    bytes: int
    path: tuple  # titles, outermost first


class Recursion(Exception):
    """A cycle of calls: no bound exists. `path`: the titles around it."""

    def __init__(self, path):
        super().__init__(" > ".join(path))
        self.path = path


def deepest(entry, frames, callees):
    """The Bound of `entry`; frames: title -> bytes, callees: title -> set of titles."""
    known, order = {}, []
    open_titles = set()
    stack = [(entry, iter(sorted(callees.get(entry, ()))))]
    order.append(entry)
    open_titles.add(entry)
    while stack:
        title, rest = stack[-1]
        below = next((c for c in rest if c not in known), None)
        if below is None:
            known[title] = _of(title, frames, callees, known)
            stack.pop()
            open_titles.discard(order.pop())
        elif below in open_titles:
            raise Recursion((*order[order.index(below):], below))
        else:
            stack.append((below, iter(sorted(callees.get(below, ())))))
            order.append(below)
            open_titles.add(below)
    return known[entry]


def _of(title, frames, callees, known):
    below = [known[c] for c in sorted(callees.get(title, ()))]
    worst = max(below, key=lambda b: b.bytes, default=Bound(0, ()))
    return Bound(frames[title] + worst.bytes, (title, *worst.path))


def reachable(entry, callees):
    """Every title that a path from `entry` meets."""
    seen, todo = {entry}, [entry]
    while todo:
        for callee in callees.get(todo.pop(), ()):
            if callee not in seen:
                seen.add(callee)
                todo.append(callee)
    return seen
