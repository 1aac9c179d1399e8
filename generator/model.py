"""What resolve hands to the later phases: the board and the resolved description.

Owns the frozen dataclasses, no behaviour beyond properties; those of the plan are in planned.py.
Promises: a value that may come from the description is a Sourced: the value, the place it stands
at (None when nobody wrote it) and the reason for it. A resolved description never holds a
reference that leads nowhere. Sizes and addresses are bytes; INTIDs are architectural
[IHI0069 2.2]: SPI n is INTID n + 32.
"""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from generator.diagnostics import Place
from generator.units import align_down, align_up

T = TypeVar("T")

PAGE = 0x1000
MIB = 1 << 20
BLOCK_2M = 2 * MIB
BLOCK_1G = 1 << 30
IPA_BITS = 40
FIRST_SPI = 32
MODE_DEFAULT = "normal"  # of schedules that have no `modes`
# The folders of the runtime that log, in the order of enum log_module of core/log.h.
LOG_MODULES = ("core", "gic", "vm", "mmio", "smccc", "psci", "vtimer", "vgic", "vdev", "sysreg",
               "world")


@dataclass(frozen=True)
class Sourced(Generic[T]):
    value: T
    place: Place | None = None
    reason: str = "as described"

    @property
    def is_given(self):
        """Did a person write it?"""
        return self.place is not None


@dataclass(frozen=True, order=True)
class Range:
    base: int
    size: int

    @property
    def end(self):
        return self.base + self.size

    def overlaps(self, other):
        return self.base < other.end and other.base < self.end

    def contains(self, other):
        return self.base <= other.base and other.end <= self.end


# --- the board ------------------------------------------------------------------------------


@dataclass(frozen=True)
class BoardIrq:
    intid: int
    edge: bool


@dataclass(frozen=True)
class BoardDevice:
    """A node of the board's devicetree that has registers or interrupts."""

    path: str
    compatible: tuple[str, ...]
    regs: tuple[Range, ...]  # physical, after `ranges`; virtual functions of a bus are left out
    irqs: tuple[BoardIrq, ...]
    is_enabled: bool
    can_dma: bool  # names a DMA channel, an IOMMU, is a bus master by its compatible
    iommus: tuple[str, ...]  # paths of the IOMMUs in front of it
    unmet: tuple[str, ...]  # properties that point to what a guest cannot be given: "resets", ...

    @property
    def pages(self):
        """The registers as whole 4 KiB pages, sorted, merged."""
        out = []
        for reg in sorted(self.regs):
            base = align_down(reg.base, PAGE)
            end = align_up(reg.end, PAGE)
            if out and base <= out[-1].end:
                out[-1] = Range(out[-1].base, max(out[-1].end, end) - out[-1].base)
            else:
                out.append(Range(base, end - base))
        return tuple(out)


@dataclass(frozen=True)
class BoardCpu:
    id: int  # place in the devicetree's /cpus
    path: str
    mpidr: int  # affinity fields
    compatible: str
    release: int | None = None  # address that it polls for its entry, with a spin table


@dataclass(frozen=True)
class Gic:
    path: str
    version: int  # 2 or 3
    distributor: Range
    redistributors: tuple[Range, ...]  # GICv3
    cpu_interface: Range | None = None  # GICv2: GICC
    hypervisor_interface: Range | None = None  # GICv2: GICH
    guest_interface: Range | None = None  # GICv2: the page of GICV that guests see as their GICC

    @property
    def for_hypervisor(self):
        """The blocks that EL2 drives."""
        own = (self.distributor, *self.redistributors, self.cpu_interface,
               self.hypervisor_interface)
        return tuple(block for block in own if block is not None)


@dataclass(frozen=True)
class Board:
    name: str
    folder: str  # as the description names it
    cpus: tuple[BoardCpu, ...]
    ram: tuple[Range, ...]
    devices: dict[str, BoardDevice]  # by path, in the devicetree's order
    labels: dict[str, str]  # label -> path
    aliases: dict[str, str]  # alias -> path
    gic: Gic | None
    uart: BoardDevice | None  # the console: the hypervisor's, where it has one
    rtc: BoardDevice | None  # a PL031, which knows the date
    reserved: tuple[str, ...]  # paths of nodes that no VM can have: gic, timer, psci
    firmware: str  # how other CPUs are started: "psci" or "spin-table"
    power: BoardDevice | None  # what switches the machine off, when firmware does not
    image_base: int
    pa_bits: int
    counter_hz: int | None  # of the system counter; only schedules need it
    grants: frozenset[str]  # what its CPUs can grant
    spi_count: int  # of the physical distributor
    qemu: tuple[str, ...]  # the command line that makes this board, %IMAGE% for the image
    dtb: bytes = field(repr=False, default=b"")

    @property
    def platform(self):
        """The folders of runtime/platform that it needs."""
        return ("pl011", self.firmware, *(("bcm2835",) if self.power else ()))

    @property
    def releases(self):
        """The pages that parked CPUs poll."""
        pages = {align_down(cpu.release, PAGE) for cpu in self.cpus if cpu.release is not None}
        return tuple(Range(page, PAGE) for page in sorted(pages))

    def owner_of_spi(self, intid):
        """Paths of the nodes with this interrupt."""
        return [d.path for d in self.devices.values() if any(i.intid == intid for i in d.irqs)]


# --- the resolved description ---------------------------------------------------------------


@dataclass(frozen=True)
class LinuxHeader:
    """The arm64 Image header (Documentation/arch/arm64/booting)."""

    text_offset: int
    image_size: int
    flags: int


@dataclass(frozen=True)
class ElfSegment:
    address: int  # physical (p_paddr)
    file_offset: int
    file_size: int
    memory_size: int


@dataclass(frozen=True)
class ElfImage:
    machine: int
    bits: int
    entry: int  # physical: where the first instruction is loaded
    segments: tuple[ElfSegment, ...]  # PT_LOAD with memory, sorted by address


@dataclass(frozen=True)
class ImageFile:
    name: str  # as the description writes it
    place: Place
    kind: str  # "linux", "elf" or "flat"
    data: bytes | None = field(repr=False)  # None: cannot be read, see problem
    problem: str = ""  # why it cannot be used, in words
    sha256: str | None = None
    linux: LinuxHeader | None = None
    elf: ElfImage | None = None

    @property
    def size(self):
        return len(self.data) if self.data is not None else 0


@dataclass(frozen=True)
class Shared:
    name: str
    place: Place
    size: Sourced[int]
    phys: Sourced[int | None]


@dataclass(frozen=True)
class Window:
    """A stretch of guest memory. kind: "ram", "image" (in place, read-only) or "shared"."""

    name: str
    place: Place  # of its key
    kind: str
    at: Sourced[int | None]  # guest address
    phys: Sourced[int | None]
    size: Sourced[int]  # of a shared window: that of `shared`; of an image: the file's, in pages
    access: Sourced[str]  # letters of "rwx" in this order
    shared: Sourced[str] | None = None
    image: ImageFile | None = None  # ram: copied at every start; image: mapped in place


@dataclass(frozen=True)
class LinuxBoot:
    place: Place
    kernel: ImageFile
    initrd: ImageFile | None
    cmdline: Sourced[str]


@dataclass(frozen=True)
class Piece:
    place: Place
    file: ImageFile
    at: Sourced[int | None]  # None: an ELF file, its own addresses


@dataclass(frozen=True)
class Boot:
    place: Place
    linux: LinuxBoot | None
    pieces: tuple[Piece, ...]
    cmdline: Sourced[str]  # of what is no Linux
    entry: Sourced[int | None]
    has_devicetree: Sourced[bool]
    devicetree_at: Sourced[int | None]
    x0: Sourced[int | None]

    @property
    def bootargs(self):
        """The command line that the devicetree hands over."""
        return (self.linux or self).cmdline


@dataclass(frozen=True)
class Irq:
    """An interrupt as written: {spi: 1} and {intid: 33} are the same."""

    place: Place
    written: str  # "spi" or "intid"
    number: int

    @property
    def intid(self):
        return self.number + FIRST_SPI if self.written == "spi" else self.number


@dataclass(frozen=True)
class EmulatedDevice:
    name: str
    place: Place
    model: str  # "pl011", "pl031", "sp805" or "pvpanic"
    at: Sourced[int]
    intid: Sourced[int | None]  # None: it has no interrupt
    irq: Irq | None  # as written, None when defaulted


@dataclass(frozen=True)
class AssignedDevice:
    name: str
    place: Place
    node: Sourced[str]  # as written: path, &label or alias
    device: BoardDevice
    at: Sourced[int]  # guest address of its first register
    irq: Irq | None  # guest interrupt of its first physical one, None: the same
    accepts_dma: Sourced[bool]


@dataclass(frozen=True)
class GuestInterface:
    """The CPU interface of a guest with a GICv2: the board's GICV, mapped."""

    name: str
    place: Place
    at: Sourced[int]


@dataclass(frozen=True)
class BareInterrupt:
    place: Place
    irq: Irq
    edge: bool


@dataclass(frozen=True)
class Restart:
    """At most `times` in any stretch of `period_ns`; in place of one more, `then`."""

    times: Sourced[int]
    period_ns: Sourced[int]
    then: Sourced[str]


@dataclass(frozen=True)
class Reaction:
    """What is done about one class of fault in one VM."""

    fault: str
    action: Sourced[str]
    restart: Restart | None  # of the action "restart"
    mode: Sourced[str] | None  # of "switch-mode", as the action or after the last restart


@dataclass(frozen=True)
class InterruptLimit:
    """More than `count` physical interrupts in `period_ns` are a storm."""

    place: Place
    count: Sourced[int]
    period_ns: Sourced[int]


@dataclass(frozen=True)
class Awaited:
    """What has to happen to another VM before this one starts."""

    vm: Sourced[str]
    event: Sourced[str]  # "started" or "ready"


@dataclass(frozen=True)
class TimeNeed:
    """What each vCPU of a VM needs of a shared CPU: `budget` in every `period`, in ns."""

    place: Place
    period: Sourced[int]
    budget: Sourced[int]


@dataclass(frozen=True)
class Vm:
    id: int
    name: str
    place: Place  # of its key
    cpu_list: tuple[Sourced[int], ...]  # CPUs by number; empty when only their count is given
    cpu_count: Sourced[int]
    windows: tuple[Window, ...]  # in the order of the description
    boot: Boot | None
    emulated: tuple[EmulatedDevice, ...]
    assigned: tuple[AssignedDevice, ...]
    interrupts: tuple[BareInterrupt, ...]
    distributor: Sourced[int]
    redistributors: Sourced[int]  # GICv3
    cpu_interface: Sourced[int]  # GICv2
    spis: Sourced[int | None]
    psci_conduit: Sourced[str]
    grants: tuple[Sourced[str], ...]
    smc_allow: tuple[Sourced[int], ...]
    autostart: Sourced[bool]
    start_after: tuple[Awaited, ...]
    control: tuple[Sourced[str], ...]  # names of VMs
    time: TimeNeed | None
    clock: Sourced[str]  # "real", or "scheduled": it stands still while the VM does not run
    may: tuple[Sourced[str], ...]
    reactions: tuple[Reaction, ...]  # in the order of generator.health.FAULTS
    heartbeat_ns: Sourced[int | None]
    interrupt_limit: InterruptLimit | None

    def may_do(self, name):
        return any(m.value == name for m in self.may)

    def has_grant(self, name):
        return any(g.value == name for g in self.grants)


# --- schedules, times in ns ------------------------------------------------------------------


@dataclass(frozen=True)
class Member:
    """Of a slot, as written: a VM means all its vCPUs on that CPU."""

    place: Place
    vm: str
    index: int | None

    @property
    def text(self):
        return self.vm if self.index is None else f"{self.vm}/{self.index}"


@dataclass(frozen=True)
class TimeSlot:
    place: Place
    start: Sourced[int]  # from the start of the frame
    length: Sourced[int]
    run: tuple[Member, ...]
    spare: tuple[Member, ...]
    quantum: Sourced[int]


@dataclass(frozen=True)
class CpuTable:
    place: Place  # of the CPU's number
    cpu: int
    slots: tuple[TimeSlot, ...]  # in the order of the description


@dataclass(frozen=True)
class Mode:
    name: str
    place: Place
    frame: Sourced[int]
    tables: tuple[CpuTable, ...]


@dataclass(frozen=True)
class Schedule:
    """What is written of it: tables may be built besides where there are no `modes`."""

    place: Place | None
    quantum: Sourced[int]
    has_modes: bool
    modes: tuple[Mode, ...]


@dataclass(frozen=True)
class ModuleLog:
    """The log level of one of the runtime's modules."""
    module: str
    level: Sourced[str]


@dataclass(frozen=True)
class Hypervisor:
    log: Sourced[str]  # the default of the modules
    log_modules: tuple[ModuleLog, ...]  # of each, in the order of LOG_MODULES
    checks_images: Sourced[bool]
    has_console: Sourced[bool]
    console_cpu: Sourced[int | None]
    switch_key: Sourced[str]


@dataclass(frozen=True)
class System:
    name: str
    place: Place
    board: Board
    board_place: Place
    hypervisor: Hypervisor
    shared: tuple[Shared, ...]
    schedule: Schedule
    vms: tuple[Vm, ...]

    @property
    def uart(self):
        """The UART that the hypervisor drives, or None: it has no console."""
        return self.board.uart if self.hypervisor.has_console.value else None

    @property
    def reserved(self):
        """Paths of the nodes that the hypervisor keeps."""
        return self.board.reserved + ((self.uart.path,) if self.uart else ())
