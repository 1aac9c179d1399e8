"""The canonical description: the values of resolved.json alone, in one fixed form.

Its SHA-256 is the description's hash. It is computed here again from resolved.json, written to
description.canonical.json, whose own SHA-256 it therefore is, and compared with the hash in the
plan, in the ELF and in the boot log.

@req EVID-7
"""

import hashlib
import json

SOURCED = {"value", "reason", "line"}
LINES = {"line", "board_line"}
OF_IMAGE_FILE = {"line", "linux", "elf"}  # what a file is follows from its contents


def values(node):
    """`node` of resolved.json without lines and reasons."""
    if isinstance(node, list):
        return [values(item) for item in node]
    if not isinstance(node, dict):
        return node
    if {"value", "reason"} <= node.keys() <= SOURCED:
        return values(node["value"])
    left_out = OF_IMAGE_FILE if {"file", "sha256"} <= node.keys() else LINES
    return {key: values(item) for key, item in node.items() if key not in left_out}


def canonical_text(resolved):
    """The canonical form, as one line of JSON without a newline."""
    return json.dumps(values(resolved), sort_keys=True, separators=(",", ":"))


def canonical_hash(resolved):
    """SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical_text(resolved).encode("utf-8")).hexdigest()
