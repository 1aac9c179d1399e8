"""Rules about where a VM starts, and about kernels that have rules of their own for it.

[Documentation/arch/arm64/booting]: an Image lies text_offset from a multiple of 2 MiB, in memory
that it may read, write and execute.
"""

from generator.diagnostics import Note
from generator.model import Range
from generator.rules.boot import BLOCK, map_notes, named, ram_of, sound_vms, windows_of
from generator.units import address_text, align_down, align_up

INSTRUCTION = 4


def entry_point(context):
    """entry-misaligned, entry-outside-memory, entry-not-executable, entry-on-nothing."""
    for vm in sound_vms(context):
        entry = context.plan.vms[vm.id].entry
        if entry is None:
            continue
        place = vm.boot.entry.place or (vm.boot.pieces[0].file.place if vm.boot.pieces
                                        else vm.boot.place)
        problem = _entry_problem(context, vm, entry)
        if problem:
            rule, words, remedy = problem
            context.error(rule, place, f"the entry point {address_text(entry)} {words}",
                          *(map_notes(context, vm) if rule == "entry-outside-memory" else ()),
                          remedy=remedy)


def _entry_problem(context, vm, entry):
    if entry % INSTRUCTION:
        return ("entry-misaligned", "is not a multiple of 4, as every instruction is",
                f"write {address_text(align_down(entry, INSTRUCTION))}")
    window = next((w for w in windows_of(context, vm)
                   if w.ipa_range.base <= entry < w.ipa_range.end), None)
    contents = _contents(context, vm)
    somewhere = f"write `entry: {address_text(contents[0][1].base)}`, where {contents[0][0]} " \
        "begins" if contents else "write an address in one of them"
    if window is None:
        if any(p.window is None for p in context.plan.pieces_of(vm.id)):
            return None  # where the image itself lies is wrong, and has its own diagnostic
        return "entry-outside-memory", f"lies in no window of `{vm.name}`", somewhere
    if "x" not in window.access:
        return ("entry-not-executable",
                f"lies in the window `{window.name}`, whose access is `{window.access}`",
                f"write `access: {window.access}x` at `{window.name}`")
    if not any(span.base <= entry < span.end for _what, span in contents):
        return ("entry-on-nothing", f"lies in the window `{window.name}`, but nothing is loaded "
                "there", somewhere)
    return None


def _contents(context, vm):
    """(what, range) of everything that has contents at the start, in order of the description."""
    found = [(named(p), Range(p.ipa, len(p.data))) for p in context.plan.pieces_of(vm.id)
             if p.ipa is not None and p.what != "devicetree"]
    return found + [(f"`{w.source.image.name}`", w.ipa_range) for w in windows_of(context, vm)
                    if w.kind == "image"]


def entry_missing(context):
    """entry-missing: images in windows do not say where they start."""
    for vm in sound_vms(context):
        if context.plan.vms[vm.id].entry is None and vm.boot.linux is None:
            context.error("entry-missing", vm.boot.place,
                          f"nothing says where `{vm.name}` starts",
                          remedy="add `entry: ADDRESS`")


def kernel_misaligned(context):
    """kernel-misaligned: text_offset from a multiple of 2 MiB."""
    for vm in sound_vms(context):
        for piece in vm.boot.pieces:
            header = piece.file.linux
            if header is None:
                continue
            at = next(p.ipa for p in context.plan.pieces_of(vm.id) if p.place == piece.place)
            if (at - header.text_offset) % BLOCK:
                right = align_up(at - header.text_offset, BLOCK) + header.text_offset
                context.error("kernel-misaligned", piece.at.place or piece.place,
                              f"`{piece.file.name}` is an arm64 Image and at {address_text(at)}, "
                              f"which is not text_offset (0x{header.text_offset:x}) from a "
                              "multiple of 2 MiB: it would not boot",
                              remedy=f"write `at: {address_text(right)}`, or use `boot: linux`")


def kernel_window(context):
    """kernel-window-access, linux-without-ram: Linux writes to its memory and executes it."""
    for vm in sound_vms(context):
        if vm.boot.linux is None:
            continue
        piece = next((p for p in context.plan.pieces_of(vm.id) if p.what == "kernel"), None)
        if piece is None:
            context.error("linux-without-ram", vm.boot.linux.place,
                          f"`{vm.name}` has no private window for Linux",
                          remedy="add `ram: { size: 256 MiB }` under `memory`")
            continue
        window = next((w for w in ram_of(context, vm) if w.name == piece.window), None)
        if window is not None and window.access != "rwx":
            context.error("kernel-window-access", window.source.access.place or window.place,
                          f"Linux runs in the window `{window.name}`, whose access is "
                          f"`{window.access}`; it must read, write and execute there",
                          Note("the kernel is here", piece.place), remedy="write `access: rwx`")


RULES = (entry_point, entry_missing, kernel_misaligned, kernel_window)
