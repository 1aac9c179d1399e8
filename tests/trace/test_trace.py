"""scripts/trace.py on small trees: one that is whole, and one for each way in which it is not, with
the exact sentence; then on this project.

@req EVID-2
"""

import importlib.util
import json
from pathlib import Path
import sys

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts"
TAG = "@" + "req"
ROW = """\
requirements:
  - id: CORE-1
    text: It boots.
    rationale: Otherwise it is of no use.
    status: done
    design: [docs/architecture.md#Boot]
    verified_by: [unit]
"""
TREE = {
    "docs/requirements.yaml": ROW,
    "docs/architecture.md": "# Architecture\n\n## Boot\n",
    "runtime/core/boot.c": f"/* Boots.\n * {TAG} CORE-1 */\nint boot;\n",
    "runtime/core/boot.h": "/* Boots. */\n",
    "tests/unit/test_boot.c": f"/* Tests.\n * {TAG} CORE-1 */\n#include \"test.h\"\n",
    "tests/unit/fake/boot.c": "/* Says yes. */\n",
    "generator/cli.py": '"""The command line."""\n',
}


def load(name):
    """A file of scripts/ under its own name: `trace` is also one of Python's own modules."""
    spec = importlib.util.spec_from_file_location(name, SCRIPTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def trace():
    before = {name: sys.modules.get(name) for name in ("requirements", "trace")}
    load("requirements")
    yield load("trace")
    for name, module in before.items():
        sys.modules.pop(name)
        if module:
            sys.modules[name] = module


@pytest.fixture
def said(trace, tmp_path, capsys):
    """said(changes) -> (status, [sentence]) of TREE with files replaced; None takes one away."""
    def run(changes, *arguments):
        for name, text in {**TREE, **changes}.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is not None:
                path.write_text(text, encoding="utf-8")
        status = trace.main(["--root", str(tmp_path), *arguments])
        lines = capsys.readouterr().err.splitlines()
        return status, [line.removeprefix("trace: ") for line in lines]
    return run


def test_a_whole_tree_passes(said):
    assert said({}) == (0, [])


def changed(old, new):
    assert old in ROW
    return {"docs/requirements.yaml": ROW.replace(old, new)}


SECOND = ROW.removeprefix("requirements:\n")
AT = "docs/requirements.yaml:2: "
FAILURES = {
    "unknown-id-in-code": (
        {"generator/cli.py": f'"""The command line.\n\n{TAG} CORE-9\n"""\n'},
        ["generator/cli.py:3: CORE-9 does not exist; there are CORE-1"]),
    "unknown-area": (
        {"scripts/a.sh": f"#!/bin/sh\n# {TAG} TIME-1\n"},
        ["scripts/a.sh:2: TIME-1 does not exist; docs/requirements.yaml has no TIME"]),
    "unknown-id-in-test": (
        {"tests/unit/test_boot.c": f"/* Tests.\n * {TAG} CORE-1, CORE-2 */\n"},
        ["tests/unit/test_boot.c:2: CORE-2 does not exist; there are CORE-1"]),
    "tag-within-a-sentence": (
        {"generator/cli.py": f"# for {TAG} CORE-1\n"},
        [f"generator/cli.py:1: write `{TAG} CORE-1, CORE-2`, alone on its line of the comment"]),
    "tag-without-id": (
        {"generator/cli.py": f"# {TAG}\n"},
        [f"generator/cli.py:1: write `{TAG} CORE-1, CORE-2`, alone on its line of the comment"]),
    "tag-without-comma": (
        {"generator/cli.py": f"# {TAG} CORE-1 CORE-2\n"},
        [f"generator/cli.py:1: write `{TAG} CORE-1, CORE-2`, alone on its line of the comment"]),
    "done-without-code": (
        {"runtime/core/boot.c": None},
        [AT + "CORE-1 is done, but no code names it"]),
    "done-without-test": (
        {"tests/unit/test_boot.c": None},
        [AT + "CORE-1 is done, but no test names it"]),
    "partial-without-code": (
        {"runtime/core/boot.c": None, **changed("done", "partial\n    limits: Not on all.")},
        [AT + "CORE-1 is partial, but no code names it"]),
    "verified-by-nobody": (
        changed("[unit]", "[unit, system]"),
        [AT + "CORE-1 is said to be verified by `system`, but no test in tests/system/ names it"]),
    "test-asked-for-by-nothing": (
        {"tests/system/test_x.py": '"""Tests."""\n'},
        [f"tests/system/test_x.py: no requirement asks for this test: name one with {TAG} in its "
         "first comment"]),
    "guest-asked-for-by-nothing": (
        {"vm-images/tests/x.c": "/* Tests. */\n"},
        [f"vm-images/tests/x.c: no requirement asks for this test: name one with {TAG} in its "
         "first comment"]),
    "code-asked-for-by-nothing": (
        {"runtime/arch/x.S": "/* Code. */\n"},
        [f"runtime/arch/x.S: no requirement asks for this code: name one with {TAG} in its "
         "contract comment"]),
    "tag-in-what-supports-tests": (
        {"tests/unit/fake/boot.c": f"/* {TAG} CORE-1 */\n"},
        ["tests/unit/fake/boot.c:1: names CORE-1 in a file that is neither code nor a test"]),
    "key-missing": (
        changed("    rationale: Otherwise it is of no use.\n", ""),
        [AT + "CORE-1 has no `rationale`",
         "runtime/core/boot.c:2: CORE-1 does not exist; docs/requirements.yaml has no CORE",
         "tests/unit/test_boot.c:2: CORE-1 does not exist; docs/requirements.yaml has no CORE"]),
    "done-without-verification": (
        {"docs/requirements.yaml": ROW + SECOND.replace("CORE-1", "CORE-2").replace(
            "    verified_by: [unit]\n", "")},
        ["docs/requirements.yaml:8: CORE-2 is done and does not say what it is `verified_by`"]),
    "key-unknown": (
        {"docs/requirements.yaml": ROW + SECOND.replace("CORE-1", "CORE-2") + "    owner: a\n"},
        ["docs/requirements.yaml:8: CORE-2 has the unknown key `owner`"]),
    "key-twice": (
        {"docs/requirements.yaml": ROW + "    text: It boots.\n"},
        [AT + "`text` is given twice"]),
    "not-a-list": (
        {"docs/requirements.yaml": ROW + SECOND.replace("CORE-1", "CORE-2").replace(
            "[unit]", "unit")},
        ["docs/requirements.yaml:8: `verified_by` of CORE-2 must be a list"]),
    "not-a-text": (
        {"docs/requirements.yaml": ROW + SECOND.replace("CORE-1", "CORE-2").replace(
            "It boots.", "[It boots.]")},
        ["docs/requirements.yaml:8: `text` of CORE-2 must be a text"]),
    "not-an-id": (
        {"docs/requirements.yaml": ROW + SECOND.replace("CORE-1", "core-2")},
        ["docs/requirements.yaml:8: `core-2` is no id: write capitals, a hyphen and a number, as "
         "CORE-1"]),
    "id-twice": (
        {"docs/requirements.yaml": ROW + SECOND},
        ["docs/requirements.yaml:8: CORE-1 is there twice, first in line 2"]),
    "status-unknown": (
        {"docs/requirements.yaml": ROW + SECOND.replace("CORE-1", "CORE-2").replace(
            "done", "finished")},
        ["docs/requirements.yaml:8: the status of CORE-2 is `finished`: write done or partial"]),
    "partial-without-limits": (
        {"docs/requirements.yaml": ROW + SECOND.replace("CORE-1", "CORE-2").replace(
            "done", "partial")},
        ["docs/requirements.yaml:8: CORE-2 is partial and does not say its `limits`"]),
    "done-with-limits": (
        {"docs/requirements.yaml": ROW + SECOND.replace("CORE-1", "CORE-2") + "    limits: One.\n"},
        ["docs/requirements.yaml:8: CORE-2 is done and yet has `limits`: it is partial, or they "
         "are not limits"]),
    "kind-unknown": (
        {"docs/requirements.yaml": ROW + SECOND.replace("CORE-1", "CORE-2").replace(
            "[unit]", "[review]")},
        ["docs/requirements.yaml:8: CORE-2 is verified by `review`, which is none of unit, "
         "generator, verifier, evidence, trace, guest, system"]),
    "design-not-there": (
        changed("docs/architecture.md#Boot", "docs/boot.md"),
        [AT + "the design of CORE-1 is said to be in docs/boot.md, which is not there"]),
    "design-without-heading": (
        changed("#Boot", "#Start"),
        [AT + "the design of CORE-1 is said to be under `Start` of docs/architecture.md, which has "
         "no such heading"]),
    "row-is-a-text": (
        {"docs/requirements.yaml": ROW + "  - CORE-2\n"},
        ["docs/requirements.yaml:8: a requirement is a list of keys, not a plain value"]),
}


@pytest.mark.parametrize("case", FAILURES)
def test_exact_sentences(said, case):
    changes, sentences = FAILURES[case]
    assert said(changes) == (1, sentences)


@pytest.mark.parametrize("text, sentence", [
    ("rows: []\n", "must hold one key, `requirements`, with a list"),
    ("- a\n", "must hold one key, `requirements`, with a list"),
    ("", "must hold one key, `requirements`, with a list"),
    ("a: [\n", "is not YAML: "), (None, "cannot be read: ")])
def test_no_requirements_at_all(said, text, sentence):
    status, sentences = said({"docs/requirements.yaml": text})
    assert status == 1 and sentences[0].startswith(f"docs/requirements.yaml: {sentence}")


def test_what_is_partial_may_have_no_test_yet(said):
    row = ROW.replace("done", "partial\n    limits: Not tested.").replace(
        "    verified_by: [unit]\n", "")
    assert said({"docs/requirements.yaml": row, "tests/unit/test_boot.c": None}) == (0, [])


def test_all_findings_come_in_one_run(said):
    changes = {**FAILURES["unknown-area"][0], **FAILURES["code-asked-for-by-nothing"][0],
               **FAILURES["verified-by-nobody"][0]}
    status, sentences = said(changes)
    assert status == 1 and len(sentences) == 3


def test_talking_about_the_form_is_no_tag(said):
    assert said({"generator/cli.py": f'"""Reads `{TAG} CORE-7`."""\n'}) == (0, [])


def test_json_says_where(said, tmp_path):
    test = (f"/* Tests.\n * {TAG} CORE-1 */\n#include \"test.h\"\n\n"
            f"/* {TAG} CORE-1 */\nTEST(boots_twice)\n{{\n}}\n")
    python = f'"""Tests."""\n\n\ndef test_one():\n    """Boots.\n\n    {TAG} CORE-1\n    """\n'
    out = tmp_path / "trace.json"
    assert said({"tests/unit/test_boot.c": test, "tests/system/test_x.py": python},
                "--json", str(out)) == (0, [])
    (row,) = json.loads(out.read_text(encoding="utf-8"))
    assert row["id"] == "CORE-1" and row["status"] == "done" and row["limits"] == ""
    assert row["text"] == "It boots." and row["design"] == ["docs/architecture.md#Boot"]
    assert row["code"] == [{"path": "runtime/core/boot.c", "line": 2, "scope": ""}]
    assert row["tests"] == [
        {"kind": "system", "path": "tests/system/test_x.py", "line": 7, "scope": "test_one"},
        {"kind": "unit", "path": "tests/unit/test_boot.c", "line": 2, "scope": ""},
        {"kind": "unit", "path": "tests/unit/test_boot.c", "line": 5, "scope": "boots_twice"}]


def test_table_counts(trace, said, tmp_path, capsys):
    said({})
    trace.main(["--root", str(tmp_path)])
    text = capsys.readouterr().out.splitlines()
    assert text[1].split() == ["CORE-1", "done", "1", "1", "unit", "1"]
    assert text[-1] == "1 requirements: 1 done, 0 partial"
