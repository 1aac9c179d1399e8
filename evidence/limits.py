"""Known limits: the list under "Limits" of docs/architecture.md, with the page's own.

@req EVID-7
"""

import re

from evidence.build import ROOT, EvidenceError


def limits():
    """Each limit as one sentence or more."""
    path = ROOT / "docs" / "architecture.md"
    found = re.search(r"^## Limits\n(.*?)(?=^## |\Z)", path.read_text(encoding="utf-8"),
                      re.M | re.S)
    items = re.findall(r"^- (.*(?:\n  .*)*)", found[1], re.M) if found else []
    if not items:
        raise EvidenceError(f"{path.name} has no list under \"Limits\"")
    return [re.sub(r"\s+", " ", item).replace("`", "") for item in items]
