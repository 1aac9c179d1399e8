"""The double build: compares two build folders byte by byte, and keeps what came of it.

scripts/repro.sh makes the two builds; `python3 -m evidence compare A B` compares them and writes
the result that the page shows.

@req EVID-6
"""

import json
from pathlib import Path

from evidence.build import sha256_of

OUTPUTS = ("resolved.json", "plan.json", "gen/*", "bulkhead.elf", "bulkhead.img")
CHUNK = 1 << 20


def outputs(folder):
    """Names of every output below a build folder."""
    return sorted({str(p.relative_to(folder)) for pattern in OUTPUTS
                   for p in Path(folder).glob(pattern) if p.is_file()})


def first_difference(one, other):
    """Offset of the first byte that differs, or None; the end of the shorter file counts."""
    offset = 0
    with open(one, "rb") as a, open(other, "rb") as b:
        while True:
            left, right = a.read(CHUNK), b.read(CHUNK)
            if left != right:
                for place, (x, y) in enumerate(zip(left, right)):
                    if x != y:
                        return offset + place
                return offset + min(len(left), len(right))
            if not left:
                return None
            offset += len(left)


def compare(one, other):
    """Every output of either build, with its hash and where the two differ."""
    names = sorted({*outputs(one), *outputs(other)})
    rows = []
    for name in names:
        a, b = Path(one) / name, Path(other) / name
        if not (a.is_file() and b.is_file()):
            rows.append({"file": name, "same": False, "difference":
                         f"only in the {'first' if a.is_file() else 'second'} build"})
            continue
        offset = first_difference(a, b)
        rows.append({"file": name, "size": a.stat().st_size, "sha256": sha256_of(a),
                     "same": offset is None,
                     "difference": "" if offset is None else f"first at byte {offset} "
                     f"(0x{offset:x}): {_byte(a, offset)} and {_byte(b, offset)}"})
    return rows


def _byte(path, offset):
    with open(path, "rb") as file:
        file.seek(offset)
        byte = file.read(1)
    return f"0x{byte[0]:02x}" if byte else "the end"


def reproducibility(build, elf_sha256):
    """The kept result of the last double build, and whether it is about this ELF."""
    path = build.folder / "repro.json"
    try:
        kept = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {"status": "bad", "words": "the double build was not done: make repro", "files": []}
    except ValueError:
        return {"status": "bad", "words": "repro.json is not readable: make repro", "files": []}
    files = kept["files"]
    different = [row["file"] for row in files if not row["same"]]
    if different or not files:
        return {**kept, "status": "bad",
                "words": f"{len(different)} of {len(files)} files differ"}
    elf = next((row for row in files if row["file"] == "bulkhead.elf"), {})
    if elf.get("sha256") != elf_sha256:
        return {**kept, "status": "bad", "words": "the double build was of another image: "
                "make repro"}
    return {**kept, "status": "good",
            "words": f"all {len(files)} files are the same, byte by byte, and are this image's"}
