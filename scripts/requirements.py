"""Reads docs/requirements.yaml: what the product promises, each promise with an id.

Owns the form of that file. Promises: every mistake in it is a sentence with its line, and all of
them come in one run; a Requirement that is returned is complete. Nothing is read but that file
and the headings of the documents that it names as design.

@req EVID-2
"""

from dataclasses import dataclass
import re

import yaml

FILE = "docs/requirements.yaml"
ID = re.compile(r"[A-Z]+-[1-9][0-9]*")
STATUSES = ("done", "partial")
NEEDED = ("id", "text", "rationale", "status", "design")
OPTIONAL = ("limits", "verified_by")  # verified_by is needed of what is done
LISTS = ("design", "verified_by")
KINDS = ("unit", "generator", "verifier", "evidence", "trace", "guest", "system")


@dataclass(frozen=True)
class Requirement:
    id: str
    line: int
    text: str
    rationale: str
    status: str  # one of STATUSES
    limits: str  # what is missing; empty when done
    design: tuple[str, ...]  # documents, with #heading where it is one part of a document
    verified_by: tuple[str, ...]  # of KINDS


def read_requirements(root):
    """([Requirement in the file's order], [sentence])."""
    try:
        tree = yaml.compose((root / FILE).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (OSError, UnicodeDecodeError) as error:
        return [], [f"{FILE}: cannot be read: {error}"]
    except yaml.YAMLError as error:
        return [], [f"{FILE}: is not YAML: {' '.join(str(error).split())}"]
    rows, problems = _rows(tree)
    seen, found = {}, []
    for line, values in rows:
        wrong = _wrong(values)
        if not wrong and values["id"] in seen:
            wrong = [f"{values['id']} is there twice, first in line {seen[values['id']]}"]
        problems += [f"{FILE}:{line}: {sentence}" for sentence in wrong]
        if not wrong:
            problems += [f"{FILE}:{line}: {sentence}" for sentence in _design_gaps(root, values)]
            seen[values["id"]] = line
            found.append(_requirement(line, values))
    return found, problems


def _rows(tree):
    """[(line, {key: text or [text]})] of the list under `requirements`."""
    if not isinstance(tree, yaml.MappingNode) or [k.value for k, _ in tree.value] != [
            "requirements"] or not isinstance(tree.value[0][1], yaml.SequenceNode):
        return [], [f"{FILE}: must hold one key, `requirements`, with a list"]
    rows, problems = [], []
    for node in tree.value[0][1].value:
        line = node.start_mark.line + 1
        if isinstance(node, yaml.MappingNode):
            keys = [k.value for k, _ in node.value]
            problems += [f"{FILE}:{line}: `{key}` is given twice"
                         for key in sorted(set(keys)) if keys.count(key) > 1]
            rows.append((line, {k.value: _value(v) for k, v in node.value}))
        else:
            problems.append(f"{FILE}:{line}: a requirement is a list of keys, not a plain value")
    return rows, problems


def _value(node):
    """A text, a list of texts, or None for anything else."""
    if isinstance(node, yaml.ScalarNode):
        return " ".join(node.value.split())
    if isinstance(node, yaml.SequenceNode) and all(
            isinstance(item, yaml.ScalarNode) for item in node.value):
        return [item.value for item in node.value]
    return None


def _wrong(values):
    """What is wrong with the form of one requirement."""
    name = values.get("id") or "a requirement"
    out = [f"{name} has no `{key}`" for key in NEEDED if not values.get(key)]
    out += [f"{name} has the unknown key `{key}`"
            for key in sorted(set(values) - set(NEEDED) - set(OPTIONAL))]
    out += [f"`{key}` of {name} must be {'a list' if key in LISTS else 'a text'}"
            for key in (*NEEDED, *OPTIONAL)
            if values.get(key) and isinstance(values[key], list) != (key in LISTS)]
    if values.get("status") == "done" and not values.get("verified_by"):
        out.append(f"{name} is done and does not say what it is `verified_by`")
    if out:
        return out
    if not ID.fullmatch(name):
        out.append(f"`{name}` is no id: write capitals, a hyphen and a number, as CORE-1")
    if values["status"] not in STATUSES:
        out.append(f"the status of {name} is `{values['status']}`: write {' or '.join(STATUSES)}")
    elif (values["status"] == "partial") != bool(values.get("limits")):
        out.append(f"{name} is partial and does not say its `limits`"
                   if values["status"] == "partial" else
                   f"{name} is done and yet has `limits`: it is partial, or they are not limits")
    out += [f"{name} is verified by `{kind}`, which is none of {', '.join(KINDS)}"
            for kind in values.get("verified_by", ()) if kind not in KINDS]
    return out


def _design_gaps(root, values):
    """Documents and headings under `design` that do not exist."""
    out = []
    for place in values["design"]:
        document, _, heading = place.partition("#")
        path = root / document
        if not path.is_file():
            out.append(f"the design of {values['id']} is said to be in {document}, "
                       "which is not there")
        elif heading and not _has_heading(path.read_text(encoding="utf-8"), heading):
            out.append(f"the design of {values['id']} is said to be under `{heading}` of "
                       f"{document}, which has no such heading")
    return out


def _has_heading(text, heading):
    return re.search(rf"^#+ {re.escape(heading)}$", text, re.MULTILINE) is not None


def _requirement(line, values):
    return Requirement(
        values["id"], line, values["text"], values["rationale"], values["status"],
        values.get("limits") or "", tuple(values["design"]), tuple(values.get("verified_by", ())))
