"""What a description means: who has what, free of the order and of most names in which it is said.

Owns the type Thing and the list of kinds. Promises: two descriptions that give every VM the same
things have the same meaning; whatever a guest can see or reach is a field of some Thing; a field
is `free` when the compiler chose it and another choice means the same, as the physical place of
memory. It is not the same for a VM with a device that reaches physical memory unconfined.

@req DESC-8
"""

from dataclasses import dataclass
import hashlib
import json
import re

from generator.devicetree import Tree
from generator.diagnostics import Place
from generator.document import board_facts
from generator.health import action_text
from generator.model import MODE_DEFAULT, AssignedDevice
from generator.timeshare import is_in_turns, percent_text, share_of, shortest_frame, turn_text
from generator.units import address_text, range_text, size_text, time_text

ALWAYS = "100 %"
SLOTS_SHOWN = 8  # of a vCPU, more of them by their digest
SYSTEM = None  # in place of a VM's name: what is the system's own


@dataclass(frozen=True)
class Thing:
    """One thing that a VM, or the system, has. `key` finds it again in another description; where
    part of it is only a name, another thing of the kind with equal fields is the same, renamed.
    `name` is for people; `label` is what the description calls it, if it chose a name."""

    kind: str
    key: tuple
    name: str
    fields: tuple[tuple[str, object], ...]  # in the order of showing; text or numbers
    place: Place | None
    free: frozenset[str] = frozenset()
    label: str = ""

    @property
    def bound(self):
        """The fields that mean something."""
        return tuple((k, v) for k, v in self.fields if k not in self.free)


@dataclass(frozen=True)
class Meaning:
    """`owners`: {VM or SYSTEM: (place of the VM, (Thing, ...))}."""

    file: str
    system: str
    owners: dict


def meaning_of(plan, file):
    owners = {SYSTEM: (None, tuple(_system_things(plan)))}
    for vm in plan.system.vms:
        owners[vm.name] = (vm.place, tuple(_vm_things(plan, vm)))
    return Meaning(file, plan.system.name, owners)


# --- the system -----------------------------------------------------------------------------


def _system_things(plan):
    system, chosen = plan.system, plan.system.hypervisor
    yield Thing("setting", ("log",), "log level", (("level", chosen.log.value),), chosen.log.place)
    for module, level in ((m.module, m.level) for m in chosen.log_modules):
        if level.value != chosen.log.value:
            yield Thing("setting", ("log", module), f"log level of {module}",
                        (("level", level.value),), level.place)
    yield Thing("setting", ("switch",), "switch key", (("key", chosen.switch_key.value),),
                chosen.switch_key.place)
    yield Thing("setting", ("check",), "check of images",
                (("before each start", "yes" if chosen.checks_images.value else "no"),),
                chosen.checks_images.place)
    yield _console(plan, chosen)
    for i, mode in enumerate(plan.modes):
        yield Thing("setting", ("mode", mode.name), f"mode `{mode.name}` of the schedule", (
            ("number", i), ("frame", time_text(mode.frame_ns))), mode.place)
    yield Thing("board", (), f"board {system.board.name}", tuple(_board_fields(system.board)),
                system.board_place)


def _console(plan, chosen):
    cpu = chosen.console_cpu
    if not chosen.has_console.value:
        return Thing("setting", ("console",), "console", (("CPU", "none"),),
                     chosen.has_console.place)
    return Thing("setting", ("console",), "console", (("CPU", plan.console_cpu),), cpu.place,
                 frozenset() if cpu.is_given else frozenset(["CPU"]))


def _board_fields(board):
    facts = board_facts(board)
    yield "name", facts.pop("name")
    for part in board.ram:
        yield f"RAM at {address_text(part.base)}", size_text(part.size)
    del facts["ram"]
    for key, value in sorted(facts.items()):
        yield key.replace("_", " "), value if isinstance(value, str) else _digest(
            json.dumps(value, sort_keys=True).encode("utf-8"))


# --- a VM -----------------------------------------------------------------------------------


def _vm_things(plan, vm):
    yield from _memory(plan, vm)
    yield from _devices(plan, vm)
    yield from _emulated(plan, vm)
    yield from _interrupts(plan, vm)
    yield from _cpus(plan, vm)
    yield from _times(plan, vm)
    for right in vm.may:
        yield Thing("right", (right.value,), f"right to {right.value}", (), right.place)
    for grant in vm.grants:
        yield Thing("grant", (grant.value,), f"grant of {grant.value}", (), grant.place)
    for call in vm.smc_allow:
        yield Thing("smc", (call.value,), f"SMC {call.value:#010x} to EL3", (), call.place)
    for target in vm.control:
        yield Thing("control", (target.value,), f"control of {target.value}", (), target.place)
    yield from _health(vm)
    yield from _contents(plan, vm)
    yield _start(plan, vm)
    tree = plan.vms[vm.id].devicetree
    yield Thing("devicetree", (), "devicetree", (
        ("contents", "none" if tree is None else _tree_digest(tree)),), vm.place)


def _memory(plan, vm):
    for window in plan.windows_of(vm.id):
        if window.kind in ("device", "gicv"):
            continue
        source = window.source
        fields = [("at", address_text(window.ipa)), ("size", window.size),
                  ("access", window.access)]
        key, name, kind = (window.name,), f"memory `{window.name}`", "memory"
        if window.kind == "shared":
            of = source.shared.value
            key, name, kind = (of, window.name), f"shared memory `{of}`", "shared"
            fields.insert(0, ("of", of))
        elif window.kind == "image":
            fields.append(("contents", _short(source.image.sha256)))
        fields.append(("physical", address_text(window.pa)))
        free = frozenset() if _has_unconfined_dma(vm) else frozenset(["physical"])
        yield Thing(kind, key, name, tuple(fields), window.place, free, window.name)


def _has_unconfined_dma(vm):
    return any(d.device.can_dma for d in vm.assigned)


def _devices(plan, vm):
    """One Thing for each passed-through device, with all its windows."""
    for device in vm.assigned:
        windows = [w for w in plan.windows_of(vm.id)
                   if isinstance(w.source, AssignedDevice) and w.source is device]
        fields = [(f"at{i or ''}", range_text(w.ipa, w.size)) for i, w in enumerate(windows)]
        fields += [(f"access{i or ''}", w.access) for i, w in enumerate(windows)]
        fields += [(f"physical{i or ''}", address_text(w.pa)) for i, w in enumerate(windows)]
        if device.device.can_dma:
            fields.append(("DMA", "to all memory"))
        yield Thing("device", (device.device.path,), f"device {device.device.path}",
                    tuple(fields), device.place, label=device.name)


def _emulated(plan, vm):
    models = {e.name: e for e in plan.emulated if e.vm == vm.id}
    for mmio in plan.mmios_of(vm.id):
        if mmio.kind in ("GICD", "GICR", "GICC"):
            continue
        device = models[mmio.name]
        yield Thing("emulated", (device.model, mmio.name), f"emulated device `{mmio.name}`",
                    (("model", device.model), ("at", address_text(mmio.ipa)),
                     ("interrupt", "none" if device.intid is None else f"INTID {device.intid}")),
                    device.place, label=mmio.name)
    planned = plan.vms[vm.id]
    yield Thing("gic", (), "interrupt controller", (
        ("distributor", address_text(planned.gicd_ipa)),
        *([("redistributors", address_text(planned.gicr_ipa))] if planned.gicr_ipa else []),
        *([("CPU interface", address_text(planned.gicc_ipa))] if planned.gicc_ipa else []),
        ("SPIs", planned.spi_count)), vm.distributor.place or vm.place)


def _interrupts(plan, vm):
    for irq in plan.irqs:
        if irq.vm == vm.id:
            yield Thing("interrupt", (irq.pintid,), f"interrupt INTID {irq.pintid}", (
                ("in the guest", f"INTID {irq.vintid}"),
                ("trigger", "edge" if irq.edge else "level")), irq.place)


def _cpus(plan, vm):
    free = frozenset() if vm.cpu_list else frozenset(["CPU"])
    for vcpu in plan.vcpus:
        if vcpu.vm == vm.id:
            yield Thing("cpu", (vcpu.index,), f"vCPU {vcpu.index}", (("CPU", vcpu.cpu),),
                        vcpu.place, free)


def _health(vm):
    """What is done about its faults; defaults too, since the language may change them."""
    for reaction in vm.reactions:
        yield Thing("health", (reaction.fault,), f"answer to faults of class {reaction.fault}",
                    (("action", action_text(reaction)),), reaction.action.place or vm.place)
    if vm.heartbeat_ns.value is not None:
        yield Thing("health", ("heartbeat",), "heartbeat", (
            ("period", time_text(vm.heartbeat_ns.value)),), vm.heartbeat_ns.place)
    limit = vm.interrupt_limit
    if limit is not None:
        yield Thing("health", ("limit",), "limit of interrupts", (
            ("count", limit.count.value), ("per", time_text(limit.period_ns.value))), limit.place)


def _times(plan, vm):
    """What each vCPU has of its CPU, in each mode. One that has it always is like one of a system
    without schedules."""
    for vcpu in plan.vcpus:
        for mode in range(len(plan.modes)) if vcpu.vm == vm.id else ():
            if is_in_turns(plan, mode, vcpu.cpu):
                yield _time_thing(plan, vm, vcpu, mode)
        if vcpu.vm == vm.id and not plan.modes:
            yield _always(vcpu, MODE_DEFAULT)
        elif vcpu.vm == vm.id:
            yield from (_always(vcpu, m.name) for i, m in enumerate(plan.modes)
                        if not is_in_turns(plan, i, vcpu.cpu))


def _time_name(vcpu, mode):
    return f"time of vCPU {vcpu.index} in mode `{mode}`"


def _always(vcpu, mode):
    return Thing("time", (vcpu.index, mode), _time_name(vcpu, mode),
                 (("share", ALWAYS), ("slots", "always")), vcpu.place)


def _time_thing(plan, vm, vcpu, mode):
    """Slots that the compiler chose mean the same anywhere."""
    cpu = plan.slots_of(mode, vcpu.cpu)
    frame, slots = shortest_frame(plan.modes[mode].frame_ns, cpu)
    mine = [turn_text(slot, vcpu.id) for slot in slots if vcpu.id in slot.members]
    shown = ", ".join(mine) if len(mine) <= SLOTS_SHOWN else (
        f"{len(mine)} of {_digest(', '.join(mine).encode('utf-8'))}")
    fields = [("share", percent_text(share_of(plan, mode, vcpu.id))),
              ("slots", f"{shown} in every {time_text(frame)}")]
    is_built = vm.time is not None and all(s.place == vm.time.place for s in cpu
                                           if vcpu.id in s.members)
    if is_built:
        fields.insert(1, ("need", f"{time_text(vm.time.budget.value)} in every "
                                  f"{time_text(vm.time.period.value)}"))
    place = next((s.place for s in cpu if vcpu.id in s.members), vcpu.place)
    return Thing("time", (vcpu.index, plan.modes[mode].name),
                 _time_name(vcpu, plan.modes[mode].name), tuple(fields), place,
                 frozenset(["slots"]) if is_built else frozenset())


def _contents(plan, vm):
    for piece in plan.pieces_of(vm.id):
        if piece.what != "devicetree":
            yield Thing("contents", (_without_folders(piece.what),), piece.what, (
                ("at", address_text(piece.ipa)), ("size", piece.memory_size),
                ("contents", _digest(piece.data))), piece.place)


def _start(plan, vm):
    planned = plan.vms[vm.id]
    tree = next((p for p in plan.pieces_of(vm.id) if p.what == "devicetree"), None)
    return Thing("start", (), "start", (
        ("entry", address_text(planned.entry)), ("x0", address_text(planned.x0)),
        ("devicetree at", address_text(tree.ipa) if tree else "none"),
        ("command line", vm.boot.bootargs.value),
        ("PSCI by", vm.psci_conduit.value), ("clock", vm.clock.value),
        ("at boot", "yes" if vm.autostart.value else "no"),
        ("after", ", ".join(f"{a.vm.value} {a.event.value}" for a in vm.start_after) or "nothing"),
    ), vm.boot.place)


# --- contents -------------------------------------------------------------------------------


def _without_folders(what):
    """A piece by the name of its file: where that lies has no meaning."""
    return re.sub(r"[^ ]*/", "", what)


def _short(sha256):
    return f"sha256:{sha256[:16]}"


def _digest(data):
    return _short(hashlib.sha256(data).hexdigest())


def _tree_digest(blob):
    """Of what a devicetree says: nodes in any order, phandles by what they point to."""
    nodes = Tree(blob).nodes
    handles = {node.props["phandle"]: path for path, node in nodes.items()
               if "phandle" in node.props}
    said = {path: {name: _value(name, value, handles) for name, value in node.props.items()
                   if name != "phandle"} for path, node in nodes.items()}
    return _digest(json.dumps(said, sort_keys=True).encode("utf-8"))


def _value(name, value, handles):
    if name not in ("clocks", "interrupt-parent"):
        return value.hex()
    words = [value[i:i + 4] for i in range(0, len(value), 4)]
    return [handles.get(word, word.hex()) for word in words]
