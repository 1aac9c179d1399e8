"""The last look before bytes are written: what the runtime relies on and never checks again.

Owns one check for each INV- id that a plan can break; docs/invariants.md lists them with where
they are stated. Promises: a plan that passed the rules and fails here shows a fault of the
compiler, not of the description, so nothing is written and the error says which promise broke.
Independent of how the plan was made: checks only compare the finished tables with each other.

@req DESC-1
"""

import hashlib

from generator.health import FAULTS
from generator.model import FIRST_SPI, IPA_BITS, PAGE, Range

VMID_LIMIT = 1 << 8  # VTCR_EL2.VS is 0
SPI_INTID_LIMIT = 1020  # [IHI0069 2.2]
SPI_COUNT_LIMIT = 960
NO_ID = 0xFFFF  # CFG_NONE
LEVEL_SHIFT = {0: 39, 1: 30, 2: 21, 3: 12}


class InvariantError(Exception):
    """A fault of the compiler."""


def require_invariants(plan):
    """Raises InvariantError with every promise that the plan breaks."""
    broken = [f"{name}: {sentence}" for name, check in CHECKS.items() for sentence in check(plan)]
    if broken:
        raise InvariantError("the plan breaks what the runtime relies on; please report this: "
                             + "; ".join(broken))


def _cpu_residents(plan):
    for cpu in plan.cpus:
        if list(cpu.residents) != [v.id for v in plan.vcpus if v.cpu == cpu.id]:
            yield f"CPU {cpu.id} names the vCPUs {cpu.residents}"
        if len(cpu.residents) > 1 and not (plan.modes and all(
                plan.slots_of(mode, cpu.id) for mode in range(len(plan.modes)))):
            yield f"CPU {cpu.id} has {len(cpu.residents)} vCPUs and not always a schedule"


def _slots_sorted(plan):
    at = 0
    for i, part in enumerate(plan.cpu_schedules):
        mode = plan.modes[part.mode]
        if (part.mode, part.cpu) != divmod(i, len(plan.cpus)) or part.slots.first != at:
            yield f"the schedule of CPU {part.cpu} in mode {mode.name} is out of order"
        at += part.slots.count
        now = 0
        for slot in plan.slots[part.slots.first:at]:
            if (slot.mode, slot.cpu) != (part.mode, part.cpu) or not (
                    now <= slot.start_ticks < slot.end_ticks <= mode.frame_ticks
                    and slot.quantum_ticks > 0):
                yield f"the slot of line {slot.place.line} is not where it should be"
            now = slot.end_ticks
    if at != len(plan.slots) or len(plan.cpu_schedules) != len(plan.modes) * len(plan.cpus):
        yield f"{at} of {len(plan.slots)} slots have an owner"
    if plan.modes and not plan.system.board.counter_hz:
        yield "a tick has no length"


def _slot_members(plan):
    for slot in plan.slots:
        if len(set(slot.members)) != len(slot.members) or (
                not set(slot.members) <= set(plan.cpus[slot.cpu].residents)
                or not 0 <= slot.spare_count < len(slot.members)):
            yield f"the slot of line {slot.place.line} has {slot.members}"
    if sum(len(slot.members) for slot in plan.slots) >= NO_ID:
        yield "there are too many members"


def _vcpu_cpu(plan):
    for vcpu in plan.vcpus:
        if vcpu.cpu is None or not 0 <= vcpu.cpu < len(plan.cpus):
            yield f"vCPU {vcpu.id} has no CPU"
    if plan.console_cpu is not None and not 0 <= plan.console_cpu < len(plan.cpus):
        yield f"console CPU {plan.console_cpu} does not exist"


def _vmpidr(plan):
    seen = set()
    for vcpu in plan.vcpus:
        if not vcpu.vmpidr >> 31 & 1 or (vcpu.vm, vcpu.vmpidr) in seen:
            yield f"vCPU {vcpu.id} has affinity 0x{vcpu.vmpidr:x}"
        seen.add((vcpu.vm, vcpu.vmpidr))


def _vmid_unique(plan):
    vmids = [vm.vmid for vm in plan.vms]
    if len(set(vmids)) != len(vmids) or not all(0 < v < VMID_LIMIT for v in vmids):
        yield f"VMIDs {vmids}"


def _slices(plan):
    totals = {"vcpus": plan.vcpus, "windows": plan.windows, "loads": plan.loads,
              "mmios": plan.mmios, "irqs": plan.irqs, "controls": plan.controls,
              "followers": plan.followers}
    for name, rows in totals.items():
        at = 0
        for vm in plan.vms:
            part = getattr(vm, name)
            if part.first != at:
                yield f"{name} of {vm.name} start at {part.first}, not {at}"
            at += part.count
            if name != "loads" and any(r.vm != vm.id for r in rows[part.first:at]):
                yield f"{name} of {vm.name} hold rows of another VM"
        if at != len(rows) or at >= NO_ID:
            yield f"{name}: {at} of {len(rows)} rows have an owner"


def _windows_aligned(plan):
    for window in plan.windows:
        if window.ipa is None or window.pa is None or window.size <= 0:
            yield f"{window.name} has no place"
        elif (window.ipa | window.pa | window.size) % PAGE:
            yield f"{window.name} is not made of whole pages"
        elif window.ipa + window.size > 1 << IPA_BITS:
            yield f"{window.name} ends beyond {IPA_BITS} bits"


def _windows_sorted(plan):
    for vm in plan.vms:
        yield from _ascending([(w.ipa_range, w.name) for w in plan.windows_of(vm.id)])


def _mmios_sorted(plan):
    for vm in plan.vms:
        yield from _ascending([(m.ipa_range, m.name) for m in plan.mmios_of(vm.id)])


def _ascending(ranges):
    for (one, name), (other, next_name) in zip(ranges, ranges[1:]):
        if one is None or other is None or one.end > other.base:
            yield f"{name} is not below {next_name}"


def _mmio_hole(plan):
    for vm in plan.vms:
        both = sorted([*(w.ipa_range for w in plan.windows_of(vm.id) if w.ipa is not None),
                       *(m.ipa_range for m in plan.mmios_of(vm.id))])
        for one, other in zip(both, both[1:]):
            if one.overlaps(other):
                yield f"0x{other.base:x} of {vm.name} is mapped and emulated"


def _memory_one_owner(plan):
    """RAM windows, shared memory, devices and the system image are apart."""
    owned = [(plan.image.range, "the system image")]
    owned += [(w.pa_range, f"window {w.name} of VM {w.vm}") for w in plan.windows
              if w.kind in ("ram", "device") and w.pa is not None]
    owned += [(Range(s.pa, s.size), f"shared memory {s.name}") for s in plan.shared
              if s.pa is not None]
    owned.sort(key=lambda o: o[0])
    for (one, name), (other, next_name) in zip(owned, owned[1:]):
        if one.overlaps(other):
            yield f"{name} and {next_name} overlap"


def _loads_inside(plan):
    for vm in plan.vms:
        windows = [w.pa_range for w in plan.windows_of(vm.id)
                   if w.kind == "ram" and w.pa is not None]
        for step in plan.loads[vm.loads.first:vm.loads.first + vm.loads.count]:
            if not any(w.contains(Range(step.dst, step.size)) for w in windows):
                yield f"{step.reason} of {vm.name} goes to 0x{step.dst:x}"


def _loads_cover_once(plan):
    for vm in plan.vms:
        steps = sorted((s.dst, s.size) for s in
                       plan.loads[vm.loads.first:vm.loads.first + vm.loads.count])
        windows = sorted(w.pa_range for w in plan.windows_of(vm.id)
                         if w.kind == "ram" and w.pa is not None)
        for window in windows:
            at = window.base
            while steps and steps[0][0] == at and at < window.end:
                at += steps.pop(0)[1]
            if at != window.end:
                yield f"memory of {vm.name} is not filled once from 0x{at:x}"
        if steps:
            yield f"a load of {vm.name} to 0x{steps[0][0]:x} is one too many"


def _loads_aligned(plan):
    for blob in plan.blobs:
        packed = Range(blob.pa, blob.packed_size)
        if blob.pa % PAGE or not plan.image.slot("guests").range.contains(packed):
            yield f"{blob.name} is packed at 0x{blob.pa:x}"
    for step in plan.loads:
        if step.size <= 0 or (step.blob is not None and plan.blobs[step.blob].size != step.size):
            yield f"{step.reason}: {step.size} bytes"


def _loads_hashed(plan):
    for blob in plan.blobs:
        if hashlib.sha256(blob.data).hexdigest() != blob.sha256:
            yield f"{blob.name} has another hash than {blob.sha256}"


def _controls(plan):
    pairs = [(c.vm, c.target) for c in plan.controls]
    if len(set(pairs)) != len(pairs):
        yield "a VM controls another twice"
    for vm, target in pairs:
        if vm == target or not 0 <= target < len(plan.vms):
            yield f"{plan.vms[vm].name} controls VM {target}"


def _followers(plan):
    """Also: whoever waits, waits for somebody who can come first."""
    waits = {vm.id: [f.vm for f in plan.followers if f.follower == vm.id] for vm in plan.vms}
    for vm in plan.vms:
        if len(waits[vm.id]) != vm.awaited_count or len(set(waits[vm.id])) != vm.awaited_count:
            yield f"{vm.name} waits for {waits[vm.id]}, not {vm.awaited_count}"
    while waits:
        free = [vm for vm, awaited in waits.items() if not set(awaited) & set(waits)]
        if not free:
            yield f"VMs {sorted(waits)} wait for one another"
            return
        for vm in free:
            del waits[vm]


def _spi_count(plan):
    at = 0
    for vm in plan.vms:
        if vm.first_spi != at or vm.spi_count % 32 or not 32 <= vm.spi_count <= SPI_COUNT_LIMIT:
            yield f"{vm.name} has {vm.spi_count} SPIs from {vm.first_spi}"
        at += vm.spi_count


def _irq_one_owner(plan):
    owned = [irq.pintid for irq in plan.irqs]
    if len(set(owned)) != len(owned):
        yield f"an interrupt has two owners: {sorted(owned)}"
    if not all(FIRST_SPI <= i < min(plan.intid_limit, SPI_INTID_LIMIT) for i in owned):
        yield f"not every interrupt of {sorted(owned)} is an SPI below {plan.intid_limit}"


def _irq_vintid(plan):
    lines = [(i.vm, i.vintid) for i in plan.irqs] + [
        (e.vm, e.intid) for e in plan.emulated if e.intid is not None]
    if len(set(lines)) != len(lines):
        yield "two devices of a VM share an interrupt"
    for vm, intid in lines:
        if not FIRST_SPI <= intid < FIRST_SPI + plan.vms[vm].spi_count:
            yield f"{plan.vms[vm].name} has no SPI for INTID {intid}"


def _health_restarts(plan):
    at = 0
    for row in plan.reactions:
        if row.first_restart != at or (row.restart_count > 0) != (row.action == "restart"):
            yield f"restarts of {row.fault} in VM {row.vm} are remembered from {row.first_restart}"
        at += row.restart_count


def _health_every(plan):
    wanted = [(vm.id, fault.name) for vm in plan.vms for fault in FAULTS]
    if plan.reactions and [(r.vm, r.fault) for r in plan.reactions] != wanted:
        yield "not every class of fault of every VM has its row"
    for row in plan.reactions:
        if row.then == "restart" and row.restart_count == 0 or row.period_ns < 0 or (
                "switch-mode" in (row.action, row.then)) != (row.mode is not None):
            yield f"{row.fault} in VM {row.vm} is answered by half an action"


def _stage2_root(plan):
    """Each VM's tables map its windows, with their access, and nothing else."""
    by_name = {t.name: t for t in plan.stage2_tables}
    for vm in plan.vms:
        root = by_name[vm.stage2_root]
        if (root.level, root.base, root.entry_count) != (1, 0, 1024):
            yield f"{root.name} is not a root for {IPA_BITS} bits"
        mapped = _joined(_leaves(root, by_name))
        wanted = _joined((w.ipa, w.pa, w.size, w.access, w.kind in ("device", "gicv"))
                         for w in plan.windows_of(vm.id) if w.pa is not None)
        if mapped != wanted:
            yield f"the tables of {vm.name} do not map its windows"


def _leaves(table, by_name):
    for descriptor in table.descriptors:
        if descriptor.table is not None:
            yield from _leaves(by_name[descriptor.table], by_name)
            continue
        size = 1 << LEVEL_SHIFT[table.level]
        value = descriptor.value
        access = ("r" if value >> 6 & 1 else "") + ("w" if value >> 7 & 1 else "")
        yield (table.base + descriptor.idx * size, value & ~(size - 1) & (1 << 48) - 1, size,
               access + ("" if value >> 54 & 1 else "x"), value >> 2 & 0xF == 1)


def _joined(stretches):
    out = []
    for ipa, pa, size, access, is_device in sorted(stretches):
        last = out[-1] if out else None
        if last and (last[0] + last[2], last[1] + last[2]) == (ipa, pa) and (
                last[3:] == (access, is_device)):
            out[-1] = (last[0], last[1], last[2] + size, access, is_device)
        else:
            out.append((ipa, pa, size, access, is_device))
    return out


def _gicv_banked(plan):
    """With a GICv2 each VM maps the first page of the board's GICV once; else nobody has one."""
    gic = plan.system.board.gic
    wanted = [(gic.guest_interface, "rw")] if gic.version == 2 else []
    for vm in plan.vms:
        found = [(w.pa_range, w.access) for w in plan.windows_of(vm.id) if w.kind == "gicv"]
        if found != wanted:
            yield f"{vm.name} maps {found} as its CPU interface"


def _el2_root(plan):
    root = plan.el2_tables[0]
    bits = 64 - (plan.registers.tcr_el2 & 0x3F)
    if root.entry_count != 512 or (root.level, bits) not in ((1, 39), (0, 48)):
        yield f"level {root.level} for {bits} bits"


def _el2_wx(plan):
    for table in plan.el2_tables:
        for descriptor in table.descriptors:
            value = descriptor.value
            if descriptor.table is None and not value >> 7 & 1 and not value >> 54 & 1:
                yield f"{descriptor.note} is writable and executable"


def _stack_guard(plan):
    for table in plan.el2_tables:
        shift = LEVEL_SHIFT[table.level]
        guards = {cpu.stack.base - PAGE >> shift for cpu in plan.cpus}
        for descriptor in table.descriptors:
            if descriptor.table is None and (table.base >> shift) + descriptor.idx in guards:
                yield f"{descriptor.note} maps a guard page"


CHECKS = {
    "INV-CPU-RESIDENTS": _cpu_residents, "INV-SLOT-SORTED": _slots_sorted,
    "INV-SLOT-MEMBERS": _slot_members, "INV-VCPU-CPU": _vcpu_cpu, "INV-VMPIDR": _vmpidr,
    "INV-VMID-UNIQUE": _vmid_unique, "INV-SLICE": _slices,
    "INV-WINDOW-ALIGNED": _windows_aligned, "INV-WINDOW-SORTED": _windows_sorted,
    "INV-MMIO-SORTED": _mmios_sorted, "INV-MMIO-HOLE": _mmio_hole,
    "INV-MEMORY-ONE-OWNER": _memory_one_owner,
    "INV-LOAD-INSIDE": _loads_inside, "INV-LOAD-ONCE": _loads_cover_once,
    "INV-LOAD-ALIGNED": _loads_aligned,
    "INV-LOAD-HASH": _loads_hashed, "INV-CONTROL": _controls, "INV-FOLLOWER": _followers,
    "INV-SPI-COUNT": _spi_count, "INV-IRQ-ONE-OWNER": _irq_one_owner,
    "INV-IRQ-VINTID": _irq_vintid, "INV-S2-ROOT": _stage2_root,
    "INV-GICV-BANKED": _gicv_banked,
    "INV-HEALTH-EVERY": _health_every, "INV-HEALTH-RESTARTS": _health_restarts,
    "INV-EL2-ROOT": _el2_root, "INV-EL2-WX": _el2_wx, "INV-STACK-GUARD": _stack_guard,
}
