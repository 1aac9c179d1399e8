"""The two intermediate files: the resolved description and the plan, as JSON for people and tools.

Promises: complete and deterministic; addresses are hexadecimal strings, sizes are written as a
description writes them; whatever stems from the description says its line; what fits a line stands
on one; nothing in them depends on where the description lies. The description's hash is over the values alone
(and the contents of the images), so that a comment or a blank line does not change it.

@req DESC-7
"""

from dataclasses import fields, is_dataclass
import hashlib
import json

from generator.diagnostics import Place
from generator.model import Board, BoardDevice, ImageFile, Range, Sourced
from generator.units import size_text

ADDRESSES = {"base", "at", "phys", "ipa", "pa", "dst", "entry", "distributor", "redistributors",
             "image_base", "end", "devicetree_at", "address", "gicd_ipa", "gicr_ipa", "gicc_ipa",
             "cpu_interface", "x0",
             "mpidr", "vmpidr", "value", "tcr_el2", "mair_el2", "vtcr_el2", "smc_allow"}
LINE_WIDTH = 100
SIZES = {"size", "memory_size", "stack_bytes"}
LEFT_OUT = {"data", "dtb", "source", "system", "devicetree", "folder"}


def resolved_text(system):
    """The description's own parts first, then the board's many devices."""
    plain = _plain(system, "")
    return _text({**{k: v for k, v in plain.items() if k != "board"}, "board": plain["board"]})


def plan_text(plan):
    return _text({"system": plan.system.name, **_plain(plan, "")})


def description_hash(system):
    """SHA-256 over the canonical form of the resolved description."""
    values = _plain(system, "", only_values=True)
    canonical = json.dumps(values, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def _text(document):
    return _lines(document, 0) + "\n"


def _lines(value, depth):
    """JSON: a list or object on one line when that is short, else an item a line."""
    one = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or not value or len(one) + 2 * depth <= LINE_WIDTH:
        return one
    if isinstance(value, list):
        items, ends = [_lines(item, depth + 1) for item in value], "[]"
    else:
        items, ends = [f"{json.dumps(k, ensure_ascii=False)}: {_lines(v, depth + 1)}"
                       for k, v in value.items()], "{}"
    inner = "  " * (depth + 1)
    return f"{ends[0]}\n{inner}" + f",\n{inner}".join(items) + f"\n{'  ' * depth}{ends[1]}"


def _plain(value, key, only_values=False):
    """`value` as JSON; `key` is the name of the field that holds it."""
    if isinstance(value, Sourced):
        return _sourced(value, key, only_values)
    if isinstance(value, Place):
        return value.line
    if isinstance(value, ImageFile):
        return _image(value, only_values)
    if isinstance(value, Board):
        return board_facts(value)
    if is_dataclass(value):
        return _record(value, only_values)
    if isinstance(value, (list, tuple)):
        return [_plain(item, key, only_values) for item in value]
    if isinstance(value, dict):
        return {k: _plain(v, key, only_values) for k, v in value.items()}
    if isinstance(value, (set, frozenset)):
        return sorted(value)
    return _number(value, key)


def _number(value, key):
    if isinstance(value, int) and not isinstance(value, bool):
        if key in ADDRESSES:
            return f"0x{value:x}"
        if key in SIZES:
            return size_text(value)
    return value


def _sourced(sourced, key, only_values):
    plain = _plain(sourced.value, key, only_values)
    if only_values:
        return plain
    if sourced.place is not None:
        return {"value": plain, "line": sourced.place.line, "reason": sourced.reason}
    return {"value": plain, "reason": sourced.reason}


def _record(record, only_values):
    out = {}
    for field in fields(record):
        name = field.name
        if name in LEFT_OUT:
            continue
        if name.endswith("place") and only_values:
            continue
        out[name.replace("place", "line")] = _plain(getattr(record, name), name, only_values)
    return out


def _image(image, only_values):
    """An image by its contents."""
    out = {"file": image.name, "kind": image.kind, "size": size_text(image.size),
           "sha256": image.sha256}
    if not only_values:
        out |= {"line": image.place.line, "linux": _plain(image.linux, "linux"),
                "elf": _plain(image.elf, "elf")}
    return out


def board_facts(board):
    """A board as what was read from its folder."""
    out = _record(board, True)
    out["devices"] = {path: _device(d) for path, d in board.devices.items()}
    return out


def _device(device: BoardDevice):
    return {"compatible": list(device.compatible), "regs": [_range(r) for r in device.regs],
            "interrupts": [{"intid": i.intid, "edge": i.edge} for i in device.irqs],
            "enabled": device.is_enabled, "dma": device.can_dma, "iommus": list(device.iommus),
            "unmet": list(device.unmet)}


def _range(part: Range):
    return f"0x{part.base:x}..0x{part.end - 1:x}"
