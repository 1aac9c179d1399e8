"""The devicetree that a guest gets, read back.

@req DESC-4, DESC-6
"""

from generator.devicetree import Tree

from plans import LINUX_BOOT, one_vm, planned

from generator import fdt_guest


def tree_of(tmp_path, text):
    return Tree(planned(tmp_path, text).vms[0].devicetree)


def test_linux_guest(tmp_path):
    tree = tree_of(tmp_path, one_vm(boot=LINUX_BOOT).replace("[1]", "[1, 3]"))
    chosen = tree.nodes["/chosen"]
    assert chosen.strings("bootargs") == ("console=ttyAMA0",)
    assert chosen.strings("stdout-path") == ("/pl011@9000000",)
    assert chosen.u32s("linux,initrd-start") == (0, 0x40400000)
    assert chosen.u32s("linux,initrd-end") == (0, 0x40410000)
    assert tree.nodes["/cpus/cpu@1"].u32s("reg") == (1,)
    assert tree.nodes["/cpus/cpu@0"].strings("enable-method") == ("psci",)
    assert tree.nodes["/memory@40000000"].u32s("reg") == (0, 0x40000000, 0, 0x4000000)
    assert tree.nodes["/psci"].strings("method") == ("hvc",)
    assert tree.aliases == {"serial0": "/pl011@9000000"}


def test_command_line_of_what_is_no_linux(tmp_path):
    flat = "      images: [ { file: files/flat.bin } ]"
    chosen = tree_of(tmp_path, one_vm(boot=flat + "\n      cmdline: gicv3-ipi")).nodes["/chosen"]
    assert chosen.strings("bootargs") == ("gicv3-ipi",)
    assert "bootargs" not in tree_of(tmp_path, one_vm(boot=flat)).nodes["/chosen"].props


def test_interrupt_controller_and_timer(tmp_path):
    tree = tree_of(tmp_path, one_vm().replace("[1]", "[1, 2]"))
    gic = tree.nodes["/intc@8000000"]
    assert gic.compatible == ("arm,gic-v3",) and not gic.children, "no ITS"
    assert gic.u32s("reg") == (0, 0x08000000, 0, 0x10000, 0, 0x080A0000, 0, 0x40000)
    assert tree.root.u32("interrupt-parent") == gic.phandle
    timer = tree.nodes["/timer"].u32s("interrupts")
    assert timer == (1, 13, 4, 1, 14, 4, 1, 11, 4, 1, 10, 4)


def test_seventeenth_vcpu_is_in_the_next_cluster(tmp_path):
    text = one_vm().replace("qemu-virt", "qemu-virt-64").replace("[1]", "17")
    assert tree_of(tmp_path, text).nodes["/cpus/cpu@100"].u32s("reg") == (0x100,)


def test_emulated_devices(tmp_path):
    more = "      rtc: { emulate: pl031, at: 0x0a000000, irq: { spi: 5 } }"
    tree = tree_of(tmp_path, one_vm(more=more))
    uart, rtc = tree.nodes["/pl011@9000000"], tree.nodes["/pl031@a000000"]
    assert uart.u32s("interrupts") == (0, 1, 4) and rtc.u32s("interrupts") == (0, 5, 4)
    assert rtc.u32s("reg") == (0, 0x0A000000, 0, 0x1000)
    clock = tree.by_phandle(uart.u32("clocks"))
    assert clock.u32("clock-frequency") == 24000000
    assert len(uart.u32s("clocks")) == len(uart.strings("clock-names")) == 2


def test_a_passed_through_device_is_the_guests(tmp_path):
    more = "      gpio: { assign: /pl061@9030000, at: 0x0a000000, irq: { spi: 9 } }"
    tree = tree_of(tmp_path, one_vm(more=more))
    gpio = tree.nodes["/pl061@a000000"]
    assert gpio.compatible == ("arm,pl061", "arm,primecell")
    assert gpio.u32s("reg") == (0, 0x0A000000, 0, 0x1000)
    assert gpio.u32s("interrupts") == (0, 9, 4)
    assert "gpio-controller" in gpio.props and gpio.phandle is None
    assert tree.by_phandle(gpio.u32("clocks")).compatible == ("fixed-clock",)


def test_references_to_what_the_guest_lacks_lead_nowhere(tmp_path):
    """dtc numbers a board's nodes from 1 upwards."""
    more = "      gpio: { assign: /pl061@9030000 }"
    tree = tree_of(tmp_path, one_vm(more=more))
    assert all(n.phandle >= 0x8000 for n in tree.nodes.values() if n.phandle is not None)


def test_edge_interrupts_say_so(tmp_path):
    more = '      disk: { assign: "&virtio3", dma: accept-risk }'
    assert tree_of(tmp_path, one_vm(more=more)).nodes["/virtio_mmio@a000600"].u32s(
        "interrupts") == (0, 0x13, 1)


def test_memory_that_a_guest_cannot_write_is_not_its_ram(tmp_path):
    more = "      rom: { size: 8 KiB, at: 0x60000000, access: rx }"
    tree = tree_of(tmp_path, one_vm(more_memory=more))
    assert [p for p in tree.nodes if p.startswith("/memory")] == ["/memory@40000000"]


def test_shared_memory_has_its_name(tmp_path):
    text = one_vm(more_memory="      in: { shared: pool, at: 0x70000000, access: r }")
    text = text.replace("vms:", "shared: { pool: { size: 8 KiB } }\nvms:")
    node = tree_of(tmp_path, text).nodes["/shared-memory@70000000"]
    assert node.compatible == ("bulkhead,shared-memory",) and node.strings("label") == ("pool",)
    assert "read-only" in node.props and node.u32s("reg") == (0, 0x70000000, 0, 0x2000)


def test_pmu_only_when_granted(tmp_path):
    assert "/pmu" not in tree_of(tmp_path, one_vm()).nodes
    assert tree_of(tmp_path, one_vm(more="    grant: [pmu]")).nodes["/pmu"].u32s(
        "interrupts") == (1, 7, 4)


def test_no_console_without_a_uart(tmp_path):
    text = one_vm().replace("uart: { emulate: pl011 }", "rtc: { emulate: pl031 }")
    assert "stdout-path" not in tree_of(tmp_path, text).nodes["/chosen"].props


def test_a_tree_of_any_size_fits():
    """The library makes room in steps, and not for the end."""
    sizes = {len(fdt_guest._flatten(fdt_guest.Out("", {"a": bytes(n)}))) for n in range(1, 1301)}
    assert len(sizes) == 1300 // 4
