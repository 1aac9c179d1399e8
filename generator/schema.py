"""Checks a tree against schema.json and keeps what can be used.

Promises: each violation of the schema becomes one diagnostic with a place and a sentence; what
violates it is left out of the tree that check() returns, so that later phases meet only values of
the right shape, and can ask is_whole() whether something is missing because it was left out.
Relies on jsonschema for the verdicts only; the words are from schema_words.py.

@req DESC-2
"""

from functools import cache
import json
from pathlib import Path

import jsonschema

from generator.load import Mapping, Sequence
from generator.schema_words import report

# Of these, one violation of a value says enough: a wrong type is no number in its range either.
VALUE_KEYWORDS = {"type", "enum", "pattern", "minimum", "maximum", "multipleOf", "minLength"}
SCHEMA_PATH = Path(__file__).with_name("schema.json")


@cache
def schema():
    return json.loads(SCHEMA_PATH.read_text(encoding="utf-8"))


@cache
def _validator():
    def is_integer(_checker, value):
        return isinstance(value, int) and not isinstance(value, bool)

    base = jsonschema.Draft7Validator
    checker = base.TYPE_CHECKER.redefine("integer", is_integer)
    return jsonschema.validators.extend(base, type_checker=checker)(schema())


class Checked:
    """A tree without what the schema refused, and the paths at which something was left out."""

    def __init__(self, root, left_out):
        self.root = root
        self._left_out = left_out

    def is_whole(self, *path):
        """Was nothing left out at or below `path`? A rule that complains of something absent asks
        this first."""
        return not any(cut[:len(path)] == path for cut in self._left_out)

    def unknown_keys(self, *path):
        """The keys directly below `path` that were left out."""
        return [cut[-1] for cut in self._left_out
                if cut[:-1] == path and len(cut) > len(path) and isinstance(cut[-1], str)]

    def without(self, refused):
        """The same with more left out."""
        if not refused:
            return self
        return Checked(_without(self.root, refused), self._left_out | refused)


def check(tree, diagnostics):
    """Reports what the schema refuses in `tree`. Returns a Checked, whose root is None when the
    description as a whole is unusable."""
    refused, seen = set(), set()
    violations = list(_violations(_validator().iter_errors(tree.plain)))
    for error in sorted(violations, key=lambda e: e.validator != "type"):
        if error.validator in VALUE_KEYWORDS:
            value = (*error.absolute_path, str(error.instance))
            if value in seen:
                continue
            seen.add(value)
        refused |= report(error, tree, diagnostics)
    if () in refused:
        return Checked(None, refused)
    return Checked(_without(tree, refused), refused)


def _violations(errors):
    """The violations proper: of alternatives, those of the branch that the value's shape meant."""
    for error in errors:
        branch = _meant_branch(error) if error.validator == "oneOf" else None
        if branch:
            yield from _violations(branch)
        else:
            yield error


def _meant_branch(error):
    branches = {}
    for inner in error.context:
        branches.setdefault(inner.schema_path[0], []).append(inner)
    for inner_errors in branches.values():
        if not any(e.validator in ("type", "const") and not e.path for e in inner_errors):
            for inner in inner_errors:
                inner.parent = error.parent
                inner.path.extendleft(reversed(error.path))
            return inner_errors
    return None


def _without(node, refused):
    if isinstance(node, Mapping):
        values = {key: _without(child, refused) for key, child in node.items()
                  if child.path not in refused}
        return Mapping(node.place, node.path, values, node.key_places)
    if isinstance(node, Sequence):
        items = [_without(item, refused) for item in node if item.path not in refused]
        return Sequence(node.place, node.path, items)
    return node
