"""YAML text to a tree of nodes that remember where they stand.

Promises: every key and value has a Place; a mapping has each key once (a second one is a
diagnostic and is left out); scalars are typed by the YAML 1.2 core schema, so `on` and `yes` are
strings and 010 is not eight. Aliases, anchors, tags and merge keys are refused: a line that
means something in two places could not be blamed for one of them.

@req DESC-3
"""

from dataclasses import dataclass, field
import re

import yaml

from generator.diagnostics import Note, Place
from generator.units import size_text


@dataclass(frozen=True)
class Node:
    place: Place
    path: tuple  # keys and indices from the root

    @property
    def dotted(self):
        """The path as people write it: vms.linux0.cpus[1]."""
        text = ""
        for part in self.path:
            text += f"[{part}]" if isinstance(part, int) else f"{'.' if text else ''}{part}"
        return text

    @property
    def plain(self):
        """The value as plain Python: dict, list, str, int, float, bool or None."""
        raise NotImplementedError


@dataclass(frozen=True)
class Scalar(Node):
    value: object = None  # str, int, float, bool or None
    text: str = ""  # as written

    @property
    def plain(self):
        return self.value


@dataclass(frozen=True)
class Sequence(Node):
    items: list = field(default_factory=list)

    def __iter__(self):
        return iter(self.items)

    def __len__(self):
        return len(self.items)

    def __getitem__(self, idx):
        return self.items[idx]

    @property
    def plain(self):
        return [item.plain for item in self.items]


@dataclass(frozen=True)
class Mapping(Node):
    values: dict = field(default_factory=dict)  # key -> Node, in the order of the file
    key_places: dict = field(default_factory=dict)  # key -> Place of the key

    def __contains__(self, key):
        return key in self.values

    def __getitem__(self, key):
        return self.values[key]

    def __len__(self):
        return len(self.values)

    def get(self, key):
        """The node at `key`, or None."""
        return self.values.get(key)

    def items(self):
        return self.values.items()

    def key_place(self, key):
        """Where the key stands; the mapping itself when it is not there."""
        return self.key_places.get(key, self.place)

    @property
    def plain(self):
        return {key: node.plain for key, node in self.values.items()}


_NULL = re.compile(r"~|null|$")
_BOOL = re.compile(r"true|false")
_INT = re.compile(r"[-+]?(0|[1-9][0-9]{0,40})|0x[0-9a-fA-F]{1,40}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")

# Control characters, and halves of a UTF-16 pair (as "\ud800"), which are no characters.
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
LIMIT_BYTES = 1 << 20  # of a description; one of 255 VMs that says everything has a third of this


def scalar_value(text):
    """A plain (unquoted) scalar by the YAML 1.2 core schema."""
    if _NULL.fullmatch(text):
        return None
    if _BOOL.fullmatch(text):
        return text == "true"
    if _INT.fullmatch(text):
        return int(text, 16) if text.startswith("0x") else int(text)
    if _FLOAT.fullmatch(text) and not re.fullmatch(r"0[0-9]+", text):
        return float(text)
    return text


def load(path, diagnostics):
    """The tree of the file at `path`, or None when there is nothing to go on with."""
    file = str(path)
    try:
        with open(path, "rb") as stream:
            data = stream.read(LIMIT_BYTES + 1)
    except OSError as error:
        diagnostics.error("description-unreadable", Place(file),
                          f"the description cannot be read: {error.strerror}",
                          remedy="give the path of a description, for example system.yaml")
        return None
    if len(data) > LIMIT_BYTES:
        diagnostics.error("description-too-large", Place(file),
                          f"the description is larger than {size_text(LIMIT_BYTES)}",
                          remedy="give the path of a description, for example system.yaml")
        return None
    return load_text(data, file, diagnostics)


def load_text(data, file, diagnostics):
    """Like load(), for bytes or text that came from `file`."""
    try:
        loader = _Composer(data, file, diagnostics)
        root = loader.get_single_node()
        return _tree(root, file, diagnostics)
    except yaml.MarkedYAMLError as error:
        _report_syntax(error, file, diagnostics)
    except yaml.reader.ReaderError as error:
        _report_encoding(error, data, file, diagnostics)
    except RecursionError:
        diagnostics.error("yaml-depth", Place(file), "lists or keys are nested hundreds deep",
                          remedy="a description needs six levels: see docs/description.md")
    return None


def _tree(root, file, diagnostics):
    if root is None:
        diagnostics.error("description-empty", Place(file), "the description is empty",
                          remedy="start with `system: NAME`, `board: qemu-virt` and `vms:`")
        return None
    return _Builder(file, diagnostics).node(root, ())


def _report_encoding(error, data, file, diagnostics):
    """PyYAML counts bytes in what is no UTF-8, and characters to one that no YAML file may have."""
    if error.encoding == "utf-8":
        before, reason = data[:error.position].decode("utf-8", "replace"), error.reason
    else:
        before, reason = data.decode("utf-8", "replace")[:error.position], "a control character"
    place = Place(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
    diagnostics.error("yaml-encoding", place, f"the file is not UTF-8 text: {reason}",
                      remedy="save it as UTF-8, without control characters")


def _report_syntax(error, file, diagnostics):
    mark = error.problem_mark or error.context_mark
    place = Place(file, mark.line + 1, mark.column + 1) if mark else Place(file)
    notes = []
    if error.context and error.context_mark and error.context_mark is not mark:
        notes.append(Note(error.context, Place(file, error.context_mark.line + 1,
                                               error.context_mark.column + 1)))
    diagnostics.error("yaml-syntax", place, f"this is not YAML: {error.problem}", *notes,
                      remedy="check indentation (spaces, no tabs), brackets and quotes here")


class _Composer(yaml.SafeLoader):
    """PyYAML's composer, which reports anchors, aliases and tags instead of following them."""

    def __init__(self, data, file, diagnostics):
        super().__init__(data)
        self._file = file
        self._diagnostics = diagnostics

    def compose_node(self, parent, index):
        event = self.peek_event()
        is_alias = isinstance(event, yaml.AliasEvent)
        explicit = getattr(event, "tag", None)
        if is_alias or event.anchor or explicit:
            mark = event.start_mark
            what = "an alias" if is_alias else "an anchor" if event.anchor else "a tag"
            self._diagnostics.error(
                "yaml-alias", Place(self._file, mark.line + 1, mark.column + 1),
                f"{what} is not part of the description language: each line stands for itself",
                remedy="write the value out here")
        if not is_alias:
            event.anchor = None
            return super().compose_node(parent, index)
        self.get_event()
        return yaml.ScalarNode("alias", "", event.start_mark, event.end_mark)


class _Builder:
    """PyYAML's nodes to ours."""

    def __init__(self, file, diagnostics):
        self._file = file
        self._diagnostics = diagnostics

    def node(self, node, path):
        place = self._place(node)
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, place, path)
        if isinstance(node, yaml.SequenceNode):
            items = [self.node(child, (*path, i)) for i, child in enumerate(node.value)]
            return Sequence(place, path, items)
        text = self._printable(node)
        value = scalar_value(text) if node.style is None else text
        return Scalar(place, path, value, text)

    def _printable(self, node):
        """The text of a scalar without control characters, which no name or file has."""
        text = _CONTROL.sub("", node.value)
        if text != node.value:
            self._diagnostics.error("control-character", self._place(node),
                                    "the text has a control character",
                                    remedy=f'write "{text}"')
        return text

    def _mapping(self, node, place, path):
        values, key_places = {}, {}
        for key_node, value_node in node.value:
            key = self._key(key_node)
            if key is None:
                continue
            if key in values:
                self._report_duplicate(key, self._place(key_node), key_places[key])
                continue
            key_places[key] = self._place(key_node)
            values[key] = self.node(value_node, (*path, key))
        return Mapping(place, path, values, key_places)

    def _key(self, key_node):
        if isinstance(key_node, yaml.ScalarNode) and key_node.value != "<<":
            return key_node.value
        self._diagnostics.error("yaml-key", self._place(key_node),
                                "a key must be a plain word here",
                                remedy="write `name: value`; merge keys (<<) are not supported")
        return None

    def _report_duplicate(self, key, place, first):
        self._diagnostics.error("duplicate-key", place, f"`{key}` is given a second time",
                                Note("the first one is here", first),
                                remedy="keep one of the two, or rename one")

    def _place(self, node):
        return Place(self._file, node.start_mark.line + 1, node.start_mark.column + 1)
