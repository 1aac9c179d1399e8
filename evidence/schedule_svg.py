"""Draws a mode's schedule as inline SVG: a row for each CPU, the frame from left to right.

To scale. A slot has a band for each vCPU that takes turns in it, in the colour of its VM, pale and
dashed where it runs only while the others cannot; what is nobody's is a dotted stretch. Parts are
groups with a <title> and details for the page's script, as in a memory map.

@req EVID-7
"""

from html import escape

from evidence.svg import fill_of
from evidence.values import time_text

WIDTH = 360
LABEL_X, BAR_X, BAR_WIDTH = 40, 46, 306
TOP, BAND, LEAST_HEIGHT, ROW_GAP, BOTTOM = 24, 13, 26, 9, 4
CHARACTER = 6.4  # width of one, of the labels
AXIS_LABELS = 5
END_LABEL = 52  # room of the label at the frame's end


def draw(mode, vm_names, identifier, title):
    """The picture of one mode of facts["schedules"], as one <svg> element."""
    heights = [max(LEAST_HEIGHT, *(BAND * len(p["run"] + p["spare"]) for p in row["parts"]))
               for row in mode["cpus"]]
    total = TOP + sum(heights) + ROW_GAP * (len(heights) - 1) + BOTTOM
    lines = [f'<svg class="map" id="{identifier}" viewBox="0 0 {WIDTH} {total}" role="img" '
             f'aria-label="{escape(title, quote=True)}" xmlns="http://www.w3.org/2000/svg">',
             f"<title>{escape(title)}</title>", *_axis(mode["frame"], total)]
    y = TOP
    for row, height in zip(mode["cpus"], heights):
        lines.append(f'<text x="{LABEL_X}" y="{_n(y + height / 2)}" class="cpu">'
                     f'CPU {row["cpu"]}</text>')
        for part in row["parts"]:
            lines += _part(part, row["cpu"], mode["frame"], y, height, vm_names)
        y += height + ROW_GAP
    return "\n".join([*lines, "</svg>"])


def _x(ns, frame):
    return BAR_X + BAR_WIDTH * ns / frame


def axis_step(frame):
    """The shortest time of 1, 2 or 5 and zeros that divides the frame into few enough."""
    steps = (digit * 10**zeros for zeros in range(19) for digit in (1, 2, 5))
    return next(step for step in steps if step * AXIS_LABELS >= frame)


def _axis(frame, total):
    out = []
    for ns in range(0, frame, axis_step(frame)):
        x = _x(ns, frame)
        out.append(f'<path d="M{_n(x)} {TOP - 6}V{total}" class="grid"/>')
        if x < BAR_X + BAR_WIDTH - END_LABEL:
            out.append(f'<text x="{_n(x)}" y="{TOP - 10}" class="small">'
                       f'{time_text(ns)}</text>')
    out.append(f'<path d="M{BAR_X + BAR_WIDTH} {TOP - 6}V{total}" class="grid"/>')
    return [*out, f'<text x="{BAR_X + BAR_WIDTH}" y="{TOP - 10}" class="end">{time_text(frame)}'
            '</text>']


def name_of(vcpu, vm_names):
    """`vm/1`, as the description writes it."""
    return f"{vm_names[vcpu[0]]}/{vcpu[1]}"


def _tip(part, cpu, frame, vm_names):
    run, spare = (", ".join(name_of(v, vm_names) for v in part[k]) for k in ("run", "spare"))
    if part["is_always"]:
        shown = [f"{run}: always"]
    elif not run:
        shown = ["nobody"]
    else:
        turns = len(part["run"] + part["spare"]) > 1
        shown = [run + (f", in turns of {time_text(part['quantum'])}" if turns else "")]
        shown += [f"when these cannot: {spare}"] if spare else []
    shown.append(f"CPU {cpu}, {time_text(part['start'])} to {time_text(part['end'])}: "
                 f"{time_text(part['end'] - part['start'])} of {time_text(frame)}")
    return escape("\n".join(shown + ([part["note"]] if part["note"] else [])), quote=True)


def _part(part, cpu, frame, y, height, vm_names):
    x, end = _x(part["start"], frame), _x(part["end"], frame)
    members = [(v, False) for v in part["run"]] + [(v, True) for v in part["spare"]]
    kind = "slot" if members else "hole"
    tip = _tip(part, cpu, frame, vm_names)
    out = [f'<g class="part {kind}" tabindex="0" data-tip="{tip}"><title>{tip}</title>']
    if not members:
        out += [f'<rect x="{_n(x)}" y="{_n(y)}" width="{_n(end - x)}" height="{_n(height)}" '
                'fill="transparent"/>',
                f'<path d="M{_n(x)} {_n(y + height / 2)}H{_n(end)}" class="gap"/>']
    for number, (vcpu, is_spare) in enumerate(members):
        band = height / len(members)
        top, name = y + number * band, name_of(vcpu, vm_names)
        look = ' stroke-dasharray="3 2" fill-opacity=".4"' if is_spare else ""
        out.append(f'<rect x="{_n(x)}" y="{_n(top)}" width="{_n(end - x)}" height="{_n(band)}" '
                   f'fill="{fill_of(vm_names[vcpu[0]], vm_names)}" stroke="#3b4650" '
                   f'stroke-width=".6"{look}/>')
        if len(name) * CHARACTER < end - x:
            out.append(f'<text x="{_n((x + end) / 2)}" y="{_n(top + band / 2)}" class="in">'
                       f"{escape(name)}</text>")
    return [*out, "</g>"]


def _n(number):
    return f"{number:.2f}".rstrip("0").removesuffix(".")
