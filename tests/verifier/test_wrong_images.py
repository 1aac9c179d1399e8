"""Wrong images, at least one for each property, and the exact sentence that each must produce.

Each edit is what a wrong compiler, or a damaged file, could have made of a right image.

@req EVID-1
"""

import pytest

from cases import registry
from test_wrong_health import CASES as HEALTH
from test_wrong_schedules import CASES as SCHEDULES
from verifier import fdt, layout
from verifier.properties import FOUNDATION, PROPERTIES
from verifier.translation import PAGE
from verifier.verdict import SYSTEM, Property, Result, demand_counts

RAM_ONE = "stage2_vm0_l3_40000000"
RAM_TWO = "stage2_vm1_l3_40000000"
SHM_TWO = "stage2_vm1_l3_70000000"
EL2_IMAGE = "el2_l3_40200000"
EL2_UART = "el2_l3_9000000"
READ_ONLY = 1 << 7
CASES, wrong = registry()


def index_of(pa):
    """Index of a page of the system image in EL2's table of it."""
    return (pa - 0x40200000) // PAGE


@wrong("PROP-FORM")
def slice_of_another_vm(image):
    image.set("vms", 1, "first_vcpu", 0)
    return ("system: cfg_vms[1].first_vcpu is 0, the slice of the VM before ends at 1; first byte "
            f"0x{image.symbol('cfg_vms') + layout.VM.size:x}")


@wrong("PROP-FORM")
def padding(image):
    at = image.symbol("cfg_vcpus") + 6
    image.write(at, b"\1")
    return f"system: `cfg_vcpus`: byte 6 is padding and not zero; first byte 0x{at:x}"


@wrong("PROP-FORM")
def two_vms_with_one_vmid(image):
    image.set("vms", 1, "vmid", image.get("vms", 0, "vmid"))
    return (f"system: cfg_vms[1] has VMID {image.get('vms', 0, 'vmid')}, as has cfg_vms[0]; first "
            f"byte 0x{image.symbol('cfg_vms') + layout.VM.size:x}")


@wrong("PROP-REGISTERS")
def smaller_guest_addresses(image):
    image.set("system", 0, "vtcr_el2", image.get("system", 0, "vtcr_el2") + 1)
    return ("system: VTCR_EL2.T0SZ is 25, expected 24: 40-bit guest addresses; first byte "
            f"0x{image.symbol('cfg_system'):x}")


@wrong("PROP-CODE")
def stage2_left_off(image):
    function = image.elf.symbols["vcpu_hcr_el2"]
    movs = [a for a in range(function.base, function.base + function.size, 4)
            if image.word(a, 4) & 0xFFFFFFE0 == 0xD28007E0]  # mov xN, #0x3f
    for at in movs:
        image.write(at, (image.word(at, 4) & ~(1 << 5)).to_bytes(4, "little"))
    where = next(a for a in range(*_extent(image, "vcpu_regs_write"), 4)
                 if image.word(a, 4) & ~31 == 0xD51C1100)  # msr hcr_el2, xN
    return (f"system: HCR_EL2.VM is not sure to be 1 where it is written in vcpu_regs_write at "
            f"0x{where:x}; first byte 0x{where:x}")


def _extent(image, name):
    symbol = image.elf.symbols[name]
    return symbol.base, symbol.base + symbol.size


@wrong("PROP-CODE")
def another_root_is_loaded(image):
    where = next(a for a in range(*_extent(image, "cpu_to_c"), 4)
                 if image.word(a, 4) & ~31 == 0xD51C2000)  # msr ttbr0_el2, xN
    load = next(a for a in range(where, where - 16, -4)
                if image.word(a, 4) >> 22 == 0x3E5)  # ldr xN, [xM, #120]
    image.write(load, (image.word(load, 4) + (1 << 10)).to_bytes(4, "little"))
    return (f"system: TTBR0_EL2 is written in cpu_to_c at 0x{where:x} with another value than the "
            f"tables' 0x{image.symbol('el2_root'):x}; first byte 0x{where:x}")


@wrong("PROP-CODE")
def traps_to_el2_as_host(image):
    start, end = _extent(image, "vcpu_hcr_el2")
    at = next(a for a in range(start, end, 4) if image.word(a, 4) & 0xFFFFFFE0 == 0xF2B00FA0)
    image.write(at, (image.word(at, 4) | 0x0800 << 5).to_bytes(4, "little"))  # movk ..., TGE
    where = next(a for a in range(*_extent(image, "vcpu_regs_write"), 4)
                 if image.word(a, 4) & ~31 == 0xD51C1100)
    return (f"system: HCR_EL2.TGE is not sure to be 0 where it is written in vcpu_regs_write at "
            f"0x{where:x}; first byte 0x{where:x}")


@wrong("PROP-CODE")
def second_place_that_writes_a_root(image):
    at = image.symbol("wrong_el")
    image.write(at, (0xD51C2100).to_bytes(4, "little"))  # msr vttbr_el2, x0
    return "system: VTTBR_EL2 is written at 2 places, expected one"


@wrong("PROP-CODE")
def second_table_of_el2(image):
    at = image.symbol("wrong_el")
    image.write(at, (0xD51C2020).to_bytes(4, "little"))  # msr ttbr1_el2, x0
    return "system: TTBR1_EL2 is written: EL2 has one table"


@wrong("PROP-CODE")
def vectors_outside_the_code(image):
    where = next(a for a in range(*_extent(image, "cpu_to_c"), 4)
                 if image.word(a, 4) & ~31 == 0xD51CC000)  # msr vbar_el2, xN
    literal = image.word(where - 4, 4) >> 5 & 0x7FFFF
    image.write(where - 4 + 4 * literal, image.symbol("el2_root").to_bytes(8, "little"))
    return (f"system: VBAR_EL2 is not sure to be a place in the code where it is written in "
            f"cpu_to_c at 0x{where:x}; first byte 0x{where:x}")


@wrong("PROP-DESCRIPTORS", {"PROP-VM-MEMORY"})
def reserved_bit(image):
    value = image.entry(RAM_TWO, 3) | 1 << 49
    image.set_entry(RAM_TWO, 3, value)
    return (f"two: bits 50:48 (RES0) must be 0; first byte 0x{value & 0xFFFFFFFFF000:x}; by "
            f"{RAM_TWO}[3] = 0x{value:016x}")


@wrong("PROP-DESCRIPTORS", {"PROP-VM-MEMORY"})
def contiguous_hint(image):
    value = image.entry(RAM_TWO, 0) | 1 << 52
    image.set_entry(RAM_TWO, 0, value)
    return (f"two: bit 52 (Contiguous) must be 0; first byte 0x{value & 0xFFFFFFFFF000:x}; by "
            f"{RAM_TWO}[0] = 0x{value:016x}")


@wrong("PROP-TREES", {"PROP-VM-MEMORY", "PROP-VM-APART", "PROP-EL2-APART"})
def table_of_another_vm(image):
    other = image.symbol("stage2_vm0_l2_40000000")
    image.set_entry("stage2_vm1_root", 1, other | 3)
    return (f"two: the table at 0x{other:x} (stage2_vm0_l2_40000000) is reached a second time; it "
            f"belongs to one; first byte 0x{other:x}; by stage2_vm1_root[1] = 0x{other | 3:016x}")


@wrong("PROP-TREES", {"PROP-VM-MEMORY"})
def cycle(image):
    table = image.symbol("stage2_vm1_l2_40000000")
    image.set_entry("stage2_vm1_l2_40000000", 0, table | 3)
    return (f"two: the table at 0x{table:x} (stage2_vm1_l2_40000000) is reached a second time; "
            f"first byte 0x{table:x}; by stage2_vm1_l2_40000000[0] = 0x{table | 3:016x}")


@wrong("PROP-TREES", {"PROP-VM-MEMORY"})
def table_in_guest_memory(image):
    table = image.get("windows", 2, "pa")
    image.set_entry("stage2_vm1_l2_40000000", 0, table | 3)
    return (f"two: there is no table at 0x{table:x}: it is not constant memory of the image; first "
            f"byte 0x{table:x}; by stage2_vm1_l2_40000000[0] = 0x{table | 3:016x}")


@wrong("PROP-EL2-MAP")
def console_not_mapped(image):
    image.set_entry(EL2_UART, 0, 0)
    return ("system: EL2 does not map the console at 0x9000000..0x9000fff; first byte 0x9000000")


@wrong("PROP-EL2-MAP")
def more_than_needed(image):
    value = image.entry(EL2_UART, 0) + 0x30000
    image.set_entry(EL2_UART, 0x30, value)
    return ("system: EL2 maps 0x9030000..0x9030fff, for which there is no reason; first byte "
            f"0x9030000; by {EL2_UART}[48] = 0x{value:016x}")


@wrong("PROP-EL2-WX", {"PROP-EL2-MAP", "PROP-EL2-CONST"})
def writable_code(image):
    value = image.entry(EL2_IMAGE, 1) & ~READ_ONLY
    image.set_entry(EL2_IMAGE, 1, value)
    return ("system: 0x40201000..0x40201fff is writable and executable; first byte 0x40201000; by "
            f"{EL2_IMAGE}[1] = 0x{value:016x}")


@wrong("PROP-EL2-CONST", {"PROP-EL2-MAP"})
def writable_table(image):
    pa = image.symbol("el2_root")
    value = image.entry(EL2_IMAGE, index_of(pa)) & ~READ_ONLY
    image.set_entry(EL2_IMAGE, index_of(pa), value)
    return (f"system: EL2 can write el2_root, or does not map it; first byte 0x{pa:x}; by "
            f"{EL2_IMAGE}[{index_of(pa)}] = 0x{value:016x}")


@wrong("PROP-EL2-GUARD")
def guard_page_mapped(image):
    index = index_of(image.get("cpus", 0, "stack_top"))  # the guard of the next CPU
    below = image.entry(EL2_IMAGE, index - 1)
    image.set_entry(EL2_IMAGE, index, below + PAGE)
    bottom = index
    while image.entry(EL2_IMAGE, bottom - 1):
        bottom -= 1
    pa = 0x40200000 + bottom * PAGE
    return (f"system: the stack of CPU 0 is not a mapping of its own; first byte 0x{pa:x}; by "
            f"{EL2_IMAGE}[{bottom}] = 0x{image.entry(EL2_IMAGE, bottom):016x}")


@wrong("PROP-EL2-GUARD", {"PROP-EL2-MAP"})
def guard_page_readable(image):
    bottom = index_of(image.get("cpus", 1, "stack_top")) - 1
    while image.entry(EL2_IMAGE, bottom - 1):
        bottom -= 1
    value = (image.entry(EL2_IMAGE, bottom) | READ_ONLY) - PAGE
    image.set_entry(EL2_IMAGE, bottom - 1, value)
    pa = 0x40200000 + (bottom - 1) * PAGE
    return (f"system: the page below the stack of CPU 1 is mapped; first byte 0x{pa:x}; by "
            f"{EL2_IMAGE}[{bottom - 1}] = 0x{value:016x}")


@wrong("PROP-EL2-GUARD")
def one_stack_for_two_cpus(image):
    image.set("cpus", 1, "stack_top", image.get("cpus", 0, "stack_top"))
    return (f"system: the stack of CPU 1 is that of CPU 0; first byte "
            f"0x{image.get('cpus', 0, 'stack_top'):x}")


@wrong("PROP-VM-MEMORY")
def more_rights(image):
    value = image.entry(SHM_TWO, 0) | 1 << 7
    image.set_entry(SHM_TWO, 0, value)
    return ("two: its window `shm` is read-write as Normal write-back at guest addresses 0x70000000"
            "..0x70000fff; declared is read-only as Normal write-back; first byte "
            f"0x{value & 0xFFFFFFFFF000:x}; by {SHM_TWO}[0] = 0x{value:016x}")


@wrong("PROP-VM-MEMORY")
def page_missing(image):
    pa = image.entry(RAM_TWO, 5) & 0xFFFFFFFFF000
    image.set_entry(RAM_TWO, 5, 0)
    return ("two: guest addresses 0x40005000..0x40005fff of its window `ram` are not mapped; first "
            f"byte 0x{pa:x}")


@wrong("PROP-VM-MEMORY", {"PROP-VM-APART"})
def page_twice(image):
    value = image.entry(RAM_TWO, 7)
    image.set_entry(RAM_TWO, 8, value)
    pa = value & 0xFFFFFFFFF000
    return ("two: it reaches guest addresses 0x40008000..0x40008fff, which no window declares; "
            f"first byte 0x{pa:x}; by {RAM_TWO}[8] = 0x{value:016x}")


@wrong("PROP-VM-APART", {"PROP-VM-MEMORY"})
def page_of_another_vm(image):
    value = image.entry(RAM_ONE, 0)
    image.set_entry(RAM_TWO, 2, value)
    pa = value & 0xFFFFFFFFF000
    return (f"two: it meets `one` at 0x{pa:x}..0x{pa + PAGE - 1:x}, which no shared memory "
            f"declares; first byte 0x{pa:x}; by {RAM_TWO}[2] = 0x{value:016x}")


@wrong("PROP-EL2-APART", {"PROP-VM-MEMORY"})
def page_of_the_hypervisor(image):
    pa = image.symbol(RAM_TWO)
    value = image.entry(RAM_TWO, 2) & ~0xFFFFFFFFF000 | pa
    image.set_entry(RAM_TWO, 2, value)
    return (f"two: it reaches the system image; first byte 0x{pa:x}; by {RAM_TWO}[2] = "
            f"0x{value:016x}")


@wrong("PROP-EL2-APART", {"PROP-VM-MEMORY", "PROP-DEVICES"})
def console_of_the_hypervisor(image):
    value = image.entry("stage2_vm0_l3_9000000", 48) - 0x30000
    image.set_entry("stage2_vm0_l3_9000000", 48, value)
    return ("one: it reaches the console's registers; first byte 0x9000000; by "
            f"stage2_vm0_l3_9000000[48] = 0x{value:016x}")


@wrong("PROP-DEVICES", {"PROP-VM-MEMORY", "PROP-VM-APART"})
def device_of_another_vm(image):
    value = image.entry("stage2_vm0_l3_9000000", 48)
    image.set_entry(RAM_TWO, 2, value)
    return ("two: it reaches device registers that it was not assigned; first byte 0x9030000; by "
            f"{RAM_TWO}[2] = 0x{value:016x}")


@wrong("PROP-ATTRIBUTES", {"PROP-VM-MEMORY", "PROP-DEVICES"})
def memory_as_device(image):
    device = image.entry("stage2_vm0_l3_9000000", 48) & ~0xFFFFFFFFF000
    pa = image.entry(RAM_TWO, 1) & 0xFFFFFFFFF000
    image.set_entry(RAM_TWO, 1, pa | device)
    return (f"system: 0x{pa:x}..0x{pa + PAGE - 1:x} is cacheable memory in one map and device in "
            f"another; first byte 0x{pa:x}")


@wrong("PROP-EMULATED")
def emulated_interrupt_of_another_vm(image):
    image.set("pl031s", 0, "intid", 40)
    return ("two: its emulated pl031 `rtc` signals INTID 40 to VM 1; declared is 34 to VM 1; first "
            f"byte 0x{image.symbol('cfg_pl031s'):x}")


@wrong("PROP-EMULATED")
def emulated_over_memory(image):
    image.set("mmios", 4, "ipa", 0x40000000)
    value = image.entry(RAM_TWO, 0)
    pa = value & 0xFFFFFFFFF000
    return ("two: stage 2 maps something inside the emulated region at 0x40000000; first byte "
            f"0x{pa:x}; by {RAM_TWO}[0] = 0x{value:016x}")


@wrong("PROP-INTERRUPTS")
def interrupt_lost(image):
    image.write(image.symbol("cfg_irq_of_intid") + 2 * (39 - 32), b"\xff\xff")
    return ("system: cfg_irq_of_intid[7] (INTID 39) is 65535, expected 1; first byte "
            f"0x{image.symbol('cfg_irq_of_intid') + 14:x}")


@wrong("PROP-INTERRUPTS")
def interrupt_of_the_hypervisor(image):
    image.set("irqs", 0, "pintid", 33)
    return ("one: INTID 33 belongs to the hypervisor (console) as well; first byte "
            f"0x{image.symbol('cfg_irqs'):x}")


@wrong("PROP-CPUS", {"PROP-SETTINGS"})
def vcpu_on_two_cpus(image):
    image.set("cpus", 2, "vcpu", 0)
    return ("system: CPU 2 runs vCPU 0, the first that lives there is 65535; first byte "
            f"0x{image.symbol('cfg_cpus') + 2 * layout.CPU.size:x}")


@wrong("PROP-CPUS", {"PROP-SLOTS", "PROP-TIME"})
def two_vcpus_on_one_cpu(image):
    image.set("vcpus", 1, "cpu", 1)
    return ("two: its vCPUs run on CPUs [1]; declared are [0]; first byte "
            f"0x{image.symbol('cfg_vms') + layout.VM.size:x}")


@wrong("PROP-SCHEDULE")
def counter_without_schedules(image):
    image.set("system", 0, "counter_hz", 1)
    return ("system: cfg_system.counter_hz is 1, expected 0; first byte "
            f"0x{image.symbol('cfg_system'):x}")


@wrong("PROP-LOADS")
def byte_never_cleared(image):
    last = image.get("vms", 0, "load_count") - 1
    image.set("loads", last, "size", image.get("loads", last, "size") - 1)
    end = image.get("loads", last, "dst_pa") + image.get("loads", last, "size")
    return f"one: `ram` is left as it was from 0x{end:x} on; first byte 0x{end:x}"


@wrong("PROP-LOADS")
def load_into_another_vm(image):
    pa = image.get("windows", 2, "pa")
    last = image.get("vms", 1, "first_load") + image.get("vms", 1, "load_count") - 1
    image.set("loads", last, "dst_pa", pa)
    return (f"two: its load cfg_loads[{last}] writes 0x{pa:x}, "
            f"0x{image.get('loads', last, 'size'):x} bytes: not inside its memory; first byte "
            f"0x{pa:x}")


@wrong("PROP-CONTENTS", {"PROP-LOADS"})
def guest_code_changed(image):
    load = next(i for i in range(image.get("vms", 0, "load_count"))
                if image.get("loads", i, "size") == 1024)
    at = image.get("loads", load, "src_pa") + 8
    image.write(at, bytes([image.word(at, 1) ^ 1]))
    pa = image.get("loads", load, "dst_pa") + 8
    return (f"one: `flat.bin` differs from its file at byte 8, guest address 0x40008008; first byte "
            f"0x{pa:x}")


@wrong("PROP-ENTRY")
def another_entry_point(image):
    image.set("vms", 0, "entry_ipa", 0x40008004)
    return ("one: it starts at 0x40008004; described is 0x40008000; first byte "
            f"0x{image.symbol('cfg_vms'):x}")


@wrong("PROP-GUEST-TREE", {"PROP-LOADS"})
def devicetree_with_more_memory(image):
    load = image.get("vms", 1, "first_load")
    base, size = image.get("loads", load, "src_pa"), image.get("loads", load, "size")
    data = image.elf.read(base, size)
    root = fdt.parse(data)
    reg = next(n for n in root.children if n.name.startswith("memory")).properties["reg"]
    at = data.index(reg)
    image.write(base + at + 13, b"\1")
    return ("two: in its devicetree, the memory is 0x40000000+0x18000, granted is "
            "0x40000000+0x8000")


@wrong("PROP-SETTINGS")
def grant_not_described(image):
    image.set("vms", 1, "flags", image.get("vms", 1, "flags") | 1)
    return ("two: cfg_vms[1].flags is debug, pmu, autostart, described is pmu, autostart; first "
            f"byte 0x{image.symbol('cfg_vms') + layout.VM.size:x}")


@wrong("PROP-LIFE")
def control_not_described(image):
    image.set("controls", 0, "value", 0)
    return (f"one: it controls one, described is two; first byte 0x{image.symbol('cfg_vms'):x}")


@wrong("PROP-LIFE")
def start_that_waits_for_nothing(image):
    image.set("vms", 1, "awaited_count", 0)
    return ("two: it waits for 0 events, described are 1; first byte "
            f"0x{image.symbol('cfg_vms') + layout.VM.size:x}")


@wrong("PROP-LIFE")
def start_after_another_event(image):
    image.set("followers", 0, "event", 0)
    return ("one: what waits for it is two for started, described is two for ready; first byte "
            f"0x{image.symbol('cfg_vms'):x}")


@wrong("PROP-LOADS")
def hash_of_something_else(image):
    load = next(i for i in range(3) if image.get("loads", i, "src_pa"))
    at = image.symbol("cfg_loads") + load * layout.LOAD.size
    image.write(at + layout.LOAD.offsets["sha256"], b"\0\0\0\0")
    return (f"one: cfg_loads[{load}].sha256 is not the hash of what it copies; first byte "
            f"0x{at:x}")


@wrong("PROP-CONTENTS", {"PROP-GUEST-TREE", "PROP-LOADS"})
def data_of_the_hypervisor_handed_over(image):
    load = image.get("vms", 1, "first_load")
    image.set("loads", load, "src_pa", image.symbol("el2_root"))
    return "two: there is no devicetree"


@wrong("PROP-BOARD")
def redistributors_elsewhere(image):
    image.set("system", 0, "gicr_base", 0x80C0000)
    return ("system: cfg_system.gicr_base is 0x80c0000, the board's is 0x80a0000; first byte "
            f"0x{image.symbol('cfg_system'):x}")


@wrong("PROP-BOARD")
def clock_that_is_none(image):
    image.set("system", 0, "rtc_base", 0x9030000)
    return ("system: cfg_system.rtc_base is 0x9030000, the board's is 0x0; first byte "
            f"0x{image.symbol('cfg_system'):x}")


@wrong("PROP-LAYOUT")
def debugging_data_damaged(image):
    section = next(s for s in image.elf.sections if s.name == ".debug_info")
    image.data[section.offset:section.offset + 64] = b"\xff" * 64
    return "system: its debugging data cannot be read"


@pytest.mark.parametrize("name, also, edit", CASES)
def test_the_edit_is_rejected_with_its_sentence(image, name, also, edit):
    sentence = edit(image)
    failing = image.failing()
    assert any(text == sentence or name == "PROP-LAYOUT" and text.startswith(sentence)
               for text in failing.get(name, [])), failing
    if name != "PROP-FORM":  # without which nothing else is looked at
        assert set(failing) == {name} | also, failing


def test_every_property_has_a_wrong_image():
    assert {case.values[0] for case in CASES} | {case.values[1] for case in SCHEDULES} \
        | {case.values[0] for case in HEALTH} == {
        p.id for p in FOUNDATION + PROPERTIES}


def test_the_right_image_holds(image):
    results = image.results()
    assert {name: [v.text for v in r.violations] for name, r in results.items() if not r.holds} == {}
    assert all(sum(r.counts.values()) > 0 for r in results.values())


def test_nothing_checked_fails():
    result = Result(Property("PROP-X", "nothing", None, "vm"))
    result.count("one")
    demand_counts(result, ["one", "two"])
    assert [v.text for v in result.violations] == ["two: nothing was there to be checked"]
    result = Result(Property("PROP-X", "nothing", None))
    demand_counts(result, ["one"])
    assert [v.subject for v in result.violations] == [SYSTEM] and not result.holds


def test_layout_of_another_compiler(image, monkeypatch):
    monkeypatch.setattr("verifier.evidence.layout_by_debug_data", lambda elf: {
        "cfg_irq": (8, {**layout.IRQ.offsets, "edge": 7})})
    assert image.failing() == {"PROP-LAYOUT": [
        "system: struct cfg_irq is laid out otherwise than this verifier reads it"]}
