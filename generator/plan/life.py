"""Whose life a VM rules, and who waits for whom.

Promises: rows are by VM, in the order of the description; a name that leads nowhere has no row,
and `check` says so.

@req CPU-4
"""

from generator.planned import PlannedControl, PlannedFollower


def planned_controls(system):
    ids = {vm.name: vm.id for vm in system.vms}
    return tuple(PlannedControl(vm.id, ids[target.value], target.place)
                 for vm in system.vms for target in vm.control if target.value in ids)


def planned_followers(system):
    ids = {vm.name: vm.id for vm in system.vms}
    rows = (PlannedFollower(ids[awaited.vm.value], vm.id, awaited.event.value, awaited.vm.place)
            for vm in system.vms for awaited in vm.start_after if awaited.vm.value in ids)
    return tuple(sorted(rows, key=lambda row: (row.vm, row.follower)))
