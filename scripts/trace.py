#!/usr/bin/python3
"""Requirements, design, code and tests: does each lead to the others?

    scripts/trace.py [--json FILE] [--root FOLDER]

docs/requirements.yaml says what the product promises. Code and tests name the promise that they
keep or check on a line of its own in a comment or docstring, `@req CORE-1, CORE-2`. Fails, with all
findings in one run, on an id that does not exist, on a requirement that is claimed done without
code or without a test, on one whose `verified_by` names a kind of test that nobody wrote, on a test
that no requirement asks for, and on a source of EL2 that none asks for. Prints how many places each
requirement has; --json writes the places, for tools.

@req EVID-2
"""

import argparse
from dataclasses import asdict, dataclass
import json
from pathlib import Path
import re
import sys

from requirements import FILE, ID, read_requirements

ROOTS = ("boards", "evidence", "generator", "runtime", "scripts", "systems", "tests", "verifier",
         "vm-images")
SINGLE = ("Makefile", "system.yaml")
SUFFIXES = {".c", ".h", ".S", ".py", ".sh", ".j2", ".yaml", ".mk"}
NO_SOURCES = ("tests/generator/bad/", "tests/generator/good/", "tests/generator/boards/")
TEST_KINDS = {
    "unit": "tests/unit/", "generator": "tests/generator/", "verifier": "tests/verifier/",
    "evidence": "tests/evidence/", "trace": "tests/trace/", "system": "tests/system/",
    "guest": "vm-images/tests/"}
WORD = "@" + "req"
NAMED = re.compile(rf"(?<!`){WORD}\b")  # in backquotes it is only talked about
LINE = re.compile(rf'[\s/*#"{{]*{WORD} +({ID.pattern}(?:, {ID.pattern})*)\s*(?:\*/|"""|#\}})?\s*')


@dataclass(frozen=True, order=True)
class Tag:
    """One id named at one line of a file."""

    path: str
    line: int
    id: str
    scope: str  # the test or function that it stands in or before; empty: the whole file


@dataclass(frozen=True)
class Source:
    path: str
    kind: str | None  # of TEST_KINDS for a test, "code", or None for what supports tests
    tags: tuple[Tag, ...]


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n", 1)[0])
    parser.add_argument("--json", metavar="FILE", help="write the trace there")
    parser.add_argument("--root", metavar="FOLDER", type=Path,
                        default=Path(__file__).resolve().parents[1], help="the tree to look at")
    options = parser.parse_args(arguments)
    requirements, problems = read_requirements(options.root)
    sources, malformed = read_sources(options.root)
    problems += malformed + gaps(requirements, sources)
    rows = traced(requirements, sources)
    print(table(rows))
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    for problem in problems:
        print(f"trace: {problem}", file=sys.stderr)
    return 1 if problems else 0


# --- reading --------------------------------------------------------------------------------


def read_sources(root):
    """([Source by path], [sentence])."""
    sources, problems = [], []
    for path in _paths(root):
        name = path.relative_to(root).as_posix()
        lines = path.read_text(encoding="utf-8").split("\n")
        tags = []
        for number, line in enumerate(lines, 1):
            if not NAMED.search(line):
                continue
            match = LINE.fullmatch(line)
            if match is None:
                problems.append(f"{name}:{number}: write `{WORD} CORE-1, CORE-2`, alone on its "
                                "line of the comment")
                continue
            scope = _scope(lines, number, path.suffix)
            tags += [Tag(name, number, i, scope) for i in match[1].split(", ")]
        sources.append(Source(name, _kind(name), tuple(tags)))
    return sources, problems


def _paths(root):
    found = [root / name for name in SINGLE if (root / name).is_file()]
    for folder in ROOTS:
        found += [p for p in (root / folder).rglob("*") if p.suffix in SUFFIXES and p.is_file()]
    return sorted(p for p in found
                  if not p.relative_to(root).as_posix().startswith(NO_SOURCES))


def _kind(name):
    kind = next((k for k, folder in TEST_KINDS.items() if name.startswith(folder)), None)
    if kind is None:
        return None if name.startswith("tests/") else "code"
    is_test = kind == "guest" or Path(name).name.startswith("test_")
    return kind if is_test and name.endswith((".c", ".py")) else None


def _scope(lines, number, suffix):
    """The test of a tag: Python's is inside the test, C's before it."""
    if suffix == ".py":
        above = [re.match(r"def (test_\w+)\(|\w", line) for line in lines[:number]]
        last = next((m for m in reversed(above) if m), None)
        return last[1] or "" if last else ""
    if suffix == ".c":
        after = next((line for line in lines[number:] if re.match(r"[\w#]", line)), "")
        match = re.match(r"TEST\((\w+)\)|static [\w ]*?\b(check_\w+)\(", after)
        return (match[1] or match[2]) if match else ""
    return ""


# --- judging --------------------------------------------------------------------------------


def gaps(requirements, sources):
    """Sentences about what leads nowhere."""
    known = {r.id for r in requirements}
    out = []
    for source in sources:
        out += [f"{t.path}:{t.line}: {t.id} does not exist{_others(t.id, known)}"
                for t in source.tags if t.id not in known]
        out += _orphan(source)
    for requirement in requirements:
        out += [f"{FILE}:{requirement.line}: {s}" for s in _claims(requirement, sources)]
    return out


def _others(wanted, known):
    area = wanted.split("-")[0]
    alike = sorted((i for i in known if i.split("-")[0] == area), key=_order)
    return f"; there are {', '.join(alike)}" if alike else f"; {FILE} has no {area}"


def _orphan(source):
    if source.kind is None:
        return [f"{t.path}:{t.line}: names {t.id} in a file that is neither code nor a test"
                for t in source.tags]
    if source.tags:
        return []
    if source.kind != "code":
        return [f"{source.path}: no requirement asks for this test: name one with {WORD} in its "
                "first comment"]
    if source.path.startswith("runtime/") and source.path.endswith((".c", ".S")):
        return [f"{source.path}: no requirement asks for this code: name one with {WORD} in its "
                "contract comment"]
    return []


def _claims(requirement, sources):
    kinds = {s.kind for s in sources for t in s.tags if t.id == requirement.id}
    out = []
    if "code" not in kinds:
        out.append(f"{requirement.id} is {requirement.status}, but no code names it")
    if requirement.status == "done" and not kinds & set(TEST_KINDS):
        out.append(f"{requirement.id} is done, but no test names it")
        return out
    out += [f"{requirement.id} is said to be verified by `{kind}`, but no test in "
            f"{TEST_KINDS[kind]} names it"
            for kind in requirement.verified_by if kind not in kinds]
    return out


# --- showing --------------------------------------------------------------------------------


def traced(requirements, sources):
    """Each requirement with its places, as plain values."""
    rows = []
    for requirement in requirements:
        tags = [(s.kind, t) for s in sources for t in s.tags if t.id == requirement.id]
        row = asdict(requirement)
        row["design"], row["verified_by"] = list(requirement.design), list(requirement.verified_by)
        row["code"] = [_place(t) for kind, t in tags if kind == "code"]
        row["tests"] = [{"kind": kind, **_place(t)} for kind, t in tags if kind in TEST_KINDS]
        rows.append(row)
    return rows


def _place(tag):
    return {"path": tag.path, "line": tag.line, "scope": tag.scope}


def _order(name):
    area, number = name.split("-")
    return area, int(number)


def table(rows):
    out = [f"{'id':8} {'status':8} {'code':>4} {'tests':>5}  kinds of test"]
    for row in rows:
        counts = {}
        for test in row["tests"]:
            counts[test["kind"]] = counts.get(test["kind"], 0) + 1
        kinds = ", ".join(f"{kind} {counts[kind]}" for kind in TEST_KINDS if kind in counts)
        out.append(f"{row['id']:8} {row['status']:8} {len(row['code']):4} {len(row['tests']):5}  "
                   f"{kinds}")
    partial = sum(row["status"] == "partial" for row in rows)
    out.append(f"{len(rows)} requirements: {len(rows) - partial} done, {partial} partial")
    return "\n".join(out)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
