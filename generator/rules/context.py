"""What a rule works on, and the questions that several rules ask.

A rule is a function of a Context that reports through `context.error`. Rules read the resolved
description and the plan; they ask whole() before they complain of something that a mistake
elsewhere, already reported, may have taken away.
"""

from dataclasses import dataclass
from functools import cached_property

from generator.diagnostics import Diagnostics, Place
from generator.model import Range, System
from generator.nearest import nearest_name
from generator.planned import Plan
from generator.schema import Checked
from generator.units import range_text, size_text


@dataclass(frozen=True)
class Region:
    """A stretch of a VM's guest address space and whose it is."""

    vm: str
    kind: str  # "memory", "emulated", "device" or "gic"
    what: str  # for people
    range: Range
    place: Place  # of the line to change
    is_given: bool  # did a person choose the address?

    @property
    def text(self):
        return f"{self.what} ({range_text(self.range.base, self.range.size)})"


@dataclass(frozen=True)
class Context:
    checked: Checked
    system: System
    plan: Plan
    diagnostics: Diagnostics

    def error(self, rule, place, message, *notes, remedy=""):
        self.diagnostics.error(rule, place, message, *notes, remedy=remedy)

    def warning(self, rule, place, message, *notes, remedy=""):
        self.diagnostics.warning(rule, place, message, *notes, remedy=remedy)

    @property
    def vms(self):
        return self.system.vms

    @property
    def board(self):
        return self.system.board

    def node(self, *path):
        """The node of the description at `path`, or None."""
        node = self.checked.root
        for part in path:
            if isinstance(part, int):
                node = node[part]
            else:
                node = node.get(part) if node is not None else None
        return node

    def whole(self, *path):
        return self.checked.is_whole(*path)

    def place_of(self, *path):
        """The place of the value at `path`, or of the deepest part of it that was written."""
        node, place = self.checked.root, self.checked.root.place
        for part in path:
            if part not in node:
                return place
            place = node.key_place(part)
            node = node[part]
        return node.place

    def vm_name(self, vm_id):
        return self.system.vms[vm_id].name

    @property
    def has_whole_schedule(self):
        """Was nothing left out that says who runs when?"""
        return self._are_whole([("schedule",), *(("vms", vm.name, "time") for vm in self.vms)])

    @property
    def has_whole_cpus(self):
        """Was nothing left out that says which vCPU lives where?"""
        return not self.checked.unknown_keys("vms") and self._are_whole(
            [*(("vms", vm.name, "cpus") for vm in self.vms)]) and "vms" in self.checked.root

    def _are_whole(self, paths):
        """Neither refused nor misspelt."""
        return all(self.whole(*path) and nearest_name(
            path[-1], self.checked.unknown_keys(*path[:-1])) is None for path in paths)

    @property
    def has_schedules(self):
        """Does any CPU have a schedule, or is one to have one?"""
        return bool(self.system.schedule.modes) or any(vm.time for vm in self.vms)

    def vcpu_name(self, vcpu):
        return f"{self.vm_name(vcpu.vm)}/{vcpu.index}"

    def is_shared(self, cpu):
        """Is there a schedule for this CPU, in any mode, or is one to be built?"""
        tables = [table.cpu for mode in self.system.schedule.modes for table in mode.tables]
        return cpu in tables or any(vm.time and cpu in [c.value for c in vm.cpu_list]
                                    for vm in self.vms)

    @cached_property
    def regions(self):
        """All regions of each VM, by VM name, sorted by address."""
        found = {vm.name: [] for vm in self.vms}
        for window in self.plan.windows:
            if window.ipa is not None and window.size > 0 and not self._is_refused(window):
                region = self._window_region(window)
                found[region.vm].append(region)
        for mmio in self.plan.mmios:
            region = self._mmio_region(mmio)
            found[region.vm].append(region)
        return {vm: sorted(regions, key=lambda r: (r.range, r.kind, r.what))
                for vm, regions in found.items()}

    def is_refused(self, device):
        """Can no VM be given this device of the board?"""
        return device.path in self.system.reserved or not device.is_enabled

    def _is_refused(self, window):
        return window.kind == "device" and self.is_refused(window.source.device)

    def _window_region(self, window):
        vm = self.vm_name(window.vm)
        source = window.source
        at = source.at
        if window.kind == "device":
            what = f"`{vm}`'s device `{source.name}` ({source.device.path})"
        elif window.kind == "gicv":
            what = f"`{vm}`'s GIC CPU interface"
        else:
            what = f"`{vm}`'s window `{source.name}`"
        kind = {"device": "device", "gicv": "gic"}.get(window.kind, "memory")
        return Region(vm, kind, what, window.ipa_range, at.place or source.place, at.is_given)

    def _mmio_region(self, mmio):
        vm = self.vm_name(mmio.vm)
        if mmio.kind in ("GICD", "GICR", "GICC"):
            resolved = self.vms[mmio.vm]
            at = {"GICD": resolved.distributor, "GICR": resolved.redistributors,
                  "GICC": resolved.cpu_interface}[mmio.kind]
            name = "CPU interface" if mmio.kind == "GICC" else mmio.name
            what = f"`{vm}`'s GIC {name}"
            return Region(vm, "gic", what, mmio.ipa_range, at.place or mmio.place, at.is_given)
        device = next(d for d in self.vms[mmio.vm].emulated if d.name == mmio.name)
        return Region(vm, "emulated", f"`{vm}`'s emulated {device.model} `{mmio.name}`",
                      mmio.ipa_range, device.at.place or device.place, device.at.is_given)

    def free_gap(self, vm_name, size, alignment, start):
        """The lowest free guest address of the VM at or above `start`, or None."""
        taken = [r.range for r in self.regions[vm_name]]
        return lowest_gap(taken, size, alignment, start, 1 << 40)


def lowest_gap(taken, size, alignment, start, limit):
    """The lowest address >= start with `size` free bytes before `limit`, or None."""
    address = -(-start // alignment) * alignment
    for used in sorted(taken):
        if used.base < address + size and address < used.end:
            address = -(-used.end // alignment) * alignment
    return address if address + size <= limit else None


def overlapping_pairs(items, range_of):
    """Pairs that overlap, of items sorted by base; in that order. Cost grows with the number of
    items and of pairs."""
    open_items = []
    for item in items:
        span = range_of(item)
        open_items = [o for o in open_items if range_of(o).end > span.base]
        for other in open_items:
            yield other, item
        open_items.append(item)


def later_first(one, other):
    """Of two regions the one on the later line first: it is the one to blame."""
    second, first = sorted((one, other), key=lambda region: (region.place, region.range))
    return first, second


def with_size(span):
    return f"{range_text(span.base, span.size)} ({size_text(span.size)})"
