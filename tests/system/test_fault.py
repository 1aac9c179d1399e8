"""Guests that break themselves: each is named and stopped or left alone, and the others run on.

@req CORE-5, OPS-1
"""



def test_broken_guests(machine):
    system = machine("systems/test-fault.yaml")
    system.expect("broken", r"^fault: way 0$")
    system.expect("looping", r"^fault: way 1$")
    report = system.expect("bulkhead", r"^broken: .*")
    rest = system.expect("bulkhead", r"60000000")
    assert report and rest, "the report names the VM and the address"
    system.assert_rt_missed_nothing()
    before = system.text("flooding").count("flood flood")
    system.assert_rt_missed_nothing()
    assert system.text("flooding").count("flood flood") > before, "the flood stands still"
    assert not system.console.unlabelled
