"""The rows of the health monitor's C tables; generator/rows.py.

@req OPS-6
"""

from generator.health import ACTIONS


def health_sizes(plan):
    """Their (name, value) of config_sizes.h."""
    actions = {name for row in plan.reactions for name in (row.action, row.then)}
    return [
        ("CFG_SP805_COUNT", _count(plan, "sp805")), ("CFG_PVPANIC_COUNT", _count(plan, "pvpanic")),
        ("CFG_HEALTH_COUNT", len(plan.reactions)),
        ("CFG_HEALTH_RESTART_COUNT", sum(row.restart_count for row in plan.reactions)),
        ("CFG_HEALTH_ACTIONS_ANY", sum(1 << ACTIONS.index(name) for name in actions)),
        ("CFG_WATCH_COUNT", len(_watches(plan))),
        ("CFG_HEARTBEAT_COUNT",
         sum(vm.heartbeat_ns.value is not None for vm in plan.system.vms)),
        ("CFG_INTERRUPT_LIMIT_COUNT",
         sum(vm.interrupt_limit is not None for vm in plan.system.vms)),
    ]


def _count(plan, model):
    return sum(device.model == model for device in plan.emulated)


def health_tables(plan):
    """(C type, name, [(note, fields)]) of each."""
    return [
        ("const struct cfg_sp805", "cfg_sp805s", [
            (_device_note(plan, d), {"vm": f"{d.vm}U", "intid": f"{d.intid}U"})
            for d in plan.emulated if d.model == "sp805"]),
        ("const struct cfg_pvpanic", "cfg_pvpanics", [
            (_device_note(plan, d), {"vm": f"{d.vm}U"})
            for d in plan.emulated if d.model == "pvpanic"]),
        ("const struct cfg_health", "cfg_healths", [_reaction(plan, r) for r in plan.reactions]),
        ("const struct cfg_watch", "cfg_watches", _watches(plan)),
    ]


def _device_note(plan, device):
    return f"{device.name} of {plan.vms[device.vm].name}, line {device.place.line}"


def _reaction(plan, row):
    fields = {"action": _action(row.action), "then": _action(row.then),
              "mode": "CFG_NONE" if row.mode is None else f"{row.mode}U",
              "first_restart": f"{row.first_restart}U", "restart_count": f"{row.restart_count}U",
              "period_ns": f"UINT64_C({row.period_ns})"}
    return (f"{row.fault} of {plan.vms[row.vm].name}, line {row.place.line}: {row.reason}", fields)


def _action(name):
    return f"CFG_ACTION_{name.upper().replace('-', '_')}"


def _watches(plan):
    """A row for each VM when one of them is watched so."""
    vms = plan.system.vms
    if all(vm.heartbeat_ns.value is None and vm.interrupt_limit is None for vm in vms):
        return []
    return [_watch(vm) for vm in vms]


def _watch(vm):
    limit = vm.interrupt_limit
    return (f"{vm.name}, line {vm.place.line}", {
        "heartbeat_ns": f"UINT64_C({vm.heartbeat_ns.value or 0})",
        "interrupt_ns": f"UINT64_C({limit.period_ns.value if limit else 0})",
        "interrupt_count": f"{limit.count.value if limit else 0}U"})
