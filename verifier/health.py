"""What is done about faults, as the description says it and as cfg_healths has it.

The classes and what is usual for each are declared again here, from docs/health.md.

@req EVID-1
"""

from dataclasses import dataclass

from verifier.faults import Unreadable
from verifier.yaml_reader import duration

ACTIONS = ("ignore", "inject", "restart", "stop", "switch-mode", "reset-system")
# In the order of the table; what is done where nothing is said.
USUAL = {"memory": "inject", "instruction": "inject", "serror": "stop", "device": "inject",
         "smc": "ignore", "watchdog": "restart", "overrun": "ignore", "image": "stop",
         "panic": "ignore", "storm": "ignore"}
CLASSES = tuple(USUAL)
USUAL_TIMES, USUAL_PERIOD = 3, 10_000_000_000
NO_EXCEPTION = ("serror", "watchdog", "overrun", "image", "panic", "storm")
ENDS = ("stop", "reset-system")


@dataclass(frozen=True)
class Answer:
    """`then`, `times` and `period` (ns) are of a restart, `mode` of a switch of mode."""
    action: str
    then: str
    mode: str | None = None
    times: int = 0
    period: int = 0


def _plain(action):
    if action == "restart":
        return Answer(action, "stop", None, USUAL_TIMES, USUAL_PERIOD)
    return Answer(action, action)


def read_health(keys):
    """{class: Answer} of what a `health` says. `keys`: the reader's mapping, of which nothing may
    be left."""
    found = {}
    for name in CLASSES:
        value = keys.take(name, (str, dict))
        if value is not None:
            found[name] = _answer(value, type(keys), f"{keys.where}.{name}")
            if not _is_possible(name, found[name]):
                raise Unreadable(f"{keys.where}.{name} cannot be `{found[name].action}`")
    keys.done()
    return found


def _is_possible(name, answer):
    if name == "image":
        return answer.action not in ("ignore", "inject", "restart")
    return not (answer.action == "inject" and name in NO_EXCEPTION
                or answer.action == "ignore" and name == "serror")


def _answer(value, reader, where):
    if isinstance(value, str):
        if value not in ACTIONS or value == "switch-mode":
            raise Unreadable(f"{where}: the verifier does not know `{value}`")
        return _plain(value)
    keys = reader(value, where)
    mode, restart = keys.take("switch-mode", str), keys.take("restart", dict)
    keys.done()
    if (mode is None) == (restart is None):
        raise Unreadable(f"{where} is not one answer")
    return Answer("switch-mode", "switch-mode", mode) if restart is None else _restart(
        reader(restart, f"{where}.restart"))


def _restart(keys):
    then, mode = keys.take("then", (str, dict), "stop"), None
    if isinstance(then, dict):
        inner = type(keys)(then, f"{keys.where}.then")
        then, mode = "switch-mode", inner.need("switch-mode", str)
        inner.done()
    elif then not in ENDS:
        raise Unreadable(f"{keys.where}: the verifier does not know `{then}`")
    times, period = keys.take("times", int, USUAL_TIMES), keys.take("per", str)
    keys.done()
    return Answer("restart", then, mode, times,
                  USUAL_PERIOD if period is None else duration(period, keys.where))


def answers(own, common):
    """{class: Answer} of a VM: its own, else that of every VM, else the usual."""
    return {name: own.get(name) or common.get(name) or _plain(USUAL[name]) for name in CLASSES}


def read_limit(keys):
    """`interrupt_limit: { count, per }` as (count, ns), (0, 0) without one."""
    if not keys.rest:
        return 0, 0
    found = keys.need("count", int), duration(keys.need("per", str), keys.where)
    keys.done()
    return found
