"""The verdict for people and for programs.

@req EVID-1
"""

from verifier.harmless import REASONS
from verifier.verdict import SYSTEM


def _subjects(sources):
    return [SYSTEM, *(vm.name for vm in sources.description.vms)]


def trusted(sources):
    """What the verdict takes for granted, because the description accepts it."""
    return [f"{vm.name}: its device `{a.name}` ({a.node}) may write to all memory by DMA; the "
            "description accepts that" for vm in sources.description.vms for a in vm.assigned
            if a.dma_accepted]


def as_json(results, sources, digest, holds):
    """Everything, as values for JSON."""
    subjects = _subjects(sources)
    return {
        "verdict": "holds" if holds else "violated",
        "system": sources.description.system,
        "board": sources.board.name,
        "elf_sha256": digest,
        "properties": [{
            "id": r.property.id,
            "title": r.property.title,
            "verdict": "holds" if r.holds else "not checked" if r.skipped else "violated",
            "reason": r.skipped,
            "checked": sum(r.counts.values()),
            "subjects": {s: {"verdict": r.of(s), "checked": r.counts.get(s, 0)}
                         for s in subjects if s in r.counts or r.of(s) == "violated"},
            "violations": [{
                "subject": v.subject, "sentence": v.sentence, "pa": v.pa,
                "descriptor": None if v.place is None else dict(
                    zip(("table", "index", "value"), v.place)),
            } for v in r.violations],
        } for r in results],
        "not_part_of_the_proof": {".".join(what): why for what, why in REASONS.items()},
        "trusted": trusted(sources),
        "vms": {s: "holds" if _vm_holds(results, s) else "violated" for s in subjects[1:]},
    }


def _vm_holds(results, subject):
    """A VM is isolated when nothing of it, nor of the system, is violated."""
    return all(not r.skipped and not any(v.subject in (subject, SYSTEM) for v in r.violations)
               for r in results)


def as_text(results, sources, digest, holds, seconds):
    """A line for each property, its violations below it, and the verdict."""
    lines = [f"system `{sources.description.system}` for board `{sources.board.name}`",
             f"ELF sha256:{digest}", ""]
    for r in results:
        word = "ok  " if r.holds else "--  " if r.skipped else "FAIL"
        lines.append(f"{word} {r.property.id:17} {r.property.title} "
                     f"({r.skipped or _counted(r)})")
        lines += [f"       {v.text}" for v in r.violations]
    lines.append("")
    for vm in _subjects(sources)[1:]:
        lines.append(f"{vm}: {'isolated as described' if _vm_holds(results, vm) else 'REJECTED'}")
    lines += ["", "not part of the proof:"]
    lines += [f"  {'.'.join(what)}: {why}" for what, why in REASONS.items()]
    if trusted(sources):
        lines += ["", "TRUSTED, not shown:", *(f"  {text}" for text in trusted(sources))]
    lines.append("")
    wrong = sum(not r.holds for r in results)
    total = sum(sum(r.counts.values()) for r in results)
    lines.append(f"verdict: all {len(results)} properties hold" if holds else
                 f"verdict: REJECTED, {wrong} of {len(results)} properties do not hold")
    return "\n".join(lines) + f"; {total} things were checked in {seconds:.1f} s"


def _counted(result):
    return f"{sum(result.counts.values())} checked"
