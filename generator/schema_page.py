"""The reference page docs/description.md, made from schema.json.

Promises: each key of the schema has its row, with what the schema says about it and nothing else;
a test compares the page with the one in the tree.

@req DESC-2
"""

from generator.schema import schema
from generator.schema_words import examples_of, flow_text

HEAD = """\
# The description language

One YAML file says what a machine is divided into. This page is made from `generator/schema.json`
(`python3 -m generator schema --markdown`); put this line at the top of a description and an editor
completes and checks it as you type:

```yaml
# yaml-language-server: $schema=generator/schema.json
```

Sizes are written with their unit: `4 KiB`, `256 MiB`, `1 GiB`; so are times: `500 us`, `2.5 ms`.
Addresses are numbers, best in hexadecimal. Paths of files are relative to the folder of the description. What is not said gets a
default, which `python3 -m generator build` writes out in `resolved.json`, each with its reason.
Anchors, aliases and merge keys of YAML are not part of the language.
"""

SECTIONS = (
    ("The file", ""), ("`hypervisor`", "hypervisor"), ("`shared`", "shared"), ("A VM", "vm"),
    ("`schedule`", "schedule"), ("An entry of `modes`", "mode"), ("A slot of a CPU", "slot"),
    ("A window of `memory`", "window"), ("`boot`", "boot"), ("A device", "device"),
    ("`irq` of a device", "irq"), ("An entry of `interrupts`", "interrupt"), ("`gic`", "gic"),
    ("`health`", "health"), ("What is done about a fault", "reaction"), ("`restart`", "restart"), ("`interrupt_limit`", "interrupt_limit"),
)
TYPE_NAMES = {"object": "keys and values", "array": "list", "integer": "number",
              "string": "text", "boolean": "`true` or `false`"}


def page():
    parts = [HEAD]
    for title, name in SECTIONS:
        node = schema()["definitions"][name] if name else schema()
        parts.append(f"\n## {title}\n\n{node['description']}\n\n" + _table(node))
    return "".join(parts)


def _table(node):
    rows = ["| key | value | meaning |\n|---|---|---|\n"]
    rows += _rows(node, "")
    return "".join(rows)


def _rows(node, prefix):
    if not prefix and "properties" not in node:
        for branch in node.get("oneOf", ()):
            yield from _rows(branch, "")
    for key, raw in node.get("properties", {}).items():
        child = _followed(raw)
        required = " (required)" if key in node.get("required", ()) else ""
        yield f"| `{prefix}{key}`{required} | {_value_words(child)} | {_meaning(child)} |\n"
        if "$ref" not in raw:
            yield from _rows(child, f"{prefix}{key}.")
            yield from _rows(child.get("items", {}) if "$ref" not in child.get("items", {}) else {},
                             f"{prefix}{key}[].")
            for branch in child.get("oneOf", ()):
                yield from _rows(branch, f"{prefix}{key}.")


def _followed(node):
    """A node with what its $ref says, its own words first."""
    reference = node.get("$ref")
    if not reference:
        return node
    return {**schema()["definitions"][reference.rsplit("/", 1)[1]], **node}


def _value_words(node):
    if "x-expected" in node:
        return _cell(node["x-expected"])
    if "enum" in node:
        return " ".join(f"`{choice}`" for choice in node["enum"])
    if node.get("x-kind") in ("size", "address", "time"):
        return node["x-kind"]
    types = node["type"] if isinstance(node["type"], list) else [node["type"]]
    return " or ".join(TYPE_NAMES[t] for t in types)


def _meaning(node):
    words = [node["description"].rstrip()]
    items = _followed(node["items"]) if "items" in node else {}
    if "enum" in items:
        words.append(f"Of {', '.join(f'`{c}`' for c in items['enum'])}. {items['description']}")
    if "default" in node:
        words.append(f"Default: `{flow_text(node['default'], node)}`.")
    if examples_of(node):
        examples = (f"`{flow_text(e, _kind_of(node))}`" for e in examples_of(node))
        words.append("Example: " + ", ".join(examples) + ".")
    return _cell(" ".join(words))


def _kind_of(node):
    """An example of a list is written as its items are."""
    return _followed(node["items"]) if "items" in node else node


def _cell(text):
    return text.replace("|", "\\|").replace("\n", " ")
