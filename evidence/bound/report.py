"""The bounds of a built system as plain values and as a table, and the fuzz run beside them.

@req EVID-4
"""

from dataclasses import asdict
import json
import re

from evidence.bound.analysis import Bounds
from evidence.build import EvidenceError, sha256_of
from evidence.image import Image
from evidence.stays import measure, qemu_command

FILE = "bound.json"
# Two nanoseconds an instruction, and no waiting while all CPUs sleep: the same each time.
FLAGS = ("-icount", "shift=1,sleep=off")
# The fuzzing guest says it is through, and the bystander twice afterwards that it missed nothing.
UNTIL = (r"^test +\| .*DONE passed=\d+ failed=\d+", *2 * (r"^rt +\| rt: \d+ ticks, \d+ missed",))
BAD = ("panic", "failed=[1-9]", r"ticks, [1-9]\d* missed", "FAIL")
TIMEOUT_S = 300


def static(image):
    """What can be said without running anything."""
    bounds = Bounds(image)
    return {"rows": [asdict(row) for row in bounds.rows], "faults": bounds.faults,
            "waiting": bounds.waiting}


def fuzz(folder):
    """The fuzz system in `folder`, run and compared with its bounds."""
    bounds = Bounds(Image(folder / "bulkhead.elf"))
    return judged(bounds, fuzz_run(folder, bounds))


def fuzz_run(folder, bounds):
    """What is Measured of one run."""
    return measure(folder, qemu_command(folder, FLAGS), bounds.names, bounds.waits, TIMEOUT_S,
                   UNTIL, intervals=False)


def judged(bounds, found):
    """The rows of `bounds` with what was Measured, and all that speaks against them."""
    wrong = bounds.compare(found)
    wrong += [f"the console says: {line.strip()}" for line in found.console.splitlines()
              if any_of(BAD, line)]
    return {"rows": [asdict(row) for row in bounds.rows], "faults": bounds.faults, "wrong": wrong,
            "waited": max((s.max_waiting for s in found.stays), default=0)}


def any_of(expressions, line):
    """Does one of them match?"""
    return any(re.search(e, line) for e in expressions)


def keep(folder, found, of_fuzz):
    """Writes bound.json of the built system."""
    out = {"elf_sha256": sha256_of(folder / "bulkhead.elf"), **found, "fuzz": of_fuzz}
    (folder / FILE).write_text(json.dumps(out, indent=1) + "\n", encoding="utf-8")


def kept(folder):
    """The fuzz run that bound.json of the built system holds, or None: none, or of another ELF."""
    try:
        found = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        raise EvidenceError(f"{folder / FILE} is not JSON: make bound") from error
    return found["fuzz"] if found["elf_sha256"] == sha256_of(folder / "bulkhead.elf") else None


def bound(build, image):
    """Everything, for the evidence page: bounds of this image, and the fuzz run of `make bound`."""
    found = static(image)
    of_fuzz = kept(build.folder)
    return {"rows": [{**row, "share": share(row["parts"])} for row in merged(found, of_fuzz)],
            "faults": found["faults"], "waiting": found["waiting"],
            "wrong": of_fuzz["faults"] + of_fuzz["wrong"] if of_fuzz else [],
            "is_measured": of_fuzz is not None}


def merged(found, of_fuzz):
    """Rows of `found`, each with bound, measured and count of the fuzz system's row."""
    others = {row["title"]: row for row in (of_fuzz or {"rows": []})["rows"]}
    rows = []
    for row in found["rows"]:
        other = others.get(row["title"], {})
        seen = other.get("measured")
        rows.append({"title": row["title"], "bound": row["bound"], "parts": row["parts"],
                     "fuzz_bound": other.get("bound"), "measured": seen,
                     "count": other.get("count", 0),
                     "ratio": round(other["bound"] / seen, 1) if seen else None})
    return rows


def share(parts, most=3):
    """What dominates: the functions with the most instructions, in percent."""
    total = sum(parts.values())
    return ", ".join(f"{name} {100 * count // total} %"
                     for name, count in list(parts.items())[:most])


def table(name, found, of_fuzz):
    """The text that `make bound` prints."""
    rows = merged(found, of_fuzz)
    width = max(len(row["title"]) for row in rows)
    lines = [f"EL2 instructions of one stay, at most ({name}); in the last four columns what the "
             "fuzz system",
             "has as its bound, what was measured there, how often it came, and bound/measured.", "",
             f"{'class':{width}} {'bound':>11}  {'fuzz bound':>11} {'measured':>9} {'times':>8} "
             f"{'ratio':>7}  dominated by"]
    for row in rows:
        if row["bound"] is None:
            continue
        cells = [row["bound"], row["fuzz_bound"], row["measured"], row["count"], row["ratio"]]
        text = ["-" if c is None else f"{c:,}" for c in cells]
        lines.append(f"{row['title']:{width}} {text[0]:>11}  {text[1]:>11} {text[2]:>9} "
                     f"{text[3]:>8} {text[4]:>7}  {share(row['parts'])}")
    return "\n".join(lines)
