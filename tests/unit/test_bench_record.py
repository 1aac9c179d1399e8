"""scripts/bench.py: what counts as worse than the record, what cannot be compared with it, and what
the pages make of it.

@req PERF-1
"""
import json
import pathlib
import sys
import xml.etree.ElementTree

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import bench  # noqa: E402
from benchmark import attribution, breakdown, machine, page, plot, record  # noqa: E402
from benchmark.rows import (  # noqa: E402
    COMPARED, GROWING, MORE, OTHERS, SIZE_WITH_CONSOLE, VCPU_COUNTS, by_name, guest_rows)

TOOLS = {"compiler": "12.2.0", "qemu": "10.0.2"}


def row(median, largest=None):
    return {"median": median, "min": median, "max": median if largest is None else largest}


def result_of(rows, tools=TOOLS):
    return {"rows": rows, "made_with": tools}


@pytest.fixture(scope="module")
def recorded():
    return json.loads((ROOT / "docs/bench.json").read_text())


# --- the record ---

def test_a_larger_median_or_largest_is_worse_and_a_smaller_better():
    worse, better = record.differences(
        {"boot": row(11, 12), "null_call_hvc": row(5, 9), "spi_storm": row(6, 8)},
        {"boot": row(10, 13), "null_call_hvc": row(5, 8), "spi_storm": row(7, 8)})
    assert worse == [
        "boot (reset to the guest's first instruction, copying of images aside): 11 (worst 12), "
        "recorded 10 (worst 13)",
        "null_call_hvc (null call (PSCI_VERSION by HVC), there and back): 5 (worst 9), recorded "
        "5 (worst 8)"]
    assert better == ["spi_storm (a line that stays up: for each interrupt of 1000): "
                      "6 (worst 8), recorded 7 (worst 8)"]


def test_a_worse_figure_fails_with_a_sentence_and_the_way_out():
    lines, failed = record.compare(result_of({"read_gicd_typer@4": row(273)}),
                                   result_of({"read_gicd_typer@4": row(272)}))
    assert failed
    assert lines == ["WORSE   read_gicd_typer@4 (read GICD_TYPER, 4 vCPUs): 273, recorded 272",
                     "bench: make bench RECORD='reason' changes the record"]


def test_a_better_figure_is_told_and_does_not_fail():
    lines, failed = record.compare(result_of({"read_gicd_typer": row(271)}),
                                   result_of({"read_gicd_typer": row(272)}))
    assert not failed and lines[0].startswith("better  read_gicd_typer")


def test_equal_figures_say_nothing():
    assert record.compare(result_of({"boot": row(1)}), result_of({"boot": row(1)})) == ([], False)


def test_a_row_without_a_record_and_a_record_without_a_row_are_worse():
    worse, _ = record.differences({"unheard": row(1)}, {})
    assert worse == ["unheard: 1, nothing is recorded"]
    lines, failed = record.compare(result_of({}), result_of({"sgi_storm": row(7)}))
    assert failed and lines[0] == "WORSE   sgi_storm: recorded 7, not measured any more"


def test_another_compiler_is_not_compared_and_another_qemu_not_in_the_boot_rows():
    now = {"boot": row(1), "boot@8": row(1), "null_call_hvc": row(2)}
    assert record.comparable(now, TOOLS, TOOLS) == (now, [])
    rows, notes = record.comparable(now, TOOLS, {**TOOLS, "compiler": "14.2.0"})
    assert rows == {} and "gcc 12.2.0" in notes[0] and "gcc 14.2.0" in notes[0]
    rows, notes = record.comparable(now, TOOLS, {**TOOLS, "qemu": "10.0.13"})
    assert list(rows) == ["null_call_hvc"] and "boot rows" in notes[0]


def test_json_of_the_record_reads_back():
    value = {"reason": "x", "rows": {"a": row(1)}, "attribution": {"a": {"guest": 1}}, "bare": {}}
    assert json.loads(record.as_json(value)) == value


# --- rows ---

def test_every_row_is_recorded(recorded):
    names = {r.name for r in COMPARED + MORE}
    names |= {f"{name}@{n}" for n in VCPU_COUNTS[1:] for name in (*guest_rows(n), "boot")}
    names |= {SIZE_WITH_CONSOLE.name, "start@2", "start@silent"}
    names |= {f"{r.name}@silent" for r in COMPARED if r.name in guest_rows(2)}
    assert set(recorded["rows"]) == names


def test_every_compared_row_has_a_goal_and_a_figure_of_each_other_one():
    for r in COMPARED:
        assert r.goal is not None and len(r.others) == len(OTHERS)
    assert len(by_name()) == len(COMPARED + MORE + GROWING) + 1


def console(rows, answers, cpus=1):
    lines = [f"bench    | BENCH {n} {v} {v} {v} {answers.get(n, 0)}" for n, v in rows.items()]
    return "\n".join(["bulkhead | bench: starts at tick 900, 600 of them for loading its memory",
                      f"bench    | BENCH_CPUS {cpus}", "bench    | BENCH_START 1000", *lines])


ANSWERS = {name: r.answer or 0 for name, r in by_name().items()}


def test_figures_are_read_and_loading_is_taken_off_the_start():
    found = machine.figures(console({n: 5 for n in guest_rows(1)}, ANSWERS))
    assert found.vcpus == 1 and found.rows["boot"] == row(400)
    assert found.rows["sgi_storm"] == row(5)


def test_a_row_that_is_missing_is_named():
    some = {n: 5 for n in guest_rows(2) if n != "spurious"}
    with pytest.raises(machine.BenchError, match="no figure for spurious$"):
        machine.figures(console(some, ANSWERS, cpus=2))


def test_without_a_console_nobody_says_how_long_loading_took():
    said = console({n: 5 for n in guest_rows(1)}, ANSWERS).split("\n", 1)[1]
    with pytest.raises(machine.BenchError, match="EL2 does not say how long it loaded"):
        machine.figures(said)
    assert "boot" not in machine.figures(said, has_console=False).rows


def test_without_a_console_no_row_is_longer(recorded):
    rows = recorded["rows"]
    for name in (n for n in rows if n.endswith("@silent")):
        other = name.replace("@silent", "@2")
        other = other if other in rows else name.removesuffix("@silent")
        assert rows[name]["median"] <= rows[other]["median"], name


def test_what_the_guest_got_must_be_right():
    """A refused call is quick; it is no figure."""
    wrong = {**ANSWERS, "psci_cpu_on_running": 2**64 - 2}
    with pytest.raises(machine.BenchError, match="psci_cpu_on_running: the guest got 0xff.*fe"):
        machine.figures(console({n: 5 for n in guest_rows(1)}, wrong))


def runs_that_say(monkeypatch, *texts):
    said = iter(texts)
    monkeypatch.setattr(machine, "console_of_run", lambda command: next(said))


def test_two_runs_must_agree(monkeypatch):
    rows = {n: 5 for n in guest_rows(1)}
    runs_that_say(monkeypatch, console(rows, ANSWERS), console({**rows, "spurious": 6}, ANSWERS))
    with pytest.raises(machine.BenchError, match="two runs with 1 vCPUs differ:\nspurious: "):
        machine.same_twice([])


def test_a_late_deadline_of_one_run_is_not_taken_for_ours(monkeypatch):
    """Only the largest value, and only where the CPU sleeps."""
    rows = {n: 5 for n in guest_rows(1)}
    text = console(rows, ANSWERS)
    late = text.replace("wfi_vtimer_to_handler 5 5 5", "wfi_vtimer_to_handler 5 5 16")
    for texts in ((text, late), (late, text)):
        runs_that_say(monkeypatch, *texts)
        assert machine.same_twice([]).rows["wfi_vtimer_to_handler"] == row(5)
    runs_that_say(monkeypatch, text, text.replace("vtimer_to_handler 5", "vtimer_to_handler 6"))
    with pytest.raises(machine.BenchError, match="wfi_vtimer_to_handler"):
        machine.same_twice([])


def test_a_guest_that_is_not_calibrated_is_refused():
    bare = {r.name: row(r.bare) for r in COMPARED if r.bare is not None}
    bench.check_calibration(bare)
    with pytest.raises(machine.BenchError, match="sgi_self_to_handler: 3, not 2"):
        bench.check_calibration({**bare, "sgi_self_to_handler": row(3)})


def test_rows_that_need_two_vcpus_have_their_name_from_two():
    by_vcpus = {n: {name: row(n) for name in guest_rows(n)} for n in VCPU_COUNTS}
    rows = bench.flat_rows(by_vcpus)
    assert rows["sgi_other_to_handler"] == row(2) and rows["sgi_self_to_handler"] == row(1)
    assert rows["sgi_all_others_to_handlers@8"] == row(8)
    assert "sgi_all_others_to_handlers" not in rows


# --- where the instructions are ---

def test_in_vectors_what_follows_the_call_is_the_way_back():
    stp, bl, b, ldp, eret, dsb = (0xA9000400, 0x94000123, 0x14000001, 0xA9400400, 0xD69F03E0,
                                  0xD5033F9F)
    code = {0: stp, 4: bl, 8: b, 128: ldp, 132: eret, 136: dsb, 256: b}
    sides = attribution._sides_of_vectors(code, [0, 128, 256])
    assert sides == {0: "vector", 4: "vector", 8: "return", 128: "return", 132: "return",
                     136: "return", 256: "vector"}


class Halves:
    def of(self, address):
        return "vgic" if address else "vector"


@pytest.mark.parametrize("median, bare, fits", [(31, 1, True), (30, 1, True), (29, 1, False),
                                                (33, 1, False)])
def test_what_the_plugin_and_the_guest_count_must_fit(median, bare, fits):
    seen = attribution.Counted(own=30, count=9, first={0: 10, 4: 15, 8: 5})
    if fits:
        found = attribution.one_row("null_call_hvc", seen, Halves(), median, bare)
        assert found == {"guest": median - 30, "vector": 10, "vgic": 20}
    else:
        with pytest.raises(machine.BenchError, match="null_call_hvc: the plugin counts 30"):
            attribution.one_row("null_call_hvc", seen, Halves(), median, bare)


def test_every_attributed_row_adds_up(recorded):
    for name, parts in recorded["attribution"].items():
        difference = sum(parts.values()) - recorded["rows"][name]["median"]
        assert abs(difference) <= (0 if name not in attribution.PER_RUN else len(parts)), name


# --- the pages ---

def test_pages_are_those_of_the_record(recorded):
    assert (ROOT / "docs/bench.md").read_text() == page.page(recorded)
    assert (ROOT / "docs/bench.svg").read_text() == plot.plot(recorded)
    assert (ROOT / "docs/bench-parts.svg").read_text() == breakdown.breakdown(recorded)


def test_the_fewest_of_a_row_are_bold(recorded):
    line = next(li for li in page.compared_table(recorded).splitlines() if "Xen" not in li
                and "lost in" in li)
    assert line.count("**0**") == 3


def test_a_terminal_gets_columns():
    table = "| a | bcd |\n|---|--:|\n| long | **1** |\n| x | 1,234 |"
    assert page.aligned(table) == "a       bcd\nlong      1\nx     1,234"


def test_the_picture_has_a_mark_for_every_figure_and_all_in_its_frame(recorded):
    root = xml.etree.ElementTree.fromstring(plot.plot(recorded))
    marks = [u for u in root.iter("{http://www.w3.org/2000/svg}use") if len(u)]
    figures = sum(1 + len([o for o in r.others if o is not None]) + (r.goal is not None)
                  for r in COMPARED)
    assert len(marks) == figures
    assert all(plot.ZERO_X <= float(m.get("x")) <= plot.AXIS_LAST for m in marks)


def test_an_axis_is_logarithmic_and_keeps_a_place_for_nought():
    axis = plot.Axis(10, 1000)
    assert axis.x(10) == plot.AXIS_FIRST and axis.x(1000) == plot.AXIS_LAST
    assert axis.x(100) == (plot.AXIS_FIRST + plot.AXIS_LAST) / 2
    assert axis.x(0) == plot.ZERO_X < plot.AXIS_FIRST
    assert axis.ticks == [10, 20, 50, 100, 200, 500, 1000]


def test_marks_that_would_hide_one_another_stand_apart():
    axis = plot.Axis(10, 1000)
    marks = plot._marks([("Bulkhead", 100), ("Bao", 101), ("Jailhouse", 102), ("KVM", 900)], axis)
    assert [m["lane"] for m in marks] == [0, -9, 9, 0]


def test_bars_have_all_their_instructions_side_by_side():
    """A folder that no group names counts as used by the others."""
    pieces = breakdown._segments({"guest": 1, "vector": 20, "newer": 5, "return": 10}, 2, 100)
    assert [p["key"] for p in pieces] == ["guest", "vector", "below", "return"]
    assert [p["width"] for p in pieces] == [2, 40, 10, 20]
    assert all(a["x"] + a["width"] == b["x"] for a, b in zip(pieces, pieces[1:]))
    assert "newer 5" in pieces[2]["title"]


@pytest.mark.parametrize("kept, name", [("size", "text_rodata_bytes"),
                                        ("size_with_console", "text_rodata_console_bytes")])
def test_sizes_by_folder_add_up(recorded, kept, name):
    size = recorded[kept]
    assert sum(t for t, _ in size["folders"].values()) == size["text"]
    assert sum(r for _, r in size["folders"].values()) == size["rodata"]
    assert size["text"] + size["rodata"] == recorded["rows"][name]["median"]
    table = page.size_table(recorded["size"], recorded["size_with_console"])
    assert f"{size['text'] + size['rodata']:,} |" in table.splitlines()[-1]
