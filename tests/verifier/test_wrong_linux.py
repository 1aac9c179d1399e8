"""A Linux VM and its devicetree, each fact of it changed in turn, and the sentence that it makes.

@req EVID-1
"""

import struct

import pytest

from verifier import fdt

TREE = "tux: in its devicetree, "
LOADS = {"kernel": 0, "initrd": 1, "tree": 2}


def source(image, what):
    """(address, size, destination) of what a load copies; sources are in the order of the guest's
    addresses."""
    copies = [i for i in range(image.get("vms", 0, "load_count")) if image.get("loads", i, "src_pa")]
    row = copies[LOADS[what]]
    return tuple(image.get("loads", row, member) for member in ("src_pa", "size", "dst_pa"))


def change(image, node, name, old, new):
    """In the guest's devicetree, in the property `name` of the node that begins with `node`."""
    base, size, _ = source(image, "tree")
    data = image.elf.read(base, size)
    value = next(n for n in fdt.parse(data).walk() if n.name.startswith(node)).properties[name]
    assert value.count(old) == 1 and len(old) == len(new) and data.count(value) >= 1
    at = data.index(struct.pack(">I", len(value)), 56)
    while data[at + 8:at + 8 + len(value)] != value or node_name(data, at) != name:
        at = data.index(struct.pack(">I", len(value)), at + 1)
    image.write(base + at + 8, value.replace(old, new))


def node_name(data, at):
    """Name of the property whose length is at `at`."""
    strings = struct.unpack_from(">I", data, 12)[0] + struct.unpack_from(">I", data, at + 4)[0]
    return data[strings:data.find(b"\0", strings)].decode("ascii", "replace") \
        if strings < len(data) else ""


def cells(*values):
    """Cells as bytes."""
    return struct.pack(f">{len(values)}I", *values)


@pytest.mark.parametrize("node, name, old, new, sentence", [
    ("cpu@1", "reg", cells(1), cells(2), "the CPUs are [0, 2], expected [0, 1]"),
    ("cpu@1", "enable-method", b"psci", b"spin", "a CPU is not started by PSCI"),
    ("psci", "method", b"hvc", b"smc", "PSCI is not called as described"),
    ("timer", "interrupts", cells(13), cells(12),
     "the timer's interrupts are not those that the hypervisor gives"),
    ("pmu", "interrupts", cells(7), cells(8), "the PMU is not as granted"),
    ("intc", "reg", cells(0x40000), cells(0x60000), "the GIC is not that of the tables"),
    ("pl011", "interrupts", cells(0, 1, 4), cells(0, 2, 4),
     "the emulated devices are not those of the tables"),
    ("pl061", "interrupts", cells(0, 9, 4), cells(0, 7, 4),
     "/pl061@9030000 has other interrupts than the tables grant"),
    ("pl061", "reg", cells(0x9030000), cells(0x9040000),
     "the assigned devices are not those of the tables"),
    ("chosen", "bootargs", b"quiet", b"debug", "the command line is not the described one"),
    ("memory", "reg", cells(0x300000), cells(0x400000),
     "the memory is 0x40000000+0x400000, granted is 0x40000000+0x300000"),
    ("", "#address-cells", cells(2), cells(1), "its cell counts are not 2 and 2"),
])
def test_devicetree(tux, node, name, old, new, sentence):
    change(tux, node, name, old, new)
    failing = tux.failing()
    assert TREE + sentence in failing["PROP-GUEST-TREE"], failing


def test_devicetree_that_is_cut_off(tux):
    base, _, _ = source(tux, "tree")
    tux.write(base + 4, cells(0x100))
    assert tux.failing()["PROP-GUEST-TREE"] == ["tux: the devicetree is cut off"]


def test_no_devicetree(tux):
    base, _, _ = source(tux, "tree")
    tux.write(base, b"\0")
    assert tux.failing()["PROP-GUEST-TREE"] == ["tux: there is no devicetree"]


def test_initrd_elsewhere(tux):
    start = next(n for n in fdt.parse(tux.elf.read(*source(tux, "tree")[:2])).children
                 if n.name == "chosen").properties["linux,initrd-start"]
    change(tux, "chosen", "linux,initrd-start", start, cells(0, fdt.number(
        struct.unpack(">2I", start)) - 0x1000))
    failing = tux.failing()
    assert TREE + "the initrd has another size" in failing["PROP-GUEST-TREE"]
    assert failing["PROP-CONTENTS"][0].startswith("tux: `small-initrd` differs from its file")


def test_kernel_not_where_it_can_run(tux):
    tux.set("vms", 0, "entry_ipa", 0x40001000)
    assert "tux: its kernel is not text_offset from a multiple of 2 MiB; first byte " in "".join(
        tux.failing()["PROP-ENTRY"])


def test_kernel_over_its_initrd(tux, monkeypatch):
    """The file asks for more memory than the compiler left it."""
    monkeypatch.setattr(tux.sources.files, "kernel", lambda name: (0, 0x1F0000))
    texts = tux.failing()["PROP-ENTRY"]
    assert any(t.startswith("tux: `small-initrd` lies in its kernel's memory") for t in texts), texts
    monkeypatch.setattr(tux.sources.files, "kernel", lambda name: (0, 0x400000))
    assert any("tux: its kernel's zeroed data runs out of its window" in t
               for t in tux.failing()["PROP-ENTRY"])


def test_the_right_one_holds(tux):
    assert tux.failing() == {}
