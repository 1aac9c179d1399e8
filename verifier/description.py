"""What the description says, with the defaults that docs/description.md gives, read on our own.

A key that this reader does not know raises Unreadable: it cannot vouch for what it does not
understand. `None` stands for a choice that the language leaves to the compiler; the properties
then say what bounds it.

@req EVID-1
"""

from dataclasses import dataclass, field

from verifier import layout
from verifier.faults import Unreadable
from verifier.yaml_reader import byte_size, read_yaml

ACCESS = {"r": layout.ACCESS_R, "rw": layout.ACCESS_R | layout.ACCESS_W,
          "rx": layout.ACCESS_R | layout.ACCESS_X,
          "rwx": layout.ACCESS_R | layout.ACCESS_W | layout.ACCESS_X}
PAGE = 4096
SPI_FIRST = 32
FLAT_AT = 0x40080000
EMULATED = {"pl011": (0x09000000, 33), "pl031": (0x09010000, 34)}
EMULATED_BYTES = PAGE
LOG_MODULES = ("core", "gic", "vm", "mmio", "smccc", "psci", "vtimer", "vgic", "vdev", "sysreg",
               "world")
GRANTS = layout.VM_FLAGS[:7]


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
    intid: int


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
    has_console = hypervisor.rest.get("console") != "none"
    console = hypervisor.keys("console") if has_console else _Keys(None, "no console")
    hypervisor.rest.pop("console", None)
    found = Description(
        path.parent, top.need("system", str), top.need("board", str),
        _log_level(hypervisor), has_console, console.take("cpu", int),
        _control(console.take("switch_key", str, "ctrl-]")),
        {name: _shared(name, value) for name, value in shared.rest.items()},
        tuple(_vm(str(name), _Keys(value, f"vms.{name}")) for name, value in vms.rest.items()))
    for keys in (top, hypervisor, console):
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


def _vm(name, keys):
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
        tuple(keys.take("smc_allow", list, [])))
    for part in (gic, psci, keys):
        part.done()
    return vm


def _flags(keys):
    flags = 0
    for grant in keys.take("grant", list, []):
        if grant not in GRANTS:
            raise Unreadable(f"{keys.where}: the verifier does not know the grant `{grant}`")
        flags |= 1 << GRANTS.index(grant)
    return flags | (1 << 7 if keys.take("autostart", bool, True) else 0)


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
