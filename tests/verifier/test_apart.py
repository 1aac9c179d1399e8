"""The verifier shares nothing with the generator, and the tests import nothing of it either.

@req EVID-1
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
OWN = sorted((ROOT / "verifier").rglob("*.py"))
TESTS = sorted((ROOT / "tests" / "verifier").rglob("*.py"))
ALLOWED = {"argparse", "bisect", "collections", "dataclasses", "elftools", "functools", "hashlib",
           "io", "json", "math", "pathlib", "re", "struct", "subprocess", "sys", "time", "verifier",
           "yaml"}
DYNAMIC = {"__import__", "import_module", "exec", "eval", "runpy", "importlib"}


def imports(path):
    """Top-level packages that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            yield node.module.split(".")[0]


@pytest.mark.parametrize("path", OWN, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_are_the_standard_library_and_itself(path):
    assert set(imports(path)) <= ALLOWED


@pytest.mark.parametrize("path", OWN + TESTS, ids=lambda p: str(p.relative_to(ROOT)))
def test_nothing_of_the_generator(path):
    assert "generator" not in set(imports(path))
    names = {n.id for n in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
             if isinstance(n, ast.Name)}
    assert not names & DYNAMIC


def test_reads_no_intermediate_file():
    text = "".join(p.read_text(encoding="utf-8") for p in OWN)
    for name in ("plan.json", "resolved.json", "config_sizes", "stage2.c", "el2_map.c", ".dtb\""):
        assert name not in text


def test_every_file_is_seen():
    assert len(OWN) > 20 and ROOT / "verifier" / "properties" / "memory.py" in OWN
