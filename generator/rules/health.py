"""Rules about `health`: what can be done about which fault, and that the fault can happen.

@req DESC-3, OPS-6
"""

from generator.health import BY_NAME
from generator.units import time_text

MS = 1_000_000
HEARTBEAT_NS = (MS, 3600 * 1000 * MS)  # shorter, its own timer would be the load
PERIOD_NS = (MS, 24 * 3600 * 1000 * MS)


def _given(context):
    """(whose, reaction) of each reaction that somebody wrote, once."""
    seen = set()
    for vm in context.vms:
        for reaction in vm.reactions:
            if reaction.action.is_given and reaction.action.place not in seen:
                seen.add(reaction.action.place)
                yield vm, reaction


def health_action(context):
    """health-action: not everything can be done about every fault."""
    for _vm, reaction in _given(context):
        fault = BY_NAME[reaction.fault]
        if reaction.action.value not in fault.actions:
            context.error("health-action", reaction.action.place,
                          f"`{reaction.action.value}` is no answer to a fault of class "
                          f"`{fault.name}`: {fault.why_not}",
                          remedy="write " + _choice(fault.actions))


def _choice(actions):
    words = [f"`{{ {a}: NAME }}`" if a == "switch-mode" else f"`{a}`" for a in actions]
    return f"{', '.join(words[:-1])} or {words[-1]}"


def health_mode(context):
    """health-mode-unknown: a mode that the schedule has."""
    schedule = context.system.schedule
    modes = [mode.name for mode in schedule.modes] if schedule.has_modes else []
    for _vm, reaction in _given(context):
        mode = reaction.mode
        if mode is not None and mode.value not in modes:
            context.error("health-mode-unknown", mode.place,
                          f"there is no mode `{mode.value}` of the schedule",
                          remedy=f"write {_quoted(modes)}" if modes else
                          "declare it under `schedule: { modes: ... }`, or do something else")


def _quoted(names):
    return " or ".join(f"`{name}`" for name in names)


def health_period(context):
    """health-period, heartbeat-range, interrupt-limit-period."""
    for _vm, reaction in _given(context):
        if reaction.restart is not None:
            _in_range(context, "health-period", "restarts are counted over",
                      reaction.restart.period_ns, PERIOD_NS)
    for vm in context.vms:
        _in_range(context, "heartbeat-range", f"`{vm.name}` is to call every", vm.heartbeat_ns,
                  HEARTBEAT_NS)
        if vm.interrupt_limit is not None:
            _in_range(context, "interrupt-limit-period", "interrupts are counted over",
                      vm.interrupt_limit.period_ns, PERIOD_NS)


def _in_range(context, rule, what, time, limits):
    if time.is_given and not limits[0] <= time.value <= limits[1]:
        nearest = limits[0] if time.value < limits[0] else limits[1]
        context.error(rule, time.place, f"{what} {time_text(time.value)}; from "
                      f"{time_text(limits[0])} to {time_text(limits[1])} is possible",
                      remedy=f"write {time_text(nearest)}")


_SOURCES = {
    "watchdog": ("neither an emulated `sp805` nor a `heartbeat`",
                 "add `devices: { watchdog: { emulate: sp805 } }` or `heartbeat: 100 ms`"),
    "panic": ("no emulated `pvpanic`", "add `devices: { panic: { emulate: pvpanic } }`"),
    "storm": ("no `interrupt_limit`", "add `interrupt_limit: { count: 1000, per: 10 ms }`"),
}


def health_of_nothing(context):
    """health-of-nothing: a VM's own word about a fault that cannot happen."""
    for vm in context.vms:
        for reaction in vm.reactions:
            place = context.place_of("vms", vm.name, "health", reaction.fault)
            is_own = context.node("vms", vm.name, "health", reaction.fault) is not None
            if not is_own or reaction.fault not in _SOURCES or _can_happen(vm, reaction.fault):
                continue
            if context.whole("vms", vm.name):
                missing, remedy = _SOURCES[reaction.fault]
                context.error("health-of-nothing", place,
                              f"`{vm.name}` has {missing}: there is no fault of class "
                              f"`{reaction.fault}`", remedy=remedy)


def _can_happen(vm, fault):
    models = {device.model for device in vm.emulated}
    if fault == "watchdog":
        return "sp805" in models or vm.heartbeat_ns.value is not None
    return "pvpanic" in models if fault == "panic" else vm.interrupt_limit is not None


def interrupt_limit_of_nothing(context):
    """interrupt-limit-of-nothing: what is limited exists."""
    for vm in context.vms:
        limit = vm.interrupt_limit
        if limit is not None and context.whole("vms", vm.name) and not any(
                irq.vm == vm.id for irq in context.plan.irqs):
            context.error("interrupt-limit-of-nothing", limit.place,
                          f"no device of the board interrupts `{vm.name}`",
                          remedy="remove `interrupt_limit`: what a VM does with its own timers and "
                          "software interrupts disturbs nobody else")


RULES = (health_action, health_mode, health_period, health_of_nothing, interrupt_limit_of_nothing)
