"""Interval arithmetic over maps: sorted lists of stretches, none of which overlap in a list.

@req EVID-1
"""


def overlay(first, second):
    """Both lists of (start, end, what) laid over each other: (start, end, a, b) for each stretch
    on which neither changes, with None for a list that has nothing there."""
    found = []
    i = j = at = 0
    while i < len(first) or j < len(second):
        a = first[i] if i < len(first) else None
        b = second[j] if j < len(second) else None
        start = min(max(s[0], at) for s in (a, b) if s)
        in_a = a is not None and a[0] <= start
        in_b = b is not None and b[0] <= start
        end = min([s[1] if inside else s[0] for s, inside in ((a, in_a), (b, in_b)) if s])
        if end > start:
            found.append((start, end, a[2] if in_a else None, b[2] if in_b else None))
        at = max(at, end)
        i += in_a and a[1] <= end
        j += in_b and b[1] <= end
    return found


def without(stretches, holes):
    """The parts of `stretches` that no hole covers; both of (start, end, what), holes sorted and
    disjoint."""
    return [(start, end, a) for start, end, a, hole in overlay(stretches, holes)
            if a is not None and hole is None]


def merged(pairs):
    """(start, end) pairs sorted and joined."""
    found = []
    for start, end in sorted(pairs):
        if found and start <= found[-1][1]:
            found[-1][1] = max(found[-1][1], end)
        else:
            found.append([start, end])
    return [(a, b) for a, b in found]


def meetings(claims):
    """Pairs of claims (start, end, owner, ...) that overlap: (start of overlap, one, other)."""
    active = []
    for claim in sorted(claims, key=lambda c: c[:2]):
        active = [c for c in active if c[1] > claim[0]]
        for other in active:
            yield claim[0], other, claim
        active.append(claim)
