"""The double build: this compiler's is the same twice, and one that is not is found out.

@req EVID-6, DESC-7
"""

from pathlib import Path
import shutil
import subprocess

import pytest

ROOT = Path(__file__).resolve().parents[2]
SYSTEM = "tests/evidence/evidence-test.yaml"

# What a generator must not do, each in a file of its own: the folder, the date, the user, the mask.
FAULTS = """
import os, time
_write = lambda path, text: path.write_text(text + {
    "qemu.args": os.getcwd(), "tables.h": time.strftime("/* %Y-%m */\\n"),
    "link.ld": f"/* {os.getuid()} */\\n", "images.S": f"/* {(lambda mask: (mask, os.umask(mask)))(os.umask(0))[0]} */\\n",
    "config_sizes.h": f"/* {hash('x')} */\\n"}.get(path.name, ""), encoding="utf-8")
"""


@pytest.fixture
def tree(tmp_path):
    """A copy of the work tree, with the guests' images."""
    copy = tmp_path / "tree"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".git", ".cache", "build"))
    shutil.copytree(ROOT / "build" / "guests" / "tests", copy / "build" / "guests" / "tests")
    return copy


def _repro(tree):
    done = subprocess.run(["scripts/repro.sh", SYSTEM, "build/evidence-test"], cwd=tree,
                          capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_this_compiler_gives_the_same_bytes(tree):
    status, output = _repro(tree)
    assert status == 0, output
    assert (tree / "build" / "evidence-test" / "repro.json").is_file()


def test_what_depends_on_its_surroundings_is_named_with_its_first_byte(tree):
    with open(tree / "generator" / "emit.py", "a", encoding="utf-8") as file:
        file.write(FAULTS)
    size = len((ROOT / "build" / "evidence-test" / "gen" / "tables.h").read_text())
    status, output = _repro(tree)
    assert status == 1
    for name in ("qemu.args", "tables.h", "link.ld", "images.S", "config_sizes.h"):
        assert f"DIFFERS gen/{name}: first at byte " in output, output
    assert f"DIFFERS gen/tables.h: first at byte {size + 6} " in output, output  # /* 2026
    assert "DIFFERS plan.json" not in output
