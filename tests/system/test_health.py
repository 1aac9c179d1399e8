"""The health monitor: every class of fault that a guest can cause with every action, by guests that
break themselves, while bystanders notice nothing.

@req OPS-6
"""

import pytest
from conftest import ROOT
from machine import with_one_bit_changed

EL3 = ROOT / "build/guests/el3/el3.bin"  # the test firmware
# The least number of verdicts.
ROWS = {"health": 100, "health-turns": 25}


def linux_hashes(system, seconds):
    """From now on for so long, of the machine's time."""
    system.login("linux")
    system.send("linux", f"load {seconds}\n")


def assert_bystanders_noticed_nothing(system):
    """Linux was at work up to now, and all that it computed is right; rt missed no deadline."""
    assert "load: ok" not in system.text("linux"), "it was not at work all the while"
    assert system.expect("linux", r"load: (\w+)", 900).group(1) == "ok"
    system.assert_rt_missed_nothing()


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
@pytest.mark.parametrize("name", ROWS)
def test_every_row(machine, name):
    """The supervisor's verdicts; Linux hashes all the while, and rt misses nothing."""
    system = machine(f"systems/test-{name}.yaml")
    linux_hashes(system, 10)
    system.send("supervisor", "g")
    passed, failed = system.expect("supervisor", r"DONE passed=(\d+) failed=(\d+)", 900).groups()
    failures = [line for line in system.text("supervisor").splitlines() if "FAIL" in line]
    assert failed == "0" and int(passed) >= ROWS[name], failures
    assert_bystanders_noticed_nothing(system)
    assert not system.console.unlabelled


# Classes by their number, and how the guest goes on where it does: 1 without the fault, 2 with an
# exception.
CLASSES = {"memory": (0, 2), "instruction": (1, 2), "device": (3, 2), "smc": (4, 2),
           "watchdog": (5, 1), "overrun": (6, 1), "panic": (8, 1), "storm": (9, 1)}
NUMBERS = {"serror": 2, **{name: number for name, (number, _) in CLASSES.items()}}


def break_it(system, vm, name, action):
    """`vm` causes a fault of this class, and what EL2 says is done about it."""
    system.send(vm, str(NUMBERS[name]))
    system.expect("bulkhead", rf"{vm}: fault of class {name}: {action}$")


def test_every_class_resets_the_system(machine):
    system = machine("systems/test-health-reset.yaml")
    for name, (number, _) in CLASSES.items():
        system.expect("bulkhead", r"^input: victim$")
        system.expect("victim", r"^victim: which class\?$")
        system.type(str(number))
        system.expect("bulkhead", rf"victim: fault of class {name}: the system is reset$")
        system.expect("bulkhead", r"^the machine starts anew$")
        system.expect("bulkhead", r"^Bulkhead, system \"test-health-reset\"")
    system.expect("victim", r"^victim: which class\?$")
    assert "result" not in system.text("victim"), "a victim went on"


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
@pytest.mark.parametrize("name, action", [("reset", "the system is reset"),
                                          ("modes", "the mode is switched")])
def test_a_changed_image_is_a_fault_too(machine, build, flavour, name, action):
    description = f"systems/test-health-{name}.yaml"
    changed = with_one_bit_changed(build(description, flavour), b"which class?")
    system = machine(description, image=changed)
    system.expect("bulkhead", r"^error: victim: its image in memory is not what was packed")
    system.expect("bulkhead", rf"victim: fault of class image: {action}$")
    if name == "reset":
        system.expect("bulkhead", r"^the machine starts anew$")
        system.expect("bulkhead", rf"victim: fault of class image: {action}$")
    else:
        system.expect("bulkhead", r"^victim: off$")
        linux_hashes(system, 1)
        assert_bystanders_noticed_nothing(system)
    assert system.text("victim") == ""


def test_every_class_switches_the_mode(machine):
    system = machine("systems/test-health-modes.yaml")
    system.expect("victim", r"^victim: which class\?$")
    linux_hashes(system, 5)
    for name, (_, result) in CLASSES.items():
        break_it(system, "victim", name, "the mode is switched")
        found = system.expect("victim", r"^victim: result (\d), mode (\d+)$").groups()
        assert found == (str(result), "1"), (name, found)
    assert_bystanders_noticed_nothing(system)


def _break_twice(system, name, then):
    for action in ("the VM restarts", then):
        system.expect("twice", r"^victim: which class\?$")
        break_it(system, "twice", name, action)


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
def test_what_follows_a_restart_too_many(machine):
    """A reset of the system, which forgets that there was one; then another mode, and the VM is off."""
    system = machine("systems/test-health-modes.yaml")
    _break_twice(system, "smc", "the system is reset")
    system.expect("bulkhead", r"^the machine starts anew$")
    assert "guest address" not in system.text("bulkhead"), "a call has none"
    linux_hashes(system, 2)
    _break_twice(system, "memory", "the mode is switched")
    system.expect("bulkhead", r"twice: guest address 0x[0-9a-f]+: nothing is there$")
    system.expect("bulkhead", r"^twice: off$")
    system.send("victim", "m")
    assert system.expect("victim", r"^victim: mode (\d+)$").group(1) == "1"
    assert_bystanders_noticed_nothing(system)


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
def test_linux_feeds_its_watchdog(machine):
    """The stock driver finds the SP805; while it is fed nothing happens, then the VM restarts."""
    system = machine("systems/test-watchdog.yaml")
    system.login("linux")
    system.shell("linux", "insmod /lib/watchdog.ko; insmod /lib/sp805_wdt.ko", 300)
    assert "registration successful" in system.shell("linux", "dmesg | grep -i sp805", 300)
    feed = "exec 3>/dev/watchdog; for i in 1 2 3 4 5 6 7 8 9; do echo >&3; sleep 20; done"
    system.shell("linux", feed, 900)  # its timeout is 60 s
    assert "class watchdog" not in system.text("bulkhead"), "it bit although it was fed"
    system.expect("bulkhead", r"linux: fault of class watchdog: the VM restarts$", 600)
    system.login("linux")
    system.assert_rt_missed_nothing()


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
def test_an_serror_has_every_action(machine):
    """Taken as from hardware: the firmware makes one of a victim's call, while that one runs."""
    victims = ("restarting", "stopping", "switching", "resetting")
    system = machine("systems/test-serror.yaml", firmware=EL3)

    linux_hashes(system, 5)
    for name in victims:
        system.expect(name, r"^victim: which class\?$")
    break_it(system, "restarting", "serror", "the VM restarts")
    system.expect("restarting", r"^victim: which class\?$")
    break_it(system, "restarting", "serror", "the VM is stopped")
    system.expect("bulkhead", r"^error: restarting: stopped: an SError interrupt")
    system.expect("bulkhead", r"restarting: vCPU 0, .* ESR 0xbe000011 \(SError\)$")
    system.expect("bulkhead", r"^restarting: off$")
    break_it(system, "stopping", "serror", "the VM is stopped")
    system.expect("bulkhead", r"^stopping: off$")
    break_it(system, "switching", "serror", "the mode is switched")
    system.expect("bulkhead", r"^switching: off$")
    system.send("resetting", "m")
    assert system.expect("resetting", r"^victim: mode (\d+)$").group(1) == "1"
    assert_bystanders_noticed_nothing(system)
    break_it(system, "resetting", "serror", "the system is reset")
    system.expect("bulkhead", r"^the machine starts anew$")
    system.expect("bulkhead", r"^Bulkhead, system \"test-serror\"")
    system.expect("resetting", r"^victim: which class\?$")
    assert "result" not in "".join(map(system.text, victims)), "a victim went on"
