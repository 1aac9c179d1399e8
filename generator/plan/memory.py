"""Where windows lie in physical memory.

Promises: `phys` is used as given; the rest goes to the highest free RAM, away from the system
image at the bottom, largest first, congruent to its guest address modulo the largest block that
fits it, so that the mapping needs the fewest descriptors. Windows of 1 GiB and more are congruent
modulo 1 GiB when everything still fits then, else modulo 2 MiB. What finds no room stays None.

@req DESC-5
"""

from dataclasses import dataclass

from generator.model import BLOCK_1G, BLOCK_2M, PAGE, Range
from generator.units import align_up


@dataclass(frozen=True)
class Wish:
    """Physical memory that is wanted: one for each RAM window and each shared memory."""

    key: tuple  # identifies the owner: (vm, window name) or ("shared", name)
    size: int
    ipa: int | None  # where a guest sees it, decides the congruence
    phys: int | None


@dataclass(frozen=True)
class Placement:
    pa: int | None
    reason: str


def wishes(system, windows):
    """What must be placed: RAM windows, and each shared memory once."""
    found = [Wish((w.vm, w.name), align_up(w.size, PAGE), w.ipa, w.source.phys.value)
             for w in windows if w.kind == "ram"]
    for shared in system.shared:
        seen = [w.ipa for w in windows if w.kind == "shared"
                and w.source.shared.value == shared.name and w.ipa is not None]
        found.append(Wish(("shared", shared.name), align_up(shared.size.value, PAGE),
                          seen[0] if seen else 0, shared.phys.value))
    return found


def placements(wished, ram, image):
    """{key: Placement}. `image`: the range that the system image occupies."""
    for block in (BLOCK_1G, BLOCK_2M):
        placed = _placed(wished, ram, image, block)
        if all(p.pa is not None for p in placed.values()):
            break
    return placed


def _placed(wished, ram, image, largest_block):
    fixed = [w for w in wished if w.phys is not None]
    placed = {w.key: Placement(w.phys, _fixed_reason(w)) for w in fixed}
    free = _without(list(ram), [image] + [Range(w.phys, w.size) for w in fixed])
    floating = [w for w in wished if w.phys is None]
    for wish in sorted(floating, key=lambda w: -w.size):
        block = _block(wish.size, largest_block)
        pa = _highest(free, wish.size, (wish.ipa or 0) % block, block)
        if wish.size == 0 or pa is None:
            placed[wish.key] = Placement(None, "no free RAM is left for it")
            continue
        free = _without(free, [Range(pa, wish.size)])
        placed[wish.key] = Placement(pa, _reason(block))
    return placed


def _block(size, largest):
    return next((b for b in (BLOCK_1G, BLOCK_2M) if b <= largest and size >= b), PAGE)


def _fixed_reason(wish):
    if wish.size >= BLOCK_2M and (wish.phys - (wish.ipa or 0)) % BLOCK_2M:
        return ("as described; not congruent to the guest address modulo 2 MiB, so mapped by pages "
                "of 4 KiB")
    return "as described"


def _reason(block):
    names = {BLOCK_1G: "1 GiB, for mappings of 1 GiB", BLOCK_2M: "2 MiB, for mappings of 2 MiB"}
    if block == PAGE:
        return "the highest free RAM"
    return f"the highest free RAM congruent to the guest address modulo {names[block]}"


def _highest(free, size, remainder, block):
    for area in reversed(free):
        pa = (area.end - size - remainder) // block * block + remainder
        if pa >= area.base and pa + size <= area.end:
            return pa
    return None


def _without(areas, taken):
    """`areas` minus `taken`; ascending."""
    for hole in taken:
        kept = []
        for area in areas:
            if not area.overlaps(hole):
                kept.append(area)
                continue
            if area.base < hole.base:
                kept.append(Range(area.base, hole.base - area.base))
            if hole.end < area.end:
                kept.append(Range(hole.end, area.end - hole.end))
        areas = kept
    return areas
