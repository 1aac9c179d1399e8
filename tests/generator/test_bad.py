"""Each rule has a bad description named after it, and the exact diagnostics that it must produce
beside it, and no other. To write down what a new or changed rule says:

    UPDATE_EXPECTED=1 /usr/bin/python3 -m pytest -q tests/generator/test_bad.py

and then read it as a user would.

@req DESC-3
"""

import json
import os
from pathlib import Path
import re

import pytest

from generator.cli import main
from generator.compile import analyse
from generator.diagnostics import Diagnostics

HERE = Path(__file__).resolve().parent
BAD = HERE / "bad"
GENERATOR = HERE.parent.parent / "generator"
RULES = sorted(path.stem for path in BAD.glob("*.yaml"))

# What the compiler must find, by the mistakes that users of other systems met as silent hangs.
MANDATORY = {
    "device-taken", "irq-taken", "spi-looks-like-intid", "intid-looks-like-spi", "intid-not-spi",
    "phys-over-hypervisor", "phys-over-image", "phys-overlap", "phys-over-device",
    "phys-in-ram-hole", "phys-outside-ram", "emulated-over-device", "cpu-missing", "cpu-taken",
    "image-larger-than-window", "entry-outside-memory", "entry-on-nothing", "initrd-over-kernel",
    "at-misaligned", "phys-misaligned", "size-misaligned", "device-dma", "device-disabled",
    "unknown-node", "unknown-key", "duplicate-key", "size-without-unit", "emulated-irq-clash",
}
PAGE_HEAD = """\
# The rules of a description

`python3 -m generator check` names the rule in brackets after each message. There are {count}; each
has a bad description in `tests/generator/bad/`, named after it, and beside it the exact words that it
must produce, with the second culprit and the remedy. This page is made from them by
`UPDATE_EXPECTED=1 /usr/bin/python3 -m pytest -q tests/generator/test_bad.py`.

| rule | example | what it says |
|---|---|---|
"""


def found(name):
    diagnostics = Diagnostics()
    analyse(f"{name}.yaml", diagnostics)
    return diagnostics


@pytest.mark.parametrize("rule", RULES)
def test_exact_diagnostics(rule, in_bench):
    diagnostics = found(rule)
    expected = BAD / f"{rule}.txt"
    if os.environ.get("UPDATE_EXPECTED"):
        expected.write_text(diagnostics.as_text(), encoding="utf-8")
    assert diagnostics.as_text() == expected.read_text(encoding="utf-8")
    assert diagnostics.rules == {rule}
    for diagnostic in diagnostics:
        assert diagnostic.place.file == f"{rule}.yaml" and diagnostic.remedy


def rules_page():
    """docs/rules.md: each rule with its bad example and what it says of it."""
    rows = []
    for rule in RULES:
        comment = BAD.joinpath(f"{rule}.yaml").read_bytes().decode("utf-8", "replace")
        comment = comment.split("\n", 1)[0].removeprefix("# ")
        message = BAD.joinpath(f"{rule}.txt").read_text(encoding="utf-8").split("\n", 1)[0]
        message = re.sub(r"^\S+ (?:error|warning): (.*) \[[a-z0-9-]+\]$", r"\1", message)
        rows.append(f"| `{rule}` | {comment} | {message.replace('|', chr(92) + '|')} |\n")
    return PAGE_HEAD.format(count=len(RULES)) + "".join(rows)


def test_page_of_rules_is_up_to_date():
    page = HERE.parent.parent / "docs" / "rules.md"
    if os.environ.get("UPDATE_EXPECTED"):
        page.write_text(rules_page(), encoding="utf-8")
    assert page.read_text(encoding="utf-8") == rules_page()


def test_there_are_enough_rules():
    assert len(RULES) >= 60
    assert MANDATORY <= set(RULES)


def test_each_rule_in_the_sources_has_a_bad_description():
    sources = [*GENERATOR.glob("*.py"), *(GENERATOR / "rules").glob("*.py")]
    named = set()
    for source in sources:
        text = source.read_text(encoding="utf-8")
        named |= set(re.findall(r'\.(?:error|warning)\(\s*"([a-z0-9-]+)"', text))
    keywords = ("type|enum|pattern|minimum|maximum|multipleOf|minItems|minProperties|"
                "maxProperties|cpus|memory|boot")
    named |= set(re.findall(rf'"(?:{keywords})": "([a-z0-9]+-[a-z0-9-]+)"',
                            (GENERATOR / "schema.json").read_text(encoding="utf-8")))
    assert named - {"description-unreadable", "description-too-large"} <= set(RULES)


def test_exit_status_and_json(in_bench, capsys):
    assert main(["check", "cpu-taken.yaml", "--format", "json"]) == 1
    (one,) = json.loads(capsys.readouterr().out)
    assert one["rule"] == "cpu-taken" and one["severity"] == "error"
    assert (one["file"], one["line"], one["column"]) == ("cpu-taken.yaml", 10, 12)
    assert one["notes"][0]["line"] == 6
    assert one["remedy"] == ("free: CPU 2, 3; or let them share it by turns: "
                             "`schedule: { frame: 10 ms, cpus: { 1: [...] } }`")


def test_warning_alone_is_no_error(in_bench, capsys):
    assert main(["check", "device-unmet.yaml"]) == 0
    assert "warning" in capsys.readouterr().err


def test_all_mistakes_in_one_run_sorted_by_place(in_bench):
    text = """\
system: many
bord: qemu-virt
board: qemu-virt
vms:
  a:
    cpus: [0, 7]
    memory: { ram: { size: 16 } }
    boot: { images: [{ file: files/rt.elf }] }
  b:
    cpus: [0]
    memory: { ram: { phys: 0x40000000, size: 16 MiB } }
    boot: { images: [{ file: files/none.elf }] }
    devices: { uart: { emulate: pl011, at: 0x09000004 } }
"""
    (in_bench / "many.yaml").write_text(text, encoding="utf-8")
    diagnostics = list(found("many"))
    assert [(d.place.line, d.rule) for d in diagnostics] == [
        (2, "unknown-key"), (6, "cpu-missing"), (7, "size-without-unit"), (10, "cpu-taken"),
        (11, "phys-over-hypervisor"), (12, "image-missing"), (13, "at-misaligned")]
