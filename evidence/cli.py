"""Command line.

Exit status: 0 every verdict of the page is good or merely stale, 1 one is bad (the page is written
all the same and says it), 2 evidence could not be collected.

@req EVID-7
"""

import argparse
import json
from pathlib import Path
import shutil
import sys

from evidence import repro, sources
from evidence.build import Build, EvidenceError
from evidence.collect import collect
from evidence.page import page
from evidence.summary import BAD
from evidence.tables import files


def parser():
    """The commands and their options."""
    options = argparse.ArgumentParser(
        prog="python3 -m evidence", description="What an assessor asks for about a built system.")
    commands = options.add_subparsers(dest="command", required=True)
    collected = commands.add_parser("collect", help="write BUILD/evidence/")
    collected.add_argument("build", type=Path, metavar="BUILD", help="build/<name>")
    collected.add_argument("--description", required=True, type=Path, metavar="SYSTEM.yaml")
    compared = commands.add_parser("compare", help="compare two build folders byte by byte")
    compared.add_argument("one", type=Path)
    compared.add_argument("other", type=Path)
    compared.add_argument("--keep", type=Path, metavar="FILE", help="write the result there")
    commands.add_parser("tree", help="print the hash of all tracked files")
    return options


def main(arguments):
    """Runs one command; returns the exit status."""
    options = parser().parse_args(arguments)
    try:
        return {"collect": _collect, "compare": _compare, "tree": _tree}[options.command](options)
    except EvidenceError as error:
        print(f"evidence: {error}", file=sys.stderr)
        return 2


def _collect(options):
    build = Build(options.build.resolve(), options.description.resolve())
    facts = collect(build)
    beside = files(facts)
    out = options.build / "evidence"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    for name, text in {**beside, "evidence.html": page(facts, beside)}.items():
        (out / name).write_text(text, encoding="utf-8", newline="\n")
    for row in facts["summary"]["rows"]:
        print(f"  {row['status'].upper():5} {row['question']} {row['words']}")
    print(f"  PAGE  {out / 'evidence.html'}, with {len(beside)} files beside it")
    return 1 if facts["summary"]["status"] == BAD else 0


def _compare(options):
    rows = repro.compare(options.one, options.other)
    if options.keep:
        options.keep.write_text(json.dumps({"files": rows}, indent=1) + "\n", encoding="utf-8")
    different = [row for row in rows if not row["same"]]
    for row in different:
        print(f"  DIFFERS {row['file']}: {row['difference']}")
    if not rows:
        print("  nothing was built")
    print(f"  {len(rows) - len(different)} of {len(rows)} files are the same")
    return 1 if different or not rows else 0


def _tree(_options):
    print(sources.tree_hash())
    return 0
