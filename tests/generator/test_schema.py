"""schema.json as such, and the reference page that is made from it.

@req DESC-2
"""

from pathlib import Path
import re

import jsonschema
import pytest
import yaml

from generator.schema import schema
from generator.schema_page import page
from generator.schema_words import _REPORTS, examples_of
from generator.units import SIZE_PATTERN

ROOT = Path(__file__).resolve().parent.parent.parent


def nodes(node, path=()):
    """(path, schema) of every schema in the file."""
    yield path, node
    for name in ("properties", "definitions"):
        for key, child in node.get(name, {}).items():
            yield from nodes(child, (*path, key))
    for name in ("items", "additionalProperties", "propertyNames"):
        if isinstance(node.get(name), dict):
            yield from nodes(node[name], (*path, name))
    for i, child in enumerate(node.get("oneOf", ())):
        yield from nodes(child, (*path, str(i)))


ALL = list(nodes(schema()))


def test_schema_is_a_schema():
    jsonschema.Draft7Validator.check_schema(schema())


@pytest.mark.parametrize("path, node", [(p, n) for p, n in ALL if p and "properties" in n],
                         ids=lambda value: ".".join(value) if isinstance(value, tuple) else "")
def test_each_key_has_a_description_and_nothing_unknown_is_allowed(path, node):
    assert node["additionalProperties"] is False
    for key, child in node["properties"].items():
        assert child.get("description") or "$ref" in child, key


def test_examples_obey_their_schema():
    for path, node in ALL:
        for example in examples_of(node) or ():
            resolver = jsonschema.RefResolver.from_schema(schema())
            jsonschema.Draft7Validator(node, resolver=resolver).validate(example)


def test_editors_insert_addresses_in_hexadecimal():
    """yaml-language-server writes an example or a default as it is in JSON, which is decimal."""
    count = 0
    for path, node in ALL:
        snippets = [s["body"] for s in node.get("defaultSnippets", ())]
        if node.get("x-kind") == "address":
            assert [int(s, 16) for s in snippets] == node["x-examples"], path
            assert "examples" not in node, path
        if node.get("default", 0) not in (True, False) and isinstance(node.get("default"), int):
            assert [int(s, 16) for s in snippets] == [node["default"]], path
            count += 1
    assert count == 3, "the frames of the GIC"


def test_what_can_be_refused_has_an_example_or_choices():
    for path, node in ALL:
        if "type" in node and "const" not in node and path and path[-1] not in (
                "name", "propertyNames", "1"):
            assert examples_of(node) or "enum" in node, path


def test_each_keyword_in_use_has_its_words():
    silent = {"$schema", "$id", "$ref", "definitions", "title", "description", "properties",
              "propertyNames", "items", "default", "examples", "const", "patternErrorMessage",
              "defaultSnippets"}
    for path, node in ALL:
        for keyword in node:
            assert keyword in silent or keyword in _REPORTS or keyword.startswith("x-"), path
        if "pattern" in node and node.get("x-kind") not in ("size", "time"):
            assert "x-pattern" in node, path


def test_size_pattern_is_that_of_the_compiler():
    text = schema()["definitions"]["size"]["pattern"]
    for size in ("4 KiB", "4KiB", "0x10 B", "4 K", "4  KiB", "KiB", "1.5 MiB", " 4 KiB", "4 KiB\n"):
        assert bool(re.search(text, size)) == bool(re.fullmatch(SIZE_PATTERN[1:-1], size)) \
            or size.endswith("\n")


def test_reference_page_is_up_to_date():
    """Make it with `/usr/bin/python3 -m generator schema --markdown > docs/description.md`."""
    assert (ROOT / "docs" / "description.md").read_text(encoding="utf-8") == page()


def test_reference_page_has_each_key():
    for path, node in ALL:
        for key in node.get("properties", {}):
            assert re.search(rf"\| `([a-z_.\[\]]*\.)?{key}`", page()), key


def test_default_description_points_editors_to_the_schema():
    text = (ROOT / "system.yaml").read_text(encoding="utf-8")
    (where,) = re.findall(r"yaml-language-server: \$schema=(\S+)", text)
    assert (ROOT / where).samefile(ROOT / "generator" / "schema.json")
    jsonschema.Draft7Validator(schema()).validate(yaml.safe_load(text))


def test_beside_a_reference_stand_annotations_only():
    """Draft 7, which editors know best, ignores anything else there."""
    for path, node in ALL:
        if "$ref" in node:
            assert set(node) <= {"$ref", "description", "default", "examples",
                                 "defaultSnippets"}, path
