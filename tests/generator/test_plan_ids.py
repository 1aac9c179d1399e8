"""CPUs, ids, slices and interrupts.

@req CPU-1, IRQ-3
"""

from generator.plan.cpus import guest_affinity

from plans import one_vm, planned, resolved
from generator.plan import make_plan

MANY = """
system: many
board: qemu-virt
vms:
  a: { cpus: 1, memory: { ram: { size: 1 MiB } }, boot: { entry: 0x40000000 },
       devices: { uart: { emulate: pl011 }, rtc: { emulate: pl031 } }, smc_allow: [0x84000050] }
  b: { cpus: [0, 2], memory: { ram: { size: 1 MiB } }, boot: { entry: 0x40000000 } }
  c: { cpus: 1, memory: { ram: { size: 1 MiB } }, boot: { entry: 0x40000000 },
       devices: { gpio: { assign: /pl061@9030000 }, uart: { emulate: pl011, irq: { spi: 70 } } },
       interrupts: [ { spi: 3, trigger: edge } ], autostart: false, grant: [pmu] }
"""


def test_named_cpus_first_then_the_lowest_free(tmp_path):
    plan = planned(tmp_path, MANY)
    assert [(v.vm, v.index, v.cpu) for v in plan.vcpus] == [
        (0, 0, 1), (1, 0, 0), (1, 1, 2), (2, 0, 3)]
    assert [c.vcpu for c in plan.cpus] == [1, 0, 2, 3]
    assert plan.console_cpu == 0, "every CPU has a vCPU"


def test_console_goes_to_a_cpu_without_a_vcpu(tmp_path):
    assert planned(tmp_path, one_vm()).console_cpu == 0, "CPU 1 is taken, 0 is free"


def test_too_many_vcpus_leave_some_without_a_cpu(tmp_path):
    text = one_vm().replace("cpus: [1]", "cpus: 9")
    system, diagnostics = resolved(tmp_path, text)
    plan = make_plan(system, diagnostics)
    assert [v.cpu for v in plan.vcpus] == [0, 1, 2, 3]
    text = one_vm().replace("cpus: [1]", "cpus: [1, 7]")
    plan = make_plan(resolved(tmp_path, text)[0], diagnostics)
    assert [v.cpu for v in plan.vcpus] == [1, None]


def test_affinity_has_16_vcpus_in_a_cluster():
    assert [guest_affinity(i) for i in (0, 15, 16, 33)] == [0, 15, 0x100, 0x201]


def test_vmpidr_has_its_res1_bit(tmp_path):
    assert planned(tmp_path, MANY).vcpus[2].vmpidr == 0x80000001


def test_ids_and_slices(tmp_path):
    plan = planned(tmp_path, MANY)
    assert [vm.vmid for vm in plan.vms] == [1, 2, 3]
    for name, whole in (("vcpus", plan.vcpus), ("windows", plan.windows), ("loads", plan.loads),
                        ("mmios", plan.mmios), ("irqs", plan.irqs)):
        at = 0
        for vm in plan.vms:
            part = getattr(vm, name)
            assert part.first == at
            at += part.count
            assert all(item.vm == vm.id for item in whole[part.first:at] if name != "loads")
        assert at == len(whole)
    assert [(vm.smcs.first, vm.smcs.count) for vm in plan.vms] == [(0, 1), (1, 0), (1, 0)]


def test_consoles_are_dense_over_vms_that_have_one(tmp_path):
    plan = planned(tmp_path, MANY)
    assert plan.console_names == ("a", "c")
    assert [vm.console for vm in plan.vms] == [0, None, 1]


def test_a_second_uart_has_its_own_label(tmp_path):
    more = "      debug: { emulate: pl011, at: 0x09040000, irq: { spi: 8 } }"
    plan = planned(tmp_path, one_vm(more=more))
    assert plan.console_names == ("a", "a.debug")
    assert [(m.kind, m.instance) for m in plan.mmios if m.kind == "PL011"] == [
        ("PL011", 0), ("PL011", 1)]


def test_flags(tmp_path):
    plan = planned(tmp_path, MANY)
    assert [vm.flags for vm in plan.vms] == [("autostart",), ("autostart",), ("pmu",)]


def test_routed_interrupts(tmp_path):
    plan = planned(tmp_path, MANY)
    assert [(i.pintid, i.vm, i.vintid, i.edge) for i in plan.irqs] == [
        (35, 2, 35, True), (39, 2, 39, False)]
    assert plan.intid_limit == 40


def test_guest_interrupt_as_given(tmp_path):
    more = "      gpio: { assign: /pl061@9030000, irq: { intid: 64 } }"
    plan = planned(tmp_path, one_vm(more=more))
    assert [(i.pintid, i.vintid) for i in plan.irqs] == [(39, 64)]


def test_spi_counts_and_slices(tmp_path):
    plan = planned(tmp_path, MANY)
    assert [vm.spi_count for vm in plan.vms] == [32, 32, 96], "SPI 70 needs 71, in steps of 32"
    assert [vm.first_spi for vm in plan.vms] == [0, 32, 64]


def test_spi_count_at_the_step(tmp_path):
    for spi, count in ((31, 32), (32, 64)):
        more = f"      rtc: {{ emulate: pl031, irq: {{ spi: {spi} }} }}"
        assert planned(tmp_path, one_vm(more=more)).vms[0].spi_count == count


def test_spi_count_as_given(tmp_path):
    plan = planned(tmp_path, one_vm(more="    gic: { spis: 64 }"))
    assert plan.vms[0].spi_count == 64


def test_mmios_are_sorted_and_sized(tmp_path):
    plan = planned(tmp_path, MANY)
    found = [(m.ipa, m.size, m.kind) for m in plan.mmios_of(1)]
    assert found == [(0x08000000, 0x10000, "GICD"), (0x080A0000, 0x40000, "GICR")]


def test_absurd_numbers_size_nothing(tmp_path):
    text = one_vm(more="    gic: { spis: 1000000000000000 }\n"
                       "    interrupts: [ { spi: 99999999999 } ]").replace("[1]", "99999999999")
    system, diagnostics = resolved(tmp_path, text)
    plan = make_plan(system, diagnostics)
    assert plan.vms[0].spi_count == 960 and plan.intid_limit == 1020
    assert plan.image.range.size < 8 << 20
