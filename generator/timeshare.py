"""What the slots of a plan come to: who runs when, for how much of the frame, and what is idle.

Reads the plan, computes nothing that is emitted. A share is exact: of a slot with several in turns
each has an equal part, as if none of them ever waited.

@req DESC-8, DESC-9
"""

from dataclasses import dataclass
from fractions import Fraction

from generator.units import time_text


@dataclass(frozen=True)
class Gap:
    """Nobody runs from start to end."""

    start_ns: int
    end_ns: int


def is_in_turns(plan, mode, cpu):
    """Does the CPU go by slots in this mode? Else its only vCPU has it always."""
    return bool(plan.is_scheduled and plan.slots_of(mode, cpu))


def timeline(plan, mode, cpu):
    """Slots and gaps of a frame, in order."""
    at, out = 0, []
    for slot in plan.slots_of(mode, cpu):
        if at < slot.start_ns:
            out.append(Gap(at, slot.start_ns))
        out.append(slot)
        at = slot.end_ns
    if at < plan.modes[mode].frame_ns:
        out.append(Gap(at, plan.modes[mode].frame_ns))
    return out


def run_count(slot):
    """How many of its members are not spare."""
    return len(slot.members) - slot.spare_count


def share_of(plan, mode, vcpu):
    """The part of a CPU that a vCPU has when all others are busy."""
    cpu = plan.vcpus[vcpu].cpu
    if not is_in_turns(plan, mode, cpu):
        return Fraction(1)
    mine = sum((Fraction(slot.end_ns - slot.start_ns, run_count(slot))
                for slot in plan.slots_of(mode, cpu)
                if vcpu in slot.members[:run_count(slot)]), Fraction(0))
    return mine / plan.modes[mode].frame_ns


def spare_of(plan, mode, vcpu):
    """The part of a CPU of which it has what others leave."""
    slots = plan.slots_of(mode, plan.vcpus[vcpu].cpu)
    mine = sum(slot.end_ns - slot.start_ns for slot in slots
               if vcpu in slot.members[run_count(slot):])
    return Fraction(mine, plan.modes[mode].frame_ns)


def percent_text(share):
    return f"{float(share) * 100:.4f}".rstrip("0").rstrip(".") + " %"


def span_text(part):
    return f"{time_text(part.start_ns)} to {time_text(part.end_ns)}"


def shortest_frame(frame_ns, slots):
    """(frame, slots) of the shortest table that, repeated, is this one."""
    for count in range(1, len(slots) // 2 + 1):
        times, rest = divmod(len(slots), count)
        own = frame_ns // times
        if rest or frame_ns % times:
            continue
        shapes = [(slot.start_ns - i // count * own, slot.end_ns - i // count * own,
                   slot.quantum_ns, slot.members, slot.spare_count) for i, slot in enumerate(slots)]
        if shapes == shapes[:count] * times and shapes[count - 1][1] <= own:
            return own, slots[:count]
    return frame_ns, slots


def turn_text(slot, vcpu):
    """The place of a vCPU in a slot, without the names of others."""
    at, count = slot.members.index(vcpu), run_count(slot)
    is_spare = at >= count
    at, count = (at - count, slot.spare_count) if is_spare else (at, count)
    words = ["spare"] if is_spare else []
    if len(slot.members) > 1 or count > 1:
        words.append(f"{at + 1} of {count} by {time_text(slot.quantum_ns)}")
    return f"{span_text(slot)}{' (' if words else ''}{', '.join(words)}{')' if words else ''}"
