"""EL2's own map: PROP-EL2-MAP, PROP-EL2-WX, PROP-EL2-CONST, PROP-EL2-GUARD.

Covers INV-EL2-ROOT, INV-EL2-WX, INV-STACK-GUARD. What EL2 needs follows from the ELF's segments,
the VMs' memory (it loads it and reads it on their behalf) and the board.

@req EVID-1
"""

from bisect import bisect_right
from collections import namedtuple

from verifier import layout
from verifier.expected import board_clock, console, pages_up
from verifier.elf import EXECUTE, WRITE
from verifier.ranges import merged, overlay, without
from verifier.translation import (DEVICE, NORMAL, PAGE, stage1_access, stage1_memory)
from verifier.verdict import SYSTEM

R, W, X = layout.ACCESS_R, layout.ACCESS_W, layout.ACCESS_X
RIGHTS = {R: "read-only", R | W: "read-write", R | X: "read-execute",
          R | W | X: "read-write-execute", W: "write-only", X: "execute-only", 0: "nothing",
          W | X: "write-execute"}

Part = namedtuple("Part", "name access memory required")


def _image(evidence):
    """(start, end, Part) of the system image: what each segment holds must be mapped; the room
    behind it, up to the next one, may be, in the same way."""
    segments = evidence.elf.segments
    ends = [s.base for s in segments[1:]] + [evidence.config.system.image_end]
    for segment, room_end in zip(segments, ends):
        if segment.flags & EXECUTE:
            name, access = "code", R | X
        elif segment.flags & WRITE:
            name, access = "data", R | W
        else:
            name, access = "constants", R
        end = min(pages_up(segment.end), room_end)
        yield segment.base, end, Part(name, access, NORMAL, True)
        yield end, room_end, Part(f"room behind {name}", access, NORMAL, False)


def _devices(evidence):
    board = evidence.board
    names = {3: ("distributor", "redistributors"),
             2: ("distributor", "CPU interface", "virtual interface control")}
    found = [(f"the GIC's {name}", block)
             for name, block in zip(names[board.gic_version], board.gic_own)]
    if console(evidence):
        found.append(("the console", console(evidence).ranges[0]))
    if board.power:
        found.append(("the power controller", board.power.ranges[0]))
    for name, (base, size) in found:
        yield base // PAGE * PAGE, pages_up(base + size), Part(name, R | W, DEVICE, True)
    clock = board_clock(evidence)
    if clock is not None:
        yield (clock[0] // PAGE * PAGE, pages_up(sum(clock)),
               Part("the board's clock", R, DEVICE, True))


def parts(evidence):
    """All that EL2 may map, sorted and disjoint."""
    fixed = [*_image(evidence), *_devices(evidence)]
    pages = {at // PAGE * PAGE for at in evidence.board.releases if at}
    fixed += [(page, page + PAGE, Part("where parked CPUs wait", R | W, NORMAL, True))
              for page in pages]
    memory = merged((w.pa, w.pa + w.size) for w in evidence.config.windows
                    if w.kind in (layout.WINDOW_RAM, layout.WINDOW_SHARED))
    guests = [(start, end, Part("a VM's memory", R | W, NORMAL, True)) for start, end in memory]
    known = sorted((*fixed, *guests), key=lambda p: p[:2])
    ram = [(base, base + size, Part("RAM of nobody", R, NORMAL, False))
           for base, size in evidence.board.ram]
    holes = [(start, end, None) for start, end in merged(p[:2] for p in known)]
    return sorted([*known, *((s, e, p) for s, e, p in without(ram, [
        (s, e, True) for s, e, _ in holes]))], key=lambda p: p[:2])


def exact(evidence, result):
    """Identity-mapped, every part with its rights and type, and no address besides."""
    for run in evidence.el2_runs:
        result.count(SYSTEM, run.size // PAGE)
        if run.pa != run.ia:
            result.wrong(SYSTEM, f"EL2 maps 0x{run.ia:x} to 0x{run.pa:x}: not its own address",
                         run.pa, evidence.place(0, run.ia))
    wanted = parts(evidence)
    for one, other in zip(wanted, wanted[1:]):
        result.expect(one[1] <= other[0], SYSTEM, f"{one[2].name} and {other[2].name} overlap",
                      other[0])
    runs = [(r.ia, r.ia + r.size, r.bits) for r in evidence.el2_runs]
    guards = {stack_bottom(evidence, cpu) - PAGE for cpu in evidence.config.cpus}
    for start, end, bits, part in overlay(runs, wanted):
        if part is None:
            result.wrong(SYSTEM, f"EL2 maps 0x{start:x}..0x{end - 1:x}, for which there is no "
                         "reason", start, evidence.place(0, start))
        elif bits is None:
            if part.required and not (end - start == PAGE and start in guards):
                result.wrong(SYSTEM, f"EL2 does not map {part.name} at 0x{start:x}..0x{end - 1:x}",
                             start)
        elif (stage1_access(bits), stage1_memory(bits)) != (part.access, part.memory):
            result.wrong(SYSTEM, f"EL2 maps {part.name} {RIGHTS[stage1_access(bits)]} as "
                         f"{stage1_memory(bits)}; it must be {RIGHTS[part.access]} and "
                         f"{part.memory}", start, evidence.place(0, start))


def write_or_execute(evidence, result):
    """No leaf grants both."""
    for run in evidence.el2_runs:
        result.count(SYSTEM, run.size // PAGE)
        if stage1_access(run.bits) & (W | X) == W | X:
            result.wrong(SYSTEM, f"0x{run.ia:x}..0x{run.ia + run.size - 1:x} is writable and "
                         "executable", run.pa, evidence.place(0, run.ia))


def _run_at(evidence, address):
    runs = evidence.el2_runs
    i = bisect_right(runs, address, key=lambda r: r.ia) - 1
    return runs[i] if i >= 0 and address < runs[i].ia + runs[i].size else None


def constants(evidence, result):
    """Tables, configuration and every read-only segment: read-only to EL2 too."""
    objects = [(pa, pa + PAGE, evidence.pages.name(pa)) for pa in evidence.pages.users]
    objects += [(base, base + evidence.config.sizes[name], name)
                for name, base in evidence.config.places.items()]
    objects += [(s.base, s.end, "a segment of constants") for s in evidence.elf.segments
                if not s.flags & WRITE]
    for start, end, name in objects:
        at = start
        while at < end:
            run = _run_at(evidence, at)
            good = run is not None and not stage1_access(run.bits) & W
            result.expect(good, SYSTEM, f"EL2 can write {name}, or does not map it", at,
                          evidence.place(0, at))
            at = run.ia + run.size if run else end
    for pa in evidence.pages.users:
        result.expect(_is_only_table(evidence, pa), SYSTEM, f"the table {evidence.pages.name(pa)} "
                      "shares its page with something else", pa)


def _is_only_table(evidence, pa):
    return not any(base < pa + PAGE and base + evidence.config.sizes[name] > pa
                   for name, base in evidence.config.places.items())


def stack_bottom(evidence, cpu):
    """Lowest address of the mapping that a CPU's stack lies in; 0 without one."""
    run = _run_at(evidence, cpu.stack_top - 1)
    return run.ia if run else 0


def guards(evidence, result):
    """Each stack is a mapping of its own, ends at the CPU's stack_top, and has nothing below."""
    used = max((s.end for s in evidence.elf.segments if s.flags & WRITE), default=0)
    tops = {}
    for cpu in evidence.config.cpus:
        name = f"the stack of CPU {cpu.id}"
        other = tops.setdefault(cpu.stack_top, cpu.id)
        result.expect(other == cpu.id, SYSTEM, f"{name} is that of CPU {other}", cpu.stack_top)
        result.expect(cpu.stack_top % 16 == 0, SYSTEM, f"{name} is not aligned", cpu.at)
        run = _run_at(evidence, cpu.stack_top - 1)
        good = run is not None and stage1_access(run.bits) == R | W
        result.expect(good, SYSTEM, f"{name} is not mapped read-write", cpu.stack_top - 1)
        if good:
            after = _run_at(evidence, cpu.stack_top)
            result.expect(run.ia >= used and run.ia + run.size == cpu.stack_top
                          and (after is None or not stage1_access(after.bits) & W), SYSTEM,
                          f"{name} is not a mapping of its own", run.ia,
                          evidence.place(0, run.ia))
            result.expect(_run_at(evidence, run.ia - 1) is None
                          and _run_at(evidence, run.ia - PAGE) is None, SYSTEM,
                          f"the page below {name} is mapped", run.ia - PAGE,
                          evidence.place(0, run.ia - PAGE))
