"""PROP-INTERRUPTS: routes of physical interrupts. Covers INV-IRQ-ONE-OWNER, INV-IRQ-VINTID.

The runtime looks an acknowledged INTID up in cfg_irq_of_intid, below cfg_system.spi_limit; that of
its console, where it has one, is the hypervisor's own. [world/ns/interrupts.c; IHI0069 2.2]

@req EVID-1
"""

from verifier import layout
from verifier.expected import console, interrupts
from verifier.verdict import SYSTEM

SPI_FIRST, SPI_LIMIT = 32, 1020


def owners(evidence, result):
    """Every INTID has one owner, which the description names; tables agree in both directions."""
    config, uart = evidence.config, console(evidence)
    own = [uart.interrupts[0][0]] if uart else []
    taken = {intid: "the hypervisor (console)" for intid in own}
    for vm, described in evidence.vms:
        rows = config.of_vm("irq", vm)
        wanted = interrupts(evidence, described)
        result.count(described.name, 1 + len(wanted))
        if [(r.pintid, r.vintid, bool(r.edge)) for r in rows] != wanted \
                or any(r.edge > 1 for r in rows):
            result.wrong(described.name, "its physical interrupts in cfg_irqs (INTID, the guest's "
                         f"INTID, edge) are {[tuple(r[i] for i in (0, 2, 3)) for r in rows]}; "
                         f"declared are {[(p, v, int(e)) for p, v, e in wanted]}", vm.at)
        for row in rows:
            result.expect(SPI_FIRST <= row.pintid < SPI_LIMIT, described.name,
                          f"INTID {row.pintid} is no shared interrupt", row.at)
            other = taken.setdefault(row.pintid, described.name)
            result.expect(other == described.name, described.name, f"INTID {row.pintid} belongs "
                          f"to {other} as well", row.at)
        _virtual(evidence, vm, described, rows, result)
    _lookup(config, own, result)


def _virtual(evidence, vm, described, rows, result):
    """In a VM each virtual INTID has one source, and its distributor has it."""
    sources = [row.vintid for row in rows]
    sources += [p.intid for p in (*evidence.config.pl011s, *evidence.config.pl031s,
                                    *evidence.config.sp805s)
                if p.vm == vm.id]
    result.expect(len(sources) == len(set(sources)), described.name, "two sources signal one of "
                  f"its INTIDs: {sorted(sources)}", vm.at)
    highest = max(sources, default=SPI_FIRST)
    least = max(32, -(-(highest + 1 - SPI_FIRST) // 32) * 32)
    wanted = least if described.spis is None else described.spis
    result.expect(vm.spi_count == wanted and min(sources, default=SPI_FIRST) >= SPI_FIRST
                  and highest < SPI_FIRST + vm.spi_count, described.name,
                  f"its distributor has {vm.spi_count} SPIs, expected {wanted}", vm.at)


def _lookup(config, own, result):
    """cfg_irq_of_intid is the inverse of cfg_irqs, and no longer than the runtime reads it."""
    limit = max([SPI_FIRST - 1, *own, *(r.pintid for r in config.irqs)]) + 1
    result.expect(config.system.spi_limit == limit, SYSTEM, f"cfg_system.spi_limit is "
                  f"{config.system.spi_limit}, expected {limit}", config.system.at)
    result.expect(len(config.irq_of_intid) == limit - SPI_FIRST, SYSTEM,
                  f"cfg_irq_of_intid has {len(config.irq_of_intid)} entries, expected "
                  f"{limit - SPI_FIRST}", config.places["cfg_irq_of_intid"])
    row_of = {row.pintid: row.id for row in config.irqs}
    for entry in config.irq_of_intid:
        intid = entry.id + SPI_FIRST
        wanted = row_of.get(intid, layout.NONE)
        result.expect(entry.value == wanted, SYSTEM, f"cfg_irq_of_intid[{entry.id}] (INTID "
                      f"{intid}) is {entry.value}, expected {wanted}", entry.at)
