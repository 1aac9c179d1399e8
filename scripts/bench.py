#!/usr/bin/python3
"""What an exit costs, in executed instructions, against the record and against others.

    scripts/bench.py build/bench build/bench-2 ... --silent build/bench-silent
                     [--record REASON] [--qemu PROGRAM]

Runs the built benchmark systems (systems/bench*.yaml, one for each number of vCPUs, and one without
a console of EL2), and their guest on the bare machine, twice each in QEMU with `-icount shift=0`:
both runs must agree to the last digit, and on the bare machine the guest must need what the guest
of the other hypervisors' figures needed there. Prints the table, writes bench.json into the first
folder, and compares with docs/bench.json: a worse figure fails until the record is changed on
purpose, with --record and a reason, which also writes docs/bench.md and its pictures. Figures
repeat exactly for one compiler; another one makes other code, and then nothing is compared.

@req PERF-1
"""

import argparse
from pathlib import Path
import re
import subprocess
import sys

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # evidence/: the plugin that attributes instructions

from benchmark import breakdown, machine, page, plot, record  # noqa: E402
from benchmark.attribution import attribution  # noqa: E402
from benchmark.machine import BenchError  # noqa: E402
from benchmark.rows import (  # noqa: E402
    COMPARED, NEEDS_TWO, SILENT, SILENT_VCPUS, SIZE_WITH_CONSOLE, VCPU_COUNTS, by_name,
    name_with_vcpus)
from benchmark.size import code_size  # noqa: E402
from benchmark.start import executed  # noqa: E402
from evidence.build import EvidenceError  # noqa: E402
from evidence.stays import qemu_command  # noqa: E402

DOCS = ROOT / "docs"
RECORD = DOCS / "bench.json"
GUEST = ROOT / "build/guests/bench/bench.elf"
BARE_CPUS = 2  # as many as the rows without a hypervisor need


def versions(qemu):
    """The tools that the figures depend on."""
    def said(*command):
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout

    return {"compiler": said("aarch64-linux-gnu-gcc", "-dumpfullversion").strip(),
            "qemu": re.search(r"version (\S+)", said(qemu, "--version"))[1]}


def check_calibration(bare):
    """Without a hypervisor, the guest needs what the others' guest needed."""
    wrong = [f"{row.name}: {bare[row.name]['median']}, not {row.bare}" for row in COMPARED
             if row.bare is not None and bare[row.name]["median"] != row.bare]
    if wrong:
        raise BenchError("without a hypervisor the guest does not need what the guest of the "
                         "others' figures does:\n" + "\n".join(wrong))


def flat_rows(by_vcpus):
    """The rows as they are recorded: those of one vCPU by their name, those of more as name@vcpus.
    A row that needs two vCPUs has its name from two."""
    rows = {}
    for row in by_name():
        for vcpus in (2, 1):
            if row in by_vcpus[vcpus] and (vcpus == 1 or row in NEEDS_TWO):
                rows[row] = by_vcpus[vcpus][row]
    for vcpus in VCPU_COUNTS[1:]:
        rows |= {name_with_vcpus(name, vcpus): r for name, r in by_vcpus[vcpus].items()}
    return rows


def start_of(out, qemu):
    """The instructions of EL2 on the VM's CPU up to its guest, the loading of memory aside."""
    return machine.exactly(executed(out, qemu).total())


def silent_rows(silent, other, qemu):
    """The compared rows of the image without a console, as name@silent, and the start of both."""
    command = qemu_command(silent, machine.QEMU_FLAGS, qemu)
    found = machine.same_twice(command, has_console=False)
    if found.vcpus != SILENT_VCPUS:
        raise BenchError(f"{silent}: {found.vcpus} vCPUs, not {SILENT_VCPUS}")
    rows = {f"{row.name}@{SILENT}": found.rows[row.name] for row in COMPARED
            if row.name in found.rows}
    return rows | {f"start@{SILENT}": start_of(silent, qemu),
                   f"start@{SILENT_VCPUS}": start_of(other, qemu)}


def size_of(out):
    """The size of an image, as it is kept in bench.json."""
    size = code_size(out / "bulkhead.elf")
    return {"text": size.text, "rodata": size.rodata, "generated": size.generated,
            "folders": size.folders}


def bytes_of(size):
    """What a size counts, as a row."""
    return machine.exactly(size["text"] + size["rodata"])


def measured(outs, silent, qemu):
    """All that is known after one `make bench`, as it is kept in bench.json."""
    bare = machine.same_twice(machine.bare_command(GUEST, qemu, BARE_CPUS), False).rows
    check_calibration(bare)
    bare = {name: row["median"] for name, row in bare.items()}
    commands = {out: qemu_command(out, machine.QEMU_FLAGS, qemu) for out in outs}
    figures = {out: machine.same_twice(command) for out, command in commands.items()}
    by_vcpus = {f.vcpus: f.rows for f in figures.values()}
    if sorted(by_vcpus) != sorted(VCPU_COUNTS):
        raise BenchError(f"systems with {sorted(by_vcpus)} vCPUs, not with {list(VCPU_COUNTS)}")
    rows = flat_rows(by_vcpus)
    where = {}
    for out, f in figures.items():
        names = [n for n in f.rows if n in bare and n in rows and rows[n] is f.rows[n]]
        if names:
            where |= attribution(out, commands[out], names, f.rows, bare)
    other = next(out for out, f in figures.items() if f.vcpus == SILENT_VCPUS)
    rows |= silent_rows(silent, other, qemu)
    sizes = {"size": size_of(silent), "size_with_console": size_of(other)}
    rows[COMPARED[-1].name] = bytes_of(sizes["size"])
    rows[SIZE_WITH_CONSOLE.name] = bytes_of(sizes["size_with_console"])
    return {"made_with": versions(qemu), "rows": rows, "bare": bare,
            "attribution": {name: where[name] for name in rows if name in where}, **sizes}


def keep(result, reason):
    """Makes the figures the record, and the pages from it."""
    result = {"reason": reason, **result}
    RECORD.write_text(record.as_json(result))
    (DOCS / "bench.md").write_text(page.page(result))
    (DOCS / "bench.svg").write_text(plot.plot(result))
    (DOCS / "bench-parts.svg").write_text(breakdown.breakdown(result))


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("outs", type=Path, nargs="+")
    parser.add_argument("--silent", type=Path, required=True, metavar="BUILD")
    parser.add_argument("--record", metavar="REASON", default="")
    parser.add_argument("--qemu", default="qemu-system-aarch64")
    options = parser.parse_args(arguments)
    try:
        result = measured(options.outs, options.silent, options.qemu)
    except (BenchError, EvidenceError) as error:
        sys.exit(f"bench: {error}")
    (options.outs[0] / "bench.json").write_text(record.as_json(result))
    print(page.text_tables(result))
    if options.record.strip():
        keep(result, options.record.strip())
        return 0
    lines, failed = record.compare(result, record.read(RECORD))
    print("\n".join(lines))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
