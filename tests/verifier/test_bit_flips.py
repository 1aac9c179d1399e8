"""Every single bit of every table of a linked image, turned over alone, is rejected; or is harmless
for a reason that the verifier names.

What answers is the verifier itself. A descriptor that is illegal by itself is asked for by the
function that PROP-DESCRIPTORS applies to each entry of each table that is reached; that this is
enough for a rejection is shown on a sample. All other flips go through the whole verification,
where only what the flipped byte cannot influence is handed over from the unflipped image: the code
analysis, unless it read that byte, and the layout from debugging data.

@req EVID-1
"""

from concurrent.futures import ProcessPoolExecutor
import multiprocessing
import os

import pytest

from edits import Image
from verifier import harmless, machine_code
from verifier.config import OBJECTS
from verifier.evidence import Evidence
from verifier.run import verify
from verifier.translation import ENTRIES, PAGE, decode_page, descriptor_fault

SAMPLE = 4999  # of the illegal descriptors, one in so many goes through the whole verification
PARTS = 16
OF_SCHEDULES = ("cfg_cpus", "cfg_residents", "cfg_modes", "cfg_cpu_schedules", "cfg_slots",
                "cfg_slot_members")

OF_HEALTH = ("cfg_sp805s", "cfg_pvpanics", "cfg_healths", "cfg_watches")

LIKELY = ("PROP-CPUS", "PROP-SLOTS", "PROP-SCHEDULE", "PROP-TIME")


class Flipper:
    """The image with what does not depend on the tables worked out once."""

    def __init__(self, description, path):
        self.image = Image(description, path)
        self.elf, self.sources = self.image.elf, self.image.sources
        self.read_by_code = set()
        self.code = machine_code.writes_of(self.elf, self.read_by_code)
        self.evidence = Evidence(self.elf, self.sources)
        self.layout = self.evidence.debug_layout

    def passes(self, address, bit, likely=()):
        """Does the image pass with this bit turned over? `likely` fail: looked at first."""
        offset = self.elf.offset_of(address, 1)
        self.elf.data[offset] ^= 1 << bit

        def make(elf, sources):
            code = None if address in self.read_by_code else self.code
            evidence = Evidence(elf, sources, code)
            evidence.__dict__["debug_layout"] = self.layout
            return evidence

        try:
            return all(r.holds for r in verify(self.elf, self.sources, True, make,
                                                likely))
        finally:
            self.elf.data[offset] ^= 1 << bit

    def tables(self):
        """(stage, level, address) of each table page that is reached."""
        roots = [(1, 1, self.evidence.config.system.el2_root)]
        roots += [(2, 1, vm.stage2_root + i * PAGE) for vm in self.evidence.config.vms
                  for i in (0, 1)]
        found = []
        while roots:
            stage, level, pa = roots.pop()
            found.append((stage, level, pa))
            page = decode_page(stage, level, self.elf.read(pa, PAGE))
            roots += [(stage, level + 1, table) for _, table in page.tables]
        return sorted(found)


_FLIPPER = None


def start(description, path):
    """In each process."""
    global _FLIPPER  # pylint: disable=global-statement
    _FLIPPER = Flipper(description, path)


def flip_tables(part):
    """(flips, whole verifications, what passed) of every PARTS-th descriptor."""
    flipper, count, whole, passed = _FLIPPER, 0, 0, []
    for stage, level, pa in flipper.tables():
        likely = ("PROP-EL2-MAP",) if stage == 1 else ("PROP-VM-MEMORY",)
        for index in range(part, ENTRIES, PARTS):
            value = flipper.image.word(pa + 8 * index)
            for bit in range(64):
                count += 1
                illegal = descriptor_fault(stage, level, value ^ 1 << bit)
                if illegal and count % SAMPLE:
                    continue
                whole += 1
                if flipper.passes(pa + 8 * index + bit // 8, bit % 8, likely):
                    passed.append((pa + 8 * index, bit))
    return count, whole, passed


def flip_objects(part):
    """(flips, what passed) of every PARTS-th byte of the tables that the runtime indexes."""
    flipper, count, passed = _FLIPPER, 0, []
    config = flipper.evidence.config
    for name in OBJECTS:
        for at in range(part, config.sizes[name], PARTS):
            for bit in range(8):
                count += 1
                if flipper.passes(config.places[name] + at, bit):
                    passed.append((config.places[name] + at, bit))
    return count, passed


@pytest.fixture(name="pool", scope="module")
def pool_fixture(small):
    """Processes that hold the image."""
    count = min(4, len(os.sched_getaffinity(0)))
    with ProcessPoolExecutor(count, multiprocessing.get_context("fork"), start, small) as pool:
        yield pool


def test_the_image_passes_unflipped(small):
    flipper = Flipper(*small)
    assert [r.property.id for r in verify(flipper.elf, flipper.sources) if not r.holds] == []
    assert len(flipper.tables()) >= 15


def test_every_bit_of_every_translation_table(pool, small):
    found = list(pool.map(flip_tables, range(PARTS)))
    assert [p for _, _, passed in found for p in passed] == []
    assert sum(count for count, _, _ in found) == 64 * ENTRIES * len(Flipper(*small).tables())
    assert sum(whole for _, whole, _ in found) > 20000


def test_every_bit_of_every_indexed_table(pool, small):
    flipper = Flipper(*small)
    config = flipper.evidence.config
    found = list(pool.map(flip_objects, range(PARTS)))
    assert sum(count for count, _ in found) == 8 * sum(config.sizes.values())
    reasons = {}
    for address, bit in (p for _, passed in found for p in passed):
        why = harmless.reason(config, address)
        assert why is not None, f"bit {bit} at 0x{address:x} passes, and no reason is known"
        reasons[why] = reasons.get(why, 0) + 1
    assert len(reasons) == len(harmless.REASONS), "a reason is listed that nothing needs"


@pytest.mark.parametrize("system", ["written", "built"])
def test_every_bit_of_every_schedule(schedules, system):
    flipper = Flipper(*schedules[system])
    config = flipper.evidence.config
    for name in OF_SCHEDULES:
        for address in range(config.places[name], config.places[name] + config.sizes[name]):
            for bit in range(8):
                assert not flipper.passes(address, bit, LIKELY), (name, hex(address), bit)


def test_every_bit_of_what_is_done_about_faults(monitored):
    flipper = Flipper(*monitored)
    config = flipper.evidence.config
    for name in OF_HEALTH:
        for address in range(config.places[name], config.places[name] + config.sizes[name]):
            for bit in range(8):
                assert not flipper.passes(address, bit, ("PROP-HEALTH", "PROP-EMULATED")), (
                    name, hex(address), bit)
