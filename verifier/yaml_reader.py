"""YAML as the description language has it: no aliases, no duplicate keys, plain values.

@req EVID-1
"""

import re

import yaml

from verifier.faults import Unreadable
from verifier.files import read_file

MAX_BYTES = 1 << 20
UNITS = {"B": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
NANOSECONDS = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}


class _Loader(yaml.SafeLoader):
    def compose_node(self, parent, index):
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("anchors and aliases are not part of the language")
        return super().compose_node(parent, index)


def _mapping(loader, node):
    keys = [loader.construct_object(key, deep=True) for key, _ in node.value]
    for key in keys:
        if not isinstance(key, (str, int)) or keys.count(key) > 1:
            raise yaml.YAMLError(f"`{key}` cannot be a key, or is one twice")
    return {k: loader.construct_object(v, deep=True) for k, (_, v) in zip(keys, node.value)}


_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def read_yaml(path):
    """The mapping in the file at `path`; Unreadable with the reason."""
    text = read_file(path)
    try:
        if len(text) > MAX_BYTES:
            raise Unreadable(f"{path} is too large for a description")
        value = yaml.load(text.decode("utf-8"), Loader=_Loader)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        first = str(error).split("\n", maxsplit=1)[0]
        raise Unreadable(f"{path} is not a description: {first}") from error
    if not isinstance(value, dict):
        raise Unreadable(f"{path} is not a description: it has no keys")
    return value


def byte_size(value, what):
    """`64 KiB` in bytes; a bare number is bytes."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    match = re.fullmatch(r"(\d+) *([KMGT]iB|B)", value) if isinstance(value, str) else None
    if match is None:
        raise Unreadable(f"{what}: `{value}` is no size")
    return int(match[1]) * UNITS[match[2]]


def duration(value, what):
    """`1.5 ms` in nanoseconds."""
    match = re.fullmatch(r"([0-9]+)(?:\.([0-9]+))? *(ns|us|ms|s)", value) \
        if isinstance(value, str) else None
    if match is None:
        raise Unreadable(f"{what}: `{value}` is no time")
    whole, part, unit = match[1], match[2] or "", match[3]
    ns, rest = divmod(int(whole + part) * NANOSECONDS[unit], 10 ** len(part))
    if rest:
        raise Unreadable(f"{what}: `{value}` is no whole number of nanoseconds")
    return ns
