"""Which physical interrupt belongs to which VM, and how many SPIs each virtual GIC has.

Promises: only SPIs of assigned devices and bare interrupts are routed; a guest sees the same
number unless its description says another. INV-IRQ-ONE-OWNER, INV-SPI-COUNT, INV-IRQ-VINTID.

@req IRQ-3
"""

from generator.model import FIRST_SPI
from generator.planned import PlannedIrq
from generator.units import align_up

SPIS_IN_REGISTER = 32  # ITLinesNumber counts in steps of 32 [IHI0069 12.9.38]
MOST_SPIS = 960  # multiples of 32 below INTID 1020
INTID_END = 1020


def planned_irqs(system):
    """Every routed physical SPI, by VM then physical INTID."""
    irqs = [irq for vm in system.vms for irq in (*_device_irqs(vm), *_bare_irqs(vm))]
    return tuple(sorted(irqs, key=lambda i: (i.vm, i.pintid)))


def _device_irqs(vm):
    for device in vm.assigned:
        irqs = device.device.irqs
        shift = device.irq.intid - irqs[0].intid if device.irq and irqs else 0
        place = device.irq.place if device.irq else device.place
        for irq in irqs:
            yield PlannedIrq(irq.intid, vm.id, irq.intid + shift, irq.edge, device.name, place,
                             f"interrupt of {device.device.path}")


def _bare_irqs(vm):
    for i, bare in enumerate(vm.interrupts):
        yield PlannedIrq(bare.irq.intid, vm.id, bare.irq.intid, bare.edge, f"interrupts[{i}]",
                         bare.place, "as described")


def spi_count(vm, emulated, irqs):
    """(virtual SPIs, reason). What is out of range is refused later and must not size anything."""
    if vm.spis.is_given:
        return _in_range(vm.spis.value), "as described"
    intids = [e.intid for e in emulated if e.vm == vm.id and e.intid is not None]
    intids += [i.vintid for i in irqs if i.vm == vm.id]
    highest = max(intids, default=FIRST_SPI)
    reason = f"default: enough for INTID {highest}, in steps of {SPIS_IN_REGISTER}"
    return _in_range(highest - FIRST_SPI + 1), reason


def _in_range(count):
    return min(max(align_up(count, SPIS_IN_REGISTER), SPIS_IN_REGISTER), MOST_SPIS)


def intid_limit(irqs, uart_intid):
    """One more than the highest physical INTID with a route, at least FIRST_SPI."""
    return min(max([i.pintid for i in irqs] + [uart_intid, FIRST_SPI - 1]) + 1, INTID_END)
