#!/usr/bin/python3
"""Makes board.dts from what QEMU itself says about a machine.

    boards/qemu_dts.py CPU COUNT MEMORY [GIC_VERSION] > boards/NAME/board.dts

Runs QEMU with dumpdtb, drops what differs from run to run (random seeds) and what does not
belong to the board (/chosen), and turns phandles into labels, so that a description can say
&uart0. Run once for a new board; the result is kept in the tree and read by people.
"""

import re
import subprocess
import sys
import tempfile

LABELS = {
    "psci": "psci", "timer": "timer", "pmu": "pmu", "apb-pclk": "apb_pclk", "flash@0": "flash",
    "intc@8000000": "gic", "its@8080000": "its", "v2m@8020000": "v2m", "pl011@9000000": "uart0",
    "pl031@9010000": "rtc", "pl061@9030000": "gpio", "fw-cfg@9020000": "fw_cfg",
    "pcie@10000000": "pcie", "platform-bus@c000000": "platform_bus",
}
POINTS = ("interrupt-parent", "clocks", "gpios", "cpu", "interrupt-map", "msi-map")


def dumped_dts(cpu, count, memory, gic="3"):
    with tempfile.NamedTemporaryFile(suffix=".dtb") as dtb:
        machine = f"virt,virtualization=on,gic-version={gic},dumpdtb={dtb.name}"
        subprocess.run(["qemu-system-aarch64", "-nographic", "-nic", "none", "-machine", machine,
                        "-cpu", cpu, "-smp", count, "-m", memory],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        return subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", dtb.name], check=True,
                              capture_output=True, text=True).stdout


def without_chosen(text):
    return re.sub(r"\n\n\tchosen \{\n.*?\n\t\};", "", text, flags=re.S)


def label_of(name, seen):
    if name.startswith("virtio_mmio@"):
        seen["virtio"] = seen.get("virtio", -1) + 1
        return f"virtio{seen['virtio']}"
    if re.fullmatch(r"cpu@[0-9a-f]+", name):
        seen["cpu"] = seen.get("cpu", -1) + 1
        return f"cpu{seen['cpu']}"
    return LABELS.get(name)


def labelled(text):
    """The text with a label on each node that has a phandle, and the phandles' label by number."""
    lines, phandles, stack, seen = [], {}, [], {}
    for line in text.splitlines():
        opened = re.fullmatch(r"(\t+)(\S+) \{", line)
        phandle = re.fullmatch(r"\t+phandle = <(0x[0-9a-f]+)>;", line)
        if opened:
            label = label_of(opened[2], seen)
            stack.append(label)
            line = f"{opened[1]}{label}: {opened[2]} {{" if label else line
        elif line.endswith("};") and stack:
            stack.pop()
        if phandle:
            phandles[phandle[1]] = stack[-1]
        else:
            lines.append(line)
    return "\n".join(lines) + "\n", phandles


def with_references(text, phandles):
    def reference(match):
        cells = [f"&{phandles[c]}" if c in phandles else c for c in match[2].split()]
        return f"{match[1]}<{' '.join(cells)}>;"
    names = "|".join(POINTS)
    return re.sub(rf"(\t(?:{names}) = )<([^>]*)>;", reference, text)


def main():
    text, phandles = labelled(without_chosen(dumped_dts(*sys.argv[1:5])))
    sys.stdout.write(with_references(text, phandles))


if __name__ == "__main__":
    main()
