"""The record: what was measured last, with what, and why it was changed.

A larger median or a larger largest value is worse, and fails until the record is changed on
purpose, with a reason. A smaller one is told, and recorded the same way.

@req PERF-1
"""

import json

from benchmark.rows import OF_THE_START, by_name, plain_name


def comparable(now, recorded_with, with_now):
    """The rows that the record says something about, and what to tell about the others."""
    if recorded_with["compiler"] != with_now["compiler"]:
        return {}, [f"the record is of gcc {recorded_with['compiler']}, this is gcc "
                    f"{with_now['compiler']}: nothing is compared"]
    if recorded_with["qemu"] != with_now["qemu"]:
        rows = {name: row for name, row in now.items() if plain_name(name) not in OF_THE_START}
        return rows, [f"the record is of QEMU {recorded_with['qemu']}, this is "
                      f"{with_now['qemu']}: the boot rows are not compared"]
    return now, []


def described(name):
    """The name of a row with what it is, for a sentence."""
    row = by_name().get(plain_name(name))
    of = name.partition("@")[2]
    return f"{name} ({row.text}{_of_which(of)})" if row else name


def _of_which(of):
    """`of`: the number of vCPUs, or what the image has not."""
    if of.isdigit():
        return f", {of} vCPUs"
    return ", without a console" if of else ""


def differences(now, recorded):
    """(worse, better): a sentence for each row whose median or largest value is not as recorded. If
    one of the two grew, the row is worse."""
    worse, better = [], []
    for name, row in now.items():
        before = recorded.get(name)
        if before is None:
            worse.append(f"{described(name)}: {_figures(row)}, nothing is recorded")
        elif (row["median"], row["max"]) != (before["median"], before["max"]):
            grew = row["median"] > before["median"] or row["max"] > before["max"]
            (worse if grew else better).append(
                f"{described(name)}: {_figures(row)}, recorded {_figures(before)}")
    return worse, better


def _figures(row):
    return str(row["median"]) if row["median"] == row["max"] else \
        f"{row['median']} (worst {row['max']})"


def vanished(now, recorded):
    """Sentences about recorded rows that were not measured."""
    return [f"{name}: recorded {row['median']}, not measured any more"
            for name, row in recorded.items() if name not in now]


def read(path):
    return json.loads(path.read_text())


def compare(result, recorded):
    """(sentences, whether one of them is a failure) about `result` against the record."""
    rows, notes = comparable(result["rows"], recorded["made_with"], result["made_with"])
    worse, better = differences(rows, recorded["rows"])
    worse += vanished(result["rows"], recorded["rows"])
    lines = [f"note    {s}" for s in notes] + [f"better  {s}" for s in better]
    lines += [f"WORSE   {s}" for s in worse]
    if worse or better:
        lines.append("bench: make bench RECORD='reason' changes the record")
    return lines, bool(worse)


def as_json(value):
    """One line for each row: a change of the record reads well in a diff."""
    parts = []
    for key, content in value.items():
        if key == "rows" or key == "attribution":
            rows = ",\n".join(f"    {json.dumps(n)}: {json.dumps(r)}" for n, r in content.items())
            parts.append(f"  {json.dumps(key)}: {{\n{rows}\n  }}")
        else:
            parts.append(f"  {json.dumps(key)}: {json.dumps(content)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"
