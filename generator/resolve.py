"""From the tree of the description to model.System: names to references, defaults made explicit.

Owns every default of the description language. Promises: raises for no description; reports only
what nothing later can see (rules `unknown-board`, `unusable-board`, `unknown-node`,
`unknown-shared`) and leaves out what leads nowhere; every value keeps its place.
A value of the wrong type was reported by the schema: it counts as absent here. Defaults are those
of QEMU's virt machine, so that software built for it runs unmodified.

@req DESC-1
"""

from pathlib import Path

from generator import health
from generator.board import BoardError, folder_of, known_boards, load_board
from generator.diagnostics import Note
from generator.images import read_image
from generator.load import Mapping, Scalar, Sequence
from generator.model import (
    LOG_MODULES, MODE_DEFAULT, PAGE, AssignedDevice, Awaited, BareInterrupt, Boot, CpuTable,
    EmulatedDevice, Hypervisor, Irq, LinuxBoot, Member, Mode, ModuleLog, Piece, Schedule, Shared,
    Sourced, System, TimeNeed, TimeSlot, Vm, Window)
from generator.units import align_up, parse_size, parse_time

GICD_DEFAULT = 0x08000000
GICR_DEFAULT = 0x080A0000
GICC_DEFAULT = 0x08010000
# QEMU's virt machine has no SP805 and no pvpanic: theirs are where it has nothing.
MODEL_DEFAULTS = {"pl011": (0x09000000, 33), "pl031": (0x09010000, 34),
                  "sp805": (0x090C0000, 42), "pvpanic": (0x090D0000, None)}
ACCESS_DEFAULT = {"ram": "rwx", "shared": "rw", "image": "rx"}
QUANTUM_DEFAULT_NS = 1_000_000
EVENTS = ("started", "ready")
NO_DEFAULT_REASON = "chosen by the compiler"


def resolve(tree, description, diagnostics):
    """model.System, or None when there is no board to build for. `description`: its path; files
    are looked up from its folder."""
    folder = str(Path(description).parent)
    board, board_tree = _board(tree, folder, diagnostics)
    if board is None:
        return None
    shared = _shared(tree)
    context = _Context(folder, board, board_tree, {s.name: s for s in shared},
                       tree.get("health"), diagnostics)
    vms = [] if not _is(tree.get("vms"), Mapping) else [
        _Vm(context, tree["vms"].key_place(name), node).vm(i, name)
        for i, (name, node) in enumerate(tree["vms"].items()) if _is(node, Mapping)]
    return System(
        name=_text(tree, "system").value or "system",
        place=_place(tree, "system"),
        board=board, board_place=_place(tree, "board"),
        hypervisor=_hypervisor(tree), shared=shared, schedule=_schedule(tree), vms=tuple(vms))


def _board(tree, folder, diagnostics):
    name = _text(tree, "board")
    if not name.value:
        return None, None
    where = folder_of(name.value, folder)
    if not (where / "board.yaml").is_file():
        diagnostics.error("unknown-board", name.place, f"there is no board `{name.value}`",
                          remedy=f"boards are: {', '.join(known_boards())}; a path to a folder "
                                 "with board.yaml and board.dts has a slash in it")
        return None, None
    try:
        return load_board(str(where))
    except BoardError as error:
        diagnostics.error("unusable-board", name.place, f"board `{name.value}`: {error}",
                          remedy="see boards/qemu-virt for an example")
        return None, None


# --- reading nodes --------------------------------------------------------------------------


def _is(node, kind):
    return isinstance(node, kind)


def _place(mapping, key):
    return mapping.key_place(key)


def _scalar(mapping, key, types):
    node = mapping.get(key) if _is(mapping, Mapping) else None
    if _is(node, Scalar) and isinstance(node.value, types) and (
            types is bool or not isinstance(node.value, bool)):
        return node
    return None


def _value(mapping, key, types, default, reason):
    node = _scalar(mapping, key, types)
    if node is None:
        return Sourced(default, None, reason)
    return Sourced(node.value, node.place)


def _text(mapping, key, default=None, reason=NO_DEFAULT_REASON):
    return _value(mapping, key, str, default, reason)


def _number(mapping, key, default=None, reason=NO_DEFAULT_REASON):
    return _value(mapping, key, int, default, reason)


def _flag(mapping, key, default, reason):
    return _value(mapping, key, bool, default, reason)


def _size(mapping, key, default=None, reason=NO_DEFAULT_REASON):
    node = _scalar(mapping, key, (str, int))
    size = None if node is None else parse_size(node.value)
    return Sourced(default, None, reason) if size is None else Sourced(size, node.place)


def _time(mapping, key, default=0, reason=NO_DEFAULT_REASON):
    node = _scalar(mapping, key, str)
    time_ns = None if node is None else parse_time(node.value)
    return Sourced(default, None, reason) if time_ns is None else Sourced(time_ns, node.place)


def _child(mapping, key, kind):
    node = mapping.get(key) if _is(mapping, Mapping) else None
    return node if _is(node, kind) else kind(mapping.place, ())


def _irq(node):
    for written in ("spi", "intid"):
        number = _scalar(node, written, int) if _is(node, Mapping) else None
        if number is not None:
            return Irq(number.place, written, number.value)
    return None


# --- parts outside the VMs ------------------------------------------------------------------


def _hypervisor(tree):
    node = _child(tree, "hypervisor", Mapping)
    console = _child(node, "console", Mapping)
    log, log_modules = _log(node)
    none = _text(node, "console")
    return Hypervisor(
        log=log, log_modules=log_modules,
        checks_images=_flag(node, "check_images", True, "default: before each start"),
        has_console=Sourced(False, none.place) if none.is_given else Sourced(
            True, None, "default: the board's UART"),
        console_cpu=_number(console, "cpu"),
        switch_key=_text(console, "switch_key", "ctrl-]", "default: ctrl-]"))


def _log(hypervisor):
    """The default level and that of each module."""
    by_module = _child(hypervisor, "log", Mapping)
    default = _text(hypervisor, "log", "info", "default: info")
    if not default.is_given:
        default = _text(by_module, "default", "info", "default: info")
    return default, tuple(
        ModuleLog(module, _text(by_module, module, default.value, "default: as hypervisor.log"))
        for module in LOG_MODULES)


def _shared(tree):
    section = _child(tree, "shared", Mapping)
    return tuple(
        Shared(name, section.key_place(name), _size(node, "size", 0, "no size given"),
               _number(node, "phys"))
        for name, node in section.items() if _is(node, Mapping))


# --- schedules ------------------------------------------------------------------------------


def _schedule(tree):
    node = _child(tree, "schedule", Mapping)
    quantum = _time(node, "quantum", QUANTUM_DEFAULT_NS, "default: 1 ms")
    frame = _time(node, "frame", 0, "not given")
    has_modes = "modes" in node
    if has_modes:
        section = _child(node, "modes", Mapping)
        modes = [_mode(name, section.key_place(name), mode, frame, quantum)
                 for name, mode in section.items() if _is(mode, Mapping)]
    else:
        modes = [_mode(MODE_DEFAULT, _place(node, "cpus"), node, frame, quantum)] if (
            "cpus" in node) else []
    place = _place(tree, "schedule") if "schedule" in tree else None
    return Schedule(place, quantum, has_modes, tuple(modes))


def _mode(name, place, node, frame, quantum):
    section = _child(node, "cpus", Mapping)
    tables = (CpuTable(section.key_place(cpu), int(cpu), _slots(section, cpu, quantum))
              for cpu in section.values if cpu.isdecimal())
    own = _time(node, "frame", frame.value, "default: that of `schedule`")
    return Mode(name, place, own if own.is_given else frame,
                tuple(sorted(tables, key=lambda table: table.cpu)))


def _slots(section, cpu, quantum):
    shared = Sourced(quantum.value, None, "default: that of `schedule`")
    return tuple(TimeSlot(
        slot.place, _time(slot, "at"), _time(slot, "for"), _members(slot, "run"),
        _members(slot, "spare"), _time(slot, "quantum") if "quantum" in slot else shared)
        for slot in _child(section, cpu, Sequence)
        if _is(slot, Mapping) and "at" in slot and "for" in slot)


def _members(slot, key):
    found = []
    for item in _child(slot, key, Sequence):
        if _is(item, Scalar) and isinstance(item.value, str):
            vm, _, index = item.value.partition("/")
            found.append(Member(item.place, vm, int(index) if index.isdecimal() else None))
    return tuple(found)


class _Context:
    """What every VM is resolved against."""

    def __init__(self, folder, board, board_tree, shared, common_health, diagnostics):
        self.folder = folder
        self.board = board
        self.board_tree = board_tree
        self.shared = shared
        self.common_health = common_health
        self.diagnostics = diagnostics


# --- one VM ---------------------------------------------------------------------------------


class _Vm:
    def __init__(self, context, place, node):
        self.context = context
        self.place = place
        self.node = node

    def vm(self, vm_id, name):
        gic = _child(self.node, "gic", Mapping)
        psci = _child(self.node, "psci", Mapping)
        cpu_list, cpu_count = self._cpus()
        emulated, assigned = self._devices()
        return Vm(
            id=vm_id, name=name, place=self.place,
            cpu_list=cpu_list, cpu_count=cpu_count,
            windows=self._windows(), boot=self._boot(),
            emulated=emulated, assigned=assigned, interrupts=self._interrupts(),
            distributor=_number(gic, "distributor", GICD_DEFAULT, "default: as QEMU virt"),
            redistributors=_number(gic, "redistributors", GICR_DEFAULT, "default: as QEMU virt"),
            cpu_interface=_number(gic, "cpu_interface", GICC_DEFAULT, "default: as QEMU virt"),
            spis=_number(gic, "spis"),
            psci_conduit=_text(psci, "conduit", "hvc", "default: hvc"),
            grants=self._list("grant", str), smc_allow=self._list("smc_allow", int),
            autostart=_flag(self.node, "autostart", True, "default: started at boot"),
            time=self._time(), clock=_text(self.node, "clock", "real", "default: real"),
            may=self._list("may", str),
            start_after=self._start_after(), control=self._list("control", str),
            reactions=health.reactions(self.node.get("health"), self.context.common_health),
            heartbeat_ns=health.heartbeat(self.node),
            interrupt_limit=health.interrupt_limit(self.node))

    def _start_after(self):
        section = _child(self.node, "start_after", Mapping)
        return tuple(Awaited(Sourced(name, section.key_place(name)), _text(section, name))
                     for name, node in section.items()
                     if _is(node, Scalar) and node.value in EVENTS)

    def _list(self, key, kind):
        return tuple(Sourced(item.value, item.place) for item in _child(self.node, key, Sequence)
                     if _is(item, Scalar) and isinstance(item.value, kind))

    def _cpus(self):
        count = _scalar(self.node, "cpus", int)
        if count is not None:
            return (), Sourced(count.value, count.place)
        cpus = self._list("cpus", int)
        return cpus, Sourced(len(cpus), _place(self.node, "cpus"), "one vCPU for each CPU named")

    def _time(self):
        node = self.node.get("time")
        if not _is(node, Mapping) or "period" not in node or "budget" not in node:
            return None
        return TimeNeed(_place(self.node, "time"), _time(node, "period"), _time(node, "budget"))

    # memory

    def _windows(self):
        section = _child(self.node, "memory", Mapping)
        found = [self._window(name, section.key_place(name), node)
                 for name, node in section.items() if _is(node, Mapping)]
        return tuple(w for w in found if w is not None)

    def _window(self, name, place, node):
        shared, image = _text(node, "shared"), self._image(node, "image")
        in_place = _flag(node, "in_place", False, "default: copied").value
        kind = "shared" if shared.is_given else "image" if image and in_place else "ram"
        phys, size = _number(node, "phys"), _size(node, "size", None)
        if kind == "shared":
            target = self.context.shared.get(shared.value)
            if target is None:
                self._report_unknown_shared(shared)
                return None
            phys = target.phys
            size = size if size.is_given else Sourced(
                target.size.value, target.size.place, f"size of shared.{target.name}")
        elif image is not None and not size.is_given:
            size = Sourced(align_up(image.size, PAGE), image.place, "size of the image")
        if size.value is None:
            size = Sourced(0, None, "no size given")
        return Window(
            name=name, place=place, kind=kind, at=_number(node, "at"), phys=phys, size=size,
            access=self._access(node, kind), shared=shared if kind == "shared" else None,
            image=image)

    def _access(self, node, kind):
        default = ACCESS_DEFAULT[kind]
        access = _text(node, "access", default, f"default for {kind} memory: {default}")
        ordered = "".join(letter for letter in "rwx" if letter in access.value)
        return Sourced(ordered, access.place, access.reason)

    def _image(self, node, key):
        name = _text(node, key)
        return read_image(self.context.folder, name.value, name.place) if name.is_given else None

    def _report_unknown_shared(self, shared):
        names = ", ".join(self.context.shared) or "none is declared"
        self.context.diagnostics.error(
            "unknown-shared", shared.place, f"there is no shared memory `{shared.value}`",
            remedy=f"declare it under `shared:` at the top (declared: {names})")

    # boot

    def _boot(self):
        node = self.node.get("boot")
        if not _is(node, Mapping):
            return None
        return Boot(
            place=_place(self.node, "boot"), linux=self._linux(node),
            pieces=self._pieces(node), cmdline=_text(node, "cmdline", "", "default: empty"),
            entry=_number(node, "entry"),
            has_devicetree=self._has_devicetree(node),
            devicetree_at=_number(_child(node, "devicetree", Mapping), "at"),
            x0=_number(node, "x0"))

    def _has_devicetree(self, node):
        given = node.get("devicetree")
        if given is None:
            return Sourced(True, None, "default: a devicetree is made")
        return Sourced(not (_is(given, Scalar) and given.value is False), given.place)

    def _linux(self, node):
        linux = node.get("linux")
        kernel = self._image(linux, "kernel") if _is(linux, Mapping) else None
        if kernel is None:
            return None
        return LinuxBoot(_place(node, "linux"), kernel, self._image(linux, "initrd"),
                         _text(linux, "cmdline", "", "default: empty"))

    def _pieces(self, node):
        out = []
        for item in _child(node, "images", Sequence):
            file = self._image(item, "file") if _is(item, Mapping) else None
            if file is not None:
                out.append(Piece(item.place, file, _number(item, "at")))
        return tuple(out)

    # devices

    def _devices(self):
        section = _child(self.node, "devices", Mapping)
        emulated, assigned = [], []
        for name, node in section.items():
            if not _is(node, Mapping):
                continue
            place = section.key_place(name)
            if "emulate" in node:
                emulated.append(self._emulated(name, place, node))
            elif "assign" in node:
                assigned.append(self._assigned(name, place, node))
        return (tuple(d for d in emulated if d is not None),
                tuple(d for d in assigned if d is not None))

    def _emulated(self, name, place, node):
        model = _text(node, "emulate").value
        if model not in MODEL_DEFAULTS:
            return None
        address, intid = MODEL_DEFAULTS[model]
        irq = _irq(node.get("irq")) if intid is not None else None
        default = "it has none" if intid is None else f"default: SPI {intid - 32}"
        like = ", as QEMU virt" if model in ("pl011", "pl031") else ""
        return EmulatedDevice(
            name, place, model, _number(node, "at", address, "default" + (
                ": as QEMU virt" if like else " of this device")),
            Sourced(irq.intid, irq.place) if irq else Sourced(intid, None, default + like), irq)

    def _assigned(self, name, place, node):
        wanted = _text(node, "assign")
        found = self.context.board_tree.find(wanted.value) if wanted.is_given else None
        device = self.context.board.devices.get(found.path) if found else None
        if device is None:
            if wanted.is_given:
                self._report_unknown_node(wanted, found)
            return None
        base = device.regs[0].base if device.regs else 0
        dma = _text(node, "dma")
        return AssignedDevice(
            name, place, wanted, device, _number(node, "at", base, "default: as on the board"),
            _irq(node.get("irq")), Sourced(dma.value == "accept-risk", dma.place, "not accepted"))

    def _report_unknown_node(self, wanted, found):
        context = self.context
        if found is not None:
            context.diagnostics.error(
                "unknown-node", wanted.place,
                f"`{wanted.value}` of board {context.board.name} has neither registers nor "
                "interrupts: it is not a device",
                remedy="name the device itself")
            return
        near = context.board_tree.nearest(wanted.value)
        context.diagnostics.error(
            "unknown-node", wanted.place,
            f"board {context.board.name} has no node `{wanted.value}` in its devicetree",
            *([Note(f"the nearest name is `{near}`")] if near else []),
            remedy=f"write `assign: {_quoted(near)}`" if near else
            "name a node by path, &label or alias of the board's board.dts")

    def _interrupts(self):
        out = []
        for item in _child(self.node, "interrupts", Sequence):
            irq = _irq(item)
            if irq is not None:
                edge = _text(item, "trigger", "level", "default: level").value == "edge"
                out.append(BareInterrupt(item.place, irq, edge))
        return tuple(out)


def _quoted(name):
    """An &label must be quoted in YAML."""
    return f'"{name}"' if name.startswith("&") else name
