"""The reader: places of all nodes, YAML 1.2 scalars, and what is not part of the language.

@req DESC-3
"""

from hypothesis import given, settings, strategies as st
import pytest

from generator.diagnostics import Diagnostics, Place
from generator.load import Mapping, load, load_text, scalar_value
from generator.nearest import nearest_name, typing_distance
from generator.schema import check
from generator.units import align_up, parse_size, size_text

TEXT = """\
a:
  b: [1, 0x10]
  "c": on
"""


def test_each_node_has_its_place():
    tree = load_text(TEXT, "t.yaml", Diagnostics())
    assert str(tree.key_place("a")) == "t.yaml:1:1"
    assert str(tree["a"].key_place("b")) == "t.yaml:2:3"
    assert str(tree["a"]["b"][1].place) == "t.yaml:2:10"
    assert str(tree["a"]["c"].place) == "t.yaml:3:8"
    assert tree["a"]["b"][1].dotted == "a.b[1]"
    assert tree.plain == {"a": {"b": [1, 16], "c": "on"}}


def test_first_of_two_keys_counts_and_is_named():
    diagnostics = Diagnostics()
    tree = load_text("a: 1\nb: 2\na: 3\n", "t.yaml", diagnostics)
    assert tree.plain == {"a": 1, "b": 2}
    (one,) = diagnostics
    assert (one.rule, one.place.line, one.notes[0].place.line) == ("duplicate-key", 3, 1)


@pytest.mark.parametrize("text, value", [
    ("yes", "yes"), ("on", "on"), ("true", True), ("010", "010"), ("0", 0), ("-7", -7),
    ("0x1F", 31), ("1_000", "1_000"), ("1:20", "1:20"), ("1.5", 1.5), ("~", None), ("", None),
    ("null", None), ("0b1", "0b1"), ("2001-01-01", "2001-01-01")])
def test_scalars_are_those_of_yaml_1_2(text, value):
    assert scalar_value(text) == value and isinstance(scalar_value(text), type(value))


def test_quoted_scalars_are_text():
    assert load_text("a: '1'\n", "t.yaml", Diagnostics()).plain == {"a": "1"}


def test_aliases_are_not_followed_even_into_themselves():
    diagnostics = Diagnostics()
    tree = load_text("a: &x [*x, *x]\nb: *x\n", "t.yaml", diagnostics)
    assert tree.plain == {"a": [None, None], "b": None}
    assert [str(d.place) for d in diagnostics] == ["t.yaml:1:4", "t.yaml:1:8", "t.yaml:1:12",
                                                   "t.yaml:2:4"]


@pytest.mark.parametrize("data, place, words", [
    (b"a: 1\nb: gr\xf6\xdfe\n", "t.yaml:2:6", "invalid start byte"),
    ("größe: 1\nb:\0 2\n".encode(), "t.yaml:2:3", "a control character")])
def test_what_is_no_text_has_a_place(data, place, words):
    diagnostics = Diagnostics()
    assert load_text(data, "t.yaml", diagnostics) is None
    (one,) = diagnostics
    assert (one.rule, str(one.place)) == ("yaml-encoding", place) and words in one.message


def test_description_that_has_no_end():
    diagnostics = Diagnostics()
    assert load("/dev/zero", diagnostics) is None
    assert diagnostics.rules == {"description-too-large"}


def test_what_is_invisible_is_shown_and_what_is_endless_is_cut():
    diagnostics = Diagnostics()
    diagnostics.error("r", Place("t.yaml"), "a\u00a0b \u202ec \ud800", remedy="x" * 5000 + " y")
    (one,) = diagnostics
    assert one.message == r"a\xa0b \u202ec \ud800"
    assert one.remedy == "x" * 60 + "…" + "x" * 20 + " y"


@pytest.mark.parametrize("text", ["~\n", "a\n", "[a]\n", "7\n"])
def test_description_that_is_something_else_says_how_one_begins(text):
    diagnostics = Diagnostics()
    check(load_text(text, "t.yaml", diagnostics), diagnostics)
    (one,) = diagnostics
    assert one.rule == "wrong-type" and "system: NAME" in one.remedy


def test_unreadable_file(tmp_path):
    diagnostics = Diagnostics()
    assert load(tmp_path / "none.yaml", diagnostics) is None
    assert diagnostics.rules == {"description-unreadable"}
    assert load(tmp_path, Diagnostics()) is None


def test_missing_key_stands_where_its_mapping_does():
    tree = load_text("a: { b: 1 }\n", "t.yaml", Diagnostics())
    assert isinstance(tree["a"], Mapping) and tree["a"].get("c") is None
    assert tree["a"].key_place("c") == tree["a"].place


@pytest.mark.parametrize("text, size", [
    ("4 KiB", 4096), ("1MiB", 1 << 20), ("0x10 B", 16), ("2 GiB", 2 << 30), ("010 B", 10),
    ("4K", None), ("4 kib", None), ("4", None), ("-4 KiB", None), ("1.5 GiB", None), (4096, None)])
def test_sizes(text, size):
    assert parse_size(text) == size


@settings(derandomize=True, database=None)
@given(st.integers(0, 1 << 48))
def test_size_text_is_exact(size):
    assert parse_size(size_text(size)) == size
    assert align_up(size, 4096) - size < 4096 and align_up(size, 4096) % 4096 == 0


WORDS = st.text("abc", max_size=6)


@settings(derandomize=True, database=None)
@given(WORDS, WORDS)
def test_typing_distance(one, other):
    assert typing_distance(one, other) == typing_distance(other, one)
    assert (typing_distance(one, other) == 0) == (one == other)
    assert typing_distance(one, one + "x") == 1
    assert typing_distance("x" + one, "y" + one) == 1
    assert typing_distance("xy" + one, "yx" + one) == 1


@pytest.mark.parametrize("name, nearest", [
    ("memry", "memory"), ("ta", "at"), ("pl101", "pl011"), ("zzz", None), ("", None)])
def test_nearest_name(name, nearest):
    assert nearest_name(name, ["memory", "at", "pl011", "pl031"]) == nearest
