"""PROP-LIFE: who rules whose life, and who waits for whom, against the description.

Covers INV-CONTROL, INV-FOLLOWER.

@req EVID-1
"""

from verifier import layout


def rights(evidence, result):
    """The tables hold what is described and nothing else; whoever waits can come to an end."""
    names = [described.name for _, described in evidence.vms]
    for vm, described in evidence.vms:
        found = [_name(names, row.value) for row in evidence.config.of_vm("control", vm)]
        result.expect(sorted(found) == sorted(described.control), described.name,
                      f"it controls {_listed(found)}, described is {_listed(described.control)}",
                      vm.at)
        result.expect(described.name not in found and len(set(found)) == len(found),
                      described.name, "it controls itself, or a VM twice", vm.at)
        _followers(evidence, names, vm, described, result)
    _order(evidence, result)


def _followers(evidence, names, vm, described, result):
    found = sorted((_name(names, row.vm), _event(row.event))
                   for row in evidence.config.of_vm("follower", vm))
    wanted = sorted((other.name, event) for _, other in evidence.vms
                    for name, event in other.start_after if name == described.name)
    result.expect(found == wanted, described.name, "what waits for it is "
                  f"{_listed(' for '.join(f) for f in found)}, described is "
                  f"{_listed(' for '.join(w) for w in wanted)}", vm.at)
    result.expect(vm.awaited_count == len(described.start_after), described.name,
                  f"it waits for {vm.awaited_count} events, described are "
                  f"{len(described.start_after)}", vm.at)


def _order(evidence, result):
    """Takes away, again and again, who waits for nobody that is left."""
    left = {described.name: {name for name, _ in described.start_after}
            for _, described in evidence.vms}
    while left:
        free = [name for name, awaited in left.items() if not awaited & set(left)]
        if not free:
            result.wrong(min(left), f"{_listed(sorted(left))} wait for one another")
            return
        for name in free:
            del left[name]


def _name(names, vm):
    return names[vm] if vm < len(names) else f"VM {vm}"


def _event(event):
    return layout.EVENTS[event] if event < len(layout.EVENTS) else f"event {event}"


def _listed(words):
    return ", ".join(words) or "nothing"
