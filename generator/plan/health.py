"""The health monitor's table: one row for each class of fault in each VM.

Promises: no rows at all when the description has no use for the health monitor, since the runtime
does the usual without a table; the memories of restarts lie one behind the other
(INV-HEALTH-RESTARTS).

@req OPS-6
"""

from generator import health
from generator.planned import PlannedReaction


def planned_reactions(system):
    """By VM, then class."""
    if not health.is_used(system):
        return ()
    modes = {mode.name: i for i, mode in enumerate(system.schedule.modes)}
    rows, restarts = [], 0
    for vm in system.vms:
        for reaction in vm.reactions:
            limit, mode = reaction.restart, reaction.mode
            count = limit.times.value if limit else 0
            rows.append(PlannedReaction(
                vm=vm.id, fault=reaction.fault, action=reaction.action.value,
                then=limit.then.value if limit else reaction.action.value,
                mode=modes.get(mode.value) if mode else None,
                first_restart=restarts, restart_count=count,
                period_ns=limit.period_ns.value if limit else 0,
                place=reaction.action.place or vm.place, reason=reaction.action.reason))
            restarts += count
    return tuple(rows)
