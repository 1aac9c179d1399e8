"""The name that somebody probably meant."""

from difflib import get_close_matches


def nearest_name(name, names, cutoff=0.6):
    """The closest of `names`, or None when nothing is close. Ties go to the first in the order of
    `names`."""
    found = get_close_matches(name, list(names), n=1, cutoff=cutoff)
    return found[0] if found else None


def meant_or_listed(name, names):
    """A remedy: the nearest name, or all of them."""
    names = list(names)
    near = nearest_name(name, names)
    if near:
        return f"did you mean `{near}`?"
    if not names:
        return ""
    return "possible here: " + ", ".join(f"`{n}`" for n in names)
