"""Rules about one VM's guest address space: alignment, reach, and nothing over anything else.

INV-WINDOW-ALIGNED, INV-MMIO-HOLE. A guest address is 40 bits wide (VTCR_EL2.T0SZ = 24).
"""

from generator.diagnostics import Note
from generator.model import IPA_BITS, PAGE
from generator.rules.context import later_first, overlapping_pairs
from generator.units import align_down, align_up, address_text, range_text

IPA_LIMIT = 1 << IPA_BITS
GIC_ALIGNMENT = {2: PAGE, 3: 0x10000}  # by version

# The rule for each pair of kinds, in alphabetical order of the pair.
OVERLAP_RULES = {
    ("device", "device"): "devices-overlap",
    ("device", "emulated"): "emulated-over-device",
    ("device", "gic"): "gic-over-device",
    ("device", "memory"): "device-over-memory",
    ("emulated", "emulated"): "emulated-over-emulated",
    ("emulated", "gic"): "emulated-over-gic",
    ("emulated", "memory"): "emulated-over-memory",
    ("gic", "gic"): "gic-over-gic",
    ("gic", "memory"): "gic-over-memory",
    ("memory", "memory"): "windows-overlap",
}


def at_misaligned(context):
    """at-misaligned: windows, emulated and assigned devices start at a page."""
    for vm in context.vms:
        for thing in (*vm.windows, *vm.emulated):
            if thing.at.is_given and thing.at.value % PAGE:
                _report_misaligned(context, "at-misaligned", thing.at, PAGE,
                                   f"`{thing.name}`")
        for device in vm.assigned:
            _assigned_misaligned(context, device)


def _assigned_misaligned(context, device):
    """A device keeps its place within a page, since only whole pages can be mapped."""
    if not device.at.is_given or not device.device.regs:
        return
    real = device.device.regs[0].base
    if device.at.value % PAGE != real % PAGE:
        low = align_down(device.at.value, PAGE) + real % PAGE
        context.error("at-misaligned", device.at.place,
                      f"`{device.name}` cannot be at {address_text(device.at.value)}: its real "
                      f"address {address_text(real)} has another offset within a 4 KiB page",
                      remedy=f"write {address_text(low)} or {address_text(low + PAGE)}")


def gic_misaligned(context):
    """gic-misaligned: a GICv3's frames are 64 KiB [IHI0069 12.1], a GICv2's blocks are pages."""
    alignment = _gic_alignment(context)
    for vm in context.vms:
        for at, what in ((vm.distributor, "the distributor"),
                         (vm.redistributors, "the first redistributor"),
                         (vm.cpu_interface, "the CPU interface")):
            if at.value % alignment:
                _report_misaligned(context, "gic-misaligned", at, alignment, what)


def _gic_alignment(context):
    return GIC_ALIGNMENT[context.board.gic.version if context.board.gic else 3]


def gic_other_version(context):
    """gic-other-version: a guest's GIC has the version of the board's."""
    version = context.board.gic.version if context.board.gic else None
    for vm in context.vms:
        for at, key, of in ((vm.redistributors, "redistributors", 3),
                            (vm.cpu_interface, "cpu_interface", 2)):
            if at.is_given and version not in (of, None):
                context.error("gic-other-version", at.place,
                              f"`{key}` is of a GICv{of}; `{context.board.name}` has a "
                              f"GICv{version}, and so have its guests",
                              remedy="leave it out")


def _report_misaligned(context, rule, at, alignment, what):
    low, high = align_down(at.value, alignment), align_up(at.value, alignment)
    context.error(rule, at.place,
                  f"{what} is at {address_text(at.value)}, which is not a multiple of "
                  f"{alignment // 1024} KiB",
                  remedy=f"write {address_text(low)} or {address_text(high)}")


def beyond_ipa(context):
    """beyond-ipa: everything a guest sees lies in 40 bits. Of a device that is moved, the registers
    before its first ones can come to lie below 0."""
    for vm in context.vms:
        for region in context.regions[vm.name]:
            if region.range.base < 0 or region.range.end > IPA_LIMIT:
                free = context.free_gap(vm.name, region.range.size, 2 << 20, 0x40000000)
                context.error("beyond-ipa", region.place,
                              f"{region.text} is not in 0..{address_text(IPA_LIMIT - 1)}, the "
                              "addresses that a guest can use",
                              remedy=f"write `at: {address_text(free)}`" if free is not None
                              else "make it smaller")


def regions_overlap(context):
    """windows-overlap and the other rules of OVERLAP_RULES."""
    for vm in context.vms:
        regions = [r for r in context.regions[vm.name] if context.whole("vms", vm.name)]
        for one, other in overlapping_pairs(regions, lambda r: r.range):
            if not _is_one_device(one, other):
                _report_overlap(context, vm, one, other)


def _is_one_device(one, other):
    """Two register ranges of one device cannot overlap; the board would be at fault."""
    return one.kind == other.kind == "device" and one.what == other.what


def _report_overlap(context, vm, one, other):
    rule = OVERLAP_RULES[tuple(sorted((one.kind, other.kind)))]
    culprit, victim = _movable_first(one, other)
    start = 0x40000000 if culprit.kind == "memory" else culprit.range.base
    alignment = {"memory": 2 << 20, "gic": _gic_alignment(context)}.get(culprit.kind, PAGE)
    free = context.free_gap(vm.name, culprit.range.size, alignment, start)
    context.error(rule, culprit.place, f"{culprit.text} lies over {victim.text}",
                  Note(f"{victim.what} is here" if victim.is_given else
                       f"{victim.what} has its default address", victim.place),
                  remedy=_move_words(culprit, free))


def _movable_first(one, other):
    """The one to blame: that with an address from a person, else the later line."""
    if one.is_given != other.is_given:
        return (one, other) if one.is_given else (other, one)
    return later_first(one, other)


def _move_words(culprit, free):
    if free is None:
        return "make one of them smaller"
    keys = {"distributor": "distributor", "redistributors": "redistributors",
            "interface": "cpu_interface"}
    key = "at" if culprit.kind != "gic" else keys[culprit.what.split()[-1]]
    return (f"write `{key}: {address_text(free)}`; the nearest free place is "
            f"{range_text(free, culprit.range.size)}")


RULES = (at_misaligned, gic_misaligned, gic_other_version, beyond_ipa, regions_overlap)
