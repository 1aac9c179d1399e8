"""What is in a VM's memory when it starts: PROP-LOADS, PROP-CONTENTS, PROP-ENTRY.

Covers INV-LOAD-INSIDE, INV-LOAD-ONCE, INV-LOAD-ALIGNED, INV-LOAD-HASH. The files of the description are read
again and compared with what the image packs. [Linux Documentation/arch/arm64/booting.rst]

@req EVID-1
"""

from hashlib import sha256

from verifier import fdt, guest_files, layout
from verifier.elf import WRITE
from verifier.expected import pages_up
from verifier.faults import Malformed
from verifier.verdict import SYSTEM

KERNEL_ALIGN = 2 << 20
SOURCE_ALIGN = 16


def coverage(evidence, result):
    """The loads of a VM cover its RAM windows once, and sources lie in the image."""
    for number, (vm, described) in enumerate(evidence.vms):
        loads = evidence.config.of_vm("load", vm)
        result.count(described.name, len(loads))
        for load in loads:
            _source(evidence, described.name, load, result)
        ram = [(w.pa, w.pa + w.size, w.name) for w in evidence.windows[number]
               if w.kind == layout.WINDOW_RAM and w.row is not None]
        _once(described.name, loads, ram, result)
    shared = {}
    for number, windows in enumerate(evidence.windows):
        for window in windows:
            if window.shared and window.row:
                first = shared.setdefault(window.shared, (window.pa, window.size))
                result.expect(first[0] == window.pa, evidence.description.vms[number].name,
                              f"shared memory `{window.shared}` is at 0x{window.pa:x} here and at "
                              f"0x{first[0]:x} for another VM", window.pa)
    for load in evidence.config.boot_loads:
        result.expect(load.src_pa == 0 and not any(load.sha256), SYSTEM,
                      f"cfg_boot_loads[{load.id}] copies", load.at)
    _once(SYSTEM, evidence.config.boot_loads,
          [(pa, pa + size, name) for name, (pa, size) in shared.items()], result)
    result.expect(set(shared) == set(evidence.description.shared), SYSTEM,
                  "some declared shared memory is mapped by no VM")


def _source(evidence, subject, load, result):
    if load.src_pa:
        segment = evidence.elf.segment_at(load.src_pa)
        good = (segment is not None and not segment.flags & WRITE
                and load.src_pa + load.size <= segment.file_end and load.src_pa % SOURCE_ALIGN == 0)
        result.expect(good, subject, f"cfg_loads[{load.id}] copies from 0x{load.src_pa:x}, which "
                      "is not aligned constant data of the image", load.at)
        data = evidence.elf.read(load.src_pa, load.size, f"cfg_loads[{load.id}]") if good else b""
        result.expect(not good or sha256(data).digest() == load.sha256, subject,
                      f"cfg_loads[{load.id}].sha256 is not the hash of what it copies", load.at)
    else:
        result.expect(not any(load.sha256), subject, f"cfg_loads[{load.id}] clears, and has a "
                      "hash", load.at)


def _once(subject, loads, ranges, result):
    """Loads, in any order, tile the ranges exactly."""
    at = {}  # end of what is covered, by the range's start
    for load in sorted(loads, key=lambda r: r.dst_pa):
        home = next((r for r in ranges if r[0] <= load.dst_pa
                     and load.dst_pa + load.size <= r[1]), None)
        if home is None or load.size == 0:
            table = "cfg_boot_loads" if subject == SYSTEM else "cfg_loads"
            result.wrong(subject, f"its load {table}[{load.id}] writes 0x{load.dst_pa:x}, "
                         f"0x{load.size:x} bytes: not inside its memory", load.dst_pa)
            continue
        end = at.get(home[0], home[0])
        result.expect(load.dst_pa == end, subject, f"`{home[2]}` is "
                      + ("cleared or filled twice" if load.dst_pa < end else "left as it was")
                      + f" at 0x{min(load.dst_pa, end):x}", min(load.dst_pa, end))
        at[home[0]] = load.dst_pa + load.size
    for start, end, name in ranges:
        result.count(subject)
        if at.get(start, start) != end:
            result.wrong(subject, f"`{name}` is left as it was from 0x{at.get(start, start):x} on",
                         at.get(start, start))


# --- contents ------------------------------------------------------------------------------


def start_bytes(evidence, number, ipa, size):
    """Bytes at [ipa, ipa + size) when VM `number` starts, or None outside its windows."""
    window = next((w for w in evidence.windows[number] if w.row is not None
                   and w.ipa <= ipa and ipa + size <= w.ipa + w.size), None)
    if window is None or window.kind not in (layout.WINDOW_RAM, layout.WINDOW_IMAGE):
        return None
    pa = window.pa + ipa - window.ipa
    if window.kind == layout.WINDOW_IMAGE:
        return packed_bytes(evidence.elf, pa, size)
    if size > len(evidence.elf.data):  # more than the image can hold: zeros, or not at all
        return None
    found = bytearray(size)
    vm = evidence.config.vms[number]
    for load in evidence.config.of_vm("load", vm):
        low, high = max(pa, load.dst_pa), min(pa + size, load.dst_pa + load.size)
        if load.src_pa and low < high:
            found[low - pa:high - pa] = evidence.elf.read(load.src_pa + low - load.dst_pa,
                                                          high - low, "the source of a load")
    return bytes(found)


def packed_bytes(elf, pa, size):
    """Bytes of the system image, with zeros between segments; None beyond what can be."""
    if size > len(elf.data):
        return None
    found = bytearray(size)
    for segment in elf.segments:
        low, high = max(pa, segment.base), min(pa + size, segment.file_end)
        if low < high:
            found[low - pa:high - pa] = elf.read(low, high - low)
    return bytes(found)


def _linux_pieces(evidence, number, vm, boot):
    """Kernel and initrd where the entry point and the devicetree say they are."""
    files = evidence.files
    pieces = [guest_files.Piece(vm.entry_ipa, files.data(boot.kernel), 0, boot.kernel)]
    if boot.initrd is not None:
        chosen = tree_of(evidence, number).child("chosen")
        start = fdt.number(chosen.cells("linux,initrd-start")) if chosen else 0
        pieces.append(guest_files.Piece(start, files.data(boot.initrd), 0, boot.initrd))
    return pieces


def all_pieces(evidence, number):
    """Every Piece that must be in the VM's memory at its start, its devicetree not included."""
    vm, described = evidence.vms[number]
    boot = described.boot
    if boot.kernel is not None:
        pieces = _linux_pieces(evidence, number, vm, boot)
    else:
        pieces = guest_files.images(evidence.files, boot)[1]
    for window in evidence.windows[number]:
        if window.image is not None and window.row is not None:
            data = evidence.files.data(window.image)
            zeros = pages_up(len(data)) - len(data) if window.kind == layout.WINDOW_IMAGE else 0
            pieces.append(guest_files.Piece(window.ipa, data, zeros, window.image))
    return pieces


def tree_address(evidence, number):
    """Guest address of the VM's devicetree by the description, or None for none. Where the
    compiler chose it (Linux), x0 says where it is."""
    vm, described = evidence.vms[number]
    wanted = described.boot.devicetree
    if wanted is False:
        return None
    if wanted is not None:
        return wanted
    if described.boot.kernel is not None:
        return vm.boot_x[0]
    private = [w for w in evidence.windows[number] if w.kind == layout.WINDOW_RAM
               and any(w.name == d.name and d.image is None for d in described.windows)]
    by_name = {w.name: w for w in private}
    first = next((by_name[d.name] for d in described.windows if d.name in by_name), None)
    return first.ipa if first else None


def tree_bytes(evidence, number):
    """The VM's devicetree as it finds it; Malformed when there is none where it must be."""
    address = tree_address(evidence, number)
    head = start_bytes(evidence, number, address, 40)
    if head is None:
        raise Malformed(f"its devicetree at guest address 0x{address:x} is outside its memory")
    data = start_bytes(evidence, number, address, fdt.total_size(head))
    if data is None:
        raise Malformed(f"its devicetree at guest address 0x{address:x} runs out of its memory")
    return data


def tree_of(evidence, number):
    """The root node of the VM's devicetree."""
    if number not in evidence.guest_trees:
        evidence.guest_trees[number] = fdt.parse(tree_bytes(evidence, number))
    return evidence.guest_trees[number]


def contents(evidence, result):
    """Memory at the start is the files, the devicetree, and zeros."""
    for number, (vm, described) in enumerate(evidence.vms):
        subject = described.name
        result.count(subject)
        try:
            pieces = all_pieces(evidence, number)
            if tree_address(evidence, number) is not None:
                pieces.append(guest_files.Piece(tree_address(evidence, number),
                                                tree_bytes(evidence, number), 0, "its devicetree"))
        except Malformed as fault:
            result.wrong(subject, fault.sentence, fault.pa)
            continue
        for piece in pieces:
            _piece(evidence, number, piece, result)
        for one, other in _overlaps(pieces):
            result.wrong(subject, f"`{one.name}` and `{other.name}` overlap at guest address "
                         f"0x{other.ipa:x}")
        _nothing_else(evidence, number, vm, pieces, result)


def _piece(evidence, number, piece, result):
    subject = evidence.description.vms[number].name
    found = start_bytes(evidence, number, piece.ipa, len(piece.data) + piece.zeros)
    result.count(subject, len(piece.data) + piece.zeros)
    if found is None:
        result.wrong(subject, f"`{piece.name}` at guest address 0x{piece.ipa:x} does not lie "
                     "inside one window")
    elif found != piece.data + bytes(piece.zeros):
        wanted = piece.data + bytes(piece.zeros)
        at = next(i for i, (a, b) in enumerate(zip(found, wanted)) if a != b)
        result.wrong(subject, f"`{piece.name}` differs from its file at byte {at}, guest address "
                     f"0x{piece.ipa + at:x}", _pa_of(evidence, number, piece.ipa + at))


def _pa_of(evidence, number, ipa):
    return next((w.pa + ipa - w.ipa for w in evidence.windows[number]
                 if w.row is not None and w.ipa <= ipa < w.ipa + w.size), None)


def _overlaps(pieces):
    ordered = sorted((p for p in pieces if p.data or p.zeros), key=lambda p: p.ipa)
    return [(a, b) for a, b in zip(ordered, ordered[1:])
            if a.ipa + len(a.data) + a.zeros > b.ipa]


def _nothing_else(evidence, number, vm, pieces, result):
    """Where a load copies, it copies a piece; the rest is zero."""
    subject = evidence.description.vms[number].name
    for load in evidence.config.of_vm("load", vm):
        if not load.src_pa:
            continue
        window = next((w for w in evidence.windows[number] if w.row is not None
                       and w.pa <= load.dst_pa < w.pa + w.size), None)
        ipa = load.dst_pa - window.pa + window.ipa if window else 0
        at, end = ipa, ipa + load.size
        for piece in sorted(pieces, key=lambda p: p.ipa):
            if piece.ipa < end and piece.ipa + len(piece.data) > at:
                _zeros(evidence, load, ipa, at, piece.ipa, subject, result)
                at = max(at, piece.ipa + len(piece.data))
        _zeros(evidence, load, ipa, at, end, subject, result)


def _zeros(evidence, load, ipa, start, end, subject, result):
    if start < end:
        data = evidence.elf.read(load.src_pa + start - ipa, end - start, "the source of a load")
        if any(data):
            result.wrong(subject, f"cfg_loads[{load.id}] copies to guest address 0x{start:x} what "
                         "no file of the description has", load.dst_pa + start - ipa)


def entry(evidence, result):
    """First instruction and first registers."""
    for number, (vm, described) in enumerate(evidence.vms):
        subject, boot = described.name, described.boot
        window = next((w for w in evidence.windows[number] if w.row is not None
                       and w.ipa <= vm.entry_ipa < w.ipa + w.size), None)
        result.expect(window is not None and window.access & layout.ACCESS_X
                      and vm.entry_ipa % 4 == 0, subject, f"its entry point 0x{vm.entry_ipa:x} is "
                      "not an executable instruction's address", vm.at)
        if boot.kernel is not None:
            text_offset, size = evidence.files.kernel(boot.kernel)
            result.expect((vm.entry_ipa - text_offset) % KERNEL_ALIGN == 0, subject,
                          "its kernel is not text_offset from a multiple of 2 MiB", vm.at)
            result.expect(window is not None and vm.entry_ipa + size <= window.ipa + window.size,
                          subject, "its kernel's zeroed data runs out of its window", vm.at)
            _kernel_room(evidence, number, vm.entry_ipa, vm.entry_ipa + size, result)
        else:
            usual = guest_files.images(evidence.files, boot)[0]
            wanted = usual if boot.entry is None else boot.entry
            result.expect(vm.entry_ipa == wanted, subject, f"it starts at 0x{vm.entry_ipa:x}; "
                          f"described is {'nothing' if wanted is None else hex(wanted)}", vm.at)
        wanted = boot.x0 if boot.x0 is not None else tree_address(evidence, number) or 0
        result.expect(vm.boot_x == (wanted, 0, 0, 0), subject,
                      f"x0 to x3 at its start are {[hex(x) for x in vm.boot_x]}, expected "
                      f"0x{wanted:x} and zeros", vm.at)


def _kernel_room(evidence, number, start, end, result):
    """Nothing else lies where the kernel has its zeroed data."""
    subject = evidence.description.vms[number].name
    try:
        address, size = tree_address(evidence, number), len(tree_bytes(evidence, number))
        others = [(p.ipa, p.ipa + len(p.data), p.name)
                  for p in all_pieces(evidence, number)[1:]]
    except Malformed as fault:
        result.wrong(subject, fault.sentence, fault.pa)
        return
    result.expect(address % 8 == 0, subject, "its devicetree is not aligned to 8 bytes")
    for low, high, name in [*others, (address, address + size, "its devicetree")]:
        result.expect(high <= start or end <= low, subject,
                      f"`{name}` lies in its kernel's memory at guest address 0x{low:x}")
