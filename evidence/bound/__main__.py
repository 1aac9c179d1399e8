"""Command line: bounds of a built system, and the fuzz run beside them.

    /usr/bin/python3 -m evidence.bound build/<name> [--fuzz build/test-fuzz]

Prints the table and writes build/<name>/bound.json. Exit status: 0 every class has a bound and
nothing measured exceeds it, 1 otherwise, 2 it could not be found out.

@req EVID-4
"""

import argparse
from pathlib import Path
import sys

from evidence.bound.report import fuzz, keep, static, table
from evidence.build import EvidenceError
from evidence.image import Image


def main(arguments=None):
    """Runs it; returns the exit status."""
    parser = argparse.ArgumentParser(prog="evidence.bound", description="bounds of exits")
    parser.add_argument("folder", type=Path, metavar="BUILD")
    parser.add_argument("--fuzz", type=Path, metavar="BUILD", help="the built systems/test-fuzz")
    options = parser.parse_args(arguments)
    try:
        found = static(Image(options.folder / "bulkhead.elf"))
        of_fuzz = fuzz(options.fuzz) if options.fuzz and not found["faults"] else None
        keep(options.folder, found, of_fuzz)
    except EvidenceError as error:
        print(f"bound: {error}", file=sys.stderr)
        return 2
    wrong = found["faults"] + (of_fuzz["faults"] + of_fuzz["wrong"] if of_fuzz else [])
    if found["rows"]:
        print(table(options.folder.name, found, of_fuzz))
    for sentence in wrong:
        print(f"WRONG   {sentence}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
