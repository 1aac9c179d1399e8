"""PROP-SLOTS, PROP-SCHEDULE and PROP-TIME: time tables of CPUs that vCPUs share.

Covers INV-SLOT-SORTED, INV-SLOT-MEMBERS and INV-CPU-RESIDENTS. Ticks are compared with the
description's nanoseconds as whole numbers, multiplied by what the other one is divided by.

@req EVID-1
"""

from verifier.schedule import BUILT, NANOSECONDS, SHORTEST, on_grid, time_text
from verifier.verdict import SYSTEM


def _places(config):
    """(mode, CPU) of every schedule, both by number."""
    return [(mode, cpu) for mode in range(len(config.modes)) for cpu in range(len(config.cpus))]


def _vcpu_name(evidence, number):
    """`vm/1`, as the description writes it."""
    vcpus = evidence.config.vcpus
    if number >= len(vcpus):
        return f"vCPU {number}"
    return f"`{evidence.config.vm_names[vcpus[number].vm]}/{vcpus[number].index}`"


def slots(evidence, result):
    """What the runtime relies on, whatever was described."""
    config = evidence.config
    for cpu in config.cpus:
        living = sum(row.cpu == cpu.id for row in config.vcpus)
        has_slots = [bool(config.slots_of(mode.id, cpu.id)) for mode in config.modes]
        result.expect(living < 2 or has_slots and all(has_slots), SYSTEM, f"CPU {cpu.id} has "
                      f"{living} vCPUs and no schedule in some mode", cpu.at)
    for mode, cpu in _places(config):
        end = 0
        for slot in config.slots_of(mode, cpu):
            what = f"cfg_slots[{slot.id}] (mode `{config.mode_names[mode]}`, CPU {cpu})"
            result.expect(slot.start >= end, SYSTEM, f"{what} starts at tick {slot.start}, the one "
                          f"before it ends at {end}", slot.at)
            result.expect(slot.end > slot.start, SYSTEM, f"{what} ends at tick {slot.end} and "
                          f"starts at {slot.start}", slot.at)
            end = slot.end
            result.expect(end <= config.modes[mode].frame_ticks, SYSTEM, f"{what} ends at tick "
                          f"{end}, the frame at {config.modes[mode].frame_ticks}", slot.at)
            length = min(slot.end - slot.start, slot.quantum) + 1  # its bounds are rounded
            result.expect(length * NANOSECONDS >= SHORTEST * config.system.counter_hz, SYSTEM,
                          f"{what} or a turn in it is shorter than {time_text(SHORTEST)}", slot.at)
            result.expect(slot.quantum > 0, SYSTEM, f"{what} has no quantum", slot.at)
            _slot_members(evidence, what, slot, cpu, result)


def _slot_members(evidence, what, slot, cpu, result):
    config = evidence.config
    members = config.members_of(slot)
    result.expect(slot.spare_count < slot.member_count, SYSTEM, f"{what} has {slot.member_count} "
                  f"members, {slot.spare_count} of them spare", slot.at)
    for place, number in enumerate(members):
        home = config.vcpus[number].cpu
        at = config.slot_members[slot.first_member + place].at
        result.expect(home == cpu, SYSTEM, f"{what} has {_vcpu_name(evidence, number)}, which "
                      f"lives on CPU {home}", at)
        result.expect(number not in members[:place], SYSTEM, f"{what} has "
                      f"{_vcpu_name(evidence, number)} twice", at)


def described(evidence, result):
    """Modes, frames and written slots are the description's; built tables are plain."""
    config, wanted = evidence.config, evidence.modes
    names = [mode.name for mode in wanted]
    result.expect(config.mode_names == names, SYSTEM, f"the modes are {config.mode_names}, "
                  f"described are {names}", config.places["cfg_modes"])
    hz = evidence.board.counter_hz if wanted else 0
    result.expect(config.system.counter_hz == hz, SYSTEM, f"cfg_system.counter_hz is "
                  f"{config.system.counter_hz}, expected {hz}", config.system.at)
    if config.mode_names != names:
        return
    for row, mode in zip(config.modes, wanted):
        result.expect(row.frame_ticks * NANOSECONDS == mode.frame * hz, SYSTEM, f"the frame of "
                      f"mode `{mode.name}` has {row.frame_ticks} ticks, described is "
                      f"{time_text(mode.frame)} at {hz} Hz", row.at)
        for cpu in config.cpus:
            _cpu(evidence, row, cpu, mode.cpus.get(cpu.id, []), result)


def _cpu(evidence, mode, cpu, wanted, result):
    """The slots of a CPU in a mode. `wanted`: a list of slots, or BUILT."""
    config = evidence.config
    found = config.slots_of(mode.id, cpu.id)
    where = f"mode `{config.mode_names[mode.id]}`, CPU {cpu.id}"
    if wanted == BUILT:
        for slot in found:
            usual = _is_tick(evidence, slot.quantum, evidence.description.quantum)
            result.expect(usual and (slot.member_count, slot.spare_count) == (1, 0), SYSTEM,
                          f"cfg_slots[{slot.id}] ({where}) is not of one vCPU with the usual "
                          "quantum, as built ones are", slot.at)
        return
    place = config.cpu_schedules[mode.id * len(config.cpus) + cpu.id].at
    result.expect(len(found) == len(wanted), SYSTEM, f"{where} has {len(found)} slots, described "
                  f"are {len(wanted)}", place)
    for slot, want in zip(found, wanted):
        _slot(evidence, f"cfg_slots[{slot.id}] ({where})", slot, want, result)


def _slot(evidence, what, slot, want, result):
    for name in ("start", "end", "quantum"):
        ticks, ns = getattr(slot, name), getattr(want, name)
        result.expect(_is_tick(evidence, ticks, ns), SYSTEM, f"{what}: its {name} is tick {ticks}, "
                      f"described is {time_text(ns)}", slot.at)
    config = evidence.config
    members = config.members_of(slot)
    split, want_split = len(members) - slot.spare_count, len(want.members) - want.spare
    result.expect((members, split) == (want.members, want_split), SYSTEM,
                  f"{what} runs {_list(evidence, members, split)}; described is "
                  f"{_list(evidence, want.members, want_split)}", slot.at)


def _is_tick(evidence, ticks, ns):
    """Is this the tick nearest to the time? Bounds count from the frame's start, so that no error
    adds up."""
    return abs(ticks * NANOSECONDS - ns * evidence.board.counter_hz) * 2 <= NANOSECONDS


def _list(evidence, members, split):
    run, spare = ([_vcpu_name(evidence, n) for n in part]
                  for part in (members[:split], members[split:]))
    return ", ".join(run) + (" and, when these cannot, " + ", ".join(spare) if spare else "")


def times(evidence, result):
    """Each vCPU has its CPU always; or a slot in every mode; or, where the compiler built the
    table, exactly its budget in every period."""
    config = evidence.config
    for vm, of_vm in evidence.vms:
        for vcpu in config.of_vm("vcpu", vm):
            cpu = config.cpus[vcpu.cpu]
            if not any(cpu.id in mode.cpus for mode in evidence.modes):
                result.expect(config.residents_of(cpu) == [vcpu.id] and not any(
                    config.slots_of(mode.id, cpu.id) for mode in config.modes), of_vm.name,
                    f"vCPU {vcpu.index} does not have CPU {cpu.id} always and for itself", vcpu.at)
            for mode, want in zip(config.modes, evidence.modes):
                own = [slot for slot in config.slots_of(mode.id, cpu.id)
                       if vcpu.id in config.members_of(slot)]
                if cpu.id in want.cpus:
                    result.expect(own, of_vm.name, f"vCPU {vcpu.index} has no slot in mode "
                                  f"`{want.name}`", vcpu.at)
                if want.cpus.get(cpu.id) == BUILT:
                    _budget(evidence, of_vm, vcpu, want, own, result)


def _budget(evidence, of_vm, vcpu, mode, own, result):
    """Is the time in each period the budget, as it is or in every period on the grid? Where a time
    of this CPU's VMs is no whole number of ticks, each bound of a slot is up to half a tick off."""
    result.expect(of_vm.time is not None, of_vm.name, f"vCPU {vcpu.index} shares CPU {vcpu.cpu}, "
                  "and the description has neither a table nor `time` for it", vcpu.at)
    if of_vm.time is None:
        return
    hz = evidence.board.counter_hz
    period, budget = of_vm.time
    needs = [evidence.description.vms[number].time or (period, budget)
             for number in {row.vm for row in evidence.config.vcpus if row.cpu == vcpu.cpu}]
    grid = on_grid(budget, [need[0] for need in needs])
    step = NANOSECONDS * any(ns * hz % NANOSECONDS for need in needs for ns in (*need, grid or 0))
    parts = _parts(own, period * hz, mode.frame * hz)
    periods = [parts.get(number, []) for number in range(mode.frame // period)]
    result.count(of_vm.name, len(periods))
    wrong = [[number for number, part in enumerate(periods)
              if abs(sum(part) - ns * hz) > step * len(part)] for ns in (budget, grid) if ns]
    if all(wrong):
        number = wrong[0][0]
        result.wrong(of_vm.name, f"vCPU {vcpu.index} has {sum(periods[number]) // NANOSECONDS} "
                     f"ticks in period {number + 1} of mode `{mode.name}`, described are "
                     f"{time_text(budget)} in {time_text(period)}, {budget * hz // NANOSECONDS} "
                     "ticks", vcpu.at)


def _parts(own, period, frame):
    """{number of a period: [length]} of the slots, cut where a period ends. One tick has 10^9
    units, one nanosecond counter_hz: so all are whole."""
    found = {}
    for slot in own:
        start, end = slot.start * NANOSECONDS, min(slot.end * NANOSECONDS, frame)
        while start < end:
            number = start // period
            stop = min(end, (number + 1) * period)
            found.setdefault(number, []).append(stop - start)
            start = stop
    return found
