"""What the description says, with the defaults that docs/description.md gives, read on our own.

A key that this reader does not know raises Unreadable: it cannot vouch for what it does not
understand. `None` stands for a choice that the language leaves to the compiler; the properties
then say what bounds it.

@req EVID-1
"""

from dataclasses import dataclass, field
import re

from verifier import layout
from verifier.faults import Unreadable
from verifier.health import answers, read_health, read_limit
from verifier.yaml_reader import byte_size, duration, read_yaml

ACCESS = {"r": layout.ACCESS_R, "rw": layout.ACCESS_R | layout.ACCESS_W,
          "rx": layout.ACCESS_R | layout.ACCESS_X,
          "rwx": layout.ACCESS_R | layout.ACCESS_W | layout.ACCESS_X}
PAGE = 4096
SPI_FIRST = 32
FLAT_AT = 0x40080000
EMULATED = {"pl011": (0x09000000, 33), "pl031": (0x09010000, 34), "sp805": (0x090C0000, 42),
            "pvpanic": (0x090D0000, None)}
EMULATED_BYTES = PAGE
LOG_MODULES = ("core", "gic", "vm", "mmio", "smccc", "psci", "vtimer", "vgic", "vdev", "sysreg",
               "world")
GRANTS = layout.VM_FLAGS[:7]
RIGHTS = {"switch-mode": 1 << 8, "read-times": 1 << 9, "read-events": 1 << 11}
CLOCKS = {"real": 0, "scheduled": 1 << 10}
USUAL_MODE, USUAL_QUANTUM = "normal", 1_000_000


@dataclass(frozen=True)
class Window:
    """A window of `memory`."""
    name: str
    kind: int
    at: int | None
    phys: int | None
    size: int | None  # None: that of the image file, in whole pages
    access: int
    shared: str | None = None
    image: str | None = None


@dataclass(frozen=True)
class Emulated:
    """An emulated device."""
    name: str
    kind: str
    at: int
    intid: int | None


@dataclass(frozen=True)
class Assigned:
    """A device of the board."""
    name: str
    node: str
    at: int | None
    intid: int | None
    dma_accepted: bool


@dataclass(frozen=True)
class Boot:
    """What runs in the VM. `devicetree`: False, an address, or None for the default."""
    kernel: str | None
    initrd: str | None
    cmdline: str
    images: tuple  # (file, at or None)
    entry: int | None
    devicetree: object
    x0: int | None


@dataclass(frozen=True)
class Slot:
    """A written time window of a CPU. Times in ns; members: (name of a VM, index or None)."""
    at: int
    length: int
    quantum: int
    run: tuple
    spare: tuple


@dataclass(frozen=True)
class Mode:
    """A mode of the schedules. `frame` in ns or None; `cpus`: (CPU, its slots)."""
    name: str
    frame: int | None
    cpus: tuple


@dataclass(frozen=True)
class Vm:
    """A virtual machine."""
    name: str
    cpus: object  # list of CPUs, or how many
    windows: tuple
    boot: Boot
    emulated: tuple
    assigned: tuple
    interrupts: tuple  # (intid, is edge)
    distributor: int
    redistributors: int  # GICv3
    cpu_interface: int  # GICv2
    spis: int | None
    conduit: str
    flags: int
    smcs: tuple
    control: tuple  # names of VMs
    start_after: tuple  # (name of a VM, event)
    time: tuple | None  # (period, budget) in ns of each vCPU on a shared CPU without a table
    health: tuple  # (class of fault, Answer) of each class
    heartbeat: int  # ns, 0: none is expected
    limit: tuple  # (interrupts, ns), both 0 without one


@dataclass(frozen=True)
class Description:
    """The whole file."""
    folder: object
    system: str
    board: str
    log: str
    has_console: bool
    console_cpu: int | None
    switch_key: int
    shared: dict = field(hash=False)  # name -> (size, phys or None)
    vms: tuple = ()
    modes: tuple = ()  # those that are written; the first is in force at boot
    quantum: int = USUAL_QUANTUM


class _Keys:
    """A mapping whose keys are taken one by one; what is left at the end is not understood."""

    def __init__(self, value, where):
        if value is None:
            value = {}
        if not isinstance(value, dict):
            raise Unreadable(f"{where} has no keys")
        self.rest = dict(value)
        self.where = where

    def take(self, key, kinds, default=None):
        """The value of `key`, of one of `kinds`."""
        value = self.rest.pop(key, default)
        if value is default:
            return value
        if not isinstance(value, kinds) or isinstance(value, bool) and bool not in (
                kinds if isinstance(kinds, tuple) else (kinds,)):
            raise Unreadable(f"{self.where}: `{key}` cannot be `{value}`")
        return value

    def need(self, key, kinds):
        """The value of a key that has to be there."""
        if key not in self.rest:
            raise Unreadable(f"{self.where} has no `{key}`")
        return self.take(key, kinds)

    def keys(self, key):
        """The mapping under `key`, empty without it."""
        return _Keys(self.rest.pop(key, None), f"{self.where}.{key}")

    def done(self):
        """Refuses what was not taken."""
        if self.rest:
            raise Unreadable(f"{self.where}: the verifier does not know `{next(iter(self.rest))}`")


def read(path):
    """The Description in the file at `path`."""
    top = _Keys(read_yaml(path), path.name)
    hypervisor, shared, vms = top.keys("hypervisor"), top.keys("shared"), top.keys("vms")
    hypervisor.take("check_images", bool)  # of the code: no table says it
    has_console = hypervisor.rest.get("console") != "none"
    console = hypervisor.keys("console") if has_console else _Keys(None, "no console")
    hypervisor.rest.pop("console", None)
    schedule = top.keys("schedule")
    quantum, health = _time(schedule, "quantum", USUAL_QUANTUM), read_health(top.keys("health"))
    found = Description(
        path.parent, top.need("system", str), top.need("board", str),
        _log_level(hypervisor), has_console, console.take("cpu", int),
        _control(console.take("switch_key", str, "ctrl-]")),
        {name: _shared(name, value) for name, value in shared.rest.items()},
        tuple(_vm(str(name), _Keys(value, f"vms.{name}"), health)
              for name, value in vms.rest.items()),
        _modes(schedule, quantum), quantum)
    for keys in (top, hypervisor, console, schedule):
        keys.done()
    if not found.vms:
        raise Unreadable(f"{path.name} has no VMs")
    return _with_shared_sizes(found)


def _log_level(hypervisor):
    """The level by default; those of single modules are in the code, not in the tables."""
    log = hypervisor.take("log", (str, dict), "info")
    levels = log if isinstance(log, dict) else {"default": log}
    for module, level in levels.items():
        if level not in layout.LOG_LEVELS or module != "default" and module not in LOG_MODULES:
            raise Unreadable(f"hypervisor.log: the verifier does not know `{module}: {level}`")
    return levels.get("default", "info")


def _control(text):
    if not text.startswith("ctrl-") or len(text) != 6:
        raise Unreadable(f"`{text}` is no control character")
    return ord(text[5].upper()) & 31


def _shared(name, value):
    keys = _Keys(value, f"shared.{name}")
    found = byte_size(keys.need("size", (str, int)), f"shared.{name}"), keys.take("phys", int)
    keys.done()
    return found


def _time(keys, key, default=None):
    value = keys.take(key, str)
    return default if value is None else duration(value, f"{keys.where}: `{key}`")


def _modes(schedule, quantum):
    """Either `modes`, or the CPUs of the only one."""
    frame, modes = _time(schedule, "frame"), schedule.keys("modes")
    if not modes.rest:
        cpus = schedule.keys("cpus")
        return (Mode(USUAL_MODE, frame, _cpu_slots(cpus, quantum)),) if cpus.rest else ()
    found = []
    for name, value in modes.rest.items():
        keys = _Keys(value, f"schedule.modes.{name}")
        found.append(Mode(str(name), _time(keys, "frame", frame),
                          _cpu_slots(keys.keys("cpus"), quantum)))
        keys.done()
    return tuple(found)


def _cpu_slots(cpus, quantum):
    found = []
    for cpu, slots in cpus.rest.items():
        if not re.fullmatch("[0-9]{1,5}", str(cpu)) or not isinstance(slots, list):
            raise Unreadable(f"{cpus.where}: `{cpu}` is no CPU with a list of slots")
        found.append((int(cpu), tuple(_slot(_Keys(slot, f"{cpus.where}.{cpu}"), quantum)
                                 for slot in slots)))
    return tuple(found)


def _slot(keys, quantum):
    at, length = _time(keys, "at"), _time(keys, "for")
    if at is None or length is None:
        raise Unreadable(f"{keys.where}: a slot has no `at` or no `for`")
    slot = Slot(at, length, _time(keys, "quantum", quantum), _members(keys, "run"),
                _members(keys, "spare"))
    keys.done()
    return slot


def _members(keys, key):
    """`vm` is all of its vCPUs on the CPU, `vm/1` one of them."""
    found = []
    for text in keys.take(key, list, []):
        name, slash, index = str(text).partition("/")
        if slash and not re.fullmatch("[0-9]{1,5}", index):
            raise Unreadable(f"{keys.where}: `{text}` is no vCPU")
        found.append((name, int(index) if slash else None))
    return tuple(found)


def _with_shared_sizes(found):
    """Windows on shared memory get its size and place."""
    def complete(vm, window):
        if window.shared is None:
            return window
        if window.shared not in found.shared:
            raise Unreadable(f"vms.{vm.name}: there is no shared memory `{window.shared}`")
        size, phys = found.shared[window.shared]
        return Window(window.name, window.kind, window.at, phys, size, window.access,
                      window.shared)

    vms = tuple(Vm(**{**vars(vm), "windows": tuple(complete(vm, w) for w in vm.windows)})
                for vm in found.vms)
    return Description(**{**vars(found), "vms": vms})


def _vm(name, keys, health):
    gic, psci = keys.keys("gic"), keys.keys("psci")
    cpus = keys.need("cpus", (int, list))
    if isinstance(cpus, list) and not all(isinstance(c, int) for c in cpus):
        raise Unreadable(f"{keys.where}: `cpus` are numbers")
    windows = keys.keys("memory").rest
    devices = [_device(device, _Keys(value, f"{keys.where}.devices.{device}"))
               for device, value in keys.keys("devices").rest.items()]
    vm = Vm(
        name, cpus,
        tuple(_window(str(w), _Keys(value, f"{keys.where}.memory.{w}"))
              for w, value in windows.items()),
        _boot(_Keys(keys.need("boot", dict), f"{keys.where}.boot")),
        tuple(d for d in devices if isinstance(d, Emulated)),
        tuple(d for d in devices if isinstance(d, Assigned)),
        tuple(_interrupt(_Keys(i, f"{keys.where}.interrupts"))
              for i in keys.take("interrupts", list, [])),
        gic.take("distributor", int, 0x08000000), gic.take("redistributors", int, 0x080A0000),
        gic.take("cpu_interface", int, 0x08010000),
        gic.take("spis", int), psci.take("conduit", str, "hvc"), _flags(keys),
        tuple(keys.take("smc_allow", list, [])), tuple(keys.take("control", list, [])),
        _awaited(keys.keys("start_after")), _budget(keys),
        tuple(answers(read_health(keys.keys("health")), health).items()),
        _time(keys, "heartbeat", 0), read_limit(keys.keys("interrupt_limit")))
    for part in (gic, psci, keys):
        part.done()
    return vm


def _awaited(keys):
    """(name of a VM, event) of each that has to happen before the VM starts."""
    for event in keys.rest.values():
        if event not in layout.EVENTS:
            raise Unreadable(f"{keys.where}: the verifier does not know the event `{event}`")
    return tuple(keys.rest.items())


def _flags(keys):
    flags = 0
    for grant in keys.take("grant", list, []):
        if grant not in GRANTS:
            raise Unreadable(f"{keys.where}: the verifier does not know the grant `{grant}`")
        flags |= 1 << GRANTS.index(grant)
    for right in keys.take("may", list, []):
        if right not in RIGHTS:
            raise Unreadable(f"{keys.where}: the verifier does not know the right `{right}`")
        flags |= RIGHTS[right]
    clock = keys.take("clock", str, "real")
    if clock not in CLOCKS:
        raise Unreadable(f"{keys.where}: the verifier does not know the clock `{clock}`")
    return flags | CLOCKS[clock] | (1 << 7 if keys.take("autostart", bool, True) else 0)


def _budget(keys):
    """`time: { period, budget }` in ns, or None."""
    time = keys.keys("time")
    if not time.rest:
        return None
    found = _time(time, "period"), _time(time, "budget")
    time.done()
    if None in found or 0 in found:
        raise Unreadable(f"{time.where} has not both `period` and `budget`")
    return found


def _window(name, keys):
    shared, image = keys.take("shared", str), keys.take("image", str)
    in_place = keys.take("in_place", bool, False)
    size = keys.take("size", (str, int))
    if shared is not None:
        kind, usual = layout.WINDOW_SHARED, "rw"
    elif image is not None and in_place:
        kind, usual = layout.WINDOW_IMAGE, "rx"
    else:
        kind, usual = layout.WINDOW_RAM, "rwx"
    access = keys.take("access", str, usual)
    if access not in ACCESS:
        raise Unreadable(f"{keys.where}: `{access}` is no access")
    if size is None and shared is None and image is None:
        raise Unreadable(f"{keys.where} says neither how large it is nor what it shows")
    found = Window(name, kind, keys.take("at", int), keys.take("phys", int),
                   None if size is None else byte_size(size, keys.where), ACCESS[access], shared,
                   image)
    keys.done()
    return found


def _number(keys):
    """`{ spi: 1 }` or `{ intid: 33 }` as INTID, None without either."""
    spi, intid = keys.take("spi", int), keys.take("intid", int)
    return spi + SPI_FIRST if spi is not None else intid


def _interrupt(keys):
    found = _number(keys), keys.take("trigger", str, "level") == "edge"
    keys.done()
    if found[0] is None:
        raise Unreadable(f"{keys.where}: an interrupt has no number")
    return found


def _device(name, keys):
    irq = keys.keys("irq")
    intid, at = _number(irq), keys.take("at", int)
    kind, node = keys.take("emulate", str), keys.take("assign", str)
    dma = keys.take("dma", str)
    irq.done()
    keys.done()
    if kind is None and node is not None:
        return Assigned(str(name), node, at, intid, dma == "accept-risk")
    if kind not in EMULATED or node is not None:
        raise Unreadable(f"{keys.where}: the verifier does not know this device")
    usual_at, usual_intid = EMULATED[kind]
    return Emulated(str(name), kind, usual_at if at is None else at,
                    usual_intid if intid is None else intid)


def _boot(keys):
    linux, tree = keys.keys("linux"), keys.take("devicetree", (bool, dict))
    has_linux = bool(linux.rest)
    images = []
    for value in keys.take("images", list, []):
        image = _Keys(value, f"{keys.where}.images")
        images.append((image.need("file", str), image.take("at", int)))
        image.done()
    if isinstance(tree, dict):
        inner = _Keys(tree, f"{keys.where}.devicetree")
        tree = inner.need("at", int)
        inner.done()
    elif tree is True:
        tree = None
    boot = Boot(linux.need("kernel", str) if has_linux else None, linux.take("initrd", str),
                (linux if has_linux else keys).take("cmdline", str, ""), tuple(images), keys.take("entry", int), tree,
                keys.take("x0", int))
    linux.done()
    keys.done()
    return boot
