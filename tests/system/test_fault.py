"""Guests that break themselves: each is named and stopped or left alone, and the others run on.

@req CORE-5, OPS-1
"""

REPORT = r"rt: (\d+) ticks, (\d+) missed"


def test_broken_guests(machine):
    system = machine("systems/test-fault.yaml")
    system.expect("broken", r"^fault: way 0$")
    system.expect("looping", r"^fault: way 1$")
    report = system.expect("bulkhead", r"^broken: .*")
    rest = system.expect("bulkhead", r"60000000")
    assert report and rest, "the report names the VM and the address"
    for _ in range(3):
        ticks, missed = system.expect("rt", REPORT).groups()
        assert missed == "0", f"the bystander missed {missed} of {ticks} ticks"
    before = system.text("flooding").count("flood flood")
    system.expect("rt", REPORT)
    assert system.text("flooding").count("flood flood") > before, "the flood stands still"
    assert not system.console.unlabelled
