"""What is done about each class of fault in each VM: the language of `health`, resolved.

Owns the classes, what may be done about each, and what is done when nobody says anything. Promises:
every class of every VM resolves to one Reaction, with its place, or the reason for the default.

@req OPS-6, DESC-3
"""

from dataclasses import dataclass

from generator.load import Mapping, Scalar
from generator.model import InterruptLimit, Reaction, Restart, Sourced
from generator.units import parse_time, time_text

ACTIONS = ("ignore", "inject", "restart", "stop", "switch-mode", "reset-system")
_NO_EXCEPTION = ("ignore", "restart", "stop", "switch-mode", "reset-system")
RESTART_TIMES = 3
RESTART_PERIOD_NS = 10_000_000_000


@dataclass(frozen=True)
class FaultClass:
    """`why_not`: why what is not among `actions` cannot be done."""

    name: str
    actions: tuple[str, ...]
    default: str
    why_not: str = ""


# In the order of enum cfg_fault.
FAULTS = (
    FaultClass("memory", ACTIONS, "inject"),
    FaultClass("instruction", ACTIONS, "inject"),
    FaultClass("serror", ACTIONS[2:], "stop", "nobody can go on without what the hardware lost"),
    FaultClass("device", ACTIONS, "inject"),
    FaultClass("smc", ACTIONS, "ignore"),
    FaultClass("watchdog", _NO_EXCEPTION, "restart", "the guest had its warning, and no "
               "instruction of it is at fault"),
    FaultClass("overrun", _NO_EXCEPTION, "ignore", "no instruction of the guest is at fault"),
    FaultClass("image", ("stop", "switch-mode", "reset-system"), "stop",
               "a VM whose image is damaged cannot start"),
    FaultClass("panic", _NO_EXCEPTION, "ignore", "no instruction of the guest is at fault"),
    FaultClass("storm", _NO_EXCEPTION, "ignore", "no instruction of the guest is at fault"),
)
BY_NAME = {fault.name: fault for fault in FAULTS}


def reactions(own, common):
    """A Reaction for each class; `own`: the VM's `health`, `common`: that of the top level."""
    return tuple(_reaction(fault, own, common) for fault in FAULTS)


def _reaction(fault, own, common):
    for section, reason in ((own, "as described"), (common, "health of every VM")):
        node = section.get(fault.name) if isinstance(section, Mapping) else None
        if isinstance(node, Scalar) and node.value in ACTIONS:
            return _named(fault, Sourced(node.value, node.place, reason))
        if isinstance(node, Mapping):
            found = _with_details(fault, node, reason)
            if found is not None:
                return found
    return _named(fault, Sourced(fault.default, None, f"default for {fault.name}"))


def _named(fault, action):
    restart = _restart({}) if action.value == "restart" else None
    return Reaction(fault.name, action, restart, None)


def _with_details(fault, node, reason):
    if isinstance(node.get("restart"), Mapping):
        inner = node["restart"]
        return Reaction(fault.name, Sourced("restart", node.key_place("restart"), reason),
                        _restart(inner), _mode(inner.get("then")))
    mode = _mode(node)
    if mode is not None:
        return Reaction(fault.name, Sourced("switch-mode", mode.place, reason), None, mode)
    return None


def _mode(node):
    name = node.get("switch-mode") if isinstance(node, Mapping) else None
    return Sourced(name.value, name.place) if isinstance(name, Scalar) else None


def _restart(node):
    times, then = node.get("times"), node.get("then")
    if isinstance(then, Mapping):
        then = Sourced("switch-mode", then.place)
    elif isinstance(then, Scalar):
        then = Sourced(then.value, then.place)
    else:
        then = Sourced("stop", None, "default: stop")
    return Restart(
        times=Sourced(times.value, times.place) if isinstance(times, Scalar) else Sourced(
            RESTART_TIMES, None, f"default: {RESTART_TIMES}"),
        period_ns=_time(node.get("per"), RESTART_PERIOD_NS, "default: 10 s"), then=then)


def _time(node, default, reason):
    time = parse_time(node.value) if isinstance(node, Scalar) else None
    return Sourced(default, None, reason) if time is None else Sourced(time, node.place)


def heartbeat(vm):
    """How often the VM of this node calls, in ns; None: it need not."""
    return _time(vm.get("heartbeat"), None, "default: none is expected")


def interrupt_limit(vm):
    """The declared bound of this node's VM, or None."""
    node = vm.get("interrupt_limit")
    if not isinstance(node, Mapping) or not isinstance(node.get("count"), Scalar):
        return None
    period = _time(node.get("per"), 0, "no time given")
    return InterruptLimit(node.place, Sourced(node["count"].value, node["count"].place), period)


def is_usual(reaction):
    """Is it what the runtime does without a table?"""
    return reaction.action.value == BY_NAME[reaction.fault].default


def is_used(system):
    """Has the description any use for the health monitor?"""
    return any(not is_usual(r) for vm in system.vms for r in vm.reactions) or any(
        vm.heartbeat_ns.value is not None or vm.interrupt_limit is not None
        or vm.may_do("read-events") or any(d.model in ("sp805", "pvpanic") for d in vm.emulated)
        for vm in system.vms)


def action_text(reaction):
    """All of a reaction, for people."""
    mode = f" {reaction.mode.value}" if reaction.mode is not None else ""
    restart = reaction.restart
    if restart is None:
        return reaction.action.value + mode
    return (f"restart, {restart.times.value} times in {time_text(restart.period_ns.value)}, then "
            f"{restart.then.value}{mode}")
