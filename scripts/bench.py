#!/usr/bin/python3
"""What an exit costs, in executed instructions, against the record and against others.

    scripts/bench.py build/bench [--record REASON] [--qemu PROGRAM]

Runs the built benchmark system (systems/bench.yaml) twice in QEMU with `-icount shift=0` and a
counter of 1 GHz: one tick is one executed instruction, of the guest and of EL2 together, so both
runs must agree to the last digit. Prints the table, writes bench.json into the folder, and compares
with docs/bench.json: a worse figure fails until the record is changed on purpose, with --record and
a reason, which also writes the table of docs/bench.md. A better figure is told, and recorded the
same way. Figures repeat exactly for one compiler; another one makes other code, and then nothing is
compared. The boot row also depends on the devicetree that this version of QEMU hands over.

@req CORE-5, IRQ-3
"""

import argparse
import json
from pathlib import Path
import re
import subprocess
import sys

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "docs/bench.json"
PAGE = ROOT / "docs/bench.md"
QEMU_FLAGS = ["-cpu", "cortex-a53,cntfrq=1000000000", "-icount", "shift=0,sleep=off"]
TIMEOUT_S = 120
OTHERS = ("no hypervisor", "Bao", "Jailhouse", "Xen 4.20", "KVM")

# Row of the guest: what it is, our goal, and the same row of OTHERS, None where nobody measured.
# The figures of others are medians of 1000 runs of one bare-metal guest on the same QEMU model.
ROWS = {
    "null_call_hvc": ("null call (PSCI_VERSION by HVC), there and back", 60,
                      (1, 203, 137, 464, 1695)),
    "read_gicd_typer": ("read GICD_TYPER", 110, (1, 225, 285, 589, 2443)),
    "write_gicd_isenabler": ("write GICD_ISENABLER of an SPI", 200, (1, 3565, 984, 728, 2589)),
    "write_gicd_ipriorityr_byte": ("write GICD_IPRIORITYR, one byte", 150,
                                   (1, 376, 429, 669, 2496)),
    "read_gicr_typer": ("read GICR_TYPER", 110, (1, 267, 259, 590, 2447)),
    "read_gicr_isenabler0": ("read GICR_ISENABLER0", None, None),
    "read_pl011_fr": ("read UARTFR of the emulated PL011", None, None),
    "read_id_aa64pfr0": ("read ID_AA64PFR0_EL1", None, None),
    "sgi_self_to_handler": ("SGI to self, to the handler's second instruction", 140,
                            (2, 801, 1452, 1027, 3163)),
    "vtimer_to_handler": ("virtual timer deadline to the handler's second instruction", 100,
                          (1, 200, 207, 1085, 3028)),
    "wfi_vtimer_to_handler": ("WFI, deadline to the handler's second instruction", 110,
                              (5, 204, 211, 4350, 10964)),
    "boot": ("reset to the guest's first instruction, loading of memory aside", 60000,
             (None, 382307, 572324, 24700000, None)),
}


def command_line(out, qemu):
    arguments = (out / "gen/qemu.args").read_text().split("\n")
    image = str(out / "bulkhead.img")
    return [qemu, *(a.replace("%IMAGE%", image) for a in arguments if a), *QEMU_FLAGS]


def console_of_run(command):
    """What the machine says until it switches itself off."""
    run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                         errors="replace", timeout=TIMEOUT_S, check=False)
    if "DONE passed=1 failed=0" not in run.stdout:
        raise SystemExit(f"bench: the guest did not finish:\n{run.stdout}{run.stderr}")
    return run.stdout


def figures(console):
    """Row -> {median, min, max}, from what the guest and EL2 print."""
    found = {name: {"median": int(median), "min": int(low), "max": int(high)}
             for name, median, low, high in re.findall(r"BENCH (\w+) (\d+) (\d+) (\d+)", console)}
    start = re.search(r"starts at tick (\d+), (\d+) of them for loading", console)
    if start:
        ticks = int(start[1]) - int(start[2])
        found["boot"] = {"median": ticks, "min": ticks, "max": ticks}
    missing = [name for name in ROWS if name not in found]
    if missing:
        raise SystemExit(f"bench: no figure for {', '.join(missing)}")
    return {name: found[name] for name in ROWS}


def versions(qemu):
    """The tools that the figures depend on."""
    def said(*command):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    return {"compiler": said("aarch64-linux-gnu-gcc", "-dumpfullversion").strip(),
            "qemu": re.search(r"version (\S+)", said(qemu, "--version"))[1]}


def comparable(now, recorded_with, with_now):
    """The rows that the record says something about, and what to tell about the others."""
    if recorded_with["compiler"] != with_now["compiler"]:
        return {}, [f"the record is of gcc {recorded_with['compiler']}, this is gcc "
                    f"{with_now['compiler']}: nothing is compared"]
    if recorded_with["qemu"] != with_now["qemu"]:
        rows = {name: row for name, row in now.items() if name != "boot"}
        return rows, [f"the record is of QEMU {recorded_with['qemu']}, this is "
                      f"{with_now['qemu']}: the boot row is not compared"]
    return now, []


def differences(now, recorded):
    """(worse, better): sentences about the medians and largest values that are not as recorded."""
    worse, better = [], []
    for name, row in now.items():
        for what in ("median", "max"):
            before = recorded.get(name, {}).get(what)
            if before is None:
                worse.append(f"{name}: {what} {row[what]}, nothing is recorded")
            elif row[what] != before:
                target = worse if row[what] > before else better
                target.append(f"{name}: {what} {row[what]}, recorded {before}")
    return worse, better


def table(now):
    """The Markdown table: ours, the goal, and the others."""
    def cell(value):
        return "–" if value is None else f"{value:,}"

    head = ["instructions", "Bulkhead", "worst", "goal", *OTHERS]
    lines = ["| " + " | ".join(head) + " |", "|---" + "|--:" * (len(head) - 1) + "|"]
    for name, (text, goal, others) in ROWS.items():
        cells = [now[name]["median"], now[name]["max"], goal, *(others or (None,) * len(OTHERS))]
        lines.append("| " + " | ".join([text, *(cell(c) for c in cells)]) + " |")
    return "\n".join(lines)


def page(record):
    return f"""# What an exit costs

Written by `make bench RECORD='reason'`; do not edit. The record is `docs/bench.json`.

Instructions at all exception levels together, as counted by QEMU with `-icount shift=0`, on a
Cortex-A53 with GICv3. Medians of 101 runs; "worst" is the largest of them. The figures of the other
hypervisors are for the same guest operations on the same model. Our interrupt rows end one guest
instruction later than theirs. A cycle is not an instruction: system registers of the GIC and
barriers cost more than others on a real core, and these figures do not show it. The boot row counts
all four CPUs.

{table(record["rows"])}

Made with gcc {record["made_with"]["compiler"]} and QEMU {record["made_with"]["qemu"]}. Last change
of the record: {record["reason"]}
"""


def compare_or_record(now, reason, made_with):
    if reason:
        record = {"reason": reason, "made_with": made_with, "rows": now}
        RECORD.write_text(json.dumps(record, indent=2) + "\n")
        PAGE.write_text(page(record))
        return 0
    record = json.loads(RECORD.read_text())
    rows, notes = comparable(now, record["made_with"], made_with)
    worse, better = differences(rows, record["rows"])
    for sentence in notes:
        print(f"note    {sentence}")
    for sentence in better:
        print(f"better  {sentence}")
    for sentence in worse:
        print(f"WORSE   {sentence}")
    if worse or better:
        print("bench: make bench RECORD='reason' changes the record")
    return 1 if worse else 0


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("out", type=Path)
    parser.add_argument("--record", metavar="REASON", default="")
    parser.add_argument("--qemu", default="qemu-system-aarch64")
    options = parser.parse_args(arguments)
    command = command_line(options.out, options.qemu)
    now, again = (figures(console_of_run(command)) for _ in range(2))
    if now != again:
        raise SystemExit(f"bench: two runs differ:\n{now}\n{again}")
    (options.out / "bench.json").write_text(json.dumps(now, indent=2) + "\n")
    print(table(now))
    return compare_or_record(now, options.record.strip(), versions(options.qemu))


if __name__ == "__main__":
    sys.exit(main())
