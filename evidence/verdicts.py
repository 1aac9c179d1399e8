"""The verifier's verdict: it is run as a program on the finished ELF and the description.

A verifier that is missing, fails, says nothing that can be read, or speaks of another ELF is a
verdict too: "not proved", with the reason.

@req EVID-1, EVID-7
"""

import json
import subprocess
import sys

from evidence.build import ROOT, sha256_of
from evidence.values import grouped


def verdicts(build):
    """What the verifier says, as its JSON, with "status" and "words" of our own on top."""
    command = [sys.executable, "-m", "verifier", "--elf", str(build.elf), "--description",
               str(build.description), "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return judged(done.stdout, done.stderr, done.returncode, sha256_of(build.elf))


def judged(output, errors, status, elf_sha256):
    """The verdict that `output` and the exit status amount to."""
    try:
        said = json.loads(output)
        properties = said.get("properties", [])
    except (ValueError, AttributeError):
        last = (errors.strip().splitlines() or ["it said nothing"])[-1]
        return _not_proved(f"the verifier failed (exit status {status}): {last}")
    if said.get("verdict") == "unreadable":
        return _not_proved(f"the verifier could not read its input: {said['reason']}")
    if said.get("elf_sha256") != elf_sha256:
        return _not_proved("the verifier speaks of another ELF")
    checked = sum(p["checked"] for p in properties)
    wrong = [p["id"] for p in properties if p["verdict"] != "holds"]
    if status != 0 or wrong or said["verdict"] != "holds":
        return {**said, "status": "bad", "total_checked": checked,
                "words": f"rejected: {len(wrong)} of {len(properties)} properties do not hold"}
    if not checked:
        return _not_proved("the verifier checked nothing")
    return {**said, "status": "good", "total_checked": checked,
            "words": f"all {len(properties)} properties hold; {grouped(checked)} things were checked"}


def _not_proved(words):
    return {"status": "bad", "words": words, "verdict": "not proved", "properties": [], "vms": {},
            "total_checked": 0}
