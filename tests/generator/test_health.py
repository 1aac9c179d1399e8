"""What is done about faults: every class of every VM resolves to one action, and the tables say it.

@req OPS-6, DESC-3
"""

import pytest

from generator import rows_health
from generator.health import ACTIONS, FAULTS, is_used
from plans import one_vm, planned, resolved

USUAL = {"memory": "inject", "instruction": "inject", "serror": "stop", "device": "inject",
         "smc": "ignore", "watchdog": "restart", "overrun": "ignore", "image": "stop",
         "panic": "ignore", "storm": "ignore"}
SECOND = 1_000_000_000


def with_health(own="", common="", more=""):
    text = one_vm(more=more)
    if common:
        text = text.replace("vms:\n", f"health:\n  {common}\nvms:\n")
    return text + (f"    health:\n      {own}\n" if own else "")


def reactions(tmp_path, *args, **keys):
    system, diagnostics = resolved(tmp_path, with_health(*args, **keys))
    assert not diagnostics.has_errors, diagnostics.as_text()
    return {r.fault: r for r in system.vms[0].reactions}


def test_what_is_not_said_is_the_usual(tmp_path):
    found = reactions(tmp_path)
    assert {name: r.action.value for name, r in found.items()} == USUAL
    assert not any(r.action.is_given for r in found.values())


def test_the_vms_own_word_counts_more_than_that_of_all(tmp_path):
    found = reactions(tmp_path, "memory: stop", "{ memory: ignore, smc: inject }")
    assert found["memory"].action.value == "stop" and found["memory"].action.reason == "as described"
    assert found["smc"].action.value == "inject"
    assert found["smc"].action.reason == "health of every VM"
    assert found["device"].action.value == "inject" and not found["device"].action.is_given


@pytest.mark.parametrize("written, times, period, then", [
    ("restart", 3, 10 * SECOND, "stop"),
    ("{ restart: {} }", 3, 10 * SECOND, "stop"),
    ("{ restart: { times: 5, per: 1.5 s } }", 5, 1_500_000_000, "stop"),
    ("{ restart: { then: reset-system } }", 3, 10 * SECOND, "reset-system"),
])
def test_restarts_have_an_end(tmp_path, written, times, period, then):
    limit = reactions(tmp_path, f"memory: {written}")["memory"].restart
    assert (limit.times.value, limit.period_ns.value, limit.then.value) == (times, period, then)


def test_no_table_where_nothing_is_said(tmp_path):
    system, _ = resolved(tmp_path, one_vm())
    assert not is_used(system) and planned(tmp_path, one_vm()).reactions == ()
    sizes = dict(rows_health.health_sizes(planned(tmp_path, one_vm())))
    assert set(sizes.values()) == {0}


@pytest.mark.parametrize("more", [
    "    heartbeat: 10 ms", "    may: [read-events]", "      w: { emulate: sp805 }",
    "      p: { emulate: pvpanic }", "    health: { storm: ignore, panic: stop }"])
def test_a_table_of_all_where_something_is(tmp_path, more):
    plan = planned(tmp_path, one_vm(more=more))
    assert [r.fault for r in plan.reactions] == [f.name for f in FAULTS]


def test_restarts_are_remembered_one_behind_the_other(tmp_path):
    plan = planned(tmp_path, with_health(
        "memory: { restart: { times: 2 } }\n      device: { restart: { times: 5, per: 1 s } }"))
    rows = {r.fault: r for r in plan.reactions}
    assert (rows["memory"].first_restart, rows["memory"].restart_count) == (0, 2)
    assert (rows["device"].first_restart, rows["device"].restart_count) == (2, 5)
    assert rows["watchdog"].first_restart == 7 and rows["watchdog"].restart_count == 3
    sizes = dict(rows_health.health_sizes(plan))
    assert sizes["CFG_HEALTH_RESTART_COUNT"] == 10
    assert sizes["CFG_HEALTH_ACTIONS_ANY"] == sum(
        1 << ACTIONS.index(a) for a in ("ignore", "inject", "restart", "stop"))


def test_a_mode_by_its_number(tmp_path):
    text = with_health("memory: { switch-mode: degraded }\n"
                       "      smc: { restart: { then: { switch-mode: normal } } }")
    cpus = "cpus: { 1: [{ at: 0 ms, for: 1 ms, run: [a] }] }"
    text = text.replace("vms:\n", f"schedule:\n  frame: 1 ms\n  modes:\n    normal: {{ {cpus} }}\n"
                        f"    degraded: {{ {cpus} }}\nvms:\n")
    rows = {r.fault: r for r in planned(tmp_path, text).reactions}
    assert (rows["memory"].action, rows["memory"].mode) == ("switch-mode", 1)
    assert (rows["smc"].action, rows["smc"].then, rows["smc"].mode) == ("restart", "switch-mode", 0)


def test_watches(tmp_path):
    plan = planned(tmp_path, one_vm(more="      gpio: { assign: /pl061@9030000 }\n"
                                    "    heartbeat: 250 ms\n"
                                    "    interrupt_limit: { count: 7, per: 2 ms }"))
    (_, _, ((_, fields),)) = next(t for t in rows_health.health_tables(plan)
                                  if t[1] == "cfg_watches")
    assert fields == {"heartbeat_ns": "UINT64_C(250000000)", "interrupt_ns": "UINT64_C(2000000)",
                      "interrupt_count": "7U"}


def test_devices_in_the_guests_devicetree(tmp_path):
    from generator.devicetree import Tree
    plan = planned(tmp_path, one_vm(more="      w: { emulate: sp805 }\n      p: { emulate: pvpanic }"))
    tree = Tree(plan.vms[0].devicetree)
    watchdog, panic = tree.nodes["/sp805@90c0000"], tree.nodes["/pvpanic@90d0000"]
    assert watchdog.compatible == ("arm,sp805", "arm,primecell")
    assert watchdog.u32s("interrupts") == (0, 10, 4)
    assert watchdog.strings("clock-names") == ("wdog_clk", "apb_pclk")
    assert tree.by_phandle(watchdog.u32("clocks")).u32("clock-frequency") == 24000000
    assert panic.compatible == ("qemu,pvpanic-mmio",) and "interrupts" not in panic.props
    assert plan.vms[0].spi_count == 32
