"""Rules about CPUs that are shared by `time` alone: there must be a table, and the compiler find it.

@req CPU-2, DESC-3
"""

from math import lcm

from generator.diagnostics import Note
from generator.plan.edf import edf_table, hyperperiod, on_grid, slot_grid, utilisation
from generator.plan.schedule import (
    BUILT_FRAME_MAX_NS, CPU_SLOT_MAX, SLOT_MIN_NS, built_cpus, residents_of, tasks_of)
from generator.rules.schedule import SHORTEST, drifts, vcpu_names
from generator.units import time_text

FRAME_MAX = time_text(BUILT_FRAME_MAX_NS)


def time_unused(context):
    """time-unused: a VM that says `time` shares a CPU for which a table has to be built."""
    if not (context.has_whole_schedule and context.has_whole_cpus):
        return
    schedule = context.system.schedule
    written = {table.cpu for mode in schedule.modes for table in mode.tables}
    for vm in context.vms:
        cpus = [v.cpu for v in context.plan.vcpus if v.vm == vm.id]
        if vm.time is None or None in cpus:
            continue
        shared = [c for c in cpus if len(residents_of(context.plan.vcpus, c)) > 1]
        if not shared and not written & set(cpus):
            context.error("time-unused", vm.time.place,
                          f"`{vm.name}` has all the time of its CPUs, which no other vCPU shares",
                          remedy="remove `time`, or name its CPU at another VM, too")
        elif set(cpus) <= written and not schedule.has_modes:
            context.error("time-unused", vm.time.place,
                          f"the time of `{vm.name}` is that of its slots, since the tables of all "
                          "its CPUs are written",
                          Note("they are written here", schedule.place),
                          remedy="remove `time`, or the tables")


def time_missing(context):
    """time-missing: all who share a CPU without a written table say what they need of it."""
    schedule = context.system.schedule
    if schedule.has_modes or not (context.has_whole_schedule and context.has_whole_cpus):
        return
    written = {table.cpu for mode in schedule.modes for table in mode.tables}
    for cpu in context.board.cpus:
        residents = residents_of(context.plan.vcpus, cpu.id)
        asking = [v for v in residents if context.vms[v.vm].time is not None]
        if cpu.id in written or not asking or len(residents) < 2:
            continue
        for vcpu in residents:
            vm = context.vms[vcpu.vm]
            if vm.time is None:
                context.error("time-missing", vcpu.place,
                              f"`{context.vcpu_name(vcpu)}` shares CPU {cpu.id}, which has no "
                              "written table, and does not say how much time it needs",
                              Note(f"`{context.vcpu_name(asking[0])}` does",
                                   context.vms[asking[0].vm].time.place),
                              remedy=f"add to `{vm.name}`, for example, `time: {{ period: 10 ms, "
                              f"budget: 2 ms }}`, or write slots for CPU {cpu.id}")


def budget_over_period(context):
    """budget-over-period, budget-too-short."""
    for vm in context.vms:
        need = vm.time
        if need is None:
            continue
        if need.budget.value > need.period.value:
            context.error("budget-over-period", need.budget.place,
                          f"`{vm.name}` asks for {time_text(need.budget.value)} in every "
                          f"{time_text(need.period.value)}",
                          remedy=f"write {time_text(need.period.value)} or less")
        elif need.budget.value < SLOT_MIN_NS:
            context.error("budget-too-short", need.budget.place,
                          f"a budget of {time_text(need.budget.value)} is less than the shortest "
                          f"slot, {SHORTEST}: a switch from one VM to another could take all of "
                          "it", remedy=f"write {SHORTEST} or more")


def _drifts(context, length_ns):
    """Is it no whole number of ticks? Then that is what is wrong."""
    return context.board.counter_hz is not None and drifts(context.board.counter_hz, length_ns)


def _built_cpus(context):
    vcpus = context.plan.vcpus
    return [cpu for cpu in built_cpus(context.system, vcpus)
            if not any(_drifts(context, t.period) for t in tasks_of(context.system, vcpus, cpu))]


def built_tables(context):
    """cpu-overbooked, frame-too-long, slots-do-not-fit: there is a table."""
    for cpu in _built_cpus(context):
        tasks = tasks_of(context.system, context.plan.vcpus, cpu)
        if utilisation(tasks) > 1:
            _report_overbooked(context, cpu, tasks)
        elif hyperperiod(tasks) > BUILT_FRAME_MAX_NS:
            _report_long(context, cpu, f"repeats after {time_text(hyperperiod(tasks))} only; "
                         f"{FRAME_MAX} are possible")
        elif edf_table(tasks, 1, CPU_SLOT_MAX) is None:
            _report_long(context, cpu, f"has more than {CPU_SLOT_MAX} slots")
        elif edf_table(tasks, SLOT_MIN_NS, CPU_SLOT_MAX) is None:
            _report_slivers(context, cpu, tasks)


def _need_of(context, vcpu):
    return context.vms[vcpu.vm].time


def _needs(context, vcpus):
    for vcpu in vcpus:
        need = _need_of(context, vcpu)
        share = _percent(need.budget.value / need.period.value)
        yield Note(f"`{context.vcpu_name(vcpu)}` needs {time_text(need.budget.value)} in every "
                   f"{time_text(need.period.value)}, {share}", need.place)


def _percent(share):
    return f"{float(share) * 100:.2f}".rstrip("0").rstrip(".") + " %"


def _report_overbooked(context, cpu, tasks):
    residents = residents_of(context.plan.vcpus, cpu)
    fitting, outside = [], []
    for vcpu, task in zip(residents, tasks):
        fits = utilisation([*fitting, task]) <= 1
        (fitting if fits else outside).append(task if fits else vcpu)
    verb = "does" if len(outside) == 1 else "do"
    context.error("cpu-overbooked", _need_of(context, outside[0]).place,
                  f"CPU {cpu} is asked for {_percent(utilisation(tasks))} of its time: "
                  f"{vcpu_names(context, outside)} {verb} not fit",
                  *_needs(context, residents),
                  remedy=f"lower budgets; {_percent(1 - utilisation(fitting))} of the CPU is "
                  "what the others leave")


def _report_long(context, cpu, what):
    residents = residents_of(context.plan.vcpus, cpu)
    context.error("frame-too-long", _need_of(context, residents[-1]).period.place,
                  f"the table of CPU {cpu} {what}", *_needs(context, residents),
                  remedy="choose periods that are multiples of one another, or longer ones")


def _report_slivers(context, cpu, tasks):
    residents = residents_of(context.plan.vcpus, cpu)
    grid = slot_grid(tasks, SLOT_MIN_NS)
    what = f"their periods have no common measure of {SHORTEST} or more" if grid is None else (
        f"rounded up to {time_text(grid)}, which all periods are multiples of, they need "
        f"{_percent(utilisation(on_grid(tasks, grid)))}")
    context.error("slots-do-not-fit", _need_of(context, residents[-1]).place,
                  f"the vCPUs of CPU {cpu} need {_percent(utilisation(tasks))} of its time, but no "
                  f"table was found in which each slot is {SHORTEST} or more: {what}",
                  *_needs(context, residents),
                  remedy="choose periods that are multiples of one another, or write slots for "
                  f"CPU {cpu}")


def common_frame(context):
    """frame-too-long: the tables of all CPUs repeat together."""
    schedule = context.system.schedule
    if not context.plan.modes or schedule.has_modes:
        return
    frames = {cpu: hyperperiod(tasks_of(context.system, context.plan.vcpus, cpu))
              for cpu in _built_cpus(context)}
    frames = {cpu: frame for cpu, frame in frames.items() if frame <= BUILT_FRAME_MAX_NS}
    written = schedule.modes[0].frame.value if schedule.modes else 0
    written = 0 if _drifts(context, written) else written
    frame = lcm(*frames.values(), *([written] if written else []))
    if not frames:
        return
    cpu = max(frames)
    place = _need_of(context, residents_of(context.plan.vcpus, cpu)[-1]).period.place
    notes = [Note(f"the table of CPU {c} repeats after {time_text(own)}",
                  _need_of(context, residents_of(context.plan.vcpus, c)[-1]).period.place)
             for c, own in sorted(frames.items())]
    notes += [Note(f"the written tables repeat after {time_text(written)}",
                   schedule.modes[0].frame.place)] if written else []
    if frame > BUILT_FRAME_MAX_NS and frame != written:
        context.error("frame-too-long", place,
                      f"the tables of all CPUs repeat together after {time_text(frame)} only; "
                      f"{FRAME_MAX} are possible", *notes,
                      remedy="choose periods and a frame that are multiples of one another")
        return
    counts = {cpu: (len(edf_table(tasks_of(context.system, context.plan.vcpus, cpu), SLOT_MIN_NS,
                                  CPU_SLOT_MAX) or ()), own) for cpu, own in frames.items()}
    counts |= {table.cpu: (len(table.slots), written) for mode in schedule.modes if written
               for table in mode.tables}
    for cpu, (count, own) in sorted(counts.items()):
        if count * (frame // own) > CPU_SLOT_MAX >= count:
            context.error("frame-too-long", place,
                          f"the table of CPU {cpu}, repeated until {time_text(frame)}, has "
                          f"{count * (frame // own)} slots; {CPU_SLOT_MAX} are possible", *notes,
                          remedy="choose periods and a frame that are multiples of one another")
            return


RULES = (time_unused, time_missing, budget_over_period, built_tables, common_frame)
