"""Rules about the real machine's memory: what has a fixed physical address, and whether all fits.

INV-S2-ROOT's tables describe only what passed here: no byte of RAM has two owners.

@req DESC-3, DESC-5
"""

from dataclasses import dataclass

from generator.diagnostics import Note, Place
from generator.model import PAGE, Range
from generator.rules.context import lowest_gap, overlapping_pairs, with_size
from generator.units import address_text, size_text

BLOCK = 2 << 20


@dataclass(frozen=True)
class Owned:
    """Memory of the real machine with an owner, from a fixed address of the description."""

    what: str
    range: Range
    place: Place  # of the physical address


def _fixed(context):
    """What has a fixed physical address, sorted by it; misaligned ones have been reported."""
    found = [Owned(f"the shared memory `{s.name}`", Range(s.phys.value, s.size.value), s.phys.place)
             for s in context.system.shared if s.phys.is_given]
    for vm in context.vms:
        found += [Owned(f"`{vm.name}`'s window `{w.name}`", Range(w.phys.value, w.size.value),
                        w.phys.place)
                  for w in vm.windows if w.kind == "ram" and w.phys.is_given]
    return sorted((o for o in found if o.range.size and o.range.base % PAGE == 0),
                  key=lambda o: (o.range, o.place))


def _taken(context):
    """All of RAM that has an owner: fixed, placed by the compiler, and the hypervisor's."""
    taken = [o.range for o in _fixed(context)]
    taken += [w.pa_range for w in context.plan.windows
              if w.kind in ("ram", "shared") and w.pa is not None]
    taken.append(context.plan.image.range)
    return taken


def _free_place(context, size):
    """The lowest free physical address for `size` bytes, or None."""
    taken = sorted(_taken(context))
    alignment = BLOCK if size >= BLOCK else PAGE
    for ram in context.board.ram:
        address = lowest_gap(taken, size, alignment, ram.base, ram.end)
        if address is not None:
            return address
    return None


def _move_remedy(context, size):
    free = _free_place(context, size)
    if free is None:
        return "remove `phys`; as it is, no stretch of RAM of this size is free"
    return (f"write `phys: {address_text(free)}`, the nearest free place, or remove `phys` to have "
            "it placed")


def phys_outside_ram(context):
    """phys-over-device, phys-in-ram-hole, phys-outside-ram: all of it is RAM of the board."""
    for owned in _fixed(context):
        if any(ram.contains(owned.range) for ram in context.board.ram):
            continue
        device = _device_in(context, owned.range)
        if device is not None:
            context.error("phys-over-device", owned.place,
                          f"{owned.what} at {with_size(owned.range)} lies over the device {device}",
                          remedy=_move_remedy(context, owned.range.size))
        elif _is_in_hole(context, owned.range):
            context.error("phys-in-ram-hole", owned.place,
                          f"{owned.what} at {with_size(owned.range)} reaches into a hole in RAM: "
                          f"`{context.board.name}` has {_ram_words(context)}",
                          remedy=_move_remedy(context, owned.range.size))
        else:
            context.error("phys-outside-ram", owned.place,
                          f"{owned.what} at {with_size(owned.range)} is not all RAM: "
                          f"`{context.board.name}` has {_ram_words(context)}",
                          remedy=_move_remedy(context, owned.range.size))


def _device_in(context, span):
    for device in context.board.devices.values():
        if any(reg.overlaps(span) for reg in device.regs):
            return device.path
    return None


def _is_in_hole(context, span):
    """Does it lie between the first and the last byte of RAM?"""
    ram = context.board.ram
    return bool(ram) and ram[0].base <= span.base and span.end <= ram[-1].end


def _ram_words(context):
    return ", ".join(with_size(ram) for ram in context.board.ram) or "none"


def phys_over_hypervisor(context):
    """phys-over-hypervisor, phys-over-image: the system image is the hypervisor's."""
    for owned in _fixed(context):
        slot = next((s for s in context.plan.image.slots if s.range.overlaps(owned.range)), None)
        if slot is None:
            continue
        is_guest = slot.name == "guests"
        rule = "phys-over-image" if is_guest else "phys-over-hypervisor"
        what = "the packed guest images" if is_guest else f"the hypervisor's {slot.name}"
        context.error(rule, owned.place,
                      f"{owned.what} at {with_size(owned.range)} lies over {what} at "
                      f"{with_size(slot.range)}",
                      remedy=_move_remedy(context, owned.range.size))


def phys_overlap(context):
    """phys-overlap: no byte has two owners."""
    for one, other in overlapping_pairs(_fixed(context), lambda o: o.range):
        first, second = sorted((one, other), key=lambda o: o.place)
        context.error("phys-overlap", second.place,
                      f"{second.what} at {with_size(second.range)} overlaps {first.what} at "
                      f"{with_size(first.range)}", Note(f"{first.what} is here", first.place),
                      remedy=_move_remedy(context, second.range.size))


def ram_exhausted(context):
    """ram-exhausted: what the compiler should place has room."""
    missing = [(w.size, w.source.size.place or w.place, f"`{context.vm_name(w.vm)}`'s window "
                f"`{w.name}`") for w in context.plan.windows
               if w.kind == "ram" and w.pa is None and w.size and not w.source.phys.is_given]
    missing += [(s.size, s.place, f"the shared memory `{s.name}`") for s in context.plan.shared
                if s.pa is None and s.size and not _shared_is_fixed(context, s.name)]
    for size, place, what in missing:
        largest = _largest_gap(context)
        context.error("ram-exhausted", place,
                      f"no room for {what} of {size_text(size)}: the largest free stretch of RAM "
                      f"is {size_text(largest)} of {size_text(_ram_total(context))}",
                      *_holders(context), remedy=_smaller_words(size, largest))


def _smaller_words(size, largest):
    if largest >= size:
        return "place it at a guest address that is a multiple of 2 MiB, as the free stretch is"
    if largest:
        return f"make it `{size_text(largest)}` or less, or another one smaller"
    return "make another one smaller"


def _shared_is_fixed(context, name):
    return any(s.phys.is_given for s in context.system.shared if s.name == name)


def _ram_total(context):
    return sum(ram.size for ram in context.board.ram)


def _holders(context):
    """Who has RAM, largest first."""
    sums = {}
    for window in context.plan.windows:
        if window.kind == "ram" and window.pa is not None:
            sums[window.vm] = sums.get(window.vm, 0) + window.size
    ordered = sorted(sums.items(), key=lambda item: (-item[1], item[0]))
    notes = [Note(f"`{context.vm_name(vm)}` has {size_text(size)}",
                  context.place_of("vms", context.vm_name(vm), "memory"))
             for vm, size in ordered[:8]]
    notes.append(Note(f"the system image has {size_text(context.plan.image.range.size)}"))
    return notes


def _largest_gap(context):
    """The largest free stretch of RAM, in whole blocks of 2 MiB where it has any."""
    largest = 0
    taken = sorted(_taken(context))
    for ram in context.board.ram:
        start = ram.base
        for used in [*(t for t in taken if t.overlaps(ram)), Range(ram.end, PAGE)]:
            first, last = -(-start // BLOCK) * BLOCK, used.base // BLOCK * BLOCK
            largest = max(largest, last - first)
            start = max(start, used.end)
    return largest


def image_outside_ram(context):
    """system-image-too-large: the hypervisor and the packed guest images fit into RAM."""
    image = context.plan.image.range
    if any(ram.contains(image) for ram in context.board.ram):
        return
    home = next((r for r in context.board.ram if r.base <= image.base < r.end), None)
    packed = sorted(context.plan.blobs, key=lambda b: (-b.size, b.id))[:4]
    context.error("system-image-too-large", context.place_of("board"),
                  f"the system image is {with_size(image)}, which is not all RAM of "
                  f"`{context.board.name}`: {_ram_words(context)}",
                  *[Note(f"`{blob.name}` takes {size_text(blob.size)}") for blob in packed],
                  remedy=f"make the guest images {size_text(image.end - home.end)} smaller" if home
                  else "correct `image_base` in board.yaml")


RULES = (image_outside_ram, phys_outside_ram, phys_over_hypervisor, phys_overlap, ram_exhausted)
