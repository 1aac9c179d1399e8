"""Rules about written schedules: slots that are apart, members that live there, nobody left out.

INV-CPU-RESIDENTS, INV-SLOT-SORTED, INV-SLOT-MEMBERS.

@req CPU-2, CPU-3, DESC-3
"""

from fractions import Fraction
from math import gcd

from generator.diagnostics import Note
from generator.nearest import meant_or_listed
from generator.plan.schedule import NS_PER_S, SLOT_MIN_NS, members_of, residents_of, ticks
from generator.units import time_text

ID_MAX = 0xFFFE  # CFG_NONE is one more
SHORTEST = time_text(SLOT_MIN_NS)


def tables(context):
    """(mode, table) of every written table."""
    return [(mode, table) for mode in context.system.schedule.modes for table in mode.tables]


def vcpu_names(context, vcpus):
    return ", ".join(f"`{context.vcpu_name(v)}`" for v in vcpus)


def _of_mode(context, mode):
    return f" of mode `{mode.name}`" if context.system.schedule.has_modes else ""


# --- CPUs -----------------------------------------------------------------------------------


def schedule_cpus(context):
    """schedule-cpu-missing, schedule-cpu-unused: the CPU exists and somebody lives there."""
    count = len(context.board.cpus)
    for _mode, table in tables(context):
        if table.cpu >= count:
            context.error("schedule-cpu-missing", table.place,
                          f"`{context.board.name}` has no CPU {table.cpu}: its {count} CPUs are "
                          f"0 to {count - 1}", remedy="take it out of the schedule")
        elif not residents_of(context.plan.vcpus, table.cpu) and context.has_whole_cpus:
            context.error("schedule-cpu-unused", table.place,
                          f"CPU {table.cpu} has a schedule, but no VM names it",
                          remedy=f"name it at a VM, for example `cpus: [{table.cpu}]`, or take it "
                          "out of the schedule")


def mode_without_cpu(context):
    """mode-without-cpu: a CPU that several share has slots in every mode."""
    schedule = context.system.schedule
    if not schedule.has_modes or not (context.has_whole_schedule and context.has_whole_cpus):
        return
    for cpu in context.board.cpus:
        residents = residents_of(context.plan.vcpus, cpu.id)
        if len(residents) < 2 or not context.is_shared(cpu.id):
            continue
        for mode in schedule.modes:
            if cpu.id not in [table.cpu for table in mode.tables]:
                context.error(
                    "mode-without-cpu", mode.place,
                    f"mode `{mode.name}` has no slots for CPU {cpu.id}, which "
                    f"{vcpu_names(context, residents)} share",
                    remedy=f"add `{cpu.id}:` to its `cpus`: with `modes` every table is written")


def vcpu_in_no_slot(context):
    """vcpu-in-no-slot: whoever lives on a CPU runs there in every mode."""
    if not (context.whole("schedule") and context.has_whole_cpus):
        return
    for mode, table in tables(context):
        slots = table.slots
        if any(_wrong_member(context, m, table.cpu) for s in slots for m in (*s.run, *s.spare)):
            continue
        running = {i for s in slots for m in (*s.run, *s.spare)
                   for i in members_of(m, table.cpu, context.system, context.plan.vcpus)}
        for vcpu in residents_of(context.plan.vcpus, table.cpu):
            if vcpu.id not in running:
                name = context.vcpu_name(vcpu)
                context.error("vcpu-in-no-slot", table.place,
                              f"`{name}` is in no slot of CPU {table.cpu}"
                              f"{_of_mode(context, mode)}: it would never run",
                              Note(f"`{name}` is on this CPU", vcpu.place),
                              remedy=f"name `{name}` in a slot, as `run` or `spare`")


# --- slots ----------------------------------------------------------------------------------


def slot_lengths(context):
    """slot-too-short, quantum-too-short."""
    why = "in less, a switch from one VM to another could take all of it"
    quanta = {}
    for _mode, table in tables(context):
        for slot in table.slots:
            if slot.length.value < SLOT_MIN_NS:
                context.error("slot-too-short", slot.length.place,
                              f"the slot lasts {time_text(slot.length.value)}; {why}",
                              remedy=f"write {SHORTEST} or more")
            quanta[slot.quantum.place] = slot.quantum
    quanta[context.system.schedule.quantum.place] = context.system.schedule.quantum
    for place, quantum in quanta.items():
        if place is not None and quantum.value < SLOT_MIN_NS:
            context.error("quantum-too-short", place,
                          f"the quantum is {time_text(quantum.value)}; {why}",
                          remedy=f"write {SHORTEST} or more")


def slots_apart(context):
    """slots-overlap, slot-beyond-frame."""
    for mode, table in tables(context):
        ordered = sorted(table.slots, key=lambda s: (s.start.value, s.place))
        for before, after in zip(ordered, ordered[1:]):
            end = before.start.value + before.length.value
            if after.start.value < end:
                context.error("slots-overlap", after.place,
                              f"the slot of CPU {table.cpu} at {time_text(after.start.value)} "
                              f"begins before the one at {time_text(before.start.value)} ends",
                              Note(f"that one ends at {time_text(end)}", before.place),
                              remedy=f"begin it at {time_text(end)}, or shorten the other")
        for slot in ordered:
            end = slot.start.value + slot.length.value
            if end > mode.frame.value and context.whole("schedule"):
                context.error("slot-beyond-frame", slot.place,
                              f"the slot ends at {time_text(end)}, behind the frame of "
                              f"{time_text(mode.frame.value)}",
                              Note("the frame is given here", mode.frame.place),
                              remedy="shorten it, or write a longer `frame`")


# --- members --------------------------------------------------------------------------------


def _vm_named(context, name):
    return next((vm for vm in context.vms if vm.name == name), None)


def _wrong_member(context, member, cpu):
    """Does it stand for nobody on this CPU?"""
    return not members_of(member, cpu, context.system, context.plan.vcpus)


def slot_members(context):
    """slot-unknown-vm, slot-unknown-vcpu, slot-foreign-vcpu."""
    if not context.has_whole_cpus:
        return
    for _mode, table in tables(context):
        if not residents_of(context.plan.vcpus, table.cpu):
            continue  # that is what is wrong
        for slot in table.slots:
            for member in (*slot.run, *slot.spare):
                if _wrong_member(context, member, table.cpu):
                    _report_member(context, member, table.cpu)


def _report_member(context, member, cpu):
    vm = _vm_named(context, member.vm)
    if vm is None:
        context.error("slot-unknown-vm", member.place, f"there is no VM `{member.vm}`",
                      remedy=meant_or_listed(member.vm, [v.name for v in context.vms]))
        return
    vcpus = [v for v in context.plan.vcpus if v.vm == vm.id]
    if any(v.cpu is None for v in vcpus):
        return
    own = next((v for v in vcpus if v.index == member.index), None)
    living = vcpu_names(context, residents_of(context.plan.vcpus, cpu))
    if member.index is not None and own is None:
        context.error("slot-unknown-vcpu", member.place,
                      f"`{vm.name}` has no vCPU {member.index}: it has "
                      f"{', '.join(str(v.index) for v in vcpus)}", remedy=f"on CPU {cpu} live {living}")
        return
    where = f"`{member.text}` runs on CPU {own.cpu}" if own else (
        f"`{vm.name}` runs on CPU {', '.join(str(v.cpu) for v in vcpus)}")
    context.error("slot-foreign-vcpu", member.place, f"{where}, not on CPU {cpu}",
                  Note("its CPUs are named here", context.place_of("vms", vm.name, "cpus")),
                  remedy=f"on CPU {cpu} live {living}")


def slot_member_twice(context):
    """slot-member-twice, slot-spare-in-run."""
    for _mode, table in tables(context):
        for slot in table.slots:
            seen = {}
            for member in (*slot.run, *slot.spare):
                _see_member(context, table.cpu, slot, member, seen)


def _see_member(context, cpu, slot, member, seen):
    for vcpu in members_of(member, cpu, context.system, context.plan.vcpus):
        first = seen.setdefault(vcpu, member)
        if first is member:
            continue
        name = context.vcpu_name(context.plan.vcpus[vcpu])
        if member in slot.spare and first in slot.run:
            context.error("slot-spare-in-run", member.place,
                          f"`{name}` runs in this slot; it cannot have what itself leaves of it",
                          Note("it is among `run` here", first.place),
                          remedy="take it out of `spare`")
        else:
            context.error("slot-member-twice", member.place,
                          f"`{name}` is twice in this slot",
                          Note("the first one is here", first.place), remedy="remove one of the two")
        return


# --- the clock of the board -----------------------------------------------------------------


def board_without_counter(context):
    """board-without-counter: times become ticks."""
    needs = [vm.time.place for vm in context.vms if vm.time is not None]
    place = context.system.schedule.place or (needs[0] if needs else None)
    if place is not None and context.board.counter_hz is None:
        context.error("board-without-counter", place,
                      f"`{context.board.name}` does not say how fast its counter runs, by which "
                      "a schedule goes",
                      remedy="add to its board.yaml what CNTFRQ_EL0 says, for example "
                      "`counter_hz: 62500000`")


def frame_drift(context):
    """frame-drift: frames, and periods, are whole ticks."""
    if context.board.counter_hz is None:
        return
    frames = {mode.frame.place: (mode.frame, "frame") for mode in context.system.schedule.modes}
    frames |= {vm.time.period.place: (vm.time.period, "period")
               for vm in context.vms if vm.time is not None}
    for place, (length, word) in frames.items():
        if place is not None and length.value:
            _drift_of(context, length.value, word, place)


def drifts(hz, length_ns):
    return length_ns * hz % NS_PER_S != 0


def _drift_of(context, length_ns, word, place):
    hz = context.board.counter_hz
    if not drifts(hz, length_ns):
        return
    exact = Fraction(length_ns * hz, NS_PER_S)
    off = abs(ticks(length_ns, hz) - exact) * Fraction(NS_PER_S, hz)
    an_hour = round(off * Fraction(3600 * NS_PER_S, length_ns))
    step = NS_PER_S // gcd(NS_PER_S, hz)
    nearest = max((2 * length_ns + step) // (2 * step), 1) * step
    context.error("frame-drift", place,
                  f"a {word} of {time_text(length_ns)} is {float(exact):.10g} ticks of the "
                  f"counter, which runs at {hz} Hz: rounded, it is off by "
                  f"{time_text(an_hour)} after an hour",
                  remedy=f"write {time_text(nearest)}, the nearest one of whole ticks")


# --- what else a schedule means -------------------------------------------------------------


def clock_of_several(context):
    """clock-of-several."""
    for vm in context.vms:
        count = vm.cpu_count.value
        if vm.clock.value == "scheduled" and count > 1:
            context.error("clock-of-several", vm.clock.place,
                          f"`{vm.name}` has {count} vCPUs, which run at different times: no one "
                          "clock can stand still while they do not",
                          remedy="write `clock: real`, or give it one vCPU")


def may_nothing(context):
    """may-nothing: there is what the right is about."""
    schedule = context.system.schedule
    if not context.has_whole_schedule:
        return
    for vm in context.vms:
        for right in vm.may:
            if right.value == "switch-mode" and len(schedule.modes) < 2:
                context.error("may-nothing", right.place,
                              f"`{vm.name}` may switch the mode of the schedule, of which there "
                              f"is {'only one' if context.has_schedules else 'none'}",
                              remedy="remove it, or write several `modes` under `schedule`")
            elif right.value == "read-times" and not context.has_schedules:
                context.error("may-nothing", right.place,
                              f"`{vm.name}` may read the times of vCPUs, but no CPU has a "
                              "schedule: each vCPU always runs", remedy="remove it")


def tables_too_large(context):
    """tables-too-large: ids of slots and members fit."""
    members = sum(len(slot.members) for slot in context.plan.slots)
    if members > ID_MAX:
        context.error("tables-too-large", context.system.schedule.place or context.system.place,
                      f"the slots of all CPUs and modes have {members} members together; "
                      f"{ID_MAX} are possible", remedy="write fewer and longer slots")


RULES = (schedule_cpus, mode_without_cpu, vcpu_in_no_slot, slot_lengths, slots_apart,
         slot_members, slot_member_twice, board_without_counter, frame_drift,
         clock_of_several, may_nothing, tables_too_large)
