"""From a violation of the schema to a sentence with a place and a way out.

One function for each keyword of JSON Schema that schema.json uses. A keyword's rule id is the
general one below, or the one that the schema names in `x-rules` next to the keyword. Each
function returns the paths that are unusable because of what it reported.

@req DESC-3
"""

import re

from generator.load import Mapping, Scalar, Sequence
from generator.nearest import meant_or_listed, nearest_name
from generator.units import TIME_UNITS, UNITS

_TYPE_WORDS = {
    "object": "keys and values (`key: value`)",
    "array": "a list",
    "integer": "a whole number",
    "string": "text",
    "boolean": "`true` or `false`",
}
_KIND_WORDS = {"address": "a whole number such as 0x40000000", "size": "a size such as 256 MiB",
               "time": "a time such as 10 ms"}
_KEY_EXAMPLES = {
    "system": "system: default",
    "board": "board: qemu-virt",
    "vms": "vms: { linux0: { ... } }",
    "cpus": "cpus: [0]",
    "memory": "memory: { ram: { size: 256 MiB } }",
    "boot": "boot: { images: [{ file: a.elf }] }",
    "size": "size: 64 KiB",
    "kernel": "kernel: build/guests/linux/Image",
    "file": "file: a.elf",
    "at": "at: 0x40000000",
}
_UNIT_SLIPS = {"k": "KiB", "m": "MiB", "g": "GiB", "b": "B"}


def report(error, tree, diagnostics):
    """Reports one jsonschema error; returns the set of paths to leave out."""
    path = tuple(error.absolute_path)
    node, name_place = _find(tree, path)
    if diagnostics.has("yaml-alias", node.place):
        return {path}
    return _REPORTS[error.validator](error, node, name_place, diagnostics)


def _find(tree, path):
    """The node at `path` (for a refused name: its mapping) and the place of its key."""
    node, place = tree, tree.place
    for part in path:
        place = node.key_place(part) if isinstance(node, Mapping) else node[part].place
        node = node[part]
    return node, place


def _rule(error, general):
    return error.schema.get("x-rules", {}).get(error.validator, general)


def _report_type(error, node, name_place, diagnostics):
    if error.schema.get("x-kind") == "size":
        return _report_size_number(node, diagnostics)
    if error.schema.get("x-kind") == "time":
        return _report_time_number(node, name_place, diagnostics)
    rule = _rule(error, "wrong-type")
    diagnostics.error(rule, _value_place(node, name_place),
                      f"{_name(node)} is {found_words(node)}; expected: "
                      f"{expected_words(error.schema)}", remedy=_type_remedy(error, node, rule))
    return {node.path}


def _value_place(node, name_place):
    is_nothing = isinstance(node, Scalar) and node.value is None
    return name_place if is_nothing else node.place


def _report_size_number(node, diagnostics):
    if isinstance(node, Scalar) and isinstance(node.value, (int, float)):
        diagnostics.error("size-without-unit", node.place,
                          f"{_name(node)} is the bare number {node.text}; a size needs its unit",
                          remedy=f"write `{node.text} MiB`, `{node.text} KiB` or `{node.text} B`")
    else:
        diagnostics.error("wrong-type", node.place,
                          f"{_name(node)} is {found_words(node)}; expected: a size",
                          remedy="write a number with its unit, for example `256 MiB`")
    return {node.path}


def _report_time_number(node, name_place, diagnostics):
    if isinstance(node, Scalar) and isinstance(node.value, (int, float)) and (
            not isinstance(node.value, bool)):
        diagnostics.error("time-without-unit", node.place,
                          f"{_name(node)} is the bare number {node.text}; a time needs its unit",
                          remedy=f"write `{node.text} ms`, `{node.text} us` or `{node.text} s`")
    else:
        diagnostics.error("wrong-type", _value_place(node, name_place),
                          f"{_name(node)} is {found_words(node)}; expected: a time",
                          remedy="write a number with its unit, for example `10 ms`")
    return {node.path}


def _type_remedy(error, node, rule):
    text = node.text if isinstance(node, Scalar) else ""
    if rule == "irq-bare-number" and re.fullmatch("[0-9]{1,18}", text):
        return _irq_remedy(int(text))
    types = _as_list(error.schema.get("type"))
    if "integer" in types and re.fullmatch(r"0x[0-9a-fA-F_]+|[0-9_]+", text):
        number = text.replace("_", "")
        if not number.startswith("0x"):
            number = number.lstrip("0") or "0"
        return f"write {number}, without quotes, `_` or leading zeros"
    if types == ["boolean"] and text.lower() in ("yes", "on", "y"):
        return "write `true`"
    if types == ["boolean"] and text.lower() in ("no", "off", "n"):
        return "write `false`"
    examples = examples_of(error.schema)
    if not examples:  # the description as a whole
        return "start with `system: NAME`, `board: qemu-virt` and `vms:`"
    return f"for example: `{flow_text(examples[0], error.schema)}`"


def _irq_remedy(number):
    """A bare number can mean two interrupts: name both."""
    if number < 32:
        return f"write `{{ spi: {number} }}`, which is INTID {number + 32}"
    return (f"write `{{ spi: {number} }}` (INTID {number + 32}) or `{{ intid: {number} }}` "
            f"(SPI {number - 32}), whichever is meant")


def _report_unknown_keys(error, node, _name_place, diagnostics):
    known = list(error.schema.get("properties", {}))
    unknown = [key for key in node.values if key not in known]
    for key in unknown:
        diagnostics.error("unknown-key", node.key_place(key),
                          f"`{key}` is not a key of {_container(node)}",
                          remedy=meant_or_listed(key, [k for k in known if k not in node]))
    return {(*node.path, key) for key in unknown} | {(*node.path, None)}


def _report_required(error, node, name_place, diagnostics):
    known = error.schema.get("properties", {})
    misspelt = {nearest_name(key, [k for k in known if k not in node])
                for key in node.values if key not in known}
    rules = error.schema.get("x-rules", {}).get("required", {})
    for key in error.validator_value:
        if key in node or key in misspelt:
            continue
        diagnostics.error(rules.get(key, "missing-key"), name_place,
                          f"{_container(node)} has no `{key}`",
                          remedy=_missing_remedy(error.schema, key))
    return {(*node.path, None)}


def _missing_remedy(node_schema, key):
    example = node_schema.get("x-missing", {}).get(key) or _KEY_EXAMPLES[key]
    return f"add it, for example `{example}`"


def _report_enum(error, node, name_place, diagnostics):
    choices = [str(choice) for choice in error.validator_value]
    diagnostics.error(_rule(error, "unknown-value"), _value_place(node, name_place),
                      f"{_name(node)} is {found_words(node)}, which is not one of "
                      + ", ".join(f"`{c}`" for c in choices),
                      remedy=meant_or_listed(_text(node), choices))
    return {node.path}


def _report_pattern(error, node, name_place, diagnostics):
    if error.schema.get("x-kind") == "size":
        return _report_size_text(node, diagnostics)
    if error.schema.get("x-kind") == "time":
        return _report_time_text(node, name_place, diagnostics)
    if isinstance(node, Mapping):  # propertyNames: the instance is the key
        key = error.instance
        place, path = node.key_place(key), (*node.path, key)
        what = f"`{key}` cannot be {error.schema.get('x-names', 'a name')}"
    else:
        key, place, path = _text(node), node.place, node.path
        what = f"{_name(node)} cannot be `{key}`"
    diagnostics.error(_rule(error, "bad-text"), place, what,
                      remedy=f"write {error.schema['x-pattern']}")
    return {path}


def _report_size_text(node, diagnostics):
    text = node.value
    match = re.fullmatch(r"([0-9.]+) ?([A-Za-z]+)", text)
    unit = _UNIT_SLIPS.get(match[2][0].lower()) if match else None
    remedy = "write a number with its unit, for example `256 MiB`"
    if re.fullmatch("[0-9]{1,18}", text):
        return _report_size_number(Scalar(node.place, node.path, int(text), text), diagnostics)
    if re.fullmatch(f"[0-9]+ ?({'|'.join(UNITS)})", text):
        diagnostics.error("size-unit", node.place, f"`{text}` is more than any machine has",
                          remedy=remedy)
        return {node.path}
    if unit and match[1].isdigit() and len(match[1]) < 19:
        remedy = f"write `{match[1]} {unit}`, which is {int(match[1]) * UNITS[unit]} bytes"
    diagnostics.error("size-unit", node.place,
                      f"`{text}` is not a size: a whole number and one of the units "
                      f"{', '.join(UNITS)} are expected", remedy=remedy)
    return {node.path}


def _report_time_text(node, name_place, diagnostics):
    text = node.value
    if re.fullmatch(r"[0-9.]+", text):
        return _report_time_number(Scalar(node.place, node.path, 0, text), name_place, diagnostics)
    if re.fullmatch(rf"[0-9.]+ ?({'|'.join(TIME_UNITS)})", text):
        diagnostics.error("time-unit", node.place,
                          f"`{text}` is not a whole number of nanoseconds below 1000000000 s",
                          remedy="write fewer digits")
        return {node.path}
    diagnostics.error("time-unit", node.place,
                      f"`{text}` is not a time: a number and one of the units "
                      f"{', '.join(TIME_UNITS)} are expected",
                      remedy="write a number with its unit, for example `10 ms`")
    return {node.path}


def _report_range(error, node, _name_place, diagnostics):
    limit = flow_text(error.validator_value)
    words = {"minimum": f"at least {limit}", "maximum": f"at most {limit}",
             "multipleOf": f"a multiple of {limit}"}[error.validator]
    diagnostics.error(_rule(error, "out-of-range"), node.place,
                      f"{_name(node)} is {node.text}; it must be {words}",
                      remedy=_range_remedy(error, node))
    return {node.path}


def _range_remedy(error, node):
    limit = error.validator_value
    if {"minimum", "maximum"} <= set(error.schema) and "multipleOf" not in error.schema:
        return "write a number from {} to {}".format(
            *(flow_text(error.schema[key], error.schema) for key in ("minimum", "maximum")))
    if error.validator != "multipleOf":
        return f"write {flow_text(limit)}"
    return f"write {max(1, -(-node.value // limit)) * limit}"


def _report_empty(error, node, name_place, diagnostics):
    has_entries = isinstance(node, (Mapping, Sequence))
    diagnostics.error(_rule(error, "empty-value"), name_place, f"{_name(node)} is empty",
                      remedy="give at least one entry" if has_entries else "write a value")
    return {(*node.path, None)} if has_entries else {node.path}


def _report_too_many(error, node, name_place, diagnostics):
    limit = error.validator_value
    diagnostics.error(_rule(error, "out-of-range"), name_place,
                      f"{_name(node)} has {len(node)} entries; {limit} are possible, as many as "
                      "there are VMIDs", remedy=f"remove {len(node) - limit}")
    return {node.path}


def _report_long(error, node, _name_place, diagnostics):
    limit = error.validator_value
    diagnostics.error("text-too-long", node.place,
                      f"{_name(node)} has {len(node.value)} characters; {limit} are possible",
                      remedy="write a shorter one")
    return {node.path}


def _report_alternatives(error, node, name_place, diagnostics):
    diagnostics.error(_rule(error, "wrong-type"), _value_place(node, name_place),
                      f"{_name(node)} is {found_words(node)}; expected: "
                      f"{error.schema['x-expected']}",
                      remedy=f"for example: `{flow_text(examples_of(error.schema)[0])}`")
    return {node.path}


_REPORTS = {
    "type": _report_type,
    "additionalProperties": _report_unknown_keys,
    "required": _report_required,
    "enum": _report_enum,
    "pattern": _report_pattern,
    "minimum": _report_range,
    "maximum": _report_range,
    "multipleOf": _report_range,
    "minItems": _report_empty,
    "minProperties": _report_empty,
    "maxProperties": _report_too_many,
    "minLength": _report_empty,
    "maxLength": _report_long,
    "oneOf": _report_alternatives,
}


def _as_list(value):
    return value if isinstance(value, list) else [value]


def _text(node):
    return node.text if isinstance(node, Scalar) else ""


def _name(node):
    last = [part for part in node.path if isinstance(part, str)][-1:]
    if not last:
        return "the description"
    in_list = node.path and isinstance(node.path[-1], int)
    return f"an entry of `{last[0]}`" if in_list else f"`{last[0]}`"


def _container(node):
    return f"`{node.dotted}`" if node.path else "the description"


def found_words(node):
    """What stands there, in words."""
    if isinstance(node, Mapping):
        return "keys and values"
    if isinstance(node, Sequence):
        return "a list"
    if node.value is None:
        return "empty"
    if isinstance(node.value, str):
        return f'the text "{node.value}"'
    if isinstance(node.value, bool):
        return f"`{node.text}`"
    return f"the number {node.text}"


def expected_words(schema):
    if "x-kind" in schema:
        return _KIND_WORDS[schema["x-kind"]]
    return " or ".join(_TYPE_WORDS[t] for t in _as_list(schema["type"]))


def examples_of(schema):
    """Addresses have theirs under a name that editors do not show, since JSON has no hexadecimal;
    what editors insert is among the defaultSnippets."""
    return schema.get("examples") or schema.get("x-examples")


def flow_text(value, schema=None):
    """A value as one line of YAML; addresses in hexadecimal."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{k}: {flow_text(v)}" for k, v in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(flow_text(v, schema) for v in value) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and ((schema or {}).get("x-kind") == "address" or value > 0xFFFF):
        return f"0x{value:08x}"
    return str(value)
