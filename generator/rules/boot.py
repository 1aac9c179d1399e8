"""Rules about what lies in a VM's memory when it starts.

INV-LOAD-INSIDE, INV-LOAD-ONCE: each piece lies in one window and no two on the same byte.
"""

from generator.diagnostics import Note
from generator.rules import images
from generator.rules.context import lowest_gap, overlapping_pairs, with_size
from generator.units import address_text, align_down, align_up, range_text, size_text

FDT_ALIGN = 8  # [DTSpec 5.2]
BLOCK = 2 << 20


def sound_vms(context):
    """VMs whose memory and files have no mistake that was reported already."""
    bad = {vm.name for vm, file, role in images.files(context) if not images.is_usable(file)
           or (role == "kernel" and file.linux is None)}
    for vm in context.vms:
        whole = all(context.whole("vms", vm.name, key) for key in ("memory", "boot"))
        if whole and context.whole("vms", vm.name, None) and vm.name not in bad and vm.boot:
            yield vm


def windows_of(context, vm):
    return [w for w in context.plan.windows_of(vm.id)
            if w.ipa is not None and w.kind not in ("device", "gicv") and w.size]


def ram_of(context, vm):
    return [w for w in windows_of(context, vm) if w.kind == "ram"]


def map_notes(context, vm):
    return [Note(f"`{vm.name}`'s window `{w.name}` is {with_size(w.ipa_range)}", w.place)
            for w in windows_of(context, vm) if w.kind == "ram"]


def piece_outside(context):
    """image-larger-than-window, elf-segment-outside-memory, image-outside-memory,
    devicetree-outside-memory."""
    for vm in sound_vms(context):
        for piece in context.plan.pieces_of(vm.id):
            if piece.window is None and piece.ipa is not None:
                _report_outside(context, vm, piece)


def _report_outside(context, vm, piece):
    span, notes = piece.ipa_range, map_notes(context, vm)
    start = next((w for w in ram_of(context, vm)
                  if w.ipa_range.base <= span.base < w.ipa_range.end), None)
    if start is not None:
        missing = align_up(span.end - start.ipa_range.end, 4096)
        context.error("image-larger-than-window", piece.place,
                      f"{named(piece)} needs {with_size(span)}, but the window `{start.name}` "
                      f"ends at {address_text(start.ipa_range.end - 1)}", *notes,
                      remedy=f"make `{start.name}` `{size_text(start.size + missing)}` or larger")
        return
    rule = ("devicetree-outside-memory" if piece.what == "devicetree" else
            "elf-segment-outside-memory" if piece.what.startswith("segment ") else
            "image-outside-memory")
    context.error(rule, piece.place,
                  f"{named(piece)} at {with_size(span)} lies in no private window of `{vm.name}`",
                  *notes, remedy=_window_remedy(context, vm, span))


def _window_remedy(context, vm, span):
    window = next((w for w in ram_of(context, vm) if w.size >= span.size), None)
    low = align_down(span.base, BLOCK)
    size = size_text(align_up(span.end - low, BLOCK))
    own = f"add a window `{{ at: {address_text(low)}, size: {size} }}`"
    if window is None:
        return own
    return f"{own}, or place it inside `{window.name}` ({_span_text(window.ipa_range)})"


def _span_text(span):
    return range_text(span.base, span.size)


def named(piece):
    """A piece as a sentence names it."""
    if piece.what in ("kernel", "initrd", "devicetree"):
        return f"the {piece.what}"
    return piece.what if piece.what.startswith("segment ") else f"`{piece.what}`"


def pieces_overlap(context):
    """image-without-address, initrd-over-kernel, devicetree-over-image, images-overlap."""
    for vm in sound_vms(context):
        inside = [p for p in context.plan.pieces_of(vm.id) if p.memory_size and p.window]
        pieces = sorted(inside, key=lambda p: (p.ipa_range, p.place))
        for one, other in overlapping_pairs(pieces, lambda p: p.ipa_range):
            _report_overlap(context, vm, pieces, one, other)


def _report_overlap(context, vm, pieces, one, other):
    first, second = sorted((one, other), key=lambda p: (p.what == "devicetree", p.place))
    rule = _overlap_rule(context, vm, first, second)
    if _is_kernel(second) and not _is_kernel(first):
        first, second = second, first
    free = _free_for(context, vm, pieces, second)
    remedy = _move_words(second, free)
    extra = "; a kernel needs more memory than its file has, for its zeroed data" \
        if rule == "initrd-over-kernel" else ""
    context.error(rule, second.place,
                  f"{named(second)} at {_span_text(second.ipa_range)} overlaps {named(first)} at "
                  f"{_span_text(first.ipa_range)}{extra}",
                  Note(f"{named(first)} is here", first.place), remedy=remedy)


def _move_words(piece, free):
    if free is None:
        return "make the window larger"
    if piece.what.startswith("segment "):
        return f"link the file for other addresses; {address_text(free)} is free"
    return f"write `at: {address_text(free)}`, the nearest free place"


def _overlap_rule(context, vm, first, second):
    if second.what == "devicetree":
        return "devicetree-over-image"
    if _has_no_address(vm, first) and _has_no_address(vm, second):
        return "image-without-address"
    if _is_kernel(first) != _is_kernel(second):
        return "initrd-over-kernel"
    return "images-overlap"


def _has_no_address(vm, piece):
    return any(p.place == piece.place and p.file.kind != "elf" and not p.at.is_given
               for p in vm.boot.pieces)


def _is_kernel(piece):
    return piece.what == "kernel" or piece.data[56:60] == b"ARM\x64"


def _free_for(context, vm, pieces, piece):
    taken = [p.ipa_range for p in pieces if p is not piece]
    for window in ram_of(context, vm):
        span = window.ipa_range
        start = piece.ipa if span.base <= piece.ipa < span.end else span.base
        free = lowest_gap(taken, piece.memory_size, BLOCK, start, span.end)
        if free is not None:
            return free
    return None


def image_window_too_small(context):
    """image-larger-than-window, for a window that shows or holds an image."""
    for vm in context.vms:
        for window in vm.windows:
            image = window.image
            if image and images.is_usable(image) and window.kind == "image" \
                    and window.size.is_given and 0 < window.size.value < image.size:
                context.error("image-larger-than-window", image.place,
                              f"`{image.name}` is {image.size} bytes, its window `{window.name}` "
                              f"{window.size.value}",
                              Note("the size is here", window.size.place),
                              remedy=f"write `size: {size_text(align_up(image.size, 4096))}`, or "
                              "leave it out")


def devicetree_misaligned(context):
    """devicetree-misaligned."""
    for vm in context.vms:
        at = vm.boot.devicetree_at if vm.boot else None
        if at is not None and at.is_given and at.value % FDT_ALIGN:
            low = align_down(at.value, FDT_ALIGN)
            context.error("devicetree-misaligned", at.place,
                          f"the devicetree is at {address_text(at.value)}, which is not a multiple "
                          f"of {FDT_ALIGN}",
                          remedy=f"write {address_text(low)} or {address_text(low + FDT_ALIGN)}")


RULES = (piece_outside, pieces_overlap, image_window_too_small, devicetree_misaligned)
