"""What lies where in a guest's memory when it starts: kernels, initrds, devicetrees, ELF segments.

Promises: an address that a description gives is used as given. A Linux guest gets its kernel at
the first 2 MiB boundary of its RAM plus text_offset, the initrd behind all memory the kernel
needs, the devicetree behind that on a 2 MiB boundary, so that it never straddles one
[Documentation/arch/arm64/booting]. Anything else is loaded as QEMU's virt machine does: a flat
binary at 0x40080000, the devicetree at the start of RAM when no piece is there.

@req DESC-1, DESC-6
"""

from dataclasses import dataclass, replace

from generator.model import BLOCK_2M, Range
from generator.planned import PlannedPiece
from generator.units import align_up

FLAT_DEFAULT = 0x40080000  # where QEMU's -kernel puts a flat binary
INITRD_ALIGN = 0x10000  # the largest page size of an arm64 kernel
OLD_TEXT_OFFSET = 0x80000  # of kernels before 3.17, whose header has image_size 0
DEVICETREE_LIMIT = BLOCK_2M


@dataclass(frozen=True)
class Start:
    """The pieces of a VM but for its devicetree, and how it is entered."""

    pieces: tuple[PlannedPiece, ...]
    entry: int | None
    entry_reason: str
    initrd: Range | None = None


def ram_of(windows):
    """The window that counts as the RAM of a VM: the first writable one of its description."""
    order = {id(w.source): w for w in windows if w.kind == "ram" and w.ipa is not None}
    if not order:
        return None
    return min(order.values(), key=lambda w: (w.source.place, w.ipa))


def start_of(vm, windows):
    """Everything that is loaded for a VM except the devicetree."""
    pieces = list(_window_images(vm, windows))
    if vm.boot is None:
        return Start(tuple(pieces), None, "there is no `boot`")
    if vm.boot.linux is not None:
        return _linux_start(vm, windows, pieces)
    for piece in vm.boot.pieces:
        pieces += _piece_parts(vm, piece)
    entry, reason = _entry(vm.boot)
    return Start(tuple(pieces), entry, reason)


def _window_images(vm, windows):
    """Copied images that a window names as its contents."""
    for window in windows:
        if window.kind == "ram" and window.source.image and window.source.image.data is not None:
            image = window.source.image
            yield PlannedPiece(vm.id, image.name, window.ipa, image.size, image.place,
                               f"contents of window {window.name}", image.data)


def _linux_start(vm, windows, pieces):
    boot, ram = vm.boot.linux, ram_of(windows)
    if ram is None or boot.kernel.data is None:
        return Start(tuple(pieces), None, "there is no RAM or no kernel")
    header = boot.kernel.linux
    offset = header.text_offset if header and header.image_size else OLD_TEXT_OFFSET
    base = align_up(ram.ipa, BLOCK_2M) + offset
    size = max(header.image_size if header else 0, boot.kernel.size)
    pieces.append(PlannedPiece(
        vm.id, "kernel", base, size, boot.kernel.place,
        f"first 2 MiB boundary of window {ram.name}, plus text_offset 0x{offset:x}; "
        "its size is the header's image_size", boot.kernel.data))
    initrd = None
    if boot.initrd is not None and boot.initrd.data is not None:
        initrd = Range(align_up(base + size, INITRD_ALIGN), boot.initrd.size)
        pieces.append(PlannedPiece(
            vm.id, "initrd", initrd.base, initrd.size, boot.initrd.place,
            "first 64 KiB boundary behind the memory that the kernel needs", boot.initrd.data))
    if vm.boot.entry.is_given:
        return Start(tuple(pieces), vm.boot.entry.value, "as described", initrd)
    return Start(tuple(pieces), base, "first byte of the kernel", initrd)


def _piece_parts(vm, piece):
    file = piece.file
    if file.data is None:
        return
    if file.kind != "elf":
        at = FLAT_DEFAULT if piece.at.value is None else piece.at.value
        reason = "as described" if piece.at.is_given else "default: where QEMU loads a flat binary"
        size = max(file.linux.image_size if file.linux else 0, file.size)
        yield PlannedPiece(vm.id, file.name, at, size, piece.place, reason, file.data)
        return
    shift = _elf_shift(piece)
    for i, segment in enumerate(file.elf.segments if file.elf else ()):
        data = file.data[segment.file_offset:segment.file_offset + segment.file_size]
        reason = "address of the ELF segment" + (", moved to `at`" if shift else "")
        yield PlannedPiece(vm.id, f"segment {i} of {file.name}", segment.address + shift,
                           segment.memory_size, piece.place, reason, data)


def _elf_shift(piece):
    """`at` moves an ELF file as a whole: its lowest segment goes there."""
    if piece.at.value is None or not piece.file.elf or not piece.file.elf.segments:
        return 0
    return piece.at.value - piece.file.elf.segments[0].address


def _entry(boot):
    if boot.entry.is_given:
        return boot.entry.value, "as described"
    for piece in boot.pieces:
        if piece.file.kind == "elf" and piece.file.elf:
            return piece.file.elf.entry + _elf_shift(piece), f"entry point of {piece.file.name}"
    for piece in boot.pieces:
        at = FLAT_DEFAULT if piece.at.value is None else piece.at.value
        return at, f"first byte of {piece.file.name}"
    return None, "nothing says where to start"


def devicetree_piece(vm, windows, start, blob):
    """Where the generated devicetree goes, or None when the VM gets none."""
    if vm.boot is None or not vm.boot.has_devicetree.value:
        return None
    given = vm.boot.devicetree_at
    if given.is_given:
        at, reason = given.value, "as described"
    else:
        at, reason = _devicetree_default(vm, windows, start, len(blob))
    place = given.place or vm.boot.has_devicetree.place or vm.boot.place
    return PlannedPiece(vm.id, "devicetree", at, len(blob), place, reason, blob)


def _devicetree_default(vm, windows, start, size):
    ram = ram_of(windows)
    if ram is None:
        return None, "there is no RAM for it"
    taken = sorted(p.ipa_range for p in start.pieces if p.ipa is not None)
    wanted = Range(ram.ipa, size)
    if vm.boot.linux is None and not any(t.overlaps(wanted) for t in taken):
        return ram.ipa, "default: the start of RAM, as QEMU's virt machine has it"
    inside = Range(ram.ipa, ram.size)
    end = max((t.end for t in taken if inside.contains(t)), default=ram.ipa)
    return align_up(end, BLOCK_2M), "first 2 MiB boundary behind everything else that is loaded"


def with_windows(pieces, windows):
    """The pieces with the name of the window that holds each."""
    located = []
    for piece in pieces:
        holder = next((w.name for w in windows if _holds(w, piece)), None)
        located.append(replace(piece, window=holder))
    return located


def _holds(window, piece):
    return (window.kind == "ram" and window.ipa is not None and piece.ipa is not None
            and Range(window.ipa, window.size).contains(piece.ipa_range))
