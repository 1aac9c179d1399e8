"""EL2's own tables, identity-mapped, and TCR_EL2 and MAIR_EL2.

Promises: nothing is writable and executable (INV-EL2-WX); tables, code and packed images are
read-only; the page below each stack is not mapped (INV-STACK-GUARD); RAM of VMs is writable, the
rest of the board's RAM only readable, since the firmware's devicetree is read there at boot;
devices are those that EL2 drives, and the clock that it reads. A later stretch never covers an earlier one.

@req CORE-2
"""

from bisect import bisect_right, insort

from generator.model import PAGE, Range
from generator.plan.pages import ENTRIES, Builder, Mapping, stage1_attributes
from generator.plan.stage2 import PS_OF_BITS
from generator.units import align_down, align_up

MAIR_EL2 = 0xFF | 0x04 << 8  # Attr0: normal write-back; Attr1: Device-nGnRE
SMALL_VA_BITS, LARGE_VA_BITS = 39, 48  # start level 1, start level 0


class _Stretches:
    """Disjoint stretches of memory; what is added later only fills what is still free."""

    def __init__(self):
        self._sorted = []  # (base, end, access, is_device, note)

    def add(self, base, end, access, is_device, note):
        base, end = align_down(base, PAGE), align_up(end, PAGE)
        i = max(bisect_right(self._sorted, (base,)) - 1, 0)
        holes, at = [], base
        while i < len(self._sorted) and self._sorted[i][0] < end:
            used = self._sorted[i]
            if used[1] > at:
                if used[0] > at:
                    holes.append((at, used[0]))
                at = used[1]
            i += 1
        if at < end:
            holes.append((at, end))
        for hole_base, hole_end in holes:
            insort(self._sorted, (hole_base, hole_end, access, is_device, note))

    def merged(self):
        """Neighbours of equal permission as one, so that larger blocks fit; guards left out."""
        out = []
        for base, end, access, is_device, note in self._sorted:
            last = out[-1] if out else None
            if last and last[1] == base and last[2:4] == (access, is_device):
                out[-1] = (last[0], end, access, is_device, _joined(last[4], note))
            else:
                out.append((base, end, access, is_device, note))
        return [s for s in out if s[2]]


def _joined(first, second):
    return first if second in first.split(" + ") else f"{first} + {second}"


def board_clock(system):
    """The board's clock, from which EL2 reads the date for the emulated ones: None when a VM has
    its page, or none of them has an emulated clock."""
    rtc = system.board.rtc
    if rtc is None or not any(e.model == "pl031" for vm in system.vms for e in vm.emulated):
        return None
    taken = [page for vm in system.vms for a in vm.assigned for page in a.device.pages]
    return None if any(page.overlaps(rtc.pages[0]) for page in taken) else rtc


def el2_tables(system, image, cpus, windows, shared, clock=None):
    """The tables, the root first. `cpus`: planned, with their stacks; `clock`: board_clock()."""
    board, stretches = system.board, _Stretches()
    for cpu in cpus:
        stack = cpu.stack
        stretches.add(stack.base - PAGE, stack.base, "", False, f"guard of CPU {cpu.id}")
        stretches.add(stack.base, stack.end, "rw", False, "stacks")
    for slot in image.slots:
        if slot.name != "stacks":
            stretches.add(slot.base, slot.base + slot.size, slot.access, False, slot.name)
    for base, end, note in _guest_memory(board, windows, shared):
        stretches.add(base, end, "rw", False, note)
    for device in _devices(system):
        stretches.add(device.base, device.end, "rw", True, "device of EL2")
    if clock:
        stretches.add(clock.regs[0].base, clock.regs[0].end, "r", True, "the board's clock")
    for page in board.releases:
        stretches.add(page.base, page.end, "rw", False, "where parked CPUs wait")
    for ram in board.ram:
        stretches.add(ram.base, ram.end, "r", False, "rest of RAM")
    found = stretches.merged()
    is_large = any(s[1] > 1 << SMALL_VA_BITS for s in found)
    builder = Builder("el2", 0 if is_large else 1, ENTRIES)
    for base, end, access, is_device, note in found:
        builder.add(Mapping(base, base, end - base, stage1_attributes(access, is_device), note))
    return builder.tables()


def _guest_memory(board, windows, shared):
    """What EL2 clears, loads, and reads for instruction decode."""
    for window in windows:
        if window.kind == "ram" and _is_in_ram(board, window.pa, window.size):
            yield window.pa, window.pa + window.size, "memory of guests"
    for memory in shared:
        if _is_in_ram(board, memory.pa, memory.size):
            yield memory.pa, memory.pa + memory.size, "memory of guests"


def _is_in_ram(board, pa, size):
    return (pa is not None and size > 0 and pa % PAGE == 0
            and any(ram.contains(Range(pa, size)) for ram in board.ram))


def _devices(system):
    board = system.board
    if board.gic:
        yield from board.gic.for_hypervisor
    if system.uart:
        yield from system.uart.regs
    if board.power:
        yield board.power.regs[0]


def tcr_el2(board, tables):
    """For EL2 without VHE [DDI0487 D24.2, TCR_EL2]."""
    va_bits = LARGE_VA_BITS if tables[0].level == 0 else SMALL_VA_BITS
    return (
        1 << 31 | 1 << 23  # RES1
        | PS_OF_BITS[board.pa_bits] << 16
        | 0 << 14  # TG0: 4 KiB
        | 3 << 12  # SH0: walks are inner shareable
        | 1 << 10  # ORGN0: write-back, read- and write-allocate
        | 1 << 8  # IRGN0: the same
        | 64 - va_bits)  # T0SZ
