"""Rules about who rules whose life, and who waits for whom.

@req CPU-4, DESC-3
"""

from generator.diagnostics import Note
from generator.nearest import meant_or_listed


def unknown_vm(context):
    """unknown-vm: `control` and `start_after` name VMs of this description."""
    if not context.whole("vms"):
        return
    names = [vm.name for vm in context.vms]
    for vm in context.vms:
        for key, name in _named(vm):
            if name.value not in names:
                others = [n for n in names if n != vm.name]
                context.error("unknown-vm", name.place,
                              f"there is no VM `{name.value}` that `{vm.name}` could {key}",
                              remedy=meant_or_listed(name.value, others) or "remove it")


def _named(vm):
    yield from (("control", name) for name in vm.control)
    yield from (("wait for", awaited.vm) for awaited in vm.start_after)


def control_self(context):
    """control-self."""
    for vm in context.vms:
        for target in vm.control:
            if target.value == vm.name:
                context.error("control-self", target.place, f"`{vm.name}` controls itself",
                              remedy="remove it: a VM stops and restarts itself by PSCI "
                              "(SYSTEM_OFF, SYSTEM_RESET)")


def start_cycle(context):
    """start-cycle: VMs that wait for one another, or one for itself. Said once for each circle."""
    by_name = {vm.name: vm for vm in context.vms}
    done = set()
    for vm in context.vms:
        path = []
        circle = _circle(by_name, vm.name, path, done)
        if circle:
            _report_circle(context, by_name, circle)


def _circle(by_name, name, path, done):
    """Names from `name` round to itself, if the way from here leads into a circle that has not
    been found before."""
    if name in path:
        return path[path.index(name):]
    if name in done or name not in by_name:
        return None
    found = None
    for awaited in by_name[name].start_after:
        found = found or _circle(by_name, awaited.vm.value, [*path, name], done)
    done.add(name)
    return found


def _report_circle(context, by_name, circle):
    last, first = by_name[circle[-1]], circle[0]
    place = next(a.vm.place for a in last.start_after if a.vm.value == first)
    if len(circle) == 1:
        context.error("start-cycle", place, f"`{first}` waits for itself", remedy="remove it")
        return
    notes = [Note(f"`{one}` waits for `{other}` here",
                  next(a.vm.place for a in by_name[one].start_after if a.vm.value == other))
             for one, other in zip(circle, circle[1:])]
    context.error("start-cycle", place,
                  f"`{last.name}` waits for `{first}`, which waits for it: none of them can start",
                  *notes, remedy="let one of them wait for none of the others")


def start_after_alone(context):
    """start-after-alone: an order for a VM that does not start by itself."""
    for vm in context.vms:
        if vm.start_after and not vm.autostart.value:
            context.error("start-after-alone", context.place_of("vms", vm.name, "start_after"),
                          f"`{vm.name}` does not start by itself, so that `start_after` says "
                          "nothing: who controls it starts it at any time",
                          Note("`autostart: false` is here", vm.autostart.place),
                          remedy="remove one of the two")


def _startable(context):
    """Names of the VMs that can come to run: by themselves or by one of them that controls them."""
    found = set()
    while True:
        more = {vm.name for vm in context.vms if vm.name not in found and (
            vm.autostart.value and all(a.vm.value in found for a in vm.start_after)
            or any(c.value == vm.name for other in context.vms if other.name in found
                   for c in other.control))}
        if not more:
            return found
        found |= more


def start_never(context):
    """start-never: what is waited for can happen; and somebody starts at all."""
    if not context.whole("vms"):
        return
    by_name, found = {vm.name: vm for vm in context.vms}, _startable(context)
    for vm in context.vms:
        for awaited in vm.start_after:
            name = awaited.vm.value
            if name in by_name and name not in found and not by_name[name].autostart.value:
                context.error("start-never", awaited.vm.place,
                              f"`{vm.name}` waits for `{name}`, which nothing starts",
                              Note("`autostart: false` is here", by_name[name].autostart.place),
                              remedy=f"remove `autostart: false` of `{name}`, or let a VM that "
                              f"starts `control` it")
    if context.vms and not any(vm.autostart.value for vm in context.vms):
        first = context.vms[0]
        context.error("no-vm-starts", first.autostart.place, "no VM starts with the machine",
                      remedy=f"remove `autostart: false` of one of them, such as `{first.name}`")


RULES = (unknown_vm, control_self, start_cycle, start_after_alone, start_never)
