"""The schedules that the description asks for, in nanoseconds: what is written, slot by slot, and
which CPUs have a table that the compiler builds.

@req EVID-1
"""

from collections import namedtuple
from math import gcd, isqrt, lcm

from verifier import description as language
from verifier.expected import cpu_choice
from verifier.faults import Unreadable

NANOSECONDS = 10**9
MOST_REPETITIONS = 1 << 16  # of a table in a frame
UNITS = ((10**9, "s"), (10**6, "ms"), (10**3, "us"), (1, "ns"))

SHORTEST = 20_000  # ns of a slot and of a turn: a switch has to be worth it
BUILT = "built"  # by the compiler, from `time`: only what comes of it can be judged

# frame: ns; cpus: {CPU: [Slot] or BUILT}; any other CPU's only vCPU has it always
Mode = namedtuple("Mode", "name frame cpus")
# start, end, quantum: ns; members: ids of vCPUs, the last `spare` of them the spare ones
Slot = namedtuple("Slot", "start end quantum members spare")


def time_text(ns):
    """In the largest unit that leaves no fraction."""
    size, unit = next((u for u in UNITS if ns % u[0] == 0), UNITS[-1])
    return f"{ns // size} {unit}"


def on_grid(budget, periods):
    """What a budget comes to where runs of the exact ones would be too short: built tables then
    have all budgets rounded up to the smallest time that divides all periods and is no shorter
    than a slot has to be. None where there is no such time."""
    common = gcd(*periods)
    small = [n for n in range(1, isqrt(common) + 1) if common % n == 0]
    grid = min((n for d in small for n in (d, common // d) if n >= SHORTEST), default=None)
    return None if grid is None else -(-budget // grid) * grid


def _lives(description, cpu_count):
    """For each CPU (VM, index, id) of its vCPUs, by id; VMs by position."""
    found, number = [[] for _ in range(cpu_count)], 0
    for vm, cpus in enumerate(cpu_choice(description, cpu_count)):
        for index, cpu in enumerate(cpus):
            if not 0 <= cpu < cpu_count:
                raise Unreadable(f"vms.{description.vms[vm].name}: there is no CPU {cpu}")
            found[cpu].append((vm, index, number))
            number += 1
    return found


def modes(description, board):
    """The Modes, in order; none where no CPU is shared and no table is written."""
    living = _lives(description, len(board.cpus))
    written = {cpu for mode in description.modes for cpu, _ in mode.cpus}
    built = [cpu for cpu, vcpus in enumerate(living) if len(vcpus) > 1 and cpu not in written]
    found = description.modes or (language.Mode(language.USUAL_MODE, None, ()),) * bool(built)
    if found and (not isinstance(board.counter_hz, int) or board.counter_hz <= 0):
        raise Unreadable(f"board.yaml of `{board.name}` has no `counter_hz`")
    return [_mode(description, mode, living, built) for mode in found]


def _mode(description, mode, living, built):
    """All CPUs have one frame: the shortest into which each table fits a whole number of times."""
    if mode.cpus and not mode.frame:
        raise Unreadable(f"schedule: the mode `{mode.name}` has no `frame`")
    times = [description.vms[vm].time for cpu in built for vm, _, _ in living[cpu]]
    parts = [time[0] for time in times if time] + ([mode.frame] if mode.cpus else [])
    frame = lcm(*parts)
    if frame // min(parts, default=1) > MOST_REPETITIONS:
        raise Unreadable(f"schedule: the frame of mode `{mode.name}` would have "
                         f"{time_text(frame)}")
    cpus = dict.fromkeys(built, BUILT)
    for cpu, slots in mode.cpus:
        if not 0 <= cpu < len(living):
            raise Unreadable(f"schedule: there is no CPU {cpu}")
        cpus[cpu] = [_slot(description, slot, living[cpu], start)
                     for start in range(0, frame, mode.frame)
                     for slot in sorted(slots, key=lambda s: s.at)]
    return Mode(mode.name, frame, cpus)


def _slot(description, slot, living, start):
    run, spare = (_members(description, part, living) for part in (slot.run, slot.spare))
    return Slot(start + slot.at, start + slot.at + slot.length, slot.quantum, run + spare,
                len(spare))


def _members(description, names, living):
    """Ids in the order written; those of a whole VM by index."""
    found = []
    for name, index in names:
        vm = next((i for i, v in enumerate(description.vms) if v.name == name), None)
        ids = [number for owner, own, number in living
               if owner == vm and index in (None, own)]
        if not ids:
            what = name if index is None else f"{name}/{index}"
            raise Unreadable(f"schedule: `{what}` has no vCPU on the CPU where it is written")
        found += ids
    return found
