"""Translation tables: what is mapped, with what, and that the largest blocks are used.

@req CORE-2, CORE-4
"""

from hypothesis import given, settings, strategies as st

from generator.plan.pages import Builder, Mapping, stage1_attributes, stage2_attributes

from plans import merged, walk

PAGE = 0x1000
GIB, MIB = 1 << 30, 1 << 20


def built(*mappings, level=1, entries=1024):
    builder = Builder("t", level, entries)
    for mapping in mappings:
        builder.add(mapping)
    return builder.tables()


def sizes(*mappings):
    return sorted(size for _, _, size, _ in walk(built(*mappings)))


def test_descriptor_bits():
    # Written out by hand from DDI0487 D8.3.1: AF, SH inner, S2AP, MemAttr, XN.
    assert stage2_attributes("rwx", False) == 0x7FC
    assert stage2_attributes("r", False) == 0x77C | 1 << 54
    assert stage2_attributes("rx", False) == 0x77C
    assert stage2_attributes("w", False) == 0x7BC | 1 << 54
    assert stage2_attributes("rw", True) == 0x4C4 | 1 << 54
    assert stage2_attributes("rwx", True) & 1 << 54, "device memory is never executable"


def test_el2_descriptor_bits():
    assert stage1_attributes("rx", False) == 0x7C0
    assert stage1_attributes("r", False) == 0x7C0 | 1 << 54
    assert stage1_attributes("rw", False) == 0x740 | 1 << 54
    assert stage1_attributes("rw", True) == 0x444 | 1 << 54


def test_aligned_gigabyte_is_one_block():
    assert sizes(Mapping(GIB, 2 * GIB, GIB, 0, "")) == [GIB]


def test_two_mib_blocks_when_congruent():
    assert sizes(Mapping(GIB, GIB + 2 * MIB, 8 * MIB, 0, "")) == [2 * MIB] * 4


def test_pages_when_not_congruent():
    assert sizes(Mapping(GIB, GIB + PAGE, 2 * MIB, 0, "")) == [PAGE] * 512


def test_ragged_ends_use_pages_only_at_the_ends():
    found = sizes(Mapping(GIB - PAGE, 3 * GIB - PAGE, GIB + 2 * MIB + 2 * PAGE, 0, ""))
    assert found == [PAGE, PAGE, 2 * MIB, GIB]


def test_first_mapping_wins():
    leaves = walk(built(Mapping(0, GIB, 2 * PAGE, 0, "a"),
                        Mapping(PAGE, 2 * GIB, 2 * PAGE, 0, "b")))
    assert [(at, pa) for at, pa, _, _ in leaves] == [
        (0, GIB), (PAGE, GIB + PAGE), (2 * PAGE, 2 * GIB + PAGE)]


def test_page_under_a_block_does_not_break_it():
    leaves = walk(built(Mapping(0, GIB, 2 * MIB, 0, "a"), Mapping(PAGE, 0, PAGE, 0, "b")))
    assert leaves == [(0, GIB, 2 * MIB, 0)]


def test_beyond_the_root_is_left_out():
    assert not walk(built(Mapping(1 << 40, GIB, PAGE, 0, ""), entries=1024))


def test_level_0_root():
    tables = built(Mapping(1 << 39, 1 << 39, GIB, 0, ""), level=0, entries=512)
    assert [t.level for t in tables] == [0, 1]
    assert walk(tables) == [(1 << 39, 1 << 39, GIB, 0)]


stretches = st.builds(
    lambda base, shift, pages: (base * PAGE, (base + shift) * PAGE, pages * PAGE),
    st.integers(0, 1 << 20), st.sampled_from([0, 0, 512, 1 << 18, 1, 7]), st.integers(1, 3000))


@settings(derandomize=True, max_examples=60, deadline=None)
@given(stretches)
def test_a_mapping_is_covered_exactly(stretch):
    base, pa, size = stretch
    leaves = walk(built(Mapping(base, pa, size, 0x7FC, "")))
    assert merged(leaves) == [(base, pa, size, 0x7FC)]
    for at, out, block, _ in leaves:  # no leaf could have been larger
        larger = {PAGE: 2 * MIB, 2 * MIB: GIB}.get(block)
        if larger:
            start = at // larger * larger
            fits = base <= start and start + larger <= base + size
            assert not (fits and (at - out) % larger == 0)
