"""From the resolved description to the plan: pure functions, one module for each question.

Promises: raises for no resolved description; what cannot be placed is None and left out of the
tables; every choice carries its reason. The system image and the RAM around it depend on the size
of the tables, and the tables on where things lie: `_settled` repeats both until the room that was
set aside for the tables is enough, which takes two or three rounds.

@req DESC-1
"""

from dataclasses import dataclass

from generator.devicetree import Tree
from generator.document import description_hash
from generator.fdt_guest import guest_devicetree
from generator.planned import Plan, PlannedShared, PlannedWindow, Registers
from generator.plan import el2
from generator.plan.contents import devicetree_piece, start_of, with_windows
from generator.plan.cpus import console_cpu, planned_vcpus
from generator.plan.guest import (
    console_names, guest_windows, planned_emulated, planned_mmios)
from generator.plan.health import planned_reactions
from generator.plan.image import SME_BYTES, SVE_BYTES, Counts, image_layout, planned_cpus, with_blobs
from generator.plan.interrupts import intid_limit, planned_irqs, spi_count
from generator.plan.life import planned_controls, planned_followers
from generator.plan.loads import image_placement, shared_loads, store_of, vm_loads
from generator.plan.memory import placements, wishes
from generator.plan.schedule import planned_schedules
from generator.plan.stage2 import stage2_tables, vtcr_el2
from generator.plan.vms import planned_vms

ROUNDS = 8  # the room for tables only grows, and few steps of it exist


@dataclass(frozen=True)
class Guests:
    """All that does not depend on physical addresses. Lists of lists are by VM."""

    vcpus: tuple
    emulated: tuple
    irqs: tuple
    mmios: list
    windows: list
    starts: list
    pieces: list
    schedules: object  # schedule.Schedules


@dataclass(frozen=True)
class Settled:
    """All that does."""

    image: object
    blobs: tuple
    cpus: tuple
    windows: list
    shared: tuple
    stage2: list
    el2: tuple

    @property
    def table_bytes(self):
        return sum(t.size for tables in (*self.stage2, self.el2) for t in tables)


def make_plan(system, _diagnostics=None):
    """The Plan; reports nothing itself."""
    guests = _guests(system)
    store = store_of(guests.pieces, [w for ws in guests.windows for w in ws])
    limit = intid_limit(guests.irqs, _uart_intid(system))
    settled = _settled(system, guests, store, limit)
    loads = [vm_loads(settled.windows[vm.id], guests.pieces[vm.id], settled.blobs, store)
             for vm in system.vms]
    cpu, cpu_reason = console_cpu(system, guests.vcpus)
    clock = el2.board_clock(system)
    return Plan(
        system=system, description_hash=description_hash(system),
        cpus=settled.cpus, console_cpu=cpu, console_cpu_reason=cpu_reason,
        clock=clock.path if clock else None,
        console_names=console_names(system, guests.emulated),
        vms=planned_vms(system, guests, settled.stage2, loads),
        vcpus=guests.vcpus, windows=_flat(settled.windows), shared=settled.shared,
        pieces=_flat(guests.pieces), loads=_flat(loads), boot_loads=shared_loads(settled.shared),
        mmios=_flat(guests.mmios), emulated=guests.emulated, reactions=planned_reactions(system),
        irqs=guests.irqs,
        controls=planned_controls(system), followers=planned_followers(system),
        blobs=settled.blobs, image=settled.image,
        stage2_tables=_flat(settled.stage2), el2_tables=settled.el2,
        registers=Registers(el2.tcr_el2(system.board, settled.el2), el2.MAIR_EL2,
                            vtcr_el2(system.board)),
        pa_bits_needed=_pa_bits(system, settled), intid_limit=limit,
        modes=guests.schedules.modes, cpu_schedules=guests.schedules.cpu_schedules,
        slots=guests.schedules.slots)


def _flat(lists):
    return tuple(item for inner in lists for item in inner)


def _uart_intid(system):
    uart = system.uart
    return uart.irqs[0].intid if uart and uart.irqs else 0


def _guests(system):
    vcpus, emulated, irqs = planned_vcpus(system), planned_emulated(system), planned_irqs(system)
    mmios, windows, starts, pieces = [], [], [], []
    tree = Tree(system.board.dtb)
    for vm in system.vms:
        count = sum(v.vm == vm.id for v in vcpus)
        mmios.append(planned_mmios(vm, count, emulated, system.board.gic))
        windows.append(guest_windows(vm, mmios[-1], system.board.gic))
        starts.append(start_of(vm, windows[-1]))
        blob = guest_devicetree(vm, count, windows[-1], [i for i in irqs if i.vm == vm.id],
                                starts[-1].initrd, system.board, tree)
        extra = devicetree_piece(vm, windows[-1], starts[-1], blob)
        found = [*starts[-1].pieces, *([extra] if extra else [])]
        pieces.append(with_windows(found, windows[-1]))
    return Guests(vcpus, emulated, irqs, mmios, windows, starts, pieces,
                  planned_schedules(system, vcpus))


def _settled(system, guests, store, limit):
    room = 0
    for _ in range(ROUNDS):
        settled = _with_room(system, guests, store, limit, room)
        if settled.table_bytes <= room:
            break
        room = settled.table_bytes
    return settled


def _with_room(system, guests, store, limit, table_bytes):
    board = system.board
    image = image_layout(board, _counts(system, guests, limit, table_bytes))
    blobs = store.placed(image.slot("guests").base)
    image = with_blobs(image, blobs)
    cpus = planned_cpus(board, image, guests.vcpus)
    flat = _flat(guests.windows)
    placed = placements(wishes(system, flat), board.ram, image.range)
    windows = [[_planned_window(w, placed, blobs, store) for w in ws] for ws in guests.windows]
    shared = tuple(_planned_shared(s, placed) for s in system.shared)
    stage2 = [stage2_tables(vm, windows[vm.id], board) for vm in system.vms]
    tables = el2.el2_tables(system, image, cpus, _flat(windows), shared,
                            el2.board_clock(system))
    return Settled(image, blobs, cpus, windows, shared, stage2, tables)


def _counts(system, guests, limit, table_bytes):
    windows, pieces = len(_flat(guests.windows)), len(_flat(guests.pieces))
    rows = (2 * windows + 2 * pieces + len(_flat(guests.mmios)) + len(guests.emulated)
            + len(guests.irqs) + len(system.shared) + len(system.board.ram)
            + sum(len(vm.smc_allow) for vm in system.vms) + guests.schedules.row_count)
    spis = sum(spi_count(vm, guests.emulated, guests.irqs)[0] for vm in system.vms)
    consoles = sum(e.console is not None for e in guests.emulated)
    return Counts(len(system.board.cpus), len(system.vms), len(guests.vcpus),
                  _vector_bytes(system, guests), rows, spis, limit, consoles, table_bytes)


def _vector_bytes(system, guests):
    """There is room for each vCPU as soon as there are schedules and any VM has the registers."""
    if not guests.schedules.row_count:
        return 0
    sve = any(vm.has_grant(name) for vm in system.vms for name in ("sve", "sme"))
    sme = any(vm.has_grant("sme") for vm in system.vms)
    return len(guests.vcpus) * (SVE_BYTES * sve + SME_BYTES * sme)


def _planned_window(window, placed, blobs, store):
    if window.kind == "device":
        pa, reason = window.device_pa, f"registers of {window.source.device.path}"
    elif window.kind == "gicv":
        pa, reason = window.device_pa, "the GIC's virtual CPU interface, which is banked by CPU"
    elif window.kind == "image":
        pa, reason = image_placement(window, blobs, store), "where it is packed in the system image"
    else:
        key = ("shared", window.source.shared.value) if window.kind == "shared" else (
            window.vm, window.name)
        pa, reason = placed[key].pa, placed[key].reason
    return PlannedWindow(window.vm, window.name, window.kind, window.ipa, pa, window.size,
                         window.access, window.source.place, window.reason, reason, window.source)


def _planned_shared(shared, placed):
    found = placed[("shared", shared.name)]
    return PlannedShared(shared.name, found.pa, shared.size.value, shared.place, found.reason)


def _pa_bits(system, settled):
    """Bits that hold every physical address in any table."""
    board, clock = system.board, el2.board_clock(system)
    ends = [ram.end for ram in board.ram]
    ends += [w.pa + w.size for ws in settled.windows for w in ws if w.pa is not None]
    if board.gic:
        ends += [r.end for r in board.gic.for_hypervisor]
    if system.uart:
        ends += [r.end for r in system.uart.regs]
    if clock:
        ends.append(clock.regs[0].end)
    if board.power:
        ends.append(board.power.regs[0].end)
    return max((max(ends) - 1).bit_length(), 32)
