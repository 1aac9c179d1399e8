"""What a VM must see by its description, with the compiler's free choices taken from the tables.

Free are the guest address of a window without `at`, and the physical place of memory without
`phys`. They are read from cfg_windows, which the properties then hold against everything else.

@req EVID-1
"""

from collections import namedtuple

from verifier import layout
from verifier.faults import Unreadable

PAGE = 4096
EMULATED_KINDS = {"pl011": layout.MMIO_PL011, "pl031": layout.MMIO_PL031,
                  "sp805": layout.MMIO_SP805, "pvpanic": layout.MMIO_PVPANIC}

# row: the row of cfg_windows; start and size of what must be there (None: no such row)
Expected = namedtuple("Expected", "name kind ipa pa size access shared image is_free row")


def pages_up(size):
    """Bytes in whole pages."""
    return -(-size // PAGE) * PAGE


def page_ranges(ranges):
    """(base, size) ranges as whole pages, joined where they touch."""
    joined = []
    for base, size in sorted((r[0] // PAGE * PAGE, r[0] + r[1]) for r in ranges if r[1]):
        end = pages_up(size)
        if joined and base <= joined[-1][1]:
            joined[-1][1] = max(end, joined[-1][1])
        else:
            joined.append([base, end])
    return [(base, end - base) for base, end in joined]


def board_device(evidence, assigned):
    """The board's device that a VM is given."""
    device = evidence.board.find(assigned.node)
    if device is None:
        raise Unreadable(f"the board `{evidence.board.name}` has no device `{assigned.node}` with "
                         "registers")
    return device


def console(evidence):
    """The UART that the hypervisor drives, or None: it has no console."""
    return evidence.board.console if evidence.description.has_console else None


def board_clock(evidence):
    """(base, size) of the board's first PL031, when some VM has an emulated one and none has its
    page: EL2 reads the date there. None otherwise."""
    vms, board = evidence.description.vms, evidence.board
    clock = next((d.ranges[0] for d in board.devices if "arm,pl031" in d.node.texts("compatible")
                  and board.is_enabled(d.node)), None)
    if clock is None or not any(e.kind == "pl031" for vm in vms for e in vm.emulated):
        return None
    (base, size), = page_ranges([clock])
    given = page_ranges([r for vm in vms for a in vm.assigned
                         for r in board_device(evidence, a).ranges])
    return None if any(a < base + size and base < a + n for a, n in given) else clock


def _device_windows(evidence, assigned):
    device = board_device(evidence, assigned)
    access = layout.ACCESS_R | layout.ACCESS_W
    first = device.ranges[0][0] // PAGE * PAGE
    shift = 0 if assigned.at is None else assigned.at // PAGE * PAGE - first
    for base, size in page_ranges(device.ranges):
        yield Expected(assigned.name, layout.WINDOW_DEVICE, base + shift, base, size, access,
                       None, None, False, None)


def _cpu_interface(evidence, rows, described):
    """With a GICv2 the first page of a guest's CPU interface is that of the board's GICV."""
    if evidence.board.gicv is None:
        return []
    base, size = evidence.board.gicv
    row = next((r for r in rows if r.kind == layout.WINDOW_GICV), None)
    return [Expected("cpu-interface", layout.WINDOW_GICV, described.cpu_interface, base, size,
                     layout.ACCESS_R | layout.ACCESS_W, None, None, False, row)]


def _window_size(evidence, window):
    """An image that is mapped in place has its own pages and no more; a size only bounds it."""
    if window.kind != layout.WINDOW_IMAGE and window.size is not None:
        return window.size
    pages = pages_up(len(evidence.files.data(window.image)))
    return pages if window.size is None else min(pages, window.size)


def windows(evidence, vm, described):
    """The Expected windows of a VM, in ascending guest address; free places from its rows."""
    rows = list(evidence.config.of_vm("window", vm))
    names = {row.at: evidence.config.window_names[row.id] for row in rows}
    found = []
    for w in described.windows:
        size = _window_size(evidence, w)
        row = next((r for r in rows if names[r.at] == w.name and r.kind == w.kind), None)
        ipa = w.at if w.at is not None or row is None else row.ipa
        pa = w.phys if w.phys is not None or row is None else row.pa
        found.append(Expected(w.name, w.kind, ipa, pa, size, w.access, w.shared, w.image,
                              w.at is None, row))
    for assigned in described.assigned:
        for want in _device_windows(evidence, assigned):
            row = next((r for r in rows if names[r.at] == want.name and r.kind == want.kind
                        and r.pa == want.pa), None)
            found.append(want._replace(row=row))
    found += _cpu_interface(evidence, rows, described)
    found.sort(key=lambda e: (-1 if e.ipa is None else e.ipa))
    return found


def gic_regions(described, vcpu_count, version):
    """(ipa, size, kind of cfg_mmio) of what of a guest's GIC is emulated."""
    if version == 2:
        return [(described.distributor, PAGE, layout.MMIO_GICD),
                (described.cpu_interface + PAGE, PAGE, layout.MMIO_GICC)]
    return [(described.distributor, 0x10000, layout.MMIO_GICD),
            (described.redistributors, 0x20000 * vcpu_count, layout.MMIO_GICR)]


def emulated_regions(described, vcpu_count, version):
    """(ipa, size, kind of cfg_mmio, Emulated or None), ascending."""
    found = [(*region, None) for region in gic_regions(described, vcpu_count, version)]
    for device in described.emulated:
        found.append((device.at, PAGE, EMULATED_KINDS[device.kind], device))
    return sorted(found, key=lambda r: r[0])


def interrupts(evidence, described):
    """(pintid, vintid, is edge) of the physical interrupts of a VM, ascending."""
    found = [(intid, intid, edge) for intid, edge in described.interrupts]
    for assigned in described.assigned:
        device = board_device(evidence, assigned)
        first = device.interrupts[0][0] if device.interrupts else 0
        for intid, edge in device.interrupts:
            shift = 0 if assigned.intid is None else assigned.intid - first
            found.append((intid, intid + shift, edge))
    return sorted(found)


def cpu_choice(description, cpu_count):
    """CPUs of each VM, by position: those named, then the lowest ones, in order, that neither a VM
    nor a schedule names."""
    taken = {c for vm in description.vms if isinstance(vm.cpus, list) for c in vm.cpus}
    taken |= {cpu for mode in description.modes for cpu, _ in mode.cpus}
    free = [c for c in range(cpu_count) if c not in taken]
    found = []
    for vm in description.vms:
        if isinstance(vm.cpus, list):
            found.append(list(vm.cpus))
        else:
            count = max(0, min(vm.cpus, cpu_count))
            found.append(free[:count])
            free = free[count:]
    return found
