"""What VMs reach: PROP-VM-MEMORY, PROP-VM-APART, PROP-EL2-APART, PROP-ATTRIBUTES.

Covers INV-S2-ROOT, INV-WINDOW-ALIGNED, INV-WINDOW-SORTED, INV-MEMORY-ONE-OWNER. Reach is taken
from the descriptors; cfg_windows, by which EL2 reads guest memory, must say the same.

@req EVID-1
"""

from collections import namedtuple

from verifier import layout
from verifier.elf import EXECUTE, WRITE
from verifier.expected import console
from verifier.ranges import meetings, merged, overlay, without
from verifier.properties.el2 import RIGHTS
from verifier.translation import (DEVICE, NORMAL, PAGE, stage1_memory, stage2_access,
                                  stage2_memory)
from verifier.verdict import SYSTEM

IPA_LIMIT = 1 << 40

View = namedtuple("View", "pa access memory name")  # of guest addresses from `start` on


def _type(kind):
    return DEVICE if kind in (layout.WINDOW_DEVICE, layout.WINDOW_GICV) else NORMAL


def exact(evidence, result):
    """Stage 2, cfg_windows and the description agree on each VM's windows, byte by byte."""
    for number, (vm, described) in enumerate(evidence.vms):
        subject = described.name
        _rows(evidence, number, vm, subject, result)
        wanted = [(w.ipa, w.ipa + w.size, View(w.pa, w.access, _type(w.kind), w.name))
                  for w in evidence.windows[number] if w.row is not None]
        actual = [(r.ia, r.ia + r.size, (r.ia, r)) for r in evidence.stage2_runs[number]]
        starts = {id(view): start for start, _, view in wanted}
        result.count(subject, sum(end - start for start, end, _ in actual) // PAGE)
        for start, end, run, view in overlay(actual, wanted):
            _stretch(evidence, number, start, end, run and run[1], view,
                     starts[id(view)] if view else 0, result)


def _stretch(evidence, number, start, end, run, view, view_start, result):
    """One stretch of guest addresses: what is mapped there, and what should be."""
    subject = evidence.description.vms[number].name
    place = evidence.place(number + 1, start) if run else None
    where = f"guest addresses 0x{start:x}..0x{end - 1:x}"
    if view is None:
        pa = run.pa + start - run.ia
        result.wrong(subject, f"it reaches {where}, which no window declares", pa, place)
    elif run is None:
        result.wrong(subject, f"{where} of its window `{view.name}` are not mapped",
                     view.pa + start - view_start)
    else:
        pa, wanted_pa = run.pa + start - run.ia, view.pa + start - view_start
        access, memory = stage2_access(run.bits), stage2_memory(run.bits)
        if pa != wanted_pa:
            result.wrong(subject, f"its window `{view.name}` leads to 0x{pa:x} from guest address "
                         f"0x{start:x} on, not to 0x{wanted_pa:x}", pa, place)
        elif (access, memory) != (view.access, view.memory):
            result.wrong(subject, f"its window `{view.name}` is {RIGHTS[access]} as {memory} at "
                         f"{where}; declared is {RIGHTS[view.access]} as {view.memory}", pa, place)


def _rows(evidence, number, vm, subject, result):
    """cfg_windows against the description, and its order."""
    expected = evidence.windows[number]
    rows = evidence.config.of_vm("window", vm)
    for want in expected:
        row = want.row
        result.expect(row is not None, subject, f"cfg_windows has no window `{want.name}`", vm.at)
        if row is None:
            continue
        result.expect((row.ipa, row.pa, row.size, row.access) ==
                      (want.ipa, want.pa, want.size, want.access), subject,
                      f"cfg_windows[{row.id}] (`{want.name}`) is guest 0x{row.ipa:x}, physical "
                      f"0x{row.pa:x}, 0x{row.size:x} bytes, {RIGHTS.get(row.access, row.access)}; "
                      f"the description says guest 0x{want.ipa:x}, physical 0x{want.pa:x}, "
                      f"0x{want.size:x} bytes, {RIGHTS[want.access]}", row.at)
        result.expect(not want.is_free or (row.ipa >= 0x40000000 and row.ipa % (2 << 20) == 0),
                      subject, f"window `{want.name}` without `at` is at 0x{row.ipa:x}: not a "
                      "multiple of 2 MiB from 0x40000000 on", row.at)
    used = {want.row.at for want in expected if want.row}
    end = 0
    for row in rows:
        result.expect(row.at in used, subject, f"cfg_windows[{row.id}] (`"
                      f"{evidence.config.window_names[row.id]}`) is not in the description", row.at)
        result.expect(row.size > 0 and (row.ipa | row.pa | row.size) % PAGE == 0 and row.ipa >= end
                      and row.ipa + row.size <= IPA_LIMIT, subject, f"cfg_windows[{row.id}] is not "
                      "whole pages, in order, apart, below 2^40", row.at)
        end = row.ipa + row.size


Claim = namedtuple("Claim", "start end number ia bits window")


def _claims(evidence):
    """Physical stretches that VMs reach, by their descriptors; none goes on from one window of
    the description into another, so that what holds for its first byte holds for all."""
    for number, runs in enumerate(evidence.stage2_runs):
        windows = [(w.ipa, w.ipa + w.size, w) for w in evidence.windows[number]
                   if w.row is not None]
        for start, end, run, window in overlay([(r.ia, r.ia + r.size, r) for r in runs], windows):
            if run is not None:
                pa = run.pa + start - run.ia
                yield Claim(pa, pa + end - start, number, start, run.bits, window)


def _declared_at(evidence, claim, pa):
    """What the description says that a VM sees at `pa`, when it is something that others may see
    too: (shared memory, offset), (read-only image in place, offset), or (virtual CPU interface,
    offset). Else None."""
    window = claim.window
    if window is None:
        return None
    if window.kind == layout.WINDOW_GICV:
        return _banked_at(evidence, window, claim, pa)
    offset = claim.ia + pa - claim.start - window.ipa
    if window.shared:
        return "shared memory", window.shared, offset
    if window.kind == layout.WINDOW_IMAGE and not stage2_access(claim.bits) & layout.ACCESS_W:
        return "image", window.image, offset
    return None


def _banked_at(evidence, window, claim, pa):
    """The one exception that the description does not name: the first page of the board's GICV
    and nothing else of the GIC. The hardware banks it by CPU [IHI0048 5.2], and on a CPU that vCPUs
    share EL2 exchanges what is behind it with every switch, so what one VM does there no other can
    see. (INV-GICV-BANKED)"""
    base, size = evidence.board.gicv
    is_whole = (window.pa, window.size) == (base, size) and base <= pa < base + size
    offset = claim.ia + pa - claim.start - window.ipa
    return ("virtual CPU interface", "GICV", offset) if is_whole and offset == pa - base else None


def apart(evidence, result):
    """No physical byte is reached from two places, but for declared shared memory, packed images
    that nobody can write, and the virtual CPU interface, which is another one on each CPU."""
    names = [vm.name for vm in evidence.description.vms]
    claims = list(_claims(evidence))
    for claim in claims:
        result.count(names[claim.number], (claim.end - claim.start) // PAGE)
    for pa, one, other in meetings(claims):
        seen, also = _declared_at(evidence, one, pa), _declared_at(evidence, other, pa)
        is_same_vm = one.number == other.number
        if seen is None or seen != also or is_same_vm and seen[0] != "image":
            _meeting(evidence, names, pa, one, other, result)
            if not is_same_vm:
                _meeting(evidence, names, pa, other, one, result)


def _meeting(evidence, names, pa, other, mine, result):
    """Reports that two claims meet, under the VM of `mine`."""
    who = "itself" if mine.number == other.number else f"`{names[other.number]}`"
    end = min(mine.end, other.end)
    result.wrong(names[mine.number], f"it meets {who} at 0x{pa:x}..0x{end - 1:x}, which no shared "
                 "memory declares", pa,
                 evidence.place(mine.number + 1, mine.ia + pa - mine.start))


def hypervisor_apart(evidence, result):
    """The system image but for read-only windows on packed images, and EL2's devices, are out of
    reach; memory windows lie in RAM."""
    system, board = evidence.config.system, evidence.board
    private = [(system.image_base, system.image_end, "the system image")]
    private += [(start, end, "the GIC") for start, end, _ in _gic_of_el2(board)]
    private += [(base, base + size, "the console's registers")
                for base, size in (console(evidence).ranges if console(evidence) else ())]
    private += [(base, base + size, "the power controller")
                for base, size in (board.power.ranges if board.power else ())]
    private += [(at, at + 8, "where parked CPUs wait") for at in board.releases if at]
    ram = merged((base, base + size) for base, size in board.ram)
    for claim in _claims(evidence):
        subject = evidence.description.vms[claim.number].name
        result.count(subject, (claim.end - claim.start) // PAGE)
        for low, high, what in private:
            first = max(claim.start, low)
            if first < min(claim.end, high) and not _is_packed(evidence, claim):
                result.wrong(subject, f"it reaches {what}", first,
                             evidence.place(claim.number + 1, claim.ia + first - claim.start))
        if stage2_memory(claim.bits) == NORMAL and not any(a <= claim.start and claim.end <= b
                                                           for a, b in ram):
            result.wrong(subject, "it reaches as memory what is no RAM", claim.start,
                         evidence.place(claim.number + 1, claim.ia))


def _gic_of_el2(board):
    """All of the GIC but what guests with a GICv2 reach themselves."""
    own = [(base, base + size, True) for base, size in sorted(board.gic.ranges)]
    return own if board.gicv is None else without(
        own, [(board.gicv[0], board.gicv[0] + board.gicv[1], True)])


def _is_packed(evidence, claim):
    """Is it a read-only view of a packed image, in a segment without anything of EL2's?"""
    window = claim.window
    if stage2_access(claim.bits) & layout.ACCESS_W or window is None \
            or window.kind != layout.WINDOW_IMAGE \
            or window.pa + claim.ia - window.ipa != claim.start:
        return False
    segment = evidence.elf.segment_at(claim.start)
    if segment is None or segment.flags & (WRITE | EXECUTE):
        return False
    places = [*evidence.config.places.values(), *evidence.pages.users]
    return not any(segment.base <= place < segment.end for place in places)


def attributes(evidence, result):
    """Mismatched memory attributes make coherency, or a device's registers, undefined
    [DDI0487 B2.15]."""
    types = {NORMAL: [], DEVICE: []}
    for run in evidence.el2_runs:
        types[stage1_memory(run.bits)].append((run.pa, run.pa + run.size))
    for run in (r for runs in evidence.stage2_runs for r in runs):
        types[stage2_memory(run.bits)].append((run.pa, run.pa + run.size))
    normal, device = ([(a, b, True) for a, b in merged(types[t])] for t in (NORMAL, DEVICE))
    result.count(SYSTEM, sum(b - a for a, b, _ in normal + device) // PAGE)
    for start, end, is_normal, is_device in overlay(normal, device):
        if is_normal and is_device:
            result.wrong(SYSTEM, f"0x{start:x}..0x{end - 1:x} is cacheable memory in one map and "
                         "device in another", start)
    ram = [(a, b, True) for a, b in merged((x, x + n) for x, n in evidence.board.ram)]
    for start, end, is_device, is_ram in overlay(device, ram):
        if is_device and is_ram:
            result.wrong(SYSTEM, f"0x{start:x}..0x{end - 1:x} is RAM, and mapped as a device",
                         start)
