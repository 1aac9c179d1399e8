"""The rows of the generated C tables: each value as C, with the line that it stems from.

Promises: follows runtime/config/config.h field by field; a text from the description reaches C
only as an escaped string literal, and a comment only without what could end it.

@req DESC-6
"""

from dataclasses import dataclass

from generator.model import Range
from generator.planned import Slice
from generator.rows_health import health_sizes, health_tables
from generator.units import time_text

ABI_VERSION = 6  # CFG_ABI_VERSION that these rows are written for
LOG_LEVELS = ("error", "warn", "info", "debug")
ROW_WIDTH = 88  # of a row of C, without its indentation
ADR_REACH = 1 << 20  # bytes from an ADR instruction to what it names [DDI0487 C6.2.12]
NAME_OF_LOG = "bulkhead"  # the hypervisor's own console source
ACCESS_LETTERS = (("r", "CFG_R"), ("w", "CFG_W"), ("x", "CFG_X"))


@dataclass(frozen=True)
class Row:
    text: str
    note: str


@dataclass(frozen=True)
class ConfigTable:
    type: str
    name: str
    rows: list

    @property
    def length(self):
        return max(len(self.rows), 1)

    @property
    def is_empty_struct(self):
        return not self.rows and "struct" in self.type

    @property
    def is_empty_scalar(self):
        return not self.rows and "struct" not in self.type


@dataclass(frozen=True)
class TranslationTable:
    name: str
    entry_count: int
    size: int
    level: int
    base: int
    is_root: bool
    entries: list


def _u64(value):
    return f"UINT64_C(0x{value & 0xFFFFFFFFFFFFFFFF:x})"


def _id(value):
    return "CFG_NONE" if value is None else f"{value}U"


def _string(text):
    """A C string literal; octal escapes cannot run into the next character."""
    plain = set(range(0x20, 0x7F)) - set(b'"\\?')
    body = "".join(chr(b) if b in plain else f"\\{b:03o}" for b in text.encode("utf-8"))
    return f'"{body}"'


def note_text(text):
    """Text inside a C comment."""
    return text.replace("*/", "* /").replace("/*", "/ *").replace("\n", " ").replace("\\", "/")


def _bytes(digits):
    """An array, of hexadecimal digits."""
    return "{ " + ", ".join(f"0x{b:02x}" for b in bytes.fromhex(digits)) + " }"


def _line(place):
    return f"line {place.line}"


def _row(note, **fields):
    return Row(_initializer([f".{k} = {v}" for k, v in fields.items()]), note_text(note))


def _initializer(fields):
    """{ a, b } on one line, or on several when it is long."""
    one = "{ " + ", ".join(fields) + " }"
    if len(one) <= ROW_WIDTH:
        return one
    lines = [""]
    for field in fields:
        if len(lines[-1]) + len(field) > ROW_WIDTH:
            lines.append("")
        lines[-1] += f" {field},"
    return "{" + "\n       ".join(lines) + "\n    }"


# --- sizes and cfg_system -------------------------------------------------------------------


def sizes(plan):
    """(name, value) of config_sizes.h, in the order of config.h."""
    labels = [NAME_OF_LOG, *plan.console_names]
    return [
        ("CFG_RAM_COUNT", len(plan.system.board.ram)), ("CFG_CPU_COUNT", len(plan.cpus)),
        ("CFG_VM_COUNT", len(plan.vms)), ("CFG_VCPU_COUNT", len(plan.vcpus)),
        ("CFG_WINDOW_COUNT", len(plan.windows)), ("CFG_LOAD_COUNT", len(plan.loads)),
        ("CFG_BOOT_LOAD_COUNT", len(plan.boot_loads)), ("CFG_MMIO_COUNT", len(plan.mmios)),
        ("CFG_PL011_COUNT", _count(plan, "pl011")), ("CFG_PL031_COUNT", _count(plan, "pl031")),
        ("CFG_IRQ_COUNT", len(plan.irqs)), ("CFG_INTID_LIMIT", plan.intid_limit),
        ("CFG_SMC_COUNT", sum(vm.smcs.count for vm in plan.vms)),
        ("CFG_AUTOSTART_COUNT", sum("autostart" in vm.flags for vm in plan.vms)),
        ("CFG_CONTROL_COUNT", len(plan.controls)), ("CFG_FOLLOWER_COUNT", len(plan.followers)),
        ("CFG_CHECKS_IMAGES", int(plan.system.hypervisor.checks_images.value)),
        ("CFG_HAS_CONSOLE", int(plan.system.uart is not None)),
        ("CFG_CONSOLE_COUNT", len(plan.console_names)),
        ("CFG_SPI_TOTAL", sum(vm.spi_count for vm in plan.vms)),
        ("CFG_VM_SPI_MAX", max(vm.spi_count for vm in plan.vms)),
        ("CFG_VM_VCPU_MAX", max(vm.vcpus.count for vm in plan.vms)),
        ("CFG_NAME_WIDTH", max(len(label) for label in labels)),
        *health_sizes(plan),
        *_schedule_sizes(plan),
    ]


def _schedule_sizes(plan):
    residents = [len(cpu.residents) for cpu in plan.cpus]
    return [
        ("CFG_SCHEDULED", int(plan.is_scheduled)), ("CFG_RESIDENT_COUNT", sum(residents)),
        ("CFG_MODE_COUNT", len(plan.modes)), ("CFG_SLOT_COUNT", len(plan.slots)),
        ("CFG_SLOT_MEMBER_COUNT", sum(len(slot.members) for slot in plan.slots)),
        ("CFG_CPU_RESIDENT_MAX", max([1, *residents])),
        ("CFG_CPU_SLOT_MAX", max([1, *(part.slots.count for part in plan.cpu_schedules)])),
        ("CFG_SLOT_MEMBER_MAX", max([1, *(len(slot.members) for slot in plan.slots)])),
    ]


def code_model(image):
    """The compiler's: with "tiny" each address of EL2's is one ADR instead of two instructions."""
    reach = image.slot("stacks").range.end - image.slot("text").base
    return "tiny" if reach <= ADR_REACH else "small"


def flags_any(plan):
    """CFG_VM_FLAGS_ANY: the flags that at least one VM has, in alphabetical order."""
    return _flags(sorted({flag for vm in plan.vms for flag in vm.flags}))


def _flags(names):
    return " | ".join(f"CFG_VM_{name.upper()}" for name in names) or "0U"


def log_levels(plan):
    """The elements of CFG_LOG_LEVELS, in the order of enum log_module."""
    return [Row(f"{LOG_LEVELS.index(m.level.value)}U",
                note_text(f"{m.module}: {m.level.value}, {_source(m.level)}"))
            for m in plan.system.hypervisor.log_modules]


def _count(plan, model):
    return sum(e.model == model for e in plan.emulated)


def system_fields(plan):
    """(field, C value, comment) of cfg_system."""
    system, board = plan.system, plan.system.board
    hypervisor, gic = system.hypervisor, board.gic
    gicr = gic.redistributors[0] if gic.redistributors else Range(0, 0)
    clock = board.devices.get(plan.clock)
    uart = system.uart
    uart_note = uart.path if uart else f"no console, {_line(hypervisor.has_console.place)}"
    return [
        ("magic", "CFG_MAGIC", "'BULKHEAD'"),
        ("abi_version", f"{ABI_VERSION}U", "of config/config.h"),
        ("gic_version", f"{board.gic.version}U", board.gic.path),
        ("name", _string(system.name), _line(system.place)),
        ("board", _string(board.name), _line(system.board_place)),
        ("description_hash", _bytes(plan.description_hash),
         "SHA-256 of the resolved description"),
        ("image_base", _u64(plan.image.base), "board.yaml: image_base"),
        ("image_end", _u64(plan.image.end), "end of the last slot"),
        ("gicd_base", _u64(board.gic.distributor.base), board.gic.path),
        ("gicr_base", _u64(gicr.base), board.gic.path),
        ("gicr_size", _u64(gicr.size), board.gic.path),
        ("gicc_base", _u64(gic.cpu_interface.base if gic.cpu_interface else 0), board.gic.path),
        ("gich_base", _u64(gic.hypervisor_interface.base if gic.hypervisor_interface else 0),
         board.gic.path),
        ("uart_base", _u64(uart.regs[0].base if uart else 0), uart_note),
        ("power_base", _u64(board.power.regs[0].base if board.power else 0),
         board.power.path if board.power else "firmware switches the machine off"),
        ("uart_intid", f"{uart.irqs[0].intid if uart else 0}U", uart_note),
        ("console_cpu", _id(plan.console_cpu), note_text(plan.console_cpu_reason)),
        ("console_switch_key", f"0x{control_character(hypervisor.switch_key.value):02x}U",
         note_text(f"{hypervisor.switch_key.value}, {_source(hypervisor.switch_key)}")),
        ("log_level", f"{LOG_LEVELS.index(hypervisor.log.value)}U",
         note_text(f"{hypervisor.log.value}, {_source(hypervisor.log)}")),
        ("el2_root", f"(uintptr_t){plan.el2_tables[0].name}", "el2_map.c"),
        ("tcr_el2", _u64(plan.registers.tcr_el2), "generator/plan/el2.py"),
        ("mair_el2", _u64(plan.registers.mair_el2), "generator/plan/el2.py"),
        ("vtcr_el2", _u64(plan.registers.vtcr_el2), "generator/plan/stage2.py"),
        ("rtc_base", _u64(clock.regs[0].base if clock else 0),
         clock.path if clock else "none, or none needed, or a VM has it"),
        ("pa_bits_needed", f"{plan.pa_bits_needed}U", "of every table"),
        ("spi_limit", "CFG_INTID_LIMIT", "highest routed INTID plus one"),
        ("counter_hz", f"{board.counter_hz if plan.is_scheduled else 0}U",
         "board.yaml: counter_hz" if plan.is_scheduled else "without schedules nobody asks"),
    ]


def control_character(key):
    """The code that a terminal sends for `ctrl-X` [ECMA-48]."""
    return ord(key[-1].upper()) & 0x1F


def _source(sourced):
    return _line(sourced.place) if sourced.is_given else sourced.reason


# --- the tables -----------------------------------------------------------------------------


def config_tables(plan):
    """Every array of config.h, in its order."""
    board = plan.system.board
    return [
        ConfigTable("const struct cfg_range", "cfg_ram", [
            _row(f"board {board.name}", base=_u64(r.base), size=_u64(r.size)) for r in board.ram]),
        ConfigTable("const struct cfg_cpu", "cfg_cpus", [_cpu(plan, c) for c in plan.cpus]),
        ConfigTable("const struct cfg_vm", "cfg_vms", [_vm(v) for v in plan.vms]),
        ConfigTable("const struct cfg_vcpu", "cfg_vcpus", [_vcpu(plan, v) for v in plan.vcpus]),
        ConfigTable("const struct cfg_window", "cfg_windows",
                    [_window(plan, w) for w in plan.windows]),
        ConfigTable("const struct cfg_load", "cfg_loads", _loads(plan, plan.loads)),
        ConfigTable("const struct cfg_load", "cfg_boot_loads", _loads(plan, plan.boot_loads)),
        ConfigTable("const struct cfg_mmio", "cfg_mmios", [_mmio(plan, m) for m in plan.mmios]),
        ConfigTable("const struct cfg_pl011", "cfg_pl011s", [
            _row(_device_note(plan, e), vm=_id(e.vm), intid=_id(e.intid), console=_id(e.console))
            for e in plan.emulated if e.model == "pl011"]),
        ConfigTable("const struct cfg_pl031", "cfg_pl031s", [
            _row(_device_note(plan, e), vm=_id(e.vm), intid=_id(e.intid))
            for e in plan.emulated if e.model == "pl031"]),
        *(ConfigTable(kind, name, [_row(note, **fields) for note, fields in found])
          for kind, name, found in health_tables(plan)),
        ConfigTable("const struct cfg_irq", "cfg_irqs", [_irq(plan, i) for i in plan.irqs]),
        ConfigTable("const uint16_t", "cfg_irq_of_intid", _irq_of_intid(plan)),
        ConfigTable("const uint32_t", "cfg_smcs", [
            Row(f"0x{smc.value:08x}U", f"{vm.name}, {_line(smc.place)}")
            for vm in plan.system.vms for smc in vm.smc_allow]),
        ConfigTable("const uint16_t", "cfg_residents", [
            Row(_id(vcpu), f"CPU {cpu.id}: {_vcpu_name(plan, vcpu)}")
            for cpu in plan.cpus for vcpu in cpu.residents]),
        ConfigTable("const struct cfg_mode", "cfg_modes", [
            _row(f"{time_text(mode.frame_ns)}: {mode.reason}", name=_string(mode.name),
                 frame_ticks=_u64(mode.frame_ticks)) for mode in plan.modes]),
        ConfigTable("const struct cfg_cpu_schedule", "cfg_cpu_schedules", [
            _row(f"{plan.modes[part.mode].name}, CPU {part.cpu}", **_slice("slot", part.slots))
            for part in plan.cpu_schedules]),
        ConfigTable("const struct cfg_slot", "cfg_slots", _slots(plan)),
        ConfigTable("const uint16_t", "cfg_slot_members", [
            Row(_id(vcpu), _vcpu_name(plan, vcpu))
            for slot in plan.slots for vcpu in slot.members]),
        ConfigTable("const uint16_t", "cfg_controls", [
            Row(_id(c.target), f"{plan.vms[c.vm].name} rules {plan.vms[c.target].name}, "
                f"{_line(c.place)}") for c in plan.controls]),
        ConfigTable("const struct cfg_follower", "cfg_followers", [
            _row(f"{plan.vms[f.follower].name} waits for {plan.vms[f.vm].name}, {_line(f.place)}",
                 vm=_id(f.follower), event=f"CFG_EVENT_{f.event.upper()}")
            for f in plan.followers]),
        ConfigTable("const char *const", "cfg_console_names", [
            Row(_string(name), f"source {i}") for i, name in enumerate(plan.console_names)]),
    ]


def _cpu(plan, cpu):
    board_cpu = plan.system.board.cpus[cpu.id]
    first = sum(len(other.residents) for other in plan.cpus[:cpu.id])
    return _row(board_cpu.path, mpidr=_u64(cpu.mpidr), vcpu=_id(cpu.vcpu),
                **_slice("resident", Slice(first, len(cpu.residents))),
                stack_top=_u64(cpu.stack.end), release_pa=_u64(board_cpu.release or 0))


def _vm(vm):
    flags = _flags(vm.flags)
    return _row(
        f"{vm.name}, {_line(vm.place)}",
        name=_string(vm.name), vmid=_id(vm.vmid), flags=flags,
        stage2_root=f"(uintptr_t){vm.stage2_root}", **_slice("vcpu", vm.vcpus),
        **_slice("window", vm.windows), **_slice("load", vm.loads), **_slice("mmio", vm.mmios),
        **_slice("irq", vm.irqs), **_slice("smc", vm.smcs),
        **_slice("control", vm.controls), **_slice("follower", vm.followers),
        awaited_count=_id(vm.awaited_count), console=_id(vm.console),
        spi_count=_id(vm.spi_count), first_spi=_id(vm.first_spi), gicd_ipa=_u64(vm.gicd_ipa),
        gicr_ipa=_u64(vm.gicr_ipa), gicc_ipa=_u64(vm.gicc_ipa), entry_ipa=_u64(vm.entry), boot_x=f"{{ {_u64(vm.x0)} }}")


def _slice(name, part):
    return {f"first_{name}": _id(part.first), f"{name}_count": _id(part.count)}


def _vcpu(plan, vcpu):
    note = f"{plan.vms[vcpu.vm].name}, {_line(vcpu.place)}: {vcpu.reason}"
    return _row(note, vm=_id(vcpu.vm), index=_id(vcpu.index), cpu=_id(vcpu.cpu),
                vmpidr=_u64(vcpu.vmpidr))


def _vcpu_name(plan, vcpu):
    return f"{plan.vms[plan.vcpus[vcpu].vm].name}/{plan.vcpus[vcpu].index}"


def _slots(plan):
    out, first = [], 0
    for slot in plan.slots:
        count = len(slot.members)
        note = (f"{plan.modes[slot.mode].name}, CPU {slot.cpu}, {time_text(slot.start_ns)} to "
                f"{time_text(slot.end_ns)}, {_line(slot.place)}: {slot.reason}")
        out.append(_row(note, start=_u64(slot.start_ticks), end=_u64(slot.end_ticks),
                        quantum=_u64(slot.quantum_ticks), **_slice("member", Slice(first, count)),
                        spare_count=_id(slot.spare_count)))
        first += count
    return out


def _window(plan, window):
    access = " | ".join(c for letter, c in ACCESS_LETTERS if letter in window.access)
    note = f"{plan.vms[window.vm].name}, {_line(window.place)}: {window.pa_reason}"
    return _row(note, ipa=_u64(window.ipa), pa=_u64(window.pa), size=_u64(window.size),
                access=access, kind=f"CFG_WINDOW_{window.kind.upper()}",
                name=_string(window.name))


def _loads(plan, loads):
    out = []
    for load in loads:
        blob = plan.blobs[load.blob] if load.blob is not None else None
        out.append(_row(f"{load.reason}, {_line(load.place)}",
                        src_pa=_u64(blob.pa if blob else 0), dst_pa=_u64(load.dst),
                        size=_u64(load.size), sha256=_bytes(blob.sha256) if blob else "{0}"))
    return out


def _mmio(plan, mmio):
    note = f"{mmio.name} of {plan.vms[mmio.vm].name}, {_line(mmio.place)}: {mmio.reason}"
    return _row(note, ipa=_u64(mmio.ipa), size=_u64(mmio.size),
                kind=f"CFG_MMIO_{mmio.kind}", instance=_id(mmio.instance))


def _device_note(plan, device):
    return f"{device.name} of {plan.vms[device.vm].name}, {_line(device.place)}"


def _irq(plan, irq):
    note = f"{irq.name} of {plan.vms[irq.vm].name}, {_line(irq.place)}: {irq.reason}"
    return _row(note, pintid=_id(irq.pintid), vm=_id(irq.vm), vintid=_id(irq.vintid),
                edge="1U" if irq.edge else "0U")


def _irq_of_intid(plan):
    ids = {irq.pintid: i for i, irq in enumerate(plan.irqs)}
    return [Row(_id(ids.get(intid)), f"INTID {intid}") for intid in range(32, plan.intid_limit)]


# --- translation tables ---------------------------------------------------------------------


def translation_tables(tables):
    roots = {t.name for t in tables} - {d.table for t in tables for d in t.descriptors}
    return [TranslationTable(t.name, t.entry_count, t.size, t.level, t.base, t.name in roots,
                             [_entry(d) for d in t.descriptors]) for t in tables]


def _entry(descriptor):
    if descriptor.table is not None:
        return f"[{descriptor.idx}] = (uintptr_t)&{descriptor.table} + {descriptor.value}U,"
    return f"[{descriptor.idx}] = {_u64(descriptor.value)}, /* {note_text(descriptor.note)} */"
