"""Two meanings compared: who gained or lost what, what changed, what was only moved or renamed.

Promises: a pure function of the two meanings; equal meanings give an empty Difference; the
comparison the other way round gives the same with gained and lost, old and new exchanged; the
order is that of the VMs' names, then of KINDS, then of the things' names.

A thing is found again by its key. What is left over is paired where all that it means is equal:
then only its name changed. VMs likewise.

@req DESC-8
"""

from dataclasses import dataclass
from fractions import Fraction

from generator.meaning import ALWAYS, SYSTEM, Thing

KINDS = ("board", "setting", "memory", "shared", "device", "interrupt", "cpu", "time", "right",
         "grant", "smc", "control", "health", "emulated", "gic", "contents", "start", "devicetree")
EXCLUSIVE = ("device", "interrupt")  # one owner in the machine; CPUs by their field
GAINED, LOST, CHANGED = "gained", "lost", "changed"
RELOCATED, RENAMED = "relocated", "renamed"


@dataclass(frozen=True)
class Change:
    """`owner`: the new VM's name where there is one, or SYSTEM. old, new: None when there is
    none. `other`: the VM that lost what this one gained, or gained what it lost."""

    effect: str
    owner: str | None
    old: Thing | None
    new: Thing | None
    fields: tuple = ()  # (name, old value, new value) of what differs
    other: str | None = None
    was: str | None = None  # the owner's name in the old description, where that is another

    @property
    def thing(self):
        return self.new or self.old


@dataclass(frozen=True)
class Difference:
    old: object  # Meaning
    new: object
    added: tuple  # VMs that are new: names
    removed: tuple
    renamed_vms: tuple  # (old name, new name)
    changes: tuple  # of meaning: GAINED, LOST, CHANGED
    relocated: tuple
    renamed: tuple

    @property
    def is_same_meaning(self):
        return not (self.added or self.removed or self.changes)

    @property
    def is_empty(self):
        return self.is_same_meaning and not (
            self.relocated or self.renamed or self.renamed_vms
            or self.old.system != self.new.system)


def compare(old, new):
    """Difference of two meaning.Meaning."""
    kept, removed, added = _matched_vms(old, new)
    changes = [c for before, after in kept for c in _owner_changes(
        old.owners[before][1], new.owners[after][1], after, before if before != after else None)]
    changes += [Change(LOST, name, thing, None) for name in removed
                for thing in old.owners[name][1] if not _is_all_time(thing)]
    changes += [Change(GAINED, name, None, thing) for name in added
                for thing in new.owners[name][1] if not _is_all_time(thing)]
    named = {before: after for before, after in kept if before is not SYSTEM}
    changes = sorted((_with_other(c, old, new, named) for c in _without_echo(changes)), key=_order)
    return Difference(
        old, new, tuple(added), tuple(removed),
        tuple((b, a) for b, a in kept if b != a),
        tuple(c for c in changes if c.effect in (GAINED, LOST, CHANGED)),
        tuple(c for c in changes if c.effect == RELOCATED),
        tuple(c for c in changes if c.effect == RENAMED))


def _order(change):
    thing = change.thing
    return (change.owner or "", KINDS.index(thing.kind), thing.name, str(thing.key),
            change.effect, str(thing.fields))


# --- VMs ------------------------------------------------------------------------------------


def _matched_vms(old, new):
    """([(old name, new name)], [removed], [added]); SYSTEM first, names sorted."""
    kept = [(name, name) for name in old.owners if name in new.owners]
    removed = sorted(name for name in old.owners if name not in new.owners)
    added = sorted(name for name in new.owners if name not in old.owners)
    for name in list(removed):
        twin = next((a for a in added
                     if _essence(new.owners[a][1]) == _essence(old.owners[name][1])), None)
        if twin is not None:
            kept.append((name, twin))
            removed.remove(name)
            added.remove(twin)
    return sorted(kept, key=lambda pair: pair[0] or ""), removed, added


def _essence(things):
    """What a VM has, but for names."""
    return sorted(repr((t.kind, None if t.kind in _NAMED else t.key, t.bound)) for t in things)


# --- things ---------------------------------------------------------------------------------

# Kinds of which the key is a person's choice, or has one in it: a VM's window called `ram` or
# `memory` is the same window.
_NAMED = ("memory", "shared", "emulated", "contents")

# From the surest sign that two things are one to the least.
_SAME = (
    lambda one, other: one.key == other.key and one.bound == other.bound,
    lambda one, other: one.kind in _NAMED and one.bound == other.bound,
    lambda one, other: one.key == other.key,
)


def _owner_changes(old, new, owner, was):
    left_old, left_new, pairs = list(old), list(new), []
    for same in _SAME:
        for thing in list(left_old):
            found = next((t for t in left_new if t.kind == thing.kind and same(thing, t)), None)
            if found is not None:
                pairs.append((thing, found))
                left_old.remove(thing)
                left_new.remove(found)
    for before, after in pairs:
        yield from _pair_changes(before, after, owner, was)
    yield from (Change(LOST, owner, thing, None, was=was) for thing in left_old
                if not _is_all_time(thing))
    yield from (Change(GAINED, owner, None, thing, was=was) for thing in left_new
                if not _is_all_time(thing))


def _is_all_time(thing):
    """A CPU for itself: its `cpu` says that."""
    return thing.kind == "time" and dict(thing.fields)["share"] == ALWAYS


def _pair_changes(before, after, owner, was):
    old, new = dict(before.fields), dict(after.fields)
    differing = [(name, old.get(name), new.get(name))
                 for name in dict.fromkeys((*old, *new)) if old.get(name) != new.get(name)]
    free = before.free & after.free
    bound = tuple(d for d in differing if d[0] not in free)
    moved = tuple(d for d in differing if d[0] in free)
    if bound:
        yield Change(_effect(before, bound), owner, before, after, bound, was=was)
    if moved:
        yield Change(RELOCATED, owner, before, after, moved, was=was)
    if before.label != after.label:
        yield Change(RENAMED, owner, before, after, was=was)


def _effect(thing, differing):
    """A window that only grew, or only got more rights, is a gain, and so is more time; the reverse
    a loss."""
    if thing.kind == "time":
        shares = [(old, new) for name, old, new in differing if name == "share"]
        return _way_of_share(*shares[0]) if shares else CHANGED
    if thing.kind not in ("memory", "shared"):
        return CHANGED
    ways = {_way(name, old, new) for name, old, new in differing}
    return ways.pop() if len(ways) == 1 else CHANGED


def _way_of_share(old, new):
    """Of two percentages."""
    before, after = (Fraction(text.split()[0]) for text in (old, new))
    return GAINED if after > before else LOST


def _way(name, old, new):
    if name == "size":
        return GAINED if new > old else LOST
    if name == "access" and set(old) < set(new):
        return GAINED
    if name == "access" and set(new) < set(old):
        return LOST
    return CHANGED


def _without_echo(changes):
    """A guest's devicetree says again what it has: its change counts only when nothing else
    of the VM changed."""
    other = {c.owner for c in changes
             if c.effect in (GAINED, LOST, CHANGED) and c.thing.kind != "devicetree"}
    return [c for c in changes if c.thing.kind != "devicetree" or c.owner not in other]


# --- from one VM to another -----------------------------------------------------------------


def _with_other(change, old, new, named):
    """The change with the VM on the other side of it. `named`: {old name: new name}."""
    if change.effect not in (GAINED, LOST, CHANGED):
        return change
    other = None
    if change.new is not None and (held := _exclusive(change.new)):
        other = _holder(old, held)
        if named.get(other, other) == change.owner:
            other = None
    if change.new is None and (held := _exclusive(change.old)):
        other = _holder(new, held)
        if other == change.owner:
            other = None
    return change if other is None else Change(
        change.effect, change.owner, change.old, change.new, change.fields, other, change.was)


def _exclusive(thing):
    """What of the machine a thing takes for itself, or None."""
    if thing.kind in EXCLUSIVE:
        return thing.kind, thing.key
    return (thing.kind, thing.fields) if thing.kind == "cpu" else None


def _holder(meaning, held):
    """The VM that has it in this description."""
    return next((name for name, (_place, things) in meaning.owners.items()
                 if name is not SYSTEM and any(_exclusive(t) == held for t in things)), None)
