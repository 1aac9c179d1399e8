"""The row of each VM: ids, slices of the other tables, how it is entered.

Promises: ids are dense and in the order of the description; VMIDs are 1 and up, so that 0 stays
EL2's own (INV-VMID-UNIQUE); slices lie one behind the other (INV-SLICE).
"""

from generator.planned import PlannedVm, Slice
from generator.plan.interrupts import spi_count
from generator.plan.life import planned_controls, planned_followers

FLAG_OF_GRANT = ("debug", "pmu", "pauth", "sve", "sme", "mte", "trng")


class _Slices:
    """Hands out (first, count) one behind the other."""

    def __init__(self):
        self._next = 0

    def take(self, count):
        first, self._next = self._next, self._next + count
        return Slice(first, count)


def planned_vms(system, guests, stage2, loads):
    """`guests`: plan.Guests; `stage2`: tables by VM; `loads`: steps by VM."""
    cursors = {name: _Slices() for name in (
        "vcpu", "window", "load", "mmio", "irq", "smc", "control", "follower", "spi")}
    version = system.board.gic.version if system.board.gic else 3
    controls, followers = planned_controls(system), planned_followers(system)
    return tuple(_planned_vm(vm, guests, stage2[vm.id], len(loads[vm.id]), cursors, version,
                             controls, followers)
                 for vm in system.vms)


def _planned_vm(vm, guests, tables, load_count, cursors, version, controls, followers):
    spis, spi_reason = spi_count(vm, guests.emulated, guests.irqs)
    start = guests.starts[vm.id]
    tree = next((p for p in guests.pieces[vm.id] if p.what == "devicetree"), None)
    x0, x0_reason = _x0(vm, tree)
    return PlannedVm(
        id=vm.id, name=vm.name, vmid=vm.id + 1, flags=_flags(vm),
        vcpus=cursors["vcpu"].take(sum(v.vm == vm.id for v in guests.vcpus)),
        windows=cursors["window"].take(len(guests.windows[vm.id])),
        loads=cursors["load"].take(load_count),
        mmios=cursors["mmio"].take(len(guests.mmios[vm.id])),
        irqs=cursors["irq"].take(sum(i.vm == vm.id for i in guests.irqs)),
        smcs=cursors["smc"].take(len(vm.smc_allow)),
        controls=cursors["control"].take(sum(c.vm == vm.id for c in controls)),
        followers=cursors["follower"].take(sum(f.vm == vm.id for f in followers)),
        awaited_count=sum(f.follower == vm.id for f in followers),
        console=next((e.console for e in guests.emulated
                      if e.vm == vm.id and e.console is not None), None),
        spi_count=spis, spi_reason=spi_reason, first_spi=cursors["spi"].take(spis).first,
        gicd_ipa=vm.distributor.value,
        gicr_ipa=vm.redistributors.value if version == 3 else 0,
        gicc_ipa=vm.cpu_interface.value if version == 2 else 0,
        entry=start.entry, entry_reason=start.entry_reason, x0=x0, x0_reason=x0_reason,
        devicetree=tree.data if tree else None, place=vm.place, stage2_root=tables[0].name)


def _x0(vm, tree):
    if vm.boot is not None and vm.boot.x0.is_given:
        return vm.boot.x0.value, "as described"
    if tree is not None and tree.ipa is not None:
        return tree.ipa, "default: the devicetree"
    return 0, "default: 0, since there is no devicetree"


def _flags(vm):
    flags = [name for name in FLAG_OF_GRANT if vm.has_grant(name)]
    flags += ["autostart"] if vm.autostart.value else []
    flags += [f"may_{right.value.replace('-', '_')}" for right in vm.may]
    return tuple(flags + (["clock_stands"] if vm.clock.value == "scheduled" else []))
