"""The C types of the tables as this verifier reads them: LP64, little-endian [AAPCS64 10.1].

Declared again here, by hand, from the meaning that runtime/config/config.h gives each field. Sizes
are compared with the symbols', and all of it with the debugging information (properties/form.py).

@req EVID-1
"""

from collections import namedtuple
import struct

POINTER = "P"  # an address of a C string
SIZES = {"B": 1, "H": 2, "I": 4, "Q": 8, POINTER: 8}


class Struct:
    """One C struct. `fields` are (name, code) or (name, code, count)."""

    def __init__(self, tag, *fields):
        self.tag = tag
        self.fields = fields
        self.offsets = {}
        self.padding = []  # offsets of bytes that no field uses
        at, align, code = 0, 1, "<"
        for name, kind, *count in fields:
            size = SIZES[kind]
            gap = -at % size
            self.padding += range(at, at + gap)
            at += gap
            self.offsets[name] = at
            number = count[0] if count else 1
            code += f"{gap}x{number}{'s' if kind == 'B' and count else kind.replace(POINTER, 'Q')}"
            at += size * number
            align = max(align, size)
        tail = -at % align
        self.padding += range(at, at + tail)
        self.size = at + tail
        self.codec = struct.Struct(code + f"{tail}x")
        self.row = namedtuple(tag, [f[0] for f in fields] + ["at", "id"])
        self._wide = [(i, f[2]) for i, f in enumerate(fields) if len(f) == 3 and f[1] != "B"]

    def decode(self, data, base):
        """Rows of an array at address `base`; whole structs only."""
        rows = []
        for index in range(len(data) // self.size):
            values = list(self.codec.unpack_from(data, index * self.size))
            for place, count in self._wide:
                values[place:place + count] = [tuple(values[place:place + count])]
            rows.append(self.row(*values, base + index * self.size, index))
        return rows

    def stray_padding(self, data):
        """Offset of the first byte of padding that is not zero, or None."""
        for start in range(0, len(data) - self.size + 1, self.size):
            for offset in self.padding:
                if data[start + offset]:
                    return start + offset
        return None


RANGE = Struct("cfg_range", ("base", "Q"), ("size", "Q"))
SYSTEM = Struct(
    "cfg_system", ("magic", "Q"), ("abi_version", "I"), ("gic_version", "I"), ("name", "P"),
    ("board", "P"), ("description_hash", "B", 32), ("image_base", "Q"), ("image_end", "Q"),
    ("gicd_base", "Q"), ("gicr_base", "Q"), ("gicr_size", "Q"), ("gicc_base", "Q"),
    ("gich_base", "Q"), ("uart_base", "Q"), ("power_base", "Q"),
    ("uart_intid", "I"), ("console_cpu", "H"), ("console_switch_key", "B"), ("log_level", "B"),
    ("el2_root", "Q"), ("tcr_el2", "Q"), ("mair_el2", "Q"), ("vtcr_el2", "Q"),
    ("rtc_base", "Q"), ("pa_bits_needed", "I"), ("spi_limit", "I"), ("counter_hz", "I"))
CPU = Struct("cfg_cpu", ("mpidr", "Q"), ("vcpu", "H"), ("first_resident", "H"),
             ("resident_count", "H"), ("stack_top", "Q"), ("release_pa", "Q"))
VM = Struct(
    "cfg_vm", ("name", "P"), ("vmid", "H"), ("flags", "H"), ("stage2_root", "Q"),
    ("first_vcpu", "H"), ("vcpu_count", "H"), ("first_window", "H"), ("window_count", "H"),
    ("first_load", "H"), ("load_count", "H"), ("first_mmio", "H"), ("mmio_count", "H"),
    ("first_irq", "H"), ("irq_count", "H"), ("first_smc", "H"), ("smc_count", "H"),
    ("first_control", "H"), ("control_count", "H"), ("first_follower", "H"),
    ("follower_count", "H"), ("awaited_count", "H"),
    ("console", "H"), ("spi_count", "H"), ("first_spi", "I"), ("gicd_ipa", "Q"),
    ("gicr_ipa", "Q"), ("gicc_ipa", "Q"), ("entry_ipa", "Q"), ("boot_x", "Q", 4))
VCPU = Struct("cfg_vcpu", ("vm", "H"), ("index", "H"), ("cpu", "H"), ("vmpidr", "Q"))
WINDOW = Struct("cfg_window", ("ipa", "Q"), ("pa", "Q"), ("size", "Q"), ("access", "B"),
                ("kind", "B"), ("name", "P"))
LOAD = Struct("cfg_load", ("src_pa", "Q"), ("dst_pa", "Q"), ("size", "Q"), ("sha256", "B", 32))
FOLLOWER = Struct("cfg_follower", ("vm", "H"), ("event", "B"))
MMIO = Struct("cfg_mmio", ("ipa", "Q"), ("size", "Q"), ("kind", "H"), ("instance", "H"))
PL011 = Struct("cfg_pl011", ("vm", "H"), ("intid", "H"), ("console", "H"))
PL031 = Struct("cfg_pl031", ("vm", "H"), ("intid", "H"))
SP805 = Struct("cfg_sp805", ("vm", "H"), ("intid", "H"))
PVPANIC = Struct("cfg_pvpanic", ("vm", "H"))
HEALTH = Struct("cfg_health", ("action", "B"), ("then", "B"), ("mode", "H"), ("first_restart", "H"),
                ("restart_count", "H"), ("period_ns", "Q"))
WATCH = Struct("cfg_watch", ("heartbeat_ns", "Q"), ("interrupt_ns", "Q"), ("interrupt_count", "I"))
IRQ = Struct("cfg_irq", ("pintid", "H"), ("vm", "H"), ("vintid", "H"), ("edge", "B"))
MODE = Struct("cfg_mode", ("name", "P"), ("frame_ticks", "Q"))
CPU_SCHEDULE = Struct("cfg_cpu_schedule", ("first_slot", "H"), ("slot_count", "H"))
SLOT = Struct("cfg_slot", ("start", "Q"), ("end", "Q"), ("quantum", "Q"), ("first_member", "H"),
              ("member_count", "H"), ("spare_count", "H"))
U16 = Struct("uint16_t", ("value", "H"))
U32 = Struct("uint32_t", ("value", "I"))
TEXT = Struct("string", ("value", "P"))

ACCESS_R, ACCESS_W, ACCESS_X = 1, 2, 4
WINDOW_RAM, WINDOW_IMAGE, WINDOW_SHARED, WINDOW_DEVICE, WINDOW_GICV = range(5)
WINDOW_KINDS = ("RAM", "image", "shared memory", "device", "virtual CPU interface")
(MMIO_GICD, MMIO_GICR, MMIO_PL011, MMIO_PL031, MMIO_GICC, MMIO_SP805,
 MMIO_PVPANIC) = range(7)
VM_FLAGS = ("debug", "pmu", "pauth", "sve", "sme", "mte", "trng", "autostart",
            "may-switch-mode", "may-read-times", "clock-stands",
            "may-read-events")
EVENTS = ("started", "ready")  # enum cfg_event
LOG_LEVELS = ("error", "warn", "info", "debug")
NONE = 0xFFFF
MAGIC = int.from_bytes(b"BULKHEAD", "little")
ABI_VERSION = 6
