"""docs/bench.svg: Bulkhead and the others, row by row, on logarithmic axes.

Everything is placed here; the template only writes it down. Nought has no place on a logarithmic
axis: it has one of its own, left of it.

@req PERF-1
"""

from dataclasses import dataclass
from math import log10
from pathlib import Path

import jinja2

from benchmark.rows import COMPARED, OTHERS

TEMPLATES = Path(__file__).resolve().parent / "templates"
WIDTH, MARGIN = 1040, 24
LABEL_X, VALUE_X = MARGIN, 490            # left edge of the labels, right edge of the figures
ZERO_X, AXIS_FIRST, AXIS_LAST = 518, 544, 1004
TOP, ROW, AXIS, GAP = 100, 34, 28, 14
OURS = "Bulkhead"
SHAPES = {OURS: "ours", "Bao": "bao", "Jailhouse": "jailhouse", "Xen 4.20": "xen", "KVM": "kvm"}
APART = {"boot": "instructions", "text_rodata_bytes": "bytes"}
LEGEND_X, LEGEND_STEP = 32, 112
NEAR = 12                                 # marks closer than this are put above and below
LANES = (0, -9, 9)


@dataclass(frozen=True)
class Axis:
    """Logarithmic, from `low` to `high`."""
    low: float
    high: float

    def x(self, value):
        if value == 0:
            return ZERO_X
        part = (log10(value) - log10(self.low)) / (log10(self.high) - log10(self.low))
        return round(AXIS_FIRST + part * (AXIS_LAST - AXIS_FIRST), 1)

    @property
    def ticks(self):
        """1, 2 and 5 times the powers of ten where these are few, else the powers alone."""
        decades = range(int(log10(self.low)) - 1, int(log10(self.high)) + 2)
        steps = (1, 2, 5) if log10(self.high / self.low) < 4 else (1,)
        return [step * 10**d for d in decades for step in steps
                if d >= 0 and self.low <= step * 10**d <= self.high]


def short(value):
    """1000 -> 1k, 20000000 -> 20M: for an axis."""
    for unit, name in ((10**6, "M"), (10**3, "k")):
        if value >= unit:
            return f"{value / unit:g}{name}"
    return f"{value:g}"


def _axis_of(values):
    """Room for all values, and a little more on both sides."""
    positive = [v for v in values if v]
    return Axis(min(positive) / 1.25, max(positive) * 1.25)


def _values(row, ours):
    """(who, figure) of a row, those that are known."""
    return [(who, value) for who, value in ((OURS, ours), *zip(OTHERS, row.others))
            if value is not None]


def _marks(values, axis):
    """A mark for each, ours in the middle; what would hide another goes above or below it."""
    marks = []
    for who, value in values:
        x = axis.x(value)
        taken = {m["lane"] for m in marks if abs(m["x"] - x) < NEAR}
        lane = next((lane for lane in LANES if lane not in taken), 0)
        marks.append({"shape": SHAPES[who], "x": x, "lane": lane, "title": f"{who}: {value:,}"})
    return marks


def _row(row, ours, axis, y):
    values = _values(row, ours)
    xs = [axis.x(value) for _, value in values]
    best = min(value for who, value in values if who != OURS)
    return {"y": y, "label": row.text, "value": f"{ours:,}", "is_best": ours <= best,
            "first": min(xs), "last": max(xs),
            "goal": axis.x(row.goal) if row.goal is not None else None,
            "goal_text": f"our goal: {row.goal:,}" if row.goal is not None else "",
            # Ours is drawn last, over the others.
            "marks": [{**mark, "y": y + mark["lane"]} for mark in reversed(_marks(values, axis))]}


def _panel(rows, medians, y, unit):
    """The rows that share an axis, from `y` downwards."""
    numbers = [v for row in rows for _, v in _values(row, medians[row.name])]
    axis = _axis_of(numbers + [row.goal for row in rows if row.goal])
    bottom = y + ROW * len(rows)
    return {"top": y, "bottom": bottom, "unit": unit, "has_zero": 0 in numbers,
            "ticks": [{"x": axis.x(t), "text": short(t)} for t in axis.ticks],
            "rows": [_row(row, medians[row.name], axis, y + ROW * i + ROW / 2)
                     for i, row in enumerate(rows)]}


def _panels(medians):
    groups = [([row for row in COMPARED if row.name not in APART], "instructions")]
    groups += [([row], APART[row.name]) for row in COMPARED if row.name in APART]
    panels, y = [], TOP
    for rows, unit in groups:
        panels.append(_panel(rows, medians, y, unit))
        y = panels[-1]["bottom"] + AXIS + GAP
    return panels


def plot(result):
    """The picture, as text."""
    medians = {row.name: result["rows"][row.name]["median"] for row in COMPARED}
    panels = _panels(medians)
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined,
        autoescape=True, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    return environment.get_template("bench.svg.j2").render(
        width=WIDTH, height=panels[-1]["bottom"] + AXIS + MARGIN / 2, panels=panels,
        margin=MARGIN, label_x=LABEL_X, value_x=VALUE_X, zero_x=ZERO_X, axis_first=AXIS_FIRST,
        axis_last=AXIS_LAST, row_height=ROW,
        legend=[{"shape": shape, "name": who, "x": LEGEND_X + i * LEGEND_STEP}
                for i, (who, shape) in enumerate([*SHAPES.items(), ("our goal", "goal")])])
