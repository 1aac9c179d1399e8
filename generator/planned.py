"""What plan hands to the later phases.

Owns the frozen dataclasses, no behaviour beyond properties. Promises: every row carries the place
of the description that it stems from and the reason for each choice; what could not be placed is
None, and `check` says why. Rows stand in the order of the generated tables, ids are the index.
"""

from dataclasses import dataclass, field

from generator.diagnostics import Place
from generator.model import PAGE, AssignedDevice, GuestInterface, Range, System, Window
from generator.units import align_up


@dataclass(frozen=True)
class PlannedVcpu:
    id: int
    vm: int
    index: int
    cpu: int | None  # None: no CPU was left
    vmpidr: int
    place: Place
    reason: str


@dataclass(frozen=True)
class PlannedCpu:
    id: int
    mpidr: int
    residents: tuple[int, ...]  # ids of its vCPUs, ascending
    stack: Range

    @property
    def vcpu(self):
        return self.residents[0] if self.residents else None


@dataclass(frozen=True)
class Slice:
    first: int
    count: int


@dataclass(frozen=True)
class PlannedMode:
    """The frame is the same on all CPUs."""

    name: str
    frame_ns: int
    frame_ticks: int
    place: Place | None
    reason: str


@dataclass(frozen=True)
class PlannedSlot:
    """A time window of a CPU; bounds from the start of the frame, ends exclusive."""

    mode: int
    cpu: int
    start_ns: int
    end_ns: int
    quantum_ns: int
    start_ticks: int
    end_ticks: int
    quantum_ticks: int
    members: tuple[int, ...]  # ids of vCPUs; the last `spare_count` run while no other can
    spare_count: int
    place: Place
    reason: str


@dataclass(frozen=True)
class PlannedCpuSchedule:
    mode: int
    cpu: int
    slots: Slice


@dataclass(frozen=True)
class PlannedWindow:
    """One stage-2 mapping. kind: "ram", "image", "shared", "device" or "gicv"."""

    vm: int
    name: str
    kind: str
    ipa: int | None
    pa: int | None
    size: int
    access: str
    place: Place
    ipa_reason: str
    pa_reason: str
    source: Window | AssignedDevice | GuestInterface = field(repr=False)

    @property
    def ipa_range(self):
        return None if self.ipa is None else Range(self.ipa, self.size)

    @property
    def pa_range(self):
        return None if self.pa is None else Range(self.pa, self.size)


@dataclass(frozen=True)
class Blob:
    """Bytes that are packed into the system image, once however often they are used."""

    id: int
    name: str  # what it is, for people
    sha256: str
    size: int
    pa: int
    data: bytes = field(repr=False)

    @property
    def packed_size(self):
        """With the zeros up to the end of its last page."""
        return align_up(self.size, PAGE)

    @property
    def symbol(self):
        return f"guest_image_{self.id}"


@dataclass(frozen=True)
class PlannedPiece:
    """Contents at a guest address: file bytes, then zeros up to memory_size."""

    vm: int
    what: str  # "kernel", "initrd", "devicetree", "segment 1 of a.elf", "b.bin"
    ipa: int | None
    memory_size: int
    place: Place
    reason: str
    data: bytes = field(repr=False)
    window: str | None = None  # name of the window that holds all of it, None: none does

    @property
    def ipa_range(self):
        return None if self.ipa is None else Range(self.ipa, self.memory_size)


@dataclass(frozen=True)
class PlannedLoad:
    """One step at a start: copy from a blob, or clear when blob is None."""

    dst: int  # PA
    size: int
    blob: int | None
    reason: str
    place: Place


@dataclass(frozen=True)
class PlannedMmio:
    vm: int
    name: str  # "distributor", "redistributors", or the device's name
    kind: str  # GICD, GICR, GICC, or the model of an emulated device
    ipa: int
    size: int
    instance: int
    place: Place
    reason: str

    @property
    def ipa_range(self):
        return Range(self.ipa, self.size)


@dataclass(frozen=True)
class PlannedEmulated:
    """An emulated device; id counts the devices of one model."""

    id: int
    vm: int
    name: str
    model: str
    intid: int | None  # None: it has no interrupt
    console: int | None
    place: Place


@dataclass(frozen=True)
class PlannedReaction:
    """What is done about one class of fault in one VM."""

    vm: int
    fault: str
    action: str
    then: str  # in place of a restart that is one too many
    mode: int | None
    first_restart: int  # slice of what the runtime remembers of restarts
    restart_count: int  # at most so many in `period_ns`
    period_ns: int
    place: Place
    reason: str


@dataclass(frozen=True)
class PlannedIrq:
    pintid: int
    vm: int
    vintid: int
    edge: bool
    name: str  # of the device, or "interrupts[0]"
    place: Place
    reason: str


@dataclass(frozen=True)
class PlannedControl:
    """The calls of `vm` rule the life of `target`."""

    vm: int
    target: int
    place: Place


@dataclass(frozen=True)
class PlannedFollower:
    """`follower` starts after `event` of `vm`."""

    vm: int
    follower: int
    event: str  # "started" or "ready"
    place: Place


@dataclass(frozen=True)
class PlannedVm:
    id: int
    name: str
    vmid: int
    flags: tuple[str, ...]
    vcpus: Slice
    windows: Slice
    loads: Slice
    mmios: Slice
    irqs: Slice
    smcs: Slice
    controls: Slice
    followers: Slice
    awaited_count: int  # events before its start
    console: int | None
    spi_count: int
    spi_reason: str
    first_spi: int
    gicd_ipa: int
    gicr_ipa: int  # GICv3, else 0
    gicc_ipa: int  # GICv2, else 0
    entry: int | None
    entry_reason: str
    x0: int
    x0_reason: str
    devicetree: bytes | None = field(repr=False)
    place: Place
    stage2_root: str = ""  # name of its table


@dataclass(frozen=True)
class Descriptor:
    """One used entry of a table: a leaf, or `table` is the name of the next one."""

    idx: int
    value: int  # attributes; of a table descriptor 3
    table: str | None
    note: str  # what it maps, and whose line that is


@dataclass(frozen=True)
class Table:
    name: str
    entry_count: int  # 512, or 1024 for two concatenated tables
    base: int  # first input address
    level: int
    descriptors: tuple[Descriptor, ...]

    @property
    def size(self):
        return 8 * self.entry_count


@dataclass(frozen=True)
class Slot:
    """A stretch of the system image, mapped with one permission."""

    name: str
    base: int
    size: int
    access: str
    reason: str

    @property
    def range(self):
        return Range(self.base, self.size)


@dataclass(frozen=True)
class Registers:
    tcr_el2: int
    mair_el2: int
    vtcr_el2: int


@dataclass(frozen=True)
class Image:
    """The system image in physical memory, identity-mapped."""

    base: int
    end: int
    slots: tuple[Slot, ...]  # text, rodata, data, stacks, guests; in ascending order
    stack_bytes: int

    @property
    def range(self):
        return Range(self.base, self.end - self.base)

    def slot(self, name):
        return next(s for s in self.slots if s.name == name)


@dataclass(frozen=True)
class PlannedShared:
    name: str
    pa: int | None
    size: int
    place: Place
    reason: str


@dataclass(frozen=True)
class Plan:
    system: System = field(repr=False)
    description_hash: str
    cpus: tuple[PlannedCpu, ...]
    console_cpu: int | None  # None: the hypervisor has no console
    console_cpu_reason: str
    clock: str | None  # path of the board's clock, when EL2 reads the date from it
    console_names: tuple[str, ...]
    vms: tuple[PlannedVm, ...]
    vcpus: tuple[PlannedVcpu, ...]
    windows: tuple[PlannedWindow, ...]  # by VM, then guest address
    shared: tuple[PlannedShared, ...]
    pieces: tuple[PlannedPiece, ...]
    loads: tuple[PlannedLoad, ...]
    boot_loads: tuple[PlannedLoad, ...]
    mmios: tuple[PlannedMmio, ...]
    emulated: tuple[PlannedEmulated, ...]
    reactions: tuple[PlannedReaction, ...]  # by VM, then class; none: the usual is done
    irqs: tuple[PlannedIrq, ...]  # by VM, then INTID
    controls: tuple[PlannedControl, ...]  # by VM
    followers: tuple[PlannedFollower, ...]  # by VM that they follow
    blobs: tuple[Blob, ...]
    image: Image
    stage2_tables: tuple[Table, ...]
    el2_tables: tuple[Table, ...]
    registers: Registers
    pa_bits_needed: int
    intid_limit: int
    modes: tuple[PlannedMode, ...]
    cpu_schedules: tuple[PlannedCpuSchedule, ...]  # by mode, then CPU
    slots: tuple[PlannedSlot, ...]  # by mode, CPU, start

    @property
    def is_scheduled(self):
        return bool(self.modes)

    def slots_of(self, mode, cpu):
        """The slots of a CPU in a mode; none: its only vCPU has it always."""
        part = self.cpu_schedules[mode * len(self.cpus) + cpu].slots
        return self._rows(self.slots, part)

    def windows_of(self, vm):
        return self._rows(self.windows, self.vms[vm].windows)

    def pieces_of(self, vm):
        return [p for p in self.pieces if p.vm == vm]

    def mmios_of(self, vm):
        return self._rows(self.mmios, self.vms[vm].mmios)

    @staticmethod
    def _rows(table, part):
        return table[part.first:part.first + part.count]
