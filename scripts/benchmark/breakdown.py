"""docs/bench-parts.svg: where the instructions of each compared row are, as one bar a row.

The parts of the attribution, put together: what decodes a trap, the feature itself, and what the
feature uses. Everything is placed here; the template only writes it down.

@req PERF-1
"""

from pathlib import Path

import jinja2

from benchmark.rows import COMPARED

TEMPLATES = Path(__file__).resolve().parent / "templates"
# (class in the picture, name, parts of the attribution), in the order in which an exit passes them.
GROUPS = (
    ("guest", "guest", ("guest",)),
    ("vector", "vector", ("vector",)),
    ("dispatch", "dispatch", ("dispatch",)),
    ("decode", "decoding (mmio, smccc, sysreg)", ("mmio", "smccc", "sysreg")),
    ("feature", "feature (psci, vdev, vgic, vtimer)", ("psci", "vdev", "vgic", "vtimer")),
    ("below", "what these use (arch, core, gic, lib, vm)", None),  # all others
    ("return", "return", ("return",)),
)
WIDTH, MARGIN = 1040, 24
LABEL_X, SUM_X, BAR_FIRST, BAR_LAST = MARGIN, 440, 456, 1004
TOP, ROW, BAR, BOTTOM = 122, 32, 20, 20
LEGEND_Y, LEGEND_ROW, LEGEND_GAP = 74, 22, 10
CHARACTER = 7


NAMED = {member for _, _, members in GROUPS for member in members or ()}


def _segments(parts, scale, y):
    """One piece of a bar for each group that has instructions."""
    x, found = float(BAR_FIRST), []
    for key, name, members in GROUPS:
        members = members or sorted(set(parts) - NAMED)
        count = sum(parts.get(member, 0) for member in members)
        if count == 0:
            continue
        width = count * scale
        has_room = width > CHARACTER * len(str(count)) + 4
        detail = ", ".join(f"{m} {parts[m]}" for m in members if parts.get(m))
        found.append({"key": key, "x": round(x, 1), "y": y - BAR / 2, "width": round(width, 1),
                      "middle": round(x + width / 2, 1), "text": str(count) if has_room else "",
                      "title": f"{name}: {count} ({detail})"})
        x += width
    return found


def _legend():
    """Names of the groups, in lines that fit."""
    x, y, found = MARGIN, LEGEND_Y, []
    for key, name, _ in GROUPS:
        width = 24 + CHARACTER * len(name)
        if x + width > WIDTH - MARGIN:
            x, y = MARGIN, y + LEGEND_ROW
        found.append({"key": key, "name": name, "x": x, "y": y})
        x += width + LEGEND_GAP
    return found


def breakdown(result):
    """The picture, as text."""
    rows = [row for row in COMPARED if sum(result["attribution"].get(row.name, {}).values())]
    sums = {row.name: sum(result["attribution"][row.name].values()) for row in rows}
    scale = (BAR_LAST - BAR_FIRST) / max(sums.values())
    placed = []
    for number, row in enumerate(rows):
        y = TOP + ROW * number + ROW / 2
        placed.append({"label": row.text, "sum": f"{sums[row.name]:,}", "y": y,
                       "segments": _segments(result["attribution"][row.name], scale, y)})
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined,
        autoescape=True, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    return environment.get_template("bench-parts.svg.j2").render(
        width=WIDTH, height=TOP + ROW * len(rows) + BOTTOM, rows=placed, legend=_legend(),
        margin=MARGIN, label_x=LABEL_X, sum_x=SUM_X, bar=BAR, row_height=ROW)
