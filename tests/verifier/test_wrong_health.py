"""Wrong answers to faults: what a wrong compiler, or a damaged file, could have made of the health
monitor's tables, and the exact sentence that each must produce; and descriptions of it that the
verifier does not understand.

@req EVID-1, OPS-6
"""

import pytest

import systems
from cases import registry
from edits import Image
from verifier import layout
from verifier.faults import Unreadable
from verifier.health import ACTIONS, CLASSES
from verifier.run import read_sources

CASES, wrong = registry()


def row_of(vm, name):
    return vm * len(CLASSES) + CLASSES.index(name)


def place_of(image, vm, name):
    """The end of a sentence: the address of a row."""
    return f"; first byte 0x{image.symbol('cfg_healths') + row_of(vm, name) * layout.HEALTH.size:x}"


@wrong("PROP-HEALTH")
def answer_of_another_class(image):
    image.set("healths", row_of(1, "memory"), "action", ACTIONS.index("ignore"))
    image.set("healths", row_of(1, "memory"), "then", ACTIONS.index("ignore"))
    return ("two: faults of class memory are answered by ignore, described is inject"
            + place_of(image, 1, "memory"))


@wrong("PROP-HEALTH")
def restart_too_many(image):
    image.set("healths", row_of(0, "memory"), "restart_count", 6)
    return ("one: faults of class memory are answered by restart, 6 times in 1500000000 ns, then "
            "switch-mode (mode `degraded`), described is restart, 5 times in 1500000000 ns, then "
            "switch-mode (mode `degraded`)" + place_of(image, 0, "memory"))


@wrong("PROP-HEALTH")
def restarts_of_another_row(image):
    image.set("healths", row_of(0, "panic"), "first_restart", 4)
    return (f"system: cfg_healths[{row_of(0, 'panic')}].first_restart is 4, the restarts of the row "
            "before end at 5" + place_of(image, 0, "panic"))


@wrong("PROP-HEALTH")
def mode_of_another(image):
    image.set("healths", row_of(1, "overrun"), "mode", 0)
    return ("two: faults of class overrun are answered by switch-mode (mode `normal`), described is "
            "switch-mode (mode `degraded`)" + place_of(image, 1, "overrun"))


@wrong("PROP-HEALTH")
def heartbeat_not_expected(image):
    image.set("watches", 0, "heartbeat_ns", 0)
    return ("one: its heartbeat, and the time and number of interrupts, are (0, 2500000, 100), "
            "described are (100000000, 2500000, 100); first byte "
            f"0x{image.symbol('cfg_watches'):x}")


@wrong("PROP-EMULATED", {"PROP-INTERRUPTS"})
def watchdog_signals_another(image):
    image.set("sp805s", 0, "intid", 33)
    return ("two: its emulated sp805 `watchdog` signals INTID 33 to VM 1; declared is 37 to VM 1; "
            f"first byte 0x{image.symbol('cfg_sp805s'):x}")


@wrong("PROP-EMULATED")
def panic_of_another(image):
    image.set("pvpanics", 0, "vm", 1)
    return ("one: its emulated pvpanic `panic` signals INTID None to VM 1; declared is None to VM 0; "
            f"first byte 0x{image.symbol('cfg_pvpanics'):x}")


@pytest.mark.parametrize("name, also, edit", CASES)
def test_the_edit_is_rejected_with_its_sentence(monitored, name, also, edit):
    image = Image(*monitored)
    sentence = edit(image)
    failing = image.failing()
    assert sentence in failing.get(name, []), failing
    assert set(failing) == {name} | also, failing


def test_the_right_image_holds(monitored):
    assert Image(*monitored).failing() == {}


UNREADABLE = [
    ("smc: inject", "smc: explode", "monitored.yaml.health.smc: the verifier does not know `explode`"),
    ("smc: inject", "serror: ignore", "monitored.yaml.health.serror cannot be `ignore`"),
    ("smc: inject", "image: restart", "monitored.yaml.health.image cannot be `restart`"),
    ("watchdog: reset-system", "watchdog: inject", "vms.one.health.watchdog cannot be `inject`"),
    ("watchdog: reset-system", "hunger: stop", "vms.one.health: the verifier does not know `hunger`"),
    ("{ switch-mode: degraded }\nvms", "{}\nvms", "monitored.yaml.health.overrun is not one answer"),
    ("then: { switch-mode: degraded }", "then: restart", "the verifier does not know `restart`"),
    ("per: 2.5 ms", "per: 2.5", "cannot be `2.5`"),
]


@pytest.mark.parametrize("old, new, sentence", UNREADABLE)
def test_what_it_does_not_understand_it_refuses(tmp_path, old, new, sentence):
    assert old in systems.MONITORED
    path = tmp_path / "monitored.yaml"
    path.write_text(systems.MONITORED.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(Unreadable) as error:
        read_sources(path)
    assert sentence in str(error.value)
