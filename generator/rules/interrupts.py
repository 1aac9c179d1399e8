"""Rules about interrupts: numbers that mean what was meant, and one owner for each.

INV-IRQ-ONE-OWNER, INV-SPI-COUNT. SPI n is INTID n + 32 [IHI0069 2.2].

@req DESC-3, IRQ-3
"""

from generator.diagnostics import Note
from generator.model import FIRST_SPI
from generator.rules.irq_numbers import LAST_SPI

LAST_GUEST_SPI = 959  # a virtual GIC has 960 SPIs at most (INV-SPI-COUNT)
MODEL_INTIDS = {"pl011": 33, "pl031": 34, "sp805": 42}


def _written(context):
    """(irq, the INTIDs that belong there, whose the likely one is) of each written interrupt."""
    board_intids = {i.intid for d in context.board.devices.values() for i in d.irqs}
    for vm in context.vms:
        for device in vm.emulated:
            if device.irq:
                yield device.irq, {MODEL_INTIDS[device.model]}, f"`{device.name}`'s default"
        for device in vm.assigned:
            if device.irq and device.device.irqs:
                yield (device.irq, {device.device.irqs[0].intid},
                       f"the interrupt of {device.device.path}")
        for bare in vm.interrupts:
            owners = context.board.owner_of_spi
            near = [owner for intid in (bare.irq.number, bare.irq.number + FIRST_SPI)
                    for owner in owners(intid)]
            yield bare.irq, board_intids, near[0] if near else ""


def irq_confused(context):
    """spi-looks-like-intid, intid-looks-like-spi: the other counting gives the interrupt that
    somebody has, this one gives none."""
    for irq, known, what in _written(context):
        if irq.intid in known:
            continue
        if irq.written == "spi" and irq.number in known:
            spi = irq.number - FIRST_SPI
            context.error("spi-looks-like-intid", irq.place,
                          f"SPI {irq.number} is INTID {irq.intid}, which is nothing here; INTID "
                          f"{irq.number} is SPI {spi}, {_is(what)}",
                          remedy=f"write `{{ spi: {spi} }}` or `{{ intid: {irq.number} }}`; if "
                          f"SPI {irq.number} is really meant, `{{ intid: {irq.intid} }}`")
        elif irq.written == "intid" and irq.number + FIRST_SPI in known:
            intid = irq.number + FIRST_SPI
            context.error("intid-looks-like-spi", irq.place,
                          f"INTID {irq.number} is SPI {irq.number - FIRST_SPI}, which is nothing "
                          f"here; SPI {irq.number} is INTID {intid}, {_is(what)}",
                          remedy=f"write `{{ spi: {irq.number} }}` or `{{ intid: {intid} }}`; if "
                          f"INTID {irq.number} is really meant, "
                          f"`{{ spi: {irq.number - FIRST_SPI} }}`")


def _is(what):
    return f"which is {what}"


def irq_owner(context):
    """irq-owned-by-hypervisor, irq-taken: INV-IRQ-ONE-OWNER."""
    uart = context.system.uart
    kept = {i.intid for i in uart.irqs} if uart else set()
    owners = {}
    for irq in sorted(context.plan.irqs, key=lambda i: i.place):
        if irq.pintid in kept:
            if not _is_refused_device(context, irq):
                context.error("irq-owned-by-hypervisor", irq.place,
                              f"{_both(irq.pintid)} is the console's ({uart.path}), "
                              "which the hypervisor owns",
                              remedy="remove it; an emulated `pl011` has its own interrupt")
            continue
        first = owners.setdefault(irq.pintid, irq)
        if first is not irq and not _is_same_device(context, first, irq):
            context.error("irq-taken", irq.place,
                          f"{_both(irq.pintid)} belongs to `{context.vm_name(first.vm)}` already "
                          f"(`{first.name}`)", Note("it is taken here", first.place),
                          remedy="remove one of the two")


def _device_of(context, irq):
    """The assigned device that brings this interrupt, or None for a bare one."""
    return next((d.device for d in context.vms[irq.vm].assigned if d.name == irq.name), None)


def _is_refused_device(context, irq):
    device = _device_of(context, irq)
    return device is not None and context.is_refused(device)


def _is_same_device(context, one, other):
    """A device that is assigned twice is one mistake, not one for each interrupt."""
    device = _device_of(context, one)
    return device is not None and device is _device_of(context, other)


def _both(intid):
    return f"SPI {intid - FIRST_SPI} (INTID {intid})"


def _virtual(context, vm):
    """(INTID, what, place, is_emulated) of each interrupt that the guest sees."""
    for device in vm.emulated:
        if device.intid.value is None:
            continue
        yield (device.intid.value, f"the emulated {device.model} `{device.name}`",
               device.intid.place or device.place, True)
    for irq in context.plan.irqs:
        if irq.vm == vm.id:
            what = f"`{irq.name}`" if not irq.name.startswith("interrupts[") else irq.name
            yield irq.vintid, what, irq.place, False


def irq_clash(context):
    """emulated-irq-clash, guest-irq-clash: a virtual interrupt has one source."""
    for vm in context.vms:
        if not context.whole("vms", vm.name):
            continue
        seen = {}
        for source in sorted(_virtual(context, vm), key=lambda s: s[2]):
            intid, what, place, emulated = source
            first = seen.setdefault(intid, source)
            if first is source or _is_physical_twice(context, first, source):
                continue
            rule = "emulated-irq-clash" if emulated or first[3] else "guest-irq-clash"
            context.error(rule, place,
                          f"{what} has {_both(intid)} in `{vm.name}`, as has {first[1]}",
                          Note(f"{first[1]} is here", first[2]),
                          remedy=f"give one of them another, such as `irq: {{ spi: "
                          f"{_free_spi(context, vm)} }}`")


def _is_physical_twice(context, one, other):
    """Then irq-taken, or the rule for devices, has said it."""
    if one[3] or other[3]:
        return False
    return sum(1 for i in context.plan.irqs if i.place in (one[2], other[2])
               and i.pintid == one[0]) > 1


def _free_spi(context, vm):
    used = {source[0] for source in _virtual(context, vm)}
    return next(spi for spi in range(LAST_SPI + 1) if spi + FIRST_SPI not in used)


def gic_spis_too_few(context):
    """gic-spis-too-few: the guest's GIC has each interrupt that the guest sees."""
    for vm in context.vms:
        if not vm.spis.is_given:
            continue
        for intid, what, place, _emulated in _virtual(context, vm):
            if FIRST_SPI + vm.spis.value <= intid <= FIRST_SPI + LAST_GUEST_SPI:
                needed = -(-(intid - FIRST_SPI + 1) // 32) * 32
                context.error("gic-spis-too-few", vm.spis.place,
                              f"`{vm.name}`'s GIC has {vm.spis.value} SPIs, 0 to "
                              f"{vm.spis.value - 1}, but {what} uses SPI {intid - FIRST_SPI}",
                              Note(f"{what} is here", place), remedy=f"write `spis: {needed}`")


def irq_beyond_guest(context):
    """irq-beyond-guest: what the guest sees is an SPI that its GIC can have."""
    for vm in context.vms:
        for intid, what, place, _emulated in _virtual(context, vm):
            if not 0 <= intid - FIRST_SPI <= LAST_GUEST_SPI:
                context.error("irq-beyond-guest", place,
                              f"{what} would be {_both(intid)} in `{vm.name}`, whose GIC can have "
                              f"SPI 0 to {LAST_GUEST_SPI}",
                              remedy=_guest_number_words(what))


def _guest_number_words(what):
    if what.startswith("interrupts["):
        return "remove it: a guest sees a bare interrupt under its real number"
    return ("write another number: the first of a device's interrupts gets the one of `irq`, the "
            "others keep their distance to it")


def irq_of_nothing(context):
    """irq-of-nothing: `irq` on a device that has no interrupt."""
    for vm in context.vms:
        for device in vm.assigned:
            if device.irq and not device.device.irqs:
                context.error("irq-of-nothing", device.irq.place,
                              f"{device.device.path} has no interrupt that could be renumbered",
                              remedy="remove `irq`")


def trigger_differs(context):
    """irq-trigger-differs: the trigger that was written is that of the board's devicetree."""
    edges = {i.intid: (i.edge, d.path) for d in context.board.devices.values() for i in d.irqs}
    for vm in context.vms:
        for idx, bare in enumerate(vm.interrupts):
            known = edges.get(bare.irq.intid)
            trigger = context.node("vms", vm.name, "interrupts", idx, "trigger")
            if known is None or trigger is None or known[0] == (trigger.value == "edge"):
                continue
            right = "edge" if known[0] else "level"
            context.error("irq-trigger-differs", trigger.place,
                          f"{_both(bare.irq.intid)} is `{trigger.value}` here but `{right}` in "
                          f"the board's devicetree ({known[1]})",
                          remedy=f"write `trigger: {right}`")


RULES = (irq_confused, irq_owner, irq_clash, gic_spis_too_few, irq_beyond_guest, irq_of_nothing,
         trigger_differs)
