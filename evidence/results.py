"""Test results: JUnit files in build/results, each beside a file that names the sources tested.

NAME.xml is what pytest or tests/unit/run.py wrote, NAME.tree the hash of the sources (as
`python3 -m evidence tree` prints it). Times are left out: the page says what passed, not how fast.

@req EVID-7
"""

from xml.etree import ElementTree

# The suites that `make test` runs; one without a result is shown as missing.
SUITES = (("unit", "unit tests on the workstation, with ASan and UBSan"),
          ("generator", "the generator"),
          ("verifier", "the verifier"),
          ("trace", "requirements, code and tests"),
          ("evidence", "this page and what it is made of"),
          ("system", "whole systems in QEMU"))


def results(folder, tree):
    """Rows: each suite with its counts, its failures and whether it is about these sources."""
    known = dict(SUITES)
    names = [name for name, _ in SUITES]
    names += sorted(p.stem for p in folder.glob("*.xml") if p.stem not in known)
    return [_suite(folder, name, known.get(name, ""), tree) for name in names]


def _suite(folder, name, what, tree):
    row = {"suite": name, "what": what, "tests": 0, "passed": 0, "failed": 0, "skipped": 0,
           "failures": [], "cases": [], "status": "missing", "words": "not run"}
    try:
        document = ElementTree.parse(folder / f"{name}.xml").getroot()
    except FileNotFoundError:
        return row
    except ElementTree.ParseError as error:
        return {**row, "status": "bad", "words": f"not readable: {error}"}
    row["cases"] = sorted((_case(c) for c in document.iter("testcase")), key=lambda c: c["test"])
    row["tests"] = len(row["cases"])
    for verdict in ("passed", "failed", "skipped"):
        row[verdict] = sum(c["verdict"] == verdict for c in row["cases"])
    row["failures"] = [c["test"] for c in row["cases"] if c["verdict"] == "failed"]
    row["status"], row["words"] = _judged(row, _tested(folder, name) == tree)
    return row


def _case(case):
    verdict = "passed"
    if case.find("failure") is not None or case.find("error") is not None:
        verdict = "failed"
    elif case.find("skipped") is not None:
        verdict = "skipped"
    return {"test": "::".join(filter(None, (case.get("classname"), case.get("name")))),
            "verdict": verdict}


def _judged(row, is_same_tree):
    if row["failed"]:
        return "bad", "FAILED"
    if not row["passed"]:
        return "bad", "nothing passed"
    if row["skipped"]:
        return "bad", "some were skipped"
    if not is_same_tree:
        return "stale", "passed, with other sources than these"
    return "good", "passed"


def _tested(folder, name):
    try:
        return (folder / f"{name}.tree").read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
