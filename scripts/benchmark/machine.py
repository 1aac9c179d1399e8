"""Runs the benchmark guest in QEMU, under Bulkhead or alone, and reads what it reports.

With `-icount shift=0` and a counter of 1 GHz one tick is one executed instruction, of all CPUs and
exception levels together.

@req PERF-1
"""

from dataclasses import dataclass
import re
import subprocess

from benchmark.rows import SLEEPING, by_name, guest_rows

QEMU_FLAGS = ["-cpu", "cortex-a53,cntfrq=1000000000", "-icount", "shift=0,sleep=off"]
BARE_MACHINE = ["-machine", "virt,gic-version=3", "-m", "1G", "-nographic", "-nic", "none"]
TIMEOUT_S = 120


class BenchError(Exception):
    """No figures, for a reason that stands in the message."""


@dataclass(frozen=True)
class Figures:
    vcpus: int
    rows: dict  # name -> {median, min, max}


def bare_command(guest, qemu, cpus):
    return [qemu, *BARE_MACHINE, "-smp", str(cpus), "-kernel", str(guest), *QEMU_FLAGS]


def console_of_run(command):
    """What the machine says until it switches itself off."""
    try:
        run = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                             errors="replace", timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise BenchError(f"the guest did not finish in {TIMEOUT_S} s:\n"
                         f"{(error.stdout or b'').decode(errors='replace')}") from error
    if "DONE passed=1 failed=0" not in run.stdout:
        raise BenchError(f"the guest did not finish:\n{run.stdout}{run.stderr}")
    return run.stdout


def exactly(value):
    """A row of one figure."""
    return {"median": value, "min": value, "max": value}


def figures(console, answers_of_bulkhead=True, has_console=True):
    """The Figures of one run, from what the guest and EL2, if it has a console, print."""
    rows = {}
    table = by_name()
    for line in re.findall(r"BENCH (\w+) (\d+) (\d+) (\d+) (\d+)", console):
        name, (median, low, high, answer) = line[0], map(int, line[1:])
        rows[name] = {"median": median, "min": low, "max": high}
        expected = table[name].answer if name in table else None
        if answers_of_bulkhead and expected not in (None, answer):
            raise BenchError(f"{name}: the guest got {answer:#x}, not {expected:#x}: something "
                             "else was measured")
    vcpus = re.search(r"BENCH_CPUS (\d+)", console)
    start = re.search(r"BENCH_START (\d+)", console)
    if vcpus is None or start is None:
        raise BenchError(f"the guest does not say where it runs:\n{console}")
    missing = [name for name in guest_rows(int(vcpus[1])) if name not in rows]
    if missing:
        raise BenchError(f"no figure for {', '.join(missing)}")
    loading = re.search(r"(\d+) of them for loading", console)
    if loading:
        rows["boot"] = exactly(int(start[1]) - int(loading[1]))
    elif answers_of_bulkhead and has_console:
        raise BenchError(f"EL2 does not say how long it loaded:\n{console}")
    return Figures(int(vcpus[1]), rows)


def _without_late_deadlines(one, other):
    """The rows of a run, with the largest value of SLEEPING rows from the run that has the smaller
    one."""
    return {name: {**row, "max": min(row["max"], other[name]["max"])} if name in SLEEPING else row
            for name, row in one.items()}


def same_twice(command, answers_of_bulkhead=True, has_console=True):
    """Two runs, which must agree to the last digit."""
    runs = [figures(console_of_run(command), answers_of_bulkhead, has_console)
            for _ in range(2)]
    first, second = (_without_late_deadlines(r.rows, o.rows) for r, o in zip(runs, runs[::-1]))
    differing = [f"{name}: {first[name]}, then {second[name]}"
                 for name in first if first[name] != second[name]]
    if differing:
        raise BenchError(f"two runs with {runs[0].vcpus} vCPUs differ:\n" + "\n".join(differing))
    return Figures(runs[0].vcpus, first)
