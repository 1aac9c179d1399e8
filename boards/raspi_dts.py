#!/usr/bin/python3
"""Makes board.dts of a Raspberry Pi from the devicetree blob of a Linux package.

    boards/raspi_dts.py BLOB "PROVENANCE" [BASE SIZE]... > boards/NAME/board.dts

The blob leaves the memory's size to the firmware: BASE and SIZE say what there is. Labels are added
for what a description or board.yaml names. Run once for a new board; the result is kept in the tree
and read by people.
"""

import re
import subprocess
import sys

LABELS = {
    "serial@7e201000": "uart0", "interrupt-controller@40041000": "gic", "watchdog@7e100000": "pm",
    "rng@7e104000": "rng", "timer@7e003000": "system_timer", "gpio@7e200000": "gpio",
    "mailbox@7e00b880": "mailbox",
}


def source_of(blob):
    return subprocess.run(["dtc", "-q", "-I", "dtb", "-O", "dts", blob], check=True,
                          capture_output=True, text=True).stdout


def labelled(text):
    def with_label(match):
        label = LABELS.get(match[2])
        return f"{match[1]}{label}: {match[2]} {{" if label else match[0]
    return re.sub(r"^(\t+)(\S+) \{", with_label, text, flags=re.M)


def with_memory(text, ranges):
    """The firmware's empty memory node replaced by one for each range."""
    nodes = "\n\n".join(
        f"\tmemory@{base:x} {{\n\t\tdevice_type = \"memory\";\n"
        f"\t\treg = <{base >> 32:#x} {base & 0xFFFFFFFF:#x} {size:#x}>;\n\t}};"
        for base, size in ranges)
    text, count = re.subn(r"\tmemory@0 \{\n.*?\n\t\};", nodes, text, flags=re.S)
    if count != 1:
        sys.exit("the blob has not one memory node")
    return text


def main():
    blob, provenance, *numbers = sys.argv[1:]
    numbers = [int(n, 0) for n in numbers]
    text = with_memory(labelled(source_of(blob)), list(zip(numbers[::2], numbers[1::2])))
    sys.stdout.write(f"/* {provenance}\n * Made by boards/raspi_dts.py. */\n{text}")


if __name__ == "__main__":
    main()
