"""Runs a built system in QEMU and counts what the hypervisor executes (scripts/plugin/stays.c).

    /usr/bin/python3 -m evidence.stays build/<name> [--class FUNCTION]... [-- QEMU ARGUMENT...]

Prints JSON: every class of stay at EL2 (where it starts, exception class, which of the named
functions it enters) with count, total, largest and the functions of the largest; every interval
between two marker instructions (HINT #64 to #126) of a guest with its instructions by function.
With `-icount` the output is the same each time. Compiles the plugin with the host's gcc when its
source is newer.

@req EVID-4, CORE-5
"""

import argparse
from bisect import bisect_right
from dataclasses import dataclass
import json
from pathlib import Path
import os
import re
import subprocess
import sys
from tempfile import TemporaryDirectory
from threading import Timer

from evidence.build import ROOT, EvidenceError
from evidence.image import Image

SOURCES = (ROOT / "scripts/plugin/stays.c", ROOT / "scripts/plugin/qemu_plugin.h")
PLUGIN = ROOT / "build/plugin/stays.so"
FLAGS = ("-std=c11", "-D_GNU_SOURCE", "-O2", "-Wall", "-Wextra", "-Wconversion", "-Werror",
         "-fPIC", "-shared", "-fvisibility=hidden")
ICOUNT = ("-icount", "shift=0,sleep=off")
VECTOR_BYTES = 0x80
VECTORS = ("sync", "irq", "fiq", "serror")
SOURCES_OF_VECTORS = ("el2 SP_EL0", "el2", "lower", "lower AArch32")


@dataclass(frozen=True)
class Stay:
    """A class of stays. `start`: "lower sync", "wake" or a function; `ec`: of ESR_EL2, or None;
    `classes`: names of the class functions entered; `worst`: {address: count} of the longest."""
    start: str
    ec: int | None
    classes: tuple
    count: int
    total: int
    max: int
    max_waiting: int
    worst: dict


@dataclass(frozen=True)
class Interval:
    """Occurrences of one length between two markers. `elsewhere`: instructions that are not the
    hypervisor's; `own`: those that are; `first`: {address: count} of the first occurrence."""
    start: int
    end: int
    count: int
    elsewhere: int
    own: int
    first: dict


@dataclass(frozen=True)
class Measured:
    stays: tuple
    intervals: tuple
    console: str


class Functions:
    """Which function of the image, or table of vectors, an address belongs to."""

    def __init__(self, image):
        self._symbols = sorted([*image.functions.values(), image.symbol("vectors")],
                               key=lambda s: s.address)
        self._starts = [s.address for s in self._symbols]

    def name(self, address):
        """Of the function that holds `address`, or None."""
        found = bisect_right(self._starts, address) - 1
        if found < 0:
            return None
        symbol = self._symbols[found]
        return symbol.name if address < symbol.address + symbol.size else None

    def sums(self, counts):
        """{address: count} as {function: count}, the largest first."""
        found = {}
        for address, count in counts.items():
            name = self.name(address) or f"0x{address:x}"
            found[name] = found.get(name, 0) + count
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))


def plugin():
    """The compiled plugin's path."""
    if not PLUGIN.exists() or any(s.stat().st_mtime > PLUGIN.stat().st_mtime for s in SOURCES):
        PLUGIN.parent.mkdir(parents=True, exist_ok=True)
        fresh = PLUGIN.with_suffix(f".{os.getpid()}")  # two may do this at a time
        done = subprocess.run(["gcc", *FLAGS, str(SOURCES[0]), "-o", str(fresh)],
                              capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise EvidenceError(f"{SOURCES[0].name} does not compile:\n{done.stderr.strip()}")
        fresh.rename(PLUGIN)
    return PLUGIN


def configuration(image, classes=(), waits=(), intervals=True):
    """The plugin's configuration file. classes: names of functions; waits: [(low, high)];
    intervals: with what executes elsewhere, which takes time."""
    text = next(s for s in image.sections if s.name == ".text")
    start = image.symbol("_start").address
    word = int.from_bytes(image.bytes_at(start, 4), "little")
    lines = [f"text {text.address:x} {text.address + text.size:x}", f"start {start:x} {word:x}",
             f"vectors {image.symbol('vectors').address:x}"]
    lines += _cpus(image)
    lines += [f"class {image.symbol(name).address:x}" for name in classes]
    lines += [f"wait {low:x} {high:x}" for low, high in waits]
    lines += ["elsewhere"] if intervals else []
    return "\n".join(lines) + "\n"


def _row_values(image, table, struct, member, size):
    """The member of each element of a const table."""
    symbol, step = image.object(table), image.struct_bytes(struct)
    offset = image.member_offset(struct, member)
    return [int.from_bytes(image.bytes_at(symbol.address + place + offset, size), "little")
            for place in range(0, symbol.size, step)]


def _cpus(image):
    """Lines: MPIDR of each CPU, and where its SP can be: on its stack, which goes down to the next
    one below, or at the vCPU that is pinned to it."""
    tops = _row_values(image, "cfg_cpus", "cfg_cpu", "stack_top", 8)
    below = [image.symbol("__stacks_start").address, *sorted(tops)]
    lines = [f"cpu {mpidr:x}" for mpidr in _row_values(image, "cfg_cpus", "cfg_cpu", "mpidr", 8)]
    lines += [f"sp {cpu:x} {max(b for b in below if b < top):x} {top:x}"
              for cpu, top in enumerate(tops)]
    vcpus, step = image.object("vcpus"), image.struct_bytes("vcpu")
    for number, cpu in enumerate(_row_values(image, "cfg_vcpus", "cfg_vcpu", "cpu", 2)):
        start = vcpus.address + number * step
        lines.append(f"sp {cpu:x} {start - 1:x} {start + step - 1:x}")
    return lines


def qemu_command(folder, flags=ICOUNT, qemu="qemu-system-aarch64"):
    """The generated command line of build/<name>, and `flags`."""
    arguments = (folder / "gen/qemu.args").read_text(encoding="utf-8").split("\n")
    image = str(folder / "bulkhead.img")
    return [qemu, *(a.replace("%IMAGE%", image) for a in arguments if a), *flags]


def measure(folder, command, classes=(), waits=(), timeout=120, until=None, intervals=True):
    """Runs `command` (a QEMU) on the system in `folder`, until it ends by itself or its console
    has said what matches each expression of `until` (in this order): Measured."""
    image = Image(folder / "bulkhead.elf")
    with TemporaryDirectory(prefix="stays.", dir=folder) as own:  # two may measure it at a time
        config, out = Path(own) / "stays.conf", Path(own) / "stays.json"
        config.write_text(configuration(image, classes, waits, intervals), encoding="utf-8")
        command = [*command, "-plugin", f"{plugin()},config={config},out={out}"]
        console, status = _run(command, list(until or ()), timeout)
        if status != 0 or not out.exists():
            raise EvidenceError(f"QEMU ended with {status}:\n{console[-2000:]}")
        found = json.loads(out.read_text(encoding="utf-8"))
    if not found["image_seen"]:
        raise EvidenceError("the image's first instruction was never executed")
    return Measured(tuple(_stay(image, classes, row) for row in found["stays"]),
                    tuple(_interval(row) for row in found["intervals"]), console)


def _run(command, until, timeout):
    """(what the command printed, its exit status); ended in order once it has said `until`."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT) as process:
        late = Timer(timeout, process.kill)
        late.start()
        console, place, wanted = "", 0, [re.compile(u, re.M) for u in until]
        while data := process.stdout.read1():
            console += data.decode("latin-1")
            while wanted and (match := wanted[0].search(console, place)):
                place = match.end()
                wanted.pop(0)
                if not wanted:
                    process.terminate()  # the plugin writes what it has
        status = process.wait()
        is_late = late.finished.is_set()
        late.cancel()
    if is_late or wanted:
        why = f"took more than {timeout} s" if is_late else f"ended early, with status {status}"
        raise EvidenceError(f"QEMU {why}:\n{console[-2000:]}")
    return console, status


def _stay(image, classes, row):
    return Stay(start_name(image, row["start"]), row["ec"],
                tuple(sorted(classes[i] for i in row["classes"])), row["count"], row["total"],
                row["max"], row["max_waiting"], dict(map(tuple, row["worst"])))


def _interval(row):
    return Interval(row["from"], row["to"], row["count"], row["elsewhere"], row["own"],
                    dict(map(tuple, row["first"])))


def start_name(image, address):
    """What a stay that starts at `address` is: a vector, a function, or a wake from WFI."""
    number, rest = divmod(address - image.symbol("vectors").address, VECTOR_BYTES)
    if rest == 0 and 0 <= number < 16:
        return f"{SOURCES_OF_VECTORS[number // 4]} {VECTORS[number % 4]}"
    if address in image.functions:
        return image.functions[address].name
    return "wake"


def median(intervals):
    """The Interval whose length is the median of all occurrences in `intervals`."""
    ordered = sorted(intervals, key=lambda i: (i.elsewhere + i.own, i.own))
    rank = sum(i.count for i in ordered) // 2
    for found in ordered:
        rank -= found.count
        if rank < 0:
            return found
    raise ValueError("no intervals")


def report(image, measured):
    """What was measured, as plain values with functions for addresses."""
    functions = Functions(image)
    return {
        "stays": [{"start": s.start, "ec": s.ec, "classes": list(s.classes), "count": s.count,
                   "total": s.total, "max": s.max, "max_waiting": s.max_waiting,
                   "worst": functions.sums(s.worst)} for s in measured.stays],
        "intervals": [{"from": i.start, "to": i.end, "count": i.count, "elsewhere": i.elsewhere,
                       "own": i.own, "first": functions.sums(i.first)}
                      for i in measured.intervals]}


def main(arguments=None):
    """Measures one built system."""
    parser = argparse.ArgumentParser(prog="evidence.stays", description="counts stays at EL2")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--class", dest="classes", action="append", default=[],
                        metavar="FUNCTION")
    parser.add_argument("--timeout", type=float, default=120, metavar="SECONDS")
    arguments = list(sys.argv[1:] if arguments is None else arguments)
    split = arguments.index("--") if "--" in arguments else len(arguments)
    flags = arguments[split + 1:] or ICOUNT
    options = parser.parse_args(arguments[:split])
    try:
        measured = measure(options.folder, qemu_command(options.folder, flags),
                           tuple(options.classes), timeout=options.timeout)
        found = report(Image(options.folder / "bulkhead.elf"), measured)
    except EvidenceError as error:
        print(f"stays: {error}", file=sys.stderr)
        return 1
    json.dump(found, sys.stdout, indent=1)
    print()
    return 0


if __name__ == "__main__":
    sys.exit(main())
