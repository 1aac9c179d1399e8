"""The tables that the runtime indexes, decoded from the image by the names of their symbols.

Form only: sizes, constant memory, padding, strings. What the values mean is judged by the
properties. Decoding is a function of an object's bytes, so results are kept by content.

@req EVID-1
"""

from functools import lru_cache

from verifier import layout
from verifier.faults import Malformed

# Object -> (type of its elements, may it stand for no element by one zeroed element?)
OBJECTS = {
    "cfg_system": (layout.SYSTEM, False),
    "cfg_ram": (layout.RANGE, False),
    "cfg_cpus": (layout.CPU, False),
    "cfg_vms": (layout.VM, False),
    "cfg_vcpus": (layout.VCPU, False),
    "cfg_windows": (layout.WINDOW, True),
    "cfg_loads": (layout.LOAD, True),
    "cfg_boot_loads": (layout.LOAD, True),
    "cfg_mmios": (layout.MMIO, True),
    "cfg_pl011s": (layout.PL011, True),
    "cfg_pl031s": (layout.PL031, True),
    "cfg_sp805s": (layout.SP805, True),
    "cfg_pvpanics": (layout.PVPANIC, True),
    "cfg_healths": (layout.HEALTH, True),
    "cfg_watches": (layout.WATCH, True),
    "cfg_irqs": (layout.IRQ, True),
    "cfg_irq_of_intid": (layout.U16, False),
    "cfg_smcs": (layout.U32, True),
    "cfg_controls": (layout.U16, False),  # VM 0 alone looks like none: `vms` decide, and here
    "cfg_followers": (layout.FOLLOWER, False),
    "cfg_residents": (layout.U16, False),
    "cfg_modes": (layout.MODE, True),
    "cfg_cpu_schedules": (layout.CPU_SCHEDULE, True),
    "cfg_slots": (layout.SLOT, True),
    "cfg_slot_members": (layout.U16, False),  # vCPU 0 alone looks like none: `slots` decide
    "cfg_console_names": (layout.TEXT, True),
}
STRUCTS = {kind for kind, _ in OBJECTS.values() if kind.tag.startswith("cfg_")}

# Slices: array -> {what its rows call the part: array that the part is of}
SLICES = {
    "vms": {what: what + "s" for what in ("vcpu", "window", "load", "mmio", "irq", "smc",
                                          "control", "follower")},
    "cpus": {"resident": "residents"},
    "cpu_schedules": {"slot": "slots"},
    "slots": {"member": "slot_members"},
}


@lru_cache(maxsize=256)
def _decoded(name, base, data):
    kind, may_be_empty = OBJECTS[name]
    rows = kind.decode(data, base)
    stray = kind.stray_padding(data)
    if may_be_empty and len(rows) == 1 and not any(data):
        rows = []
    return tuple(rows), stray


class Config:
    """Rows of each object, under its name without `cfg_`; names of VMs and others as text."""

    def __init__(self, elf):
        self.sizes = {}
        self.places = {}
        for name, (kind, _) in OBJECTS.items():
            symbol = elf.symbol(name)
            if symbol.size == 0 or symbol.size % kind.size:
                raise Malformed(f"`{name}` has {symbol.size} bytes, its elements have {kind.size}",
                                symbol.base)
            if not elf.is_constant(symbol.base, symbol.size):
                raise Malformed(f"`{name}` is not in constant memory of the image", symbol.base)
            data = elf.read(symbol.base, symbol.size, f"`{name}`")
            rows, stray = _decoded(name, symbol.base, data)
            if stray is not None:
                raise Malformed(f"`{name}`: byte {stray} is padding and not zero",
                                symbol.base + stray)
            self.sizes[name] = symbol.size
            self.places[name] = symbol.base
            if name == "cfg_pvpanics" and any(m.kind == layout.MMIO_PVPANIC for m in self.mmios):
                rows = tuple(kind.decode(data, symbol.base))  # that of VM 0 alone looks like none
            setattr(self, name.removeprefix("cfg_"), rows)
        if len(self.system) != 1:
            raise Malformed("`cfg_system` is not one struct", self.places["cfg_system"])
        self.system = self.system[0]
        self.system_name = elf.text_at(self.system.name, "cfg_system.name")
        self.board_name = elf.text_at(self.system.board, "cfg_system.board")
        self.vm_names = [elf.text_at(vm.name, f"cfg_vms[{vm.id}].name") for vm in self.vms]
        self.window_names = [elf.text_at(w.name, f"cfg_windows[{w.id}].name")
                             for w in self.windows]
        self.console_labels = [elf.text_at(row.value, f"cfg_console_names[{row.id}]")
                               for row in self.console_names]
        self.mode_names = [elf.text_at(mode.name, f"cfg_modes[{mode.id}].name")
                           for mode in self.modes]
        if not self.slots and [row.value for row in self.slot_members] == [0]:
            self.slot_members = ()
        if not any(vm.control_count for vm in self.vms) and (
                [row.value for row in self.controls] == [0]):
            self.controls = ()
        if not any(vm.follower_count for vm in self.vms) and (
                [(row.vm, row.event) for row in self.followers] == [(0, 0)]):
            self.followers = ()
        for owner, kinds in SLICES.items():
            for row in getattr(self, owner):
                for what, target in kinds.items():
                    end = getattr(row, f"first_{what}") + getattr(row, f"{what}_count")
                    if end > len(getattr(self, target)):
                        raise Malformed(f"cfg_{owner}[{row.id}]: its {what}s end at {end}, the "
                                        f"table has {len(getattr(self, target))}", row.at)

    def of_vm(self, what, vm):
        """The slice of `what` ("window", "load", ...) of the row `vm` of cfg_vms."""
        return self._slice("vms", what, vm)

    def residents_of(self, cpu):
        """Ids of the vCPUs that live on the row `cpu` of cfg_cpus."""
        return [row.value for row in self._slice("cpus", "resident", cpu)]

    def slots_of(self, mode, cpu):
        """Rows of cfg_slots of a CPU in a mode, both by number. PROP-FORM shows that they exist."""
        return self._slice("cpu_schedules", "slot",
                           self.cpu_schedules[mode * len(self.cpus) + cpu])

    def members_of(self, slot):
        """Ids of the vCPUs that take turns in the row `slot` of cfg_slots."""
        return [row.value for row in self._slice("slots", "member", slot)]

    def _slice(self, owner, what, row):
        first = getattr(row, f"first_{what}")
        return getattr(self, SLICES[owner][what])[first:first + getattr(row, f"{what}_count")]
