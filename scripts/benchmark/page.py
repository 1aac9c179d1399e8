"""docs/bench.md, and the tables that `make bench` prints.
@req PERF-1
"""

from pathlib import Path

import jinja2

from benchmark.attribution import parts_in
from benchmark.rows import (
    COMPARED, MORE, NEEDS_TWO, OTHERS, SILENT, SILENT_VCPUS, SIZE_WITH_CONSOLE, VCPU_COUNTS,
    by_name, name_with_vcpus)
from benchmark.size import LAYERS

TEMPLATES = Path(__file__).resolve().parent / "templates"
NONE = "–"


def cell(value):
    """A figure for people."""
    if value is None:
        return NONE
    return f"{value:,}" if isinstance(value, int) else str(value)


def _table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    return "\n".join(lines + ["| " + " | ".join(cell(c) for c in row) + " |" for row in rows])


def _with_best(figures):
    """The figures of the hypervisors as cells, the fewest in bold."""
    best = min(f for f in figures if f is not None)
    return [f"**{cell(f)}**" if f == best else f for f in figures]


def compared_table(result):
    """Ours, the goal, and the others."""
    rows, bare = result["rows"], result["bare"]
    table = []
    for row in (*COMPARED, SIZE_WITH_CONSOLE):
        ours, *others = _with_best([rows[row.name]["median"], *row.others])
        table.append([row.text, ours, rows[row.name]["max"], row.goal, bare.get(row.name),
                      *others])
    return _table(["instructions", "Bulkhead", "worst", "goal", "no hypervisor", *OTHERS], table)


def more_table(result):
    """What nobody else has measured."""
    rows, bare = result["rows"], result["bare"]
    return _table(["instructions", "Bulkhead", "worst", "no hypervisor"],
                  [[row.text, rows[row.name]["median"], rows[row.name]["max"], bare[row.name]]
                   for row in MORE])


def _by_vcpus(rows, name):
    """The medians of a row for each number of vCPUs; None where it does not exist."""
    names = [name if vcpus == 1 else name_with_vcpus(name, vcpus) for vcpus in VCPU_COUNTS]
    if name in NEEDS_TWO:
        names[0] = ""
    return [rows[n]["median"] if n in rows else None for n in names]


def growing_table(result):
    """The rows that depend on the number of vCPUs."""
    table = []
    for name, row in by_name().items():
        medians = _by_vcpus(result["rows"], name)
        if len({m for m in medians if m is not None}) > 1:
            table.append([row.text, *medians])
    return _table(["instructions", *(f"{n} vCPU{'s' if n > 1 else ''}" for n in VCPU_COUNTS)],
                  table)


def silent_table(result):
    """The compared rows with and without EL2's console; the start of both is counted alike."""
    rows = result["rows"]
    table = []
    for row in COMPARED:
        if f"{row.name}@{SILENT}" in rows:
            other = row.name if row.name in NEEDS_TWO else name_with_vcpus(row.name, SILENT_VCPUS)
            table.append([row.text, rows[other]["median"], rows[f"{row.name}@{SILENT}"]["median"]])
    table.append(["start, on the VM's CPU, copying of images aside",
                  *(rows[f"start@{of}"]["median"] for of in (SILENT_VCPUS, SILENT))])
    table.append(["bytes of text and rodata",
                  *(rows[row.name]["median"] for row in (SIZE_WITH_CONSOLE, COMPARED[-1]))])
    return _table(["instructions", "with a console", "without"], table)


def attribution_table(result):
    """Where the instructions of each row are."""
    where = result["attribution"]
    parts = parts_in(where)
    return _table(["instructions", "all", *parts],
                  [[by_name()[name].text, result["rows"][name]["median"],
                    *(row.get(part) for part in parts)] for name, row in where.items()])


def size_table(size, with_console):
    """Code and constants by folder, lower layers first, and what they are with a console."""
    def both(of, folder):
        return sum(of["folders"].get(folder, (0, 0))) or None

    folders = {f: size["folders"].get(f, (0, 0)) for f in with_console["folders"]}
    rows = [[f"`{folder}/`" if folder in LAYERS else folder, LAYERS.get(folder), text, rodata,
             text + rodata, both(with_console, folder)]
            for folder, (text, rodata) in folders.items()]
    rows.append(["all", None, size["text"], size["rodata"], size["text"] + size["rodata"],
                 with_console["text"] + with_console["rodata"]])
    return _table(["bytes", "layer", "text", "rodata", "both", "with a console"], rows)


def aligned(table):
    """A table of Markdown for a terminal: columns of one width, figures to the right."""
    rows = [[c.strip().replace("**", "") for c in line.strip("|").split("|")]
            for line in table.splitlines() if not line.startswith("|---")]
    widths = [max(len(c) for c in column) for column in zip(*rows)]
    return "\n".join("  ".join([row[0].ljust(widths[0]),
                                *(c.rjust(w) for c, w in zip(row[1:], widths[1:]))])
                     for row in rows)


def text_tables(result):
    """What `make bench` prints."""
    return "\n\n".join(aligned(table) for table in (
        compared_table(result), more_table(result), growing_table(result), silent_table(result),
        attribution_table(result), size_table(result["size"], result["size_with_console"])))


def page(result):
    """docs/bench.md."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined,
        autoescape=False, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
    tables = {"compared": compared_table, "more": more_table, "growing": growing_table,
              "silent": silent_table, "attribution": attribution_table}
    return environment.get_template("bench.md.j2").render(
        **result, tables={name: table(result) for name, table in tables.items()},
        size_table=size_table(result["size"], result["size_with_console"]))
