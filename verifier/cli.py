"""Command line: text or JSON, and the exit status.

@req EVID-1
"""

import argparse
import hashlib
import json
import sys
import time

from verifier.faults import Unreadable
from verifier.report import as_json, as_text
from verifier.run import read_elf, read_sources, verify

HOLDS, VIOLATED, UNREADABLE = 0, 1, 2


def parser():
    """The options."""
    options = argparse.ArgumentParser(
        prog="python3 -m verifier",
        description="Proves, from the finished ELF alone, that it isolates what the description "
        "says; or shows the first byte of physical memory where it does not.",
        epilog="exit status: 0 every property holds; 1 the image is rejected; 2 an input cannot "
        "be read")
    options.add_argument("--elf", required=True, help="the finished image, with symbols")
    options.add_argument("--description", required=True, metavar="SYSTEM.yaml")
    options.add_argument("--board", metavar="FOLDER",
                         help="the board's folder (default: the one the description names)")
    options.add_argument("--json", action="store_true", help="the verdict as JSON")
    return options


def main(arguments):
    """Runs the verifier; returns the exit status."""
    options = parser().parse_args(arguments)
    start = time.monotonic()
    try:
        elf = read_elf(options.elf)
        sources = read_sources(options.description, options.board)
        try:
            results = verify(elf, sources)
        except Unreadable as error:
            raise Unreadable(f"{options.elf} {error}" if str(error).startswith(("has ", "is "))
                             else str(error)) from error
    except Unreadable as error:
        _say_unreadable(str(error), options.json)
        return UNREADABLE
    holds = all(r.holds for r in results)
    digest = hashlib.sha256(elf.data).hexdigest()
    if options.json:
        print(json.dumps(as_json(results, sources, digest, holds), indent=2))
    else:
        print(as_text(results, sources, digest, holds, time.monotonic() - start))
    return HOLDS if holds else VIOLATED


def _say_unreadable(sentence, wants_json):
    if wants_json:
        print(json.dumps({"verdict": "unreadable", "reason": sentence}, indent=2))
    else:
        print(f"not verified: {sentence}", file=sys.stderr)
