"""Answers questions about a description that has no errors: what is where, and why.

Reads the resolved description and the plan, computes nothing new. Promises: every answer names the
line of the description that it stems from, or says that it is a default and which.

@req DESC-9
"""

from fractions import Fraction
import re

from generator.health import action_text
from generator.model import FIRST_SPI, Range
from generator.nearest import meant_or_listed
from generator.timeshare import (
    Gap, is_in_turns, percent_text, run_count, share_of, span_text, spare_of, timeline)
from generator.units import address_text, parse_time, range_text, size_text, time_text


class QuestionError(Exception):
    """A question that cannot be answered. status: 1 nothing of that name, 2 not a question."""

    def __init__(self, words, status=1):
        super().__init__(words)
        self.status = status


def answer(analysis, question, vm_name=None):
    """The answer to the words of `question`, as text."""
    plan = analysis.plan
    if vm_name is not None:
        _vm_named(plan, vm_name)
    kind = question[0] if question else ""
    if kind in _QUESTIONS and len(question) == 2:
        lines = _QUESTIONS[kind](plan, question[1])
    elif len(question) == 1 and (address := _number(kind)) is not None:
        lines = _address(plan, address, vm_name)
    elif question == ["health"]:
        lines = _health(plan, vm_name)
    else:
        raise QuestionError("ask ADDRESS, `irq NUMBER`, `cpu NUMBER`, `health`, `why VM.WINDOW` "
                            "(or VM.DEVICE), or with --cpu NUMBER --at TIME", 2)
    return "\n".join(lines)


def answer_at(analysis, cpu, at, mode=None):
    """What runs on a CPU (`1`) at a time (`3ms`), as text."""
    plan = analysis.plan
    found, time_ns = _cpu_named(plan, cpu), parse_time(at)
    if time_ns is None:
        raise QuestionError(f"`{at}` is no time: write 3ms, 500us or 2.5ms", 2)
    names = [m.name for m in plan.modes]
    if mode is not None and mode not in names:
        raise QuestionError(f"there is no mode `{mode}`; {meant_or_listed(mode, names)}")
    return "\n".join(_at(plan, found.id, time_ns, names.index(mode) if mode else 0))


def _number(text):
    return int(text, 0) if re.fullmatch(r"0x[0-9a-fA-F]+|0|[1-9][0-9]*", text) else None


def _vm_named(plan, name):
    for vm in plan.vms:
        if vm.name == name:
            return vm
    raise QuestionError(f"there is no VM `{name}`; "
                        + meant_or_listed(name, [vm.name for vm in plan.vms]))


def _said(place, reason):
    """Where it is said; a reason of the compiler's own is a default."""
    return f"    {place}: {reason}" if place else f"    {reason}"


# --- addresses ------------------------------------------------------------------------------


def _address(plan, address, vm_name):
    lines = [] if vm_name else _physical(plan, address)
    for vm in plan.vms:
        if vm_name in (None, vm.name):
            lines += _guest(plan, vm, address)
    return lines


def _physical(plan, address):
    lines = []
    for window in plan.windows:
        if window.pa is not None and _has(window.pa_range, address):
            at = window.ipa + address - window.pa
            lines += [f"physical {address_text(address)}: `{plan.vms[window.vm].name}`'s window "
                      f"`{window.name}`, which it sees at {address_text(at)} "
                      f"({window.access})", _said(window.place, window.pa_reason)]
    for slot in plan.image.slots:
        if _has(slot.range, address):
            lines += [f"physical {address_text(address)}: the system image's {slot.name} "
                      f"({_span(slot.range)}, {slot.access})", _said(None, slot.reason)]
            lines += [f"    there, {blob.name} ({_span(Range(blob.pa, blob.packed_size))})"
                      for blob in plan.blobs if _has(Range(blob.pa, blob.packed_size), address)]
    for device in plan.system.board.devices.values():
        if any(_has(reg, address) for reg in device.regs):
            lines.append(f"physical {address_text(address)}: {device.path} of the board"
                         + _keeper(plan, device))
    if not lines:
        is_ram = any(_has(ram, address) for ram in plan.system.board.ram)
        lines = [f"physical {address_text(address)}: "
                 + ("RAM that nobody has" if is_ram else "nothing")]
    return lines


def _keeper(plan, device):
    if device.path in plan.system.reserved:
        return ", which the hypervisor keeps"
    if device.path == plan.clock:
        return ", from which the hypervisor reads the date, once, when the machine starts"
    owners = [vm.name for vm in plan.system.vms for d in vm.assigned if d.device is device]
    return f", assigned to `{owners[0]}`" if owners else ", which nobody has"


def _guest(plan, vm, address):
    lines = []
    head = f"`{vm.name}` at {address_text(address)}: "
    for window in plan.windows_of(vm.id):
        if window.ipa is not None and _has(window.ipa_range, address):
            pa = window.pa + address - window.ipa
            lines += [f"{head}window `{window.name}` ({_span(window.ipa_range)}, {window.kind}, "
                      f"{window.access}), physically {address_text(pa)}",
                      _said(window.place, window.ipa_reason)]
    for piece in plan.pieces_of(vm.id):
        if piece.ipa is not None and _has(piece.ipa_range, address):
            lines += [f"{head}{piece.what} ({_span(piece.ipa_range)}) when it starts",
                      _said(piece.place, piece.reason)]
    for mmio in plan.mmios_of(vm.id):
        if _has(mmio.ipa_range, address):
            lines += [f"{head}emulated {mmio.kind} `{mmio.name}` ({_span(mmio.ipa_range)})",
                      _said(mmio.place, mmio.reason)]
    return lines or [f"{head}nothing; an access becomes an external abort in the guest"]


def _has(span, address):
    return span.base <= address < span.end


def _span(span):
    return f"{range_text(span.base, span.size)}, {size_text(span.size)}"


# --- faults ---------------------------------------------------------------------------------


def _health(plan, vm_name):
    """What is done about each class of fault."""
    lines = []
    for vm in plan.system.vms:
        if vm_name in (None, vm.name):
            lines.append(f"faults of `{vm.name}`:")
            for reaction in vm.reactions:
                lines += [f"  {reaction.fault}: {action_text(reaction)}",
                          _said(reaction.action.place, reaction.action.reason)]
    return lines


# --- interrupts and CPUs --------------------------------------------------------------------


def _irq(plan, text):
    match = re.fullmatch(r"(?:(spi|intid):)?([0-9]+)", text)
    if not match:
        raise QuestionError(f"`{text}` is no interrupt: write 33, intid:33 or spi:1", 2)
    intid = int(match[2]) + (FIRST_SPI if match[1] == "spi" else 0)
    if intid < FIRST_SPI:
        return [f"INTID {intid} is {'an SGI' if intid < 16 else 'a PPI'}: each vCPU has its own; "
                f"SPI {intid} would be INTID {intid + FIRST_SPI}"]
    return [f"INTID {intid} is SPI {intid - FIRST_SPI}", *_physical_irq(plan, intid),
            *_virtual_irq(plan, intid)]


def _physical_irq(plan, intid):
    board = plan.system.board
    owners = ", ".join(board.owner_of_spi(intid)) or "no device"
    lines = [f"physically: {owners} of the board"]
    uart = plan.system.uart
    if uart and any(i.intid == intid for i in uart.irqs):
        lines.append(f"    goes to the hypervisor's console, on CPU {plan.console_cpu}")
    routes = [irq for irq in plan.irqs if irq.pintid == intid]
    for irq in routes:
        lines += [f"    goes to `{plan.vms[irq.vm].name}` as INTID {irq.vintid} "
                  f"({'edge' if irq.edge else 'level'}), for `{irq.name}`",
                  _said(irq.place, irq.reason)]
    return lines if len(lines) > 1 else [*lines, "    goes nowhere: it is never enabled"]


def _virtual_irq(plan, intid):
    lines = []
    for device in plan.emulated:
        if device.intid == intid:
            lines += [f"in `{plan.vms[device.vm].name}`: the emulated {device.model} "
                      f"`{device.name}`", _said(device.place, "raised by the emulation")]
    for irq in plan.irqs:
        if irq.vintid == intid:
            lines += [f"in `{plan.vms[irq.vm].name}`: the physical INTID {irq.pintid} of "
                      f"`{irq.name}`", _said(irq.place, irq.reason)]
    return lines or ["in no VM is it anything"]


def _cpu(plan, text):
    cpu = _cpu_named(plan, text)
    lines = [f"CPU {cpu.id} (MPIDR {address_text(cpu.mpidr)}), EL2 stack {_span(cpu.stack)}"]
    if cpu.vcpu is None:
        lines.append("    runs no vCPU")
    elif any(is_in_turns(plan, mode, cpu.id) for mode in range(len(plan.modes))):
        for mode in range(len(plan.modes)):
            lines += _table(plan, mode, cpu)
    else:
        vcpu = plan.vcpus[cpu.vcpu]
        lines += [f"    runs vCPU {vcpu.index} of `{plan.vms[vcpu.vm].name}` and nothing else",
                  _said(vcpu.place, vcpu.reason)]
    if plan.console_cpu == cpu.id:
        lines.append(f"    services the console: {plan.console_cpu_reason}")
    return lines


def _cpu_named(plan, text):
    number = _number(text)
    for cpu in plan.cpus:
        if cpu.id == number:
            return cpu
    raise QuestionError(f"there is no CPU {text}: the board has 0 to {len(plan.cpus) - 1}")


# --- schedules ------------------------------------------------------------------------------


def _vcpu_name(plan, vcpu):
    return f"`{plan.vms[plan.vcpus[vcpu].vm].name}/{plan.vcpus[vcpu].index}`"


def _names(plan, vcpus):
    return ", ".join(_vcpu_name(plan, v) for v in vcpus)


def _table(plan, mode, cpu):
    """The frame of a CPU, and what each of its vCPUs has of it."""
    planned = plan.modes[mode]
    lines = [f"mode `{planned.name}`: a frame of {time_text(planned.frame_ns)}, "
             f"{planned.frame_ticks} ticks", _said(planned.place, planned.reason)]
    if not is_in_turns(plan, mode, cpu.id):
        return [*lines, f"    always {_names(plan, cpu.residents)}: it has no slots in this mode"]
    for part in timeline(plan, mode, cpu.id):
        lines.append(f"    {span_text(part)}: {_runs(plan, part)}")
    for vcpu in cpu.residents:
        spare = spare_of(plan, mode, vcpu)
        lines.append(f"    {_vcpu_name(plan, vcpu)} has {percent_text(share_of(plan, mode, vcpu))}"
                     + (f", and what others leave of {percent_text(spare)}" if spare else ""))
    idle = sum(g.end_ns - g.start_ns for g in timeline(plan, mode, cpu.id) if isinstance(g, Gap))
    return [*lines, f"    nobody has {percent_text(Fraction(idle, planned.frame_ns))}"]


def _runs(plan, part):
    if isinstance(part, Gap):
        return "idle"
    run, spare = part.members[:run_count(part)], part.members[run_count(part):]
    turns = f", in turns of {time_text(part.quantum_ns)}" if len(run) > 1 else ""
    while_what = "none of them can" if len(run) > 1 else "it waits"
    return _names(plan, run) + turns + (
        f"; {_names(plan, spare)} while {while_what}" if spare else "")


def _at(plan, cpu, time_ns, mode):
    residents = plan.cpus[cpu].residents
    if not is_in_turns(plan, mode, cpu):
        if not residents:
            return [f"CPU {cpu} runs no vCPU"]
        vcpu = plan.vcpus[residents[0]]
        return [f"CPU {cpu} at any time: {_names(plan, residents)}, which has it for itself",
                _said(vcpu.place, vcpu.reason)]
    planned = plan.modes[mode]
    within = time_ns % planned.frame_ns
    which = f", {time_text(within)} in the frame" if within != time_ns else ""
    part = next(p for p in timeline(plan, mode, cpu) if p.start_ns <= within < p.end_ns)
    lines = [f"CPU {cpu} at {time_text(time_ns)}{which}, mode `{planned.name}`: "
             f"{_runs(plan, part)}"]
    if isinstance(part, Gap):
        return [*lines, f"    {span_text(part)} of {time_text(planned.frame_ns)}: no slot"]
    off = max((abs(_off_ns(plan, bound, time)) for bound, time in (
        (part.start_ticks, part.start_ns), (part.end_ticks, part.end_ns))), default=0)
    rounded = f"; rounded to ticks, by {float(off):.3g} ns at most" if off else ""
    return [*lines, _said(part.place, part.reason),
            f"    {span_text(part)} of {time_text(planned.frame_ns)}: ticks {part.start_ticks} to "
            f"{part.end_ticks}{rounded}"]


def _off_ns(plan, bound, time_ns):
    return Fraction(bound * 1_000_000_000, plan.system.board.counter_hz) - time_ns


# --- why ------------------------------------------------------------------------------------


def _why(plan, text):
    names = {f"{plan.vms[w.vm].name}.{w.name}": w for w in plan.windows}
    if text in names:
        return _why_window(plan, names[text])
    shared = {s.name: s for s in plan.shared}
    if text in shared:
        return _why_shared(plan, shared[text])
    emulated = {f"{plan.vms[m.vm].name}.{m.name}": m for m in plan.mmios}
    if text in emulated:
        return _why_emulated(plan, emulated[text])
    raise QuestionError(f"there is no window or device `{text}`; "
                        + meant_or_listed(text, [*names, *shared, *emulated]))


def _why_window(plan, window):
    lines = [f"`{plan.vms[window.vm].name}`'s window `{window.name}`: {window.kind}, "
             f"{size_text(window.size)}, {window.access}", _said(window.place, "described here"),
             f"guest address {address_text(window.ipa)}", _said(None, window.ipa_reason),
             f"physical address {address_text(window.pa)}", _said(None, window.pa_reason)]
    span = Range(window.ipa, window.size)
    held = [p for p in plan.pieces_of(window.vm) if p.ipa is not None and p.window == window.name
            and span.contains(p.ipa_range)]
    for piece in held:
        lines += [f"holds {piece.what} at {_span(piece.ipa_range)}",
                  _said(piece.place, piece.reason)]
    return lines


def _why_shared(plan, shared):
    lines = [f"shared memory `{shared.name}`: {size_text(shared.size)}",
             _said(shared.place, "described here"),
             f"physical address {address_text(shared.pa)}", _said(None, shared.reason)]
    for window in plan.windows:
        if window.kind == "shared" and window.source.shared.value == shared.name:
            lines += [f"`{plan.vms[window.vm].name}` sees it at {address_text(window.ipa)} "
                      f"({window.access})", _said(window.place, window.ipa_reason)]
    return lines


def _why_emulated(plan, mmio):
    lines = [f"`{plan.vms[mmio.vm].name}`'s emulated {mmio.kind} `{mmio.name}`: "
             f"{_span(mmio.ipa_range)}", _said(mmio.place, mmio.reason)]
    for device in plan.emulated:
        if (device.vm, device.name) == (mmio.vm, mmio.name) and device.intid is not None:
            lines += [f"raises INTID {device.intid}, SPI {device.intid - FIRST_SPI}, in the guest",
                      _said(device.place, "described here")]
    return lines


_QUESTIONS = {"irq": _irq, "cpu": _cpu, "why": _why}
