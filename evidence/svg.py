"""Draws a memory map as inline SVG: one bar, addresses on the left, names on the right.

Not to scale: a part's height grows with the logarithm of its size, so that a page and a gigabyte
can stand in one picture. Each part is a focusable group with a <title>, and carries its details in
data attributes for the page's script.

@req EVID-7
"""

from html import escape
from math import log2

from evidence.maps import FREE, HYPERVISOR, NOBODY, SHARED
from evidence.values import hex_text, range_text, size_text

WIDTH = 360
ADDRESS_X, BAR_X, BAR_WIDTH, LABEL_X = 96, 102, 64, 174
ROW, TOP, BOTTOM = 29, 14, 14
LABEL_CHARACTERS = 31
FILLS = {HYPERVISOR: "#8d99a6", NOBODY: "#f3f1ec", FREE: "#ffffff", SHARED: "url(#shared)"}
VM_FILLS = ("#a9c7e8", "#f2c9a1", "#b9d8b0", "#d8c0e4", "#ead98f", "#a8d8d4", "#e8b5bd", "#cfd3a5")


def fill_of(owner, vm_names):
    """The colour of an owner; VMs take turns."""
    if owner in FILLS:
        return FILLS[owner]
    return VM_FILLS[vm_names.index(owner) % len(VM_FILLS)]


def height(part):
    """Height of a part in the picture."""
    if part.kind == "hole":
        return 16
    return ROW + max(0, log2(part.size / 4096)) * 1.6


def draw(parts, vm_names, identifier, title):
    """The picture of `parts` as one <svg> element."""
    total = TOP + sum(height(p) for p in parts) + BOTTOM
    lines = [f'<svg class="map" id="{identifier}" viewBox="0 0 {WIDTH} {_n(total)}" '
             f'role="img" aria-label="{escape(title, quote=True)}" '
             'xmlns="http://www.w3.org/2000/svg">', f"<title>{escape(title)}</title>"]
    y = float(TOP)
    for part in parts:
        lines += _part(part, y, fill_of(part.owner, vm_names) if part.kind != "hole" else None)
        y += height(part)
    if parts:
        lines.append(_address(parts[-1].end, y))
    return "\n".join([*lines, "</svg>"])


def _part(part, y, fill):
    tall = height(part)
    shown = [part.label, range_text(part.base, part.size), size_text(part.size)]
    if part.kind != "hole":
        shown.append(f"belongs to: {part.owner}")
    if part.access:
        shown.append(f"access: {part.access}")
    shown += part.note.split("\n") if part.note else []
    tip = escape("\n".join(shown), quote=True)
    out = [f'<g class="part {part.kind}" tabindex="0" data-tip="{tip}"><title>{tip}</title>']
    if part.kind == "hole":
        out.append(f'<path d="M{BAR_X} {_n(y)}v{_n(tall)}M{BAR_X + BAR_WIDTH} {_n(y)}v{_n(tall)}" '
                   'class="gap"/>')
        out.append(f'<rect x="0" y="{_n(y)}" width="{WIDTH}" height="{_n(tall)}" '
                   'fill="transparent"/>')
    else:
        dashed = ' stroke-dasharray="3 2"' if part.kind == "emulated" else ""
        out.append(f'<rect x="{BAR_X}" y="{_n(y)}" width="{BAR_WIDTH}" height="{_n(tall)}" '
                   f'fill="{fill}" stroke="#3b4650" stroke-width=".8"{dashed}/>')
        out.append(f'<text x="{LABEL_X}" y="{_n(y + 11)}" class="name">'
                   f"{escape(_short(part.label))}</text>")
        words = size_text(part.size) + (f" · {part.access}" if part.access else "")
        out.append(f'<text x="{LABEL_X}" y="{_n(y + 22)}" class="small">'
                   f"{escape(_short(words))}</text>")
    return [*out, _address(part.base, y), "</g>"]


def _address(value, y):
    return (f'<text x="{ADDRESS_X}" y="{_n(y + 4)}" class="address">{hex_text(value)}</text>')


def _short(text):
    return text if len(text) <= LABEL_CHARACTERS else text[:LABEL_CHARACTERS - 1] + "…"


def _n(number):
    return f"{number:.1f}".removesuffix(".0")
