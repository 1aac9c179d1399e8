"""PROP-SETTINGS and PROP-BOARD: the rest of the tables against the description and the board.

@req EVID-1
"""

from verifier import layout
from verifier.expected import board_clock, console
from verifier.verdict import SYSTEM


def choices(evidence, result):
    """Grants, calls that go on to EL3, places of the GIC, console."""
    config, description = evidence.config, evidence.description
    system = config.system
    result.expect(config.board_name == evidence.board.name, SYSTEM, f"the image is for board "
                  f"`{config.board_name}`, the description's is `{evidence.board.name}`")
    wanted = layout.LOG_LEVELS.index(description.log)
    result.expect(system.log_level == wanted, SYSTEM, f"cfg_system.log_level is "
                  f"{system.log_level}, described is {description.log}", system.at)
    result.expect(system.console_switch_key == description.switch_key, SYSTEM,
                  f"the console's key is {system.console_switch_key}, described is "
                  f"{description.switch_key}", system.at)
    cpu = _console_cpu(config, description)
    result.expect(system.console_cpu == cpu, SYSTEM, f"the console is on CPU "
                  f"{system.console_cpu}, described is {cpu}", system.at)
    for vm, described in evidence.vms:
        _vm(evidence, vm, described, result)


def _console_cpu(config, description):
    if not description.has_console:
        return layout.NONE
    if description.console_cpu is not None:
        return description.console_cpu
    return next((c.id for c in config.cpus if c.vcpu == layout.NONE), 0)


def _vm(evidence, vm, described, result):
    is_v3 = evidence.board.gic_version == 3
    for what, found, wanted in (
            ("flags", _flags(vm.flags), _flags(described.flags)),
            ("gicd_ipa", hex(vm.gicd_ipa), hex(described.distributor)),
            ("gicr_ipa", hex(vm.gicr_ipa), hex(described.redistributors if is_v3 else 0)),
            ("gicc_ipa", hex(vm.gicc_ipa), hex(0 if is_v3 else described.cpu_interface))):
        result.expect(found == wanted, described.name, f"cfg_vms[{vm.id}].{what} is {found}, "
                      f"described is {wanted}", vm.at)
    found = [row.value for row in evidence.config.of_vm("smc", vm)]
    result.expect(sorted(found) == sorted(described.smcs), described.name,
                  f"its calls that go on to EL3 are {[hex(f) for f in found]}, described are "
                  f"{[hex(f) for f in described.smcs]}", vm.at)


def _flags(value):
    names = [name for i, name in enumerate(layout.VM_FLAGS) if value >> i & 1]
    rest = value >> len(layout.VM_FLAGS)
    return ", ".join(names + ([hex(rest << len(layout.VM_FLAGS))] if rest else [])) or "none"


def board(evidence, result):
    """cfg_system and cfg_cpus against the devicetree; the image against its own extent."""
    config, facts = evidence.config, evidence.board
    system = config.system
    is_v3 = facts.gic_version == 3
    blocks, uart = facts.gic_own, console(evidence)
    gicr = blocks[1] if is_v3 else (0, 0)
    expected = {
        "image_base": facts.image_base, "gicd_base": blocks[0][0], "gicr_base": gicr[0],
        "gicr_size": gicr[1], "gicc_base": 0 if is_v3 else blocks[1][0],
        "gich_base": 0 if is_v3 else blocks[2][0],
        "uart_base": uart.ranges[0][0] if uart else 0,
        "uart_intid": uart.interrupts[0][0] if uart else 0, "gic_version": facts.gic_version,
        "power_base": facts.power.ranges[0][0] if facts.power else 0,
        "rtc_base": (board_clock(evidence) or (0, 0))[0], "pa_bits_needed": _pa_bits(evidence),
    }
    for name, wanted in expected.items():
        found = getattr(system, name)
        result.expect(found == wanted, SYSTEM, f"cfg_system.{name} is 0x{found:x}, the board's is "
                      f"0x{wanted:x}", system.at)
    result.expect(system.pa_bits_needed <= facts.pa_bits, SYSTEM, f"{system.pa_bits_needed} "
                  f"address bits are needed, the board has {facts.pa_bits}", system.at)
    result.expect([(r.base, r.size) for r in config.ram] == facts.ram, SYSTEM,
                  "cfg_ram is not the board's RAM", config.places["cfg_ram"])
    result.expect([c.mpidr for c in config.cpus] == facts.cpus, SYSTEM,
                  "cfg_cpus are not the board's CPUs", config.places["cfg_cpus"])
    result.expect([c.release_pa for c in config.cpus] == facts.releases, SYSTEM,
                  "cfg_cpus do not say where the CPUs wait", config.places["cfg_cpus"])
    segments = evidence.elf.segments
    result.expect(evidence.elf.entry == system.image_base == segments[0].base, SYSTEM,
                  f"the image begins at 0x{segments[0].base:x} and is entered at "
                  f"0x{evidence.elf.entry:x}, cfg_system.image_base is 0x{system.image_base:x}",
                  system.at)
    end = -(-segments[-1].end // 4096) * 4096
    result.expect(system.image_end % 4096 == 0 and _image_end(evidence) == system.image_end
                  and end <= system.image_end, SYSTEM, f"the image ends at 0x{end:x}, "
                  f"cfg_system.image_end is 0x{system.image_end:x}", system.at)


def _image_end(evidence):
    """The end that the image's own header promises the loader (`image_size`, at offset 16)
    [Linux Documentation/arch/arm64/booting.rst]."""
    base = evidence.elf.segments[0].base
    return base + int.from_bytes(evidence.elf.read(base + 16, 8, "the image header"), "little")


def _pa_bits(evidence):
    """Bits of the highest physical address in any map, at least the 32 that every CPU has
    [DDI0487 D24.2, PARange]."""
    runs = [*evidence.el2_runs, *(r for runs in evidence.stage2_runs for r in runs)]
    return max(32, max((r.pa + r.size - 1 for r in runs), default=0).bit_length())
