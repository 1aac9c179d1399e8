"""What a description grants of a CPU that has everything is there, and nothing else (CORE-3,
CORE-8): the same stock kernel finds it in one VM and does not in the other.

@req CORE-3, CORE-8
"""

GRANTED = {
    "Address authentication": "pauth",
    "Scalable Vector Extension": "sve",
    "Memory Tagging Extension": "mte",
    "hw perfevents: enabled": "pmu",
}


def test_granted_is_there_and_the_rest_is_not(machine):
    system = machine("systems/linux-max.yaml")
    for vm in ("granted", "plain"):
        system.expect(vm, r"log in as root", timeout=400)
    for line, feature in GRANTED.items():
        assert line in system.text("granted"), f"{feature} is granted, the kernel did not find it"
        assert line not in system.text("plain"), f"{feature} is not granted, the kernel found it"
    assert "found 6 breakpoint and 4 watchpoint registers" in system.text("granted")
    assert "found 2 breakpoint and 2 watchpoint registers" in system.text("plain")
    system.login("granted")
    assert "paca" in system.shell("granted", "grep Features /proc/cpuinfo")
