"""The schedules: written tables as they are, tables built where only periods and budgets are given.

Promises: a written slot is used as written; slots of a CPU ascend; all CPUs have one frame in a
mode, the least common multiple of theirs, and the shorter ones are repeated in it. Every bound is
rounded to the nearest tick from the start of the frame, so that it is off by less than a tick and
nothing adds up. INV-SLOT-SORTED and INV-SLOT-MEMBERS hold for every plan that passes the checks.

@req CPU-2, CPU-3
"""

from dataclasses import dataclass, replace
from math import lcm

from generator.model import MODE_DEFAULT, Sourced
from generator.plan.edf import Task, edf_table, hyperperiod
from generator.planned import PlannedCpuSchedule, PlannedMode, PlannedSlot, Slice
from generator.units import time_text

NS_PER_S = 1_000_000_000
SLOT_MIN_NS = 20_000  # of a slot and of a turn: several times what a switch to another VM takes
BUILT_FRAME_MAX_NS = NS_PER_S
CPU_SLOT_MAX = 4096


@dataclass(frozen=True)
class Schedules:
    modes: tuple[PlannedMode, ...]
    cpu_schedules: tuple[PlannedCpuSchedule, ...]  # by mode, then CPU
    slots: tuple[PlannedSlot, ...]  # by mode, CPU, start

    @property
    def row_count(self):
        """Rows of the generated tables, for the room that they need."""
        members = sum(len(slot.members) for slot in self.slots)
        return len(self.modes) + len(self.cpu_schedules) + len(self.slots) + members


@dataclass(frozen=True)
class _Table:
    """The slots of a CPU in its own frame."""

    frame_ns: int
    slots: tuple[PlannedSlot, ...]  # ticks still 0


def planned_schedules(system, vcpus):
    """Schedules; what breaks a rule is left out."""
    modes = system.schedule.modes
    tables = [{t.cpu: _written(i, mode, t, system, vcpus) for t in mode.tables}
              for i, mode in enumerate(modes)]
    built = {cpu: _built(cpu, system, vcpus) for cpu in built_cpus(system, vcpus)}
    built = {cpu: table for cpu, table in built.items() if table is not None}
    if built:
        tables = [{**(tables[0] if tables else {}), **built}]
    names = [(mode.name, mode.place, mode.frame) for mode in modes] or (
        [(MODE_DEFAULT, None, Sourced(0))] if built else [])
    return _numbered(system, names, tables)


def residents_of(vcpus, cpu):
    return tuple(v for v in vcpus if v.cpu == cpu)


def built_cpus(system, vcpus):
    """CPUs that several vCPUs share by `time` alone."""
    if system.schedule.has_modes:
        return ()
    written = {table.cpu for mode in system.schedule.modes for table in mode.tables}
    return tuple(cpu.id for cpu in system.board.cpus
                 if cpu.id not in written and _share_by_time(system, residents_of(vcpus, cpu.id)))


def _share_by_time(system, residents):
    return len(residents) > 1 and all(
        system.vms[v.vm].time and is_usable(system.vms[v.vm].time) for v in residents)


def is_usable(need):
    return SLOT_MIN_NS <= need.budget.value <= need.period.value


def tasks_of(system, vcpus, cpu):
    """What the vCPUs of a CPU need."""
    return [Task(v.id, system.vms[v.vm].time.period.value, system.vms[v.vm].time.budget.value)
            for v in residents_of(vcpus, cpu)]


def members_of(member, cpu, system, vcpus):
    """Ids of the vCPUs that a member stands for; none when it is wrong."""
    return tuple(v.id for v in residents_of(vcpus, cpu)
                 if system.vms[v.vm].name == member.vm and member.index in (None, v.index))


def _written(mode_idx, mode, table, system, vcpus):
    slots = []
    for slot in sorted(table.slots, key=lambda s: s.start.value):
        run, spare = (tuple(i for member in members
                            for i in members_of(member, table.cpu, system, vcpus))
                      for members in (slot.run, slot.spare))
        if run:
            slots.append(PlannedSlot(
                mode_idx, table.cpu, slot.start.value, slot.start.value + slot.length.value,
                slot.quantum.value, 0, 0, 0, run + spare, len(spare), slot.place, "as described"))
    return _Table(mode.frame.value, tuple(slots))


def _built(cpu, system, vcpus):
    tasks = tasks_of(system, vcpus, cpu)
    frame = hyperperiod(tasks)
    runs = edf_table(tasks, SLOT_MIN_NS, CPU_SLOT_MAX) if frame <= BUILT_FRAME_MAX_NS else None
    if runs is None:
        return None
    return _Table(frame, tuple(_built_slot(cpu, run, system, vcpus) for run in runs))


def _built_slot(cpu, run, system, vcpus):
    need = system.vms[vcpus[run.task].vm].time
    reason = (f"built: {time_text(need.budget.value)} in every {time_text(need.period.value)}, "
              "the earliest deadline first")
    return PlannedSlot(0, cpu, run.start, run.end, system.schedule.quantum.value, 0, 0, 0,
                       (run.task,), 0, need.place, reason)


# --- one frame for all, in ticks ------------------------------------------------------------


def _numbered(system, names, tables):
    modes, schedules, slots = [], [], []
    hz = system.board.counter_hz or NS_PER_S
    for (name, place, own), of_cpus in zip(names, tables):
        frame, reason = _common_frame(own, of_cpus)
        modes.append(PlannedMode(name, frame, ticks(frame, hz), place, reason))
        for cpu in system.board.cpus:
            repeated = _repeated(of_cpus.get(cpu.id), frame)
            schedules.append(PlannedCpuSchedule(
                len(modes) - 1, cpu.id, Slice(len(slots), len(repeated))))
            slots += [_in_ticks(slot, hz) for slot in repeated]
    return Schedules(tuple(modes), tuple(schedules), tuple(slots))


def _common_frame(own, tables):
    frames = {table.frame_ns for table in tables.values() if table.frame_ns}
    frame = lcm(*frames) if frames else own.value
    if frame > BUILT_FRAME_MAX_NS and frame != own.value:
        return own.value, "too long"
    if frame == own.value:
        return frame, "as described" if own.is_given else own.reason
    parts = ", ".join(time_text(part) for part in sorted(frames))
    return frame, f"the least that all CPUs' tables repeat in: {parts}"


def _repeated(table, frame):
    """The slots of the whole frame."""
    if table is None or not table.frame_ns:
        return ()
    times = max(frame // table.frame_ns, 1)
    if times == 1 or times * len(table.slots) > CPU_SLOT_MAX:
        return table.slots
    return tuple(replace(slot, start_ns=slot.start_ns + i * table.frame_ns,
                         end_ns=slot.end_ns + i * table.frame_ns,
                         reason=f"{slot.reason}; repetition {i + 1} of {times}")
                 for i in range(times) for slot in table.slots)


def ticks(time_ns, hz):
    """The nearest number of ticks."""
    return (2 * time_ns * hz + NS_PER_S) // (2 * NS_PER_S)


def _in_ticks(slot, hz):
    return replace(slot, start_ticks=ticks(slot.start_ns, hz), end_ticks=ticks(slot.end_ns, hz),
                   quantum_ticks=max(ticks(slot.quantum_ns, hz), 1))
