"""The verdicts at the top of the page: each a question, good, stale or bad, and why. Evidence that
is not there yet (tests that were not run) is as open as evidence about other sources.

@req EVID-7
"""

GOOD, STALE, BAD = "good", "stale", "bad"


def summary(facts):
    """Rows in the order of the page."""
    rows = [
        _row("identity", "Is it one description everywhere?", *_identity(facts["identity"])),
        _row("verdicts", "Does the image isolate what the description says?",
             facts["verdicts"]["status"], facts["verdicts"]["words"]),
        _row("stack", "Does every stack hold its worst case?", *_stack(facts["stack"])),
        _row("bound", "Does every exit end within a known number of instructions?",
             *_bound(facts["bound"])),
        _row("repro", "Does a second build give the same bytes?", facts["repro"]["status"],
             facts["repro"]["words"]),
        _row("trace", "Does each promise have code and tests?", facts["trace"]["status"],
             facts["trace"]["words"]),
        _row("results", "Do the tests pass?", *_results(facts["results"])),
        _row("sources", "Do the sources stand in version control?", *_sources(facts["commit"])),
    ]
    return {"rows": rows, "status": worst(row["status"] for row in rows)}


def worst(statuses):
    """The worst of several."""
    return max(statuses, key=(GOOD, STALE, BAD).index)


def _row(part, question, status, words):
    return {"part": part, "question": question, "status": status, "words": words}


def _identity(identity):
    other = [said["where"] for said in identity["says"] if not said["same"]]
    if other:
        return BAD, "another hash, or none: " + ", ".join(other)
    return GOOD, "the same hash in " + ", ".join(said["where"] for said in identity["says"])


def _stack(stack):
    if stack["faults"]:
        return BAD, f"{len(stack['faults'])} faults: {stack['faults'][0]}"
    tight = max(stack["entries"], key=lambda e: e["bytes"] / e["room"])
    return GOOD, (f"at most {tight['bytes']} of {tight['room']} bytes, in {tight['what']}; "
                  f"no recursion, every callee known")


def _bound(bound):
    wrong = bound["faults"] + bound["wrong"]
    if wrong:
        return BAD, f"{len(wrong)} faults: {wrong[0]}"
    rows = [row for row in bound["rows"] if row["bound"] is not None]
    seen = [row for row in rows if row["measured"] is not None]
    words = f"{len(rows)} classes have a bound"
    if not bound["is_measured"]:
        return STALE, f"{words}; nothing was measured against this image: run make bound"
    return GOOD, f"{words}; in the fuzz run {len(seen)} of them occurred, none beyond its bound"


def _results(results):
    status = worst(STALE if r["status"] == "missing" else r["status"] for r in results)
    passed = sum(r["passed"] for r in results)
    others = [f"{r['suite']}: {r['words']}" for r in results if r["status"] != GOOD]
    return status, "; ".join([f"{passed} passed", *others])


def _sources(commit):
    if commit["changed"]:
        return STALE, f"files differ from commit {commit['id'][:12]}"
    return GOOD, f"commit {commit['id'][:12]}"
