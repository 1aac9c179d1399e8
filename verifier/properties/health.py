"""PROP-HEALTH: what is done about each class of fault in each VM is what the description says.
Covers INV-HEALTH-EVERY and INV-HEALTH-RESTARTS.

@req EVID-1, OPS-6
"""

from verifier import layout
from verifier.health import ACTIONS, CLASSES, USUAL
from verifier.verdict import SYSTEM

MONITORED = ("sp805", "pvpanic")


def answers(evidence, result):
    """cfg_healths and cfg_watches, row by row."""
    config = evidence.config
    for table, per_vm in (("healths", len(CLASSES)), ("watches", 1)):
        rows = len(getattr(config, table))
        result.expect(rows in (0, per_vm * len(config.vms)), SYSTEM, f"cfg_{table} has {rows} rows "
                      f"for {len(config.vms)} VMs", config.places[f"cfg_{table}"])
    for vm, described in evidence.vms:
        if config.healths:
            _rows(config, vm, described, result)
        else:
            _usual(vm, described, result)
        _watch(config, vm, described, result)
    at = 0
    for row in config.healths:
        result.expect(row.first_restart == at, SYSTEM, f"cfg_healths[{row.id}].first_restart is "
                      f"{row.first_restart}, the restarts of the row before end at {at}", row.at)
        at = row.first_restart + row.restart_count
    if at:
        _room(evidence, at, result)


def _room(evidence, restarts, result):
    """The runtime remembers as many restarts as the rows say, and one of nobody."""
    symbol = evidence.elf.symbol("restart_ticks")
    result.expect(symbol.size == 8 * (restarts + 1), SYSTEM, f"`restart_ticks` has {symbol.size} "
                  f"bytes for {restarts} restarts", symbol.base)


def _rows(config, vm, described, result):
    rows = config.healths[vm.id * len(CLASSES):(vm.id + 1) * len(CLASSES)]
    for row, (name, wanted) in zip(rows, described.health):
        mode = None if row.mode == layout.NONE else config.mode_names[row.mode] \
            if row.mode < len(config.mode_names) else f"number {row.mode}"
        found = (_action(row.action), _action(row.then), mode, row.restart_count, row.period_ns)
        expected = (wanted.action, wanted.then, wanted.mode, wanted.times, wanted.period)
        result.expect(found == expected, described.name, f"faults of class {name} are answered by "
                      f"{_text(found)}, described is {_text(expected)}", row.at)


def _action(number):
    return ACTIONS[number] if number < len(ACTIONS) else f"action {number}"


def _text(answer):
    action, then, mode, times, period = answer
    more = f", {times} times in {period} ns, then {then}" if action == "restart" else ""
    return action + more + (f" (mode `{mode}`)" if mode is not None else "")


def _usual(vm, described, result):
    """Without a table the runtime does the usual, and nothing is watched."""
    unusual = [name for name, answer in described.health if answer.action != USUAL[name]]
    unusual += [device.kind for device in described.emulated if device.kind in MONITORED]
    unusual += ["heartbeat"] if described.heartbeat else []
    unusual += ["interrupt_limit"] if described.limit != (0, 0) else []
    unusual += ["read-events"] if described.flags >> layout.VM_FLAGS.index(
        "may-read-events") & 1 else []
    result.expect(not unusual, described.name, "the image has no health monitor, and described is "
                  f"{', '.join(unusual)}", vm.at)


def _watch(config, vm, described, result):
    wanted = (described.heartbeat, described.limit[1], described.limit[0])
    row = config.watches[vm.id] if vm.id < len(config.watches) else None
    found = (0, 0, 0) if row is None else (row.heartbeat_ns, row.interrupt_ns, row.interrupt_count)
    result.expect(found == wanted, described.name, f"its heartbeat, and the time and number of "
                  f"interrupts, are {found}, described are {wanted}", vm.at if row is None else row.at)
