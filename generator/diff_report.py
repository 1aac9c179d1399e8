"""A Difference in words and as JSON, and the evidence that it puts in question.

Promises: deterministic; every change names the lines of both descriptions. The evidence is named
as the verifier and the evidence page name it: properties by id, the rest by title. It says where
to look, not that looking elsewhere is needless: every verdict is about one image.

@req DESC-8
"""

import json
import textwrap

from generator.diff import CHANGED, GAINED, LOST
from generator.meaning import SYSTEM
from generator.units import range_text, size_text

LINE_WIDTH = 100
TREE = "guest devicetree"

# Kind of thing: (properties of the verifier, parts of the evidence page).
EVIDENCE = {
    "board": (("PROP-BOARD", "PROP-EL2-MAP", "PROP-DEVICES"),
              ("physical memory map", "device matrix", "interrupt routes")),
    "setting": (("PROP-SETTINGS",), ()),
    "memory": (("PROP-VM-MEMORY", "PROP-VM-APART", "PROP-EL2-APART", "PROP-LOADS"),
               ("memory matrix", "memory map", TREE)),
    "shared": (("PROP-VM-MEMORY", "PROP-VM-APART"), ("memory matrix", "channels", TREE)),
    "device": (("PROP-DEVICES", "PROP-ATTRIBUTES"), ("device matrix", TREE)),
    "interrupt": (("PROP-INTERRUPTS",), ("interrupt routes", TREE)),
    "cpu": (("PROP-CPUS",), ("schedule", TREE)),
    "time": (("PROP-CPUS",), ("schedule",)),
    "right": (("PROP-SETTINGS",), ("grants",)),
    "grant": (("PROP-SETTINGS",), ("grants", TREE)),
    "smc": (("PROP-SETTINGS",), ("grants",)),
    "control": (("PROP-LIFE",), ()),
    "health": (("PROP-HEALTH",), ()),
    "emulated": (("PROP-EMULATED",), ("device matrix", TREE)),
    "gic": (("PROP-EMULATED", "PROP-INTERRUPTS"), ("interrupt routes", TREE)),
    "contents": (("PROP-CONTENTS", "PROP-LOADS"), ("bill of materials", "memory map")),
    "start": (("PROP-ENTRY", "PROP-SETTINGS", "PROP-LIFE"), (TREE,)),
    "devicetree": (("PROP-GUEST-TREE",), (TREE,)),
}
RELOCATION = (("PROP-VM-MEMORY", "PROP-VM-APART", "PROP-LOADS"), ("physical memory map",))
OTHER_VMS = (("PROP-FORM", "PROP-EL2-MAP", "PROP-SETTINGS"),
             ("memory matrix", "device matrix", "interrupt routes", "schedule",
              "physical memory map"))
_ALL = (*EVIDENCE.values(), RELOCATION, OTHER_VMS, (("PROP-GUEST-TREE",), ()))
PROPERTIES, PARTS = (list(dict.fromkeys(name for one in _ALL for name in one[side]))
                     for side in (0, 1))


# --- evidence -------------------------------------------------------------------------------


def evidence_of(difference):
    """[(VM or SYSTEM, properties, parts of the page)] to look at again in the new image."""
    found = {}
    for change in difference.changes:
        for owner in _touched(difference, change):
            _add(found, owner, EVIDENCE[change.thing.kind])
    for change in difference.relocated:
        _add(found, change.owner, EVIDENCE[change.thing.kind] if change.thing.kind in (
            "cpu", "setting") else RELOCATION)
    if difference.added or difference.removed:
        _add(found, SYSTEM, OTHER_VMS)
    return [(owner, *found[owner]) for owner in sorted(found, key=lambda name: name or "")
            if owner in difference.new.owners]


def _add(found, owner, evidence):
    """Each in the order of EVIDENCE, whatever order the changes have."""
    known = found.get(owner, ((), ()))
    properties, parts = ({*a, *b} for a, b in zip(known, evidence))
    if TREE in parts:
        properties.add("PROP-GUEST-TREE")
    found[owner] = (tuple(sorted(properties, key=PROPERTIES.index)),
                    tuple(sorted(parts, key=PARTS.index)))


def _touched(difference, change):
    """Whose evidence a change is about: its owner's, and of shared memory that of all who map it.
    A VM on the other side has a change of its own."""
    names = {change.owner}
    if change.thing.kind == "shared":
        of = {dict(t.fields)["of"] for t in (change.old, change.new) if t}
        names |= {name for name, (_place, things) in difference.new.owners.items()
                  if any(t.kind == "shared" and dict(t.fields)["of"] in of for t in things)}
    return names


# --- text -----------------------------------------------------------------------------------


def as_text(difference):
    """For people: the verdict first, then who is affected and how, then what to look at."""
    lines = [f"old: {difference.old.file}", f"new: {difference.new.file}",
             _verdict(difference), *_vm_lines(difference)]
    owner = object()
    for change in difference.changes:
        if change.owner != owner:
            owner = change.owner
            lines += ["", _owner_text(owner) + (f", before `{change.was}`" if change.was else "")]
        lines += [f"  {change.effect:8} {_sentence(change)}", *_places(change)]
    if difference.relocated:
        lines += ["", "relocated: it means the same in another place"]
    for change in difference.relocated:
        lines += [f"  {_owner_text(change.owner)}: {_sentence(change)}", *_places(change)]
    lines += _renamed_lines(difference)
    evidence = evidence_of(difference)
    lines += ["", "evidence to look at again, of the new image"] if evidence else []
    for owner, properties, parts in evidence:
        lines += [f"  {_owner_text(owner)}"]
        lines += [*_list("page", parts), *_list("verdicts", properties)]
    return "\n".join(lines) + "\n"


def _verdict(difference):
    if difference.is_empty:
        return "same meaning"
    if difference.is_same_meaning:
        return "same meaning, with other names or places"
    counts = [f"{sum(c.effect == effect for c in difference.changes)} {effect}"
              for effect in (GAINED, LOST, CHANGED)]
    return f"different meaning: {', '.join(counts)}"


def _vm_lines(difference):
    out = []
    for names, meaning, word in ((difference.removed, difference.old, "is gone"),
                                 (difference.added, difference.new, "is new")):
        out += [f"VM `{name}` {word}: {meaning.owners[name][0]}" for name in names]
    return ["", *out] if out else []


def _owner_text(owner):
    return "the system" if owner is SYSTEM else f"`{owner}`"


def _sentence(change):
    if change.fields:
        what = "; ".join(f"{name} {_value(name, old)} -> {_value(name, new)}{_span(change, name)}"
                         for name, old, new in change.fields)
    else:
        what = ", ".join(f"{name} {_value(name, value)}" for name, value in change.thing.fields)
    other = "" if change.other is None else (
        f" ({'now' if change.new is None else 'before'} `{change.other}`'s)")
    return f"{change.thing.name}{': ' if what else ''}{what}{other}"


def _places(change):
    return [f"      {word} {thing.place}"
            for word, thing in (("old", change.old), ("new", change.new))
            if thing is not None and thing.place is not None]


def _list(title, names):
    return textwrap.wrap(f"{title}: {', '.join(names)}", LINE_WIDTH, break_on_hyphens=False,
                         initial_indent=" " * 6, subsequent_indent=" " * 8) if names else []


def _value(name, value):
    if value is None:
        return "nothing"
    if name == "size":
        return size_text(value)
    return f'"{value}"' if name == "command line" else str(value)


def _span(change, name):
    """The guest addresses that a window gained or lost at its end."""
    if name != "size" or change.thing.kind not in ("memory", "shared"):
        return ""
    old, new = dict(change.old.fields), dict(change.new.fields)
    if old["at"] != new["at"]:
        return ""
    low, high = sorted((old["size"], new["size"]))
    return f" ({range_text(int(old['at'], 16) + low, high - low)})"


_KIND_WORDS = {"memory": "window", "shared": "window", "device": "device",
               "emulated": "emulated device"}


def _renamed_lines(difference):
    out = []
    if difference.old.system != difference.new.system:
        out.append(f"  the system: `{difference.old.system}` -> `{difference.new.system}`")
    out += [f"  VM `{old}` -> `{new}`" for old, new in difference.renamed_vms]
    out += [f"  {_owner_text(c.owner)}: {_KIND_WORDS[c.new.kind]} `{c.old.label}` -> "
            f"`{c.new.label}`" for c in difference.renamed]
    return ["", "renamed", *out] if out else []


# --- JSON -----------------------------------------------------------------------------------


def as_json(difference):
    return json.dumps({
        "old": difference.old.file, "new": difference.new.file,
        "same_meaning": difference.is_same_meaning,
        "vms": {"added": list(difference.added), "removed": list(difference.removed),
                "renamed": [{"old": o, "new": n} for o, n in difference.renamed_vms]},
        "system": {"old": difference.old.system, "new": difference.new.system},
        "changes": [_plain(c) for c in difference.changes],
        "relocated": [_plain(c) for c in difference.relocated],
        "renamed": [_plain(c) for c in difference.renamed],
        "evidence": [{"vm": owner, "properties": list(properties), "parts": list(parts)}
                     for owner, properties, parts in evidence_of(difference)],
    }, indent=2) + "\n"


def _plain(change):
    """`vm` is null for what is the system's own."""
    return {"effect": change.effect, "vm": change.owner, "was": change.was, "other": change.other,
            "kind": change.thing.kind, "name": change.thing.name,
            "fields": [{"name": n, "old": o, "new": v} for n, o, v in change.fields],
            "old": _side(change.old), "new": _side(change.new)}


def _side(thing):
    if thing is None:
        return None
    place = thing.place
    return {"name": thing.name, "label": thing.label, **dict(thing.fields), "place": place and {
        "file": place.file, "line": place.line, "column": place.column}}

