"""Rules about CPUs: each vCPU has one that exists, and that nobody else has unless it is shared by
a schedule (rules/schedule.py).

INV-CPU-RESIDENTS, INV-VCPU-CPU.

@req CPU-1, DESC-3
"""

from generator.diagnostics import Note


def _free_cpus(context):
    taken = {cpu.value for vm in context.vms for cpu in vm.cpu_list}
    taken |= {v.cpu for v in context.plan.vcpus if v.cpu is not None}
    return [cpu.id for cpu in context.board.cpus if cpu.id not in taken]


def _free_words(context):
    free = _free_cpus(context)
    if not free:
        return f"all {len(context.board.cpus)} CPUs of `{context.board.name}` are taken"
    names = ", ".join(str(cpu) for cpu in free[:8]) + (", …" if len(free) > 8 else "")
    return f"free: CPU {names}"


def cpu_missing(context):
    """cpu-missing: the board has this CPU."""
    count = len(context.board.cpus)
    for vm in context.vms:
        for cpu in vm.cpu_list:
            if cpu.value >= count:
                context.error("cpu-missing", cpu.place,
                              f"`{context.board.name}` has no CPU {cpu.value}: its {count} CPUs "
                              f"are 0 to {count - 1}", remedy=_free_words(context))


def cpu_taken(context):
    """cpu-taken, cpu-twice: one vCPU to a CPU, unless it has a schedule or is to have one."""
    if not context.has_whole_schedule:
        return
    owners = {}
    for vm in context.vms:
        for cpu in vm.cpu_list:
            owner, first = owners.setdefault(cpu.value, (vm, cpu))
            if first is cpu or cpu.value >= len(context.board.cpus) or (
                    context.is_shared(cpu.value)):
                continue
            remedy = f"{_free_words(context)}; or let them share it by turns: " + (
                f"`schedule: {{ frame: 10 ms, cpus: {{ {cpu.value}: [...] }} }}`")
            if owner is vm:
                context.error("cpu-twice", cpu.place,
                              f"`{vm.name}` names CPU {cpu.value} twice",
                              Note("the first one is here", first.place), remedy=remedy)
            else:
                context.error("cpu-taken", cpu.place,
                              f"CPU {cpu.value} belongs to `{owner.name}` already",
                              Note(f"`{owner.name}` takes it here", first.place), remedy=remedy)


def cpus_exhausted(context):
    """cpus-too-many, cpus-exhausted: as many CPUs as the board, or what is left of it, has."""
    count = len(context.board.cpus)
    for vm in context.vms:
        if vm.cpu_list:
            continue
        wanted = vm.cpu_count
        got = sum(1 for v in context.plan.vcpus if v.vm == vm.id and v.cpu is not None)
        if wanted.value > count:
            context.error("cpus-too-many", wanted.place,
                          f"`{vm.name}` wants {wanted.value} CPUs; `{context.board.name}` has "
                          f"{count}", remedy=f"write {count} or less")
        elif got < wanted.value and not _others_too_many(context, vm):
            others = [Note(f"`{other.name}` has {other.cpu_count.value}", other.cpu_count.place
                           or context.place_of("vms", other.name, "cpus"))
                      for other in context.vms if other is not vm and other.cpu_count.value]
            context.error("cpus-exhausted", wanted.place,
                          f"`{vm.name}` wants {wanted.value} CPUs; {got} of {count} are left",
                          *others, remedy=f"write {got}" if got else
                          "give it a CPU that another VM can do without")


def _others_too_many(context, vm):
    """Then the others are what is wrong."""
    return any(other is not vm and not other.cpu_list
               and other.cpu_count.value > len(context.board.cpus) for other in context.vms)


def console_cpu_missing(context):
    """console-cpu-missing."""
    cpu = context.system.hypervisor.console_cpu
    count = len(context.board.cpus)
    if cpu.is_given and cpu.value >= count:
        context.error("console-cpu-missing", cpu.place,
                      f"`{context.board.name}` has no CPU {cpu.value}: its {count} CPUs are 0 to "
                      f"{count - 1}", remedy=f"write {count - 1}, or leave it out")


RULES = (cpu_missing, cpu_taken, cpus_exhausted, console_cpu_missing)
