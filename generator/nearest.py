"""The name that somebody probably meant.

@req DESC-3
"""


def typing_distance(one, other):
    """How many slips of the fingers lie between two words: a letter too many, missing, wrong, or
    two neighbours swapped."""
    before, last = [], list(range(len(other) + 1))
    for i, letter in enumerate(one, 1):
        row = [i]
        for j, wanted in enumerate(other, 1):
            cost = min(last[j] + 1, row[j - 1] + 1, last[j - 1] + (letter != wanted))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == wanted:
                cost = min(cost, before[j - 2] + 1)
            row.append(cost)
        before, last = last, row
    return last[-1]


def nearest_name(name, names):
    """The closest of `names`, the first of equals, or None when none is close: at most a third of
    the letters may differ, and two of a short word."""
    best, best_distance = None, max(2, len(name) // 3) + 1
    for candidate in names:
        distance = typing_distance(name, candidate)
        if distance < best_distance and distance < len(candidate):
            best, best_distance = candidate, distance
    return best


def meant_or_listed(name, names):
    """A remedy: the nearest name, or all of them."""
    names = list(names)
    near = nearest_name(name, names)
    if near:
        return f"did you mean `{near}`?"
    if not names:
        return ""
    return "possible here: " + ", ".join(f"`{n}`" for n in names)
