"""What the memory-map pictures show: stretches of addresses in order, each with an owner.

A map is a list of parts that follow one another without overlap; holes are parts too. Drawing is
svg.py's.

@req EVID-7
"""

from dataclasses import asdict, dataclass

from evidence.values import address, size

HYPERVISOR, NOBODY, FREE, HOLE, SHARED = "hypervisor", "nobody", "free", "hole", "shared"
SMALL_HOLE = 1 << 20


@dataclass(frozen=True)
class Part:
    base: int
    size: int
    owner: str  # a VM's name, or one of the words above
    label: str
    kind: str  # "memory", "device", "emulated" or "hole"
    access: str = ""
    note: str = ""  # where it is described and why it is here
    inside: str = ""  # the window that it is a part of

    @property
    def end(self):
        """One past the last address."""
        return self.base + self.size


def plain(parts):
    """The parts as values for JSON."""
    return [asdict(part) for part in parts]


def physical(build):
    """The whole machine: devices and RAM, with whom each stretch belongs to."""
    owned = _slots(build) + _windows(build) + _devices(build)
    owned = _without_overlap(sorted(owned, key=lambda p: (p.base, -p.size)))
    ram = [(address(r["base"]), size(r["size"])) for r in build.resolved["board"]["ram"]]
    return _merged(_filled(owned, ram))


def _slots(build):
    return [Part(address(s["base"]), size(s["size"]), HYPERVISOR, f"image: {s['name']}", "memory",
                 s["access"], s["reason"], "system image")
            for s in build.plan["image"]["slots"]]


def _windows(build):
    parts, seen = [], set()
    for window in build.plan["windows"]:
        base = address(window["pa"])
        if window["kind"] in ("device", "gicv", "image") or base in seen:
            continue
        seen.add(base)
        vm = build.vm_name(window["vm"])
        is_shared = window["kind"] == "shared"
        users = [f"{build.vm_name(w['vm'])} {w['access']}" for w in build.plan["windows"]
                 if address(w["pa"]) == base]
        parts.append(Part(base, size(window["size"]), SHARED if is_shared else vm,
                          window["name"] if is_shared else f"{vm}.{window['name']}", "memory",
                          ", ".join(users) if is_shared else window["access"],
                          f"line {window['line']}: {window['pa_reason']}"))
    return parts


def _devices(build):
    board = build.resolved["board"]
    owners = {given["device"]["path"]: (vm["name"], given["line"])
              for vm in build.resolved["vms"] for given in vm["assigned"]}
    parts = []
    for path, device in board["devices"].items():
        owner, line = owners.get(path, (NOBODY, None))
        is_clock = path == build.plan["clock"]
        if path in build.reserved or is_clock:
            owner = HYPERVISOR
        for text in device["regs"]:
            first, last = (int(word, 16) for word in text.split(".."))
            parts.append(Part(first, last + 1 - first, owner, path, "device",
                              "" if owner == NOBODY else "r" if is_clock else "rw",
                              f"line {line}" if line else "the date, read once" if is_clock
                              else ""))
    return parts


def _without_overlap(parts):
    """Of parts that overlap (a device's window within another's) the earlier, larger one stays."""
    kept, end = [], 0
    for part in parts:
        if part.base >= end and part.size:
            kept.append(part)
            end = part.end
    return kept


def _filled(parts, ram):
    """With what lies between the parts: RAM that nobody has, or nothing at all."""
    out = []
    edges = sorted({e for base, length in ram for e in (base, base + length)})
    for before, part in zip([None, *parts], parts):
        out += _gap(before.end if before else 0, part.base, edges, ram)
        out.append(part)
    last = parts[-1].end if parts else 0
    return [*out, *_gap(last, max([last, *edges]), edges, ram)]


def _gap(start, end, edges, ram):
    points = [start, *(e for e in edges if start < e < end), end]
    for first, last in zip(points, points[1:]):
        if first < last:
            is_ram = any(base <= first < base + length for base, length in ram)
            yield Part(first, last - first, FREE if is_ram else HOLE,
                       "RAM that nobody has" if is_ram else "nothing",
                       "memory" if is_ram else "hole")


def _merged(parts):
    """Runs of devices that nobody has, with the small holes between them, become one part."""
    out = []
    for part in parts:
        gap = out.pop() if _closes(out, part) else None
        if out and out[-1].owner == part.owner == NOBODY:
            out[-1] = _joined(out[-1], part)
        else:
            out += [part] if gap is None else [gap, part]
    return out


def _closes(out, part):
    """Does `part` end a small hole behind another device that nobody has?"""
    return (len(out) > 1 and out[-1].kind == "hole" and out[-1].size < SMALL_HOLE
            and out[-2].owner == part.owner == NOBODY)


def _joined(last, part):
    names = [n for n in [*last.note.split("\n"), last.label, part.label] if n.startswith("/")]
    return Part(last.base, part.end - last.base, NOBODY, f"{len(names)} devices", "device", "",
                "\n".join(names))


def guest(build, vm):
    """What one VM sees at its own addresses."""
    parts = []
    for window in build.plan["windows"]:
        if window["vm"] == vm["id"]:
            parts += _window_parts(build, vm, window)
    parts += [Part(address(m["ipa"]), size(m["size"]), HYPERVISOR, f"{m['name']} ({m['kind']})",
                   "emulated", "", f"line {m['line']}: {m['reason']}")
              for m in build.plan["mmios"] if m["vm"] == vm["id"]]
    parts.sort(key=lambda p: p.base)
    out = []
    for before, part in zip([None, *parts], parts):
        start = before.end if before else 0
        if start < part.base:
            out.append(Part(start, part.base - start, HOLE, "nothing", "hole"))
        out.append(part)
    return out


def _window_parts(build, vm, window):
    base, length = address(window["ipa"]), size(window["size"])
    owner = SHARED if window["kind"] == "shared" else vm["name"]
    kind = "device" if window["kind"] in ("device", "gicv") else "memory"
    offset = address(window["pa"]) - base
    note = f"line {window['line']}: {window['ipa_reason']}"
    pieces = sorted((p for p in build.plan["pieces"]
                     if p["vm"] == vm["id"] and p["window"] == window["name"]),
                    key=lambda p: address(p["ipa"]))
    if not pieces:
        return [Part(base, length, owner, window["name"], kind, window["access"],
                     f"{note}\nphysical 0x{base + offset:x}", window["name"])]
    parts, at = [], base
    for piece in pieces:
        start, room = address(piece["ipa"]), size(piece["memory_size"])
        if at < start:
            parts.append(_rest(window, owner, at, start - at, offset, note))
        parts.append(Part(start, room, owner, f"{window['name']}: {piece['what'].split('/')[-1]}",
                          kind, window["access"], f"line {piece['line']}: {piece['reason']}\n"
                          f"physical 0x{start + offset:x}", window["name"]))
        at = start + room
    if at < base + length:
        parts.append(_rest(window, owner, at, base + length - at, offset, note))
    return parts


def _rest(window, owner, base, length, offset, note):
    return Part(base, length, owner, f"{window['name']}: cleared", "memory", window["access"],
                f"{note}\nphysical 0x{base + offset:x}", window["name"])
