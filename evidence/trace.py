"""The requirements trace: scripts/trace.py, run as a program.

@req EVID-2, EVID-7
"""

import json
from pathlib import Path
import subprocess
import sys
import tempfile

from evidence.build import ROOT


def trace():
    """What the trace says: requirements with their places, problems, and a status in words."""
    script = ROOT / "scripts" / "trace.py"
    if not script.exists():
        return _failed("scripts/trace.py does not exist", [])
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "trace.json"
        done = subprocess.run([sys.executable, str(script), "--json", str(out)], cwd=ROOT,
                              capture_output=True, text=True, check=False)
        text = out.read_text(encoding="utf-8") if out.exists() else ""
    return judged(text, done.stderr, done.returncode)


def judged(text, errors, status):
    """The trace that its JSON and the exit status amount to."""
    problems = [line.removeprefix("trace: ") for line in errors.splitlines() if line.strip()]
    try:
        rows = json.loads(text)
    except ValueError:
        last = (problems or ["it said nothing"])[-1]
        return _failed(f"the trace failed (exit status {status}): {last}", problems)
    if status != 0 or problems:
        return {"status": "bad", "words": f"{len(problems)} gaps between requirements, code and "
                "tests", "requirements": rows, "problems": problems}
    if not rows:
        return _failed("there are no requirements", problems)
    partial = sum(row["status"] != "done" for row in rows)
    return {"status": "good", "requirements": rows, "problems": [],
            "words": f"{len(rows)} requirements, {len(rows) - partial} done and {partial} partial; "
            "each has code, each that is done has tests, and no test is without a requirement"}


def _failed(words, problems):
    return {"status": "bad", "words": words, "requirements": [], "problems": problems}
