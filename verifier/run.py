"""From inputs to results: all properties over one image.

@req EVID-1
"""

from pathlib import Path

from verifier.board import Board, board_folder
from verifier.description import read
from verifier.elf import Elf
from verifier.evidence import Evidence, Sources
from verifier.faults import Malformed, Unreadable
from verifier.files import read_file
from verifier.properties import FOUNDATION, PROPERTIES
from verifier.verdict import SYSTEM, Enough, Result, Violation, demand_counts

ROOT = Path(__file__).resolve().parent.parent
UNFINISHED = "this property could not be looked at to the end"
FOUNDATION_FAILED = "the tables do not have their form"


def read_sources(path, board=None):
    """Description and board; `board` overrides the folder that the description names."""
    path = Path(path)
    description = read(path)
    folder = Path(board) if board else board_folder(description.board, path.parent, ROOT)
    return Sources(description, Board(folder))


def read_elf(path):
    """The image in the file at `path`."""
    data = read_file(path)
    try:
        return Elf(data)
    except Unreadable as error:
        raise Unreadable(f"{path} {error}") from error


def verify(elf, sources, first_only=False, make_evidence=Evidence, first=()):
    """A Result for each property. With `first_only` no more is done than a rejection takes, which
    is quick when the properties whose ids are in `first` are the ones that fail."""
    keep = {"keep": 1} if first_only else {}
    results = []
    try:
        evidence = make_evidence(elf, sources)
    except Malformed as fault:
        evidence = None
        foundation = Result(FOUNDATION[0])
        foundation.violations.append(_violation(fault))
        results.append(foundation)
    subjects = [vm.name for vm in sources.description.vms]
    ordered = tuple(sorted(PROPERTIES, key=lambda p: p.id not in first))
    for prop in FOUNDATION + ordered if evidence else ordered:
        result = Result(prop, **keep)
        results.append(result)
        if any(not r.holds for r in results[:len(FOUNDATION)] if r is not result):
            result.skipped = FOUNDATION_FAILED
            continue
        _check(prop, evidence, result)
        demand_counts(result, subjects)
        if first_only and not result.holds:
            break
    return results


def _check(prop, evidence, result):
    try:
        prop.check(evidence, result)
    except Malformed as fault:
        result.violations.append(_violation(fault))
    except Enough:
        pass
    except Unreadable:
        raise
    except Exception as error:  # pylint: disable=broad-except
        # A fault of the verifier: what was not looked at to the end has not been shown.
        result.violations.append(Violation(SYSTEM, f"{UNFINISHED} ({type(error).__name__}: "
                                           f"{error}): a fault of the verifier"))


def _violation(fault):
    return Violation(SYSTEM, fault.sentence, fault.pa)
