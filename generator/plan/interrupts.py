"""Which physical interrupt belongs to which VM, and how many SPIs each virtual GIC has.

Promises: only SPIs of assigned devices and bare interrupts are routed; a guest sees the same
number unless its description says another. INV-IRQ-ONE-OWNER, INV-SPI-COUNT, INV-IRQ-VINTID.
"""

from generator.model import FIRST_SPI, PlannedIrq
from generator.units import align_up

SPIS_IN_REGISTER = 32  # ITLinesNumber counts in steps of 32 [IHI0069 12.9.38]


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
    """(virtual SPIs, reason)."""
    if vm.spis.is_given:
        return align_up(vm.spis.value, SPIS_IN_REGISTER), "as described"
    intids = [e.intid for e in emulated if e.vm == vm.id] + [i.vintid for i in irqs if i.vm == vm.id]
    highest = max(intids, default=FIRST_SPI)
    count = max(align_up(highest - FIRST_SPI + 1, SPIS_IN_REGISTER), SPIS_IN_REGISTER)
    return count, f"default: enough for INTID {highest}, in steps of {SPIS_IN_REGISTER}"


def intid_limit(irqs, uart_intid):
    """One more than the highest physical INTID with a route, at least FIRST_SPI."""
    return max([i.pintid for i in irqs] + [uart_intid, FIRST_SPI - 1]) + 1
