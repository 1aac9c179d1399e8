"""Right descriptions give no diagnostic, and one mistake in them gives exactly one.

@req DESC-1, DESC-3
"""

from pathlib import Path

import pytest
import yaml

from generator.compile import analyse
from generator.diagnostics import Diagnostics

HERE = Path(__file__).resolve().parent
FULL = (HERE / "good" / "full.yaml").read_text(encoding="utf-8")


def check_text(folder, text):
    path = folder / "mutant.yaml"
    path.write_text(text, encoding="utf-8")
    diagnostics = Diagnostics()
    analyse("mutant.yaml", diagnostics)
    return list(diagnostics)


def scalars(node, is_key=False):
    """(node, is_key) of each scalar of PyYAML's tree."""
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield key, True
            yield from scalars(value)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from scalars(item)
    else:
        yield node, is_key


def replaced(node, text):
    return FULL[:node.start_mark.index] + text + FULL[node.end_mark.index:]


ALL = list(scalars(yaml.compose(FULL)))
NAMES = {"frames", "table", "linux", "rt", "ram", "rom", "copy", "shm", "cfg", "uart", "gpio",
         "rtc"}
# Keys of the language; `linux` is also the name of a VM.
KEYS = [n for n, is_key in ALL if is_key and (n.value not in NAMES or n.start_mark.column == 6
                                             and n.value == "linux")]
VALUES = [n for n, is_key in ALL if not is_key]


def ids(nodes):
    return [f"{n.start_mark.line + 1}-{n.value}" for n in nodes]


def test_nothing_to_say(in_bench):
    assert [d.as_text() for d in check_text(in_bench, FULL)] == []


def test_default_description_is_right(in_bench):
    text = (HERE.parent.parent / "system.yaml").read_text(encoding="utf-8")
    for built, small in (("build/guests/linux/Image", "files/Image"),
                         ("build/guests/linux/initramfs.cpio.gz", "files/initrd"),
                         ("build/guests/rt/rt.elf", "files/rt.elf")):
        assert built in text
        text = text.replace(built, small)
    assert [d.as_text() for d in check_text(in_bench, text)] == []


@pytest.mark.parametrize("node", KEYS, ids=ids(KEYS))
def test_misspelt_key_gives_one_diagnostic(node, in_bench):
    first, second, *rest = node.value
    misspelt = second + first + "".join(rest) if first != second else node.value + "_"
    diagnostics = check_text(in_bench, replaced(node, misspelt))
    assert [d.rule for d in diagnostics] == ["unknown-key"], "\n".join(
        d.as_text() for d in diagnostics)
    assert diagnostics[0].place.line == node.start_mark.line + 1
    assert f"`{node.value}`" in diagnostics[0].remedy


@pytest.mark.parametrize("node", VALUES, ids=ids(VALUES))
def test_value_of_a_wrong_type_gives_one_diagnostic(node, in_bench):
    diagnostics = check_text(in_bench, replaced(node, "[[]]"))
    assert len(diagnostics) == 1, "\n".join(d.as_text() for d in diagnostics)
    assert diagnostics[0].place.line == node.start_mark.line + 1


def test_a_line_twice_gives_one_diagnostic(in_bench):
    lines = FULL.splitlines(keepends=True)
    for i, line in enumerate(lines):
        if ":" not in line or line.lstrip().startswith(("#", "-")) or line.rstrip().endswith(":"):
            continue
        diagnostics = check_text(in_bench, "".join(lines[:i + 1] + lines[i:]))
        assert [d.rule for d in diagnostics] == ["duplicate-key"], line
        assert diagnostics[0].place.line == i + 2
        assert diagnostics[0].notes[0].place.line == i + 1
