"""Schedules on the page: what is collected of the plan, the picture, and the tables beside it.

@req EVID-7
"""

import csv
import io
import subprocess
import sys
from xml.etree import ElementTree

import pytest

from browser import Browser
from conftest import DESCRIPTION, ROOT
from evidence import matrices, schedule_svg, sizes
from evidence.build import Build
from evidence.page import page
from evidence.schedule import schedules
from evidence.svg import fill_of
from evidence.tables import files
from evidence.values import share_text, time_text
from test_page import CONTRAST, TEXTS, WIDE

SVG = "{http://www.w3.org/2000/svg}"
MS = 10**6
NAMES = ["test", "peer"]


def planned(description, folder):
    """Its plan alone: nothing is compiled."""
    done = subprocess.run([sys.executable, "-m", "generator", "build", str(description), "--out",
                           str(folder)], cwd=ROOT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return Build(folder, description)


@pytest.fixture(name="shared", scope="module")
def shared_fixture(tmp_path_factory):
    """A system with schedules."""
    return planned(ROOT / "tests/evidence/schedule-test.yaml", tmp_path_factory.mktemp("shared"))


@pytest.fixture(name="mode", scope="module")
def mode_fixture(shared):
    """Its only mode."""
    found, = schedules(shared)
    return found


@pytest.fixture(name="drawing")
def drawing_fixture(mode):
    """Its picture."""
    return ElementTree.fromstring(schedule_svg.draw(mode, NAMES, "schedule-0", "Times"))


def test_without_schedules_there_is_nothing(tmp_path):
    assert schedules(planned(DESCRIPTION, tmp_path)) == []


def test_each_frame_is_filled_without_a_hole(mode):
    assert (mode["mode"], mode["frame"]) == ("normal", 20 * MS)
    for row in mode["cpus"]:
        assert [row["parts"][0]["start"], row["parts"][-1]["end"]] == [0, 20 * MS]
        for before, part in zip(row["parts"], row["parts"][1:]):
            assert before["end"] == part["start"] < part["end"]


def test_written_slots_are_as_written_and_repeated(mode):
    parts = [(p["start"] // MS, p["end"] // MS, p["run"], p["spare"], p["quantum"])
             for p in mode["cpus"][1]["parts"]]
    once = [(0, 2, [[1, 0]], [], MS), (2, 3, [], [], None),
            (3, 9, [[0, 1], [1, 0]], [[0, 2]], MS // 2), (9, 10, [], [], None)]
    assert parts == once + [(p[0] + 10, p[1] + 10, *p[2:]) for p in once]
    assert mode["cpus"][1]["parts"][0]["note"].startswith("line 12: as described")


def test_cpus_without_slots(mode):
    always, nobody = mode["cpus"][0]["parts"], mode["cpus"][3]["parts"]
    assert [(p["run"], p["is_always"]) for p in always] == [([[0, 0]], True)]
    assert [(p["run"], p["is_always"]) for p in nobody] == [([], False)]


def test_what_each_vcpu_gets(mode):
    rows = {(NAMES[v["vm"]], v["vcpu"]): v for v in mode["vcpus"]}
    assert len(rows) == 6
    keys = ("cpu", "slots", "alone", "least", "most", "wait")
    assert [rows["test", 0][k] for k in keys] == [0, 1, 20 * MS, 20 * MS, 20 * MS, 0]
    assert [rows["test", 1][k] for k in keys] == [1, 2, 0, 6 * MS, 12 * MS, 4 * MS]
    assert [rows["peer", 0][k] for k in keys] == [1, 4, 4 * MS, 10 * MS, 16 * MS, MS]
    assert [rows["test", 2][k] for k in keys] == [1, 0, 0, 0, 12 * MS, None]
    assert [rows["test", 3][k] for k in keys[2:5]] == [5 * MS] * 3
    assert [rows["peer", 1][k] for k in keys[2:5]] == [15 * MS] * 3


def test_cpus_list_all_that_live_there(shared):
    assert [(row["cpu"], row["vm"], row["vcpu"]) for row in matrices.cpus(shared)] == [
        (0, 0, 0), (1, 0, 1), (1, 0, 2), (1, 1, 0), (2, 0, 3), (2, 1, 1), (3, None, None)]
    stack = 16 << 10
    assert [row["stack_bytes"] for row in sizes.by_vm(shared)] == [3 * stack, 2 * stack]


def groups(drawing):
    return [g for g in drawing.iter(f"{SVG}g") if g.get("class").startswith("part")]


def tip(group):
    """What a part says; in an attribute XML makes spaces of its line breaks, which HTML keeps."""
    return group.find(f"{SVG}title").text


def test_bars_are_to_scale_and_in_the_colour_of_their_vm(drawing, mode):
    assert len(groups(drawing)) == sum(len(row["parts"]) for row in mode["cpus"])
    shared = next(g for g in groups(drawing) if g.get("data-tip").startswith("test/1, peer/0"))
    bars = shared.findall(f"{SVG}rect")
    assert [bar.get("fill") for bar in bars] == [fill_of(n, NAMES) for n in ("test", "peer", "test")]
    unit = schedule_svg.BAR_WIDTH / 20
    for bar in bars:
        assert float(bar.get("x")) == pytest.approx(schedule_svg.BAR_X + 3 * unit, abs=.01)
        assert float(bar.get("width")) == pytest.approx(6 * unit, abs=.01)
    assert [bar.get("stroke-dasharray") is not None for bar in bars] == [False, False, True]
    tops = [(float(bar.get("y")), float(bar.get("height"))) for bar in bars]
    assert all(y + height == pytest.approx(below, abs=.02)
               for (y, height), (below, _) in zip(tops, tops[1:]))


def test_a_gap_is_dotted(drawing):
    gaps = [g for g in groups(drawing) if "hole" in g.get("class")]
    assert all(g.find(f"{SVG}path").get("class") == "gap" for g in gaps)
    assert tip(gaps[0]) == "nobody\nCPU 1, 2 ms to 3 ms: 1 ms of 20 ms"


def test_every_part_says_what_it_is(drawing):
    tips = [tip(g) for g in groups(drawing)]
    assert tips[0] == "test/0: always\nCPU 0, 0 to 20 ms: 20 ms of 20 ms"
    assert ("test/1, peer/0, in turns of 500 us\nwhen these cannot: test/2\n"
            "CPU 1, 3 ms to 9 ms: 6 ms of 20 ms\nline 13: as described") in tips[3]
    assert all(g.get("data-tip").split() == text.split()
               for g, text in zip(groups(drawing), tips))


def test_the_axis_has_round_times(drawing):
    axis = [t.text for t in drawing.findall(f"{SVG}text") if t.get("class") in ("small", "end")]
    assert axis == ["0", "5 ms", "10 ms", "15 ms", "20 ms"]
    assert [schedule_svg.axis_step(n) for n in (1, 5, 6, 10 * MS, 12 * MS)] == [
        1, 1, 2, 2 * MS, 5 * MS]


def test_times_and_shares_are_shown_exactly():
    assert [time_text(n) for n in (0, 999, 1500, 2_500_000, 10**9, 1_000_001)] == [
        "0", "999 ns", "1.5 us", "2.5 ms", "1 s", "1.000001 ms"]
    assert [share_text(n, 3) for n in (0, 1, 2, 3)] == ["0.0 %", "33.3 %", "66.6 %", "100.0 %"]


def test_tables_beside_the_page(facts, shared):
    assert not {"schedules.csv", "vcpu-times.csv"} & files(facts).keys()
    beside = files({**facts, "schedules": schedules(shared)})
    rows = list(csv.DictReader(io.StringIO(beside["schedules.csv"])))
    assert [rows[3][k] for k in ("cpu", "start_ns", "end_ns", "run", "spare", "quantum_ns")] == [
        "1", "3000000", "9000000", "test/1 peer/0", "test/2", "500000"]
    rows = list(csv.DictReader(io.StringIO(beside["vcpu-times.csv"])))
    assert [rows[1][k] for k in ("mode", "vm", "vcpu", "least", "most")] == [
        "normal", "test", "1", "6000000", "12000000"]


@pytest.mark.parametrize("window", [(400, 800, True), (1600, 1000, False)], ids=["400", "1600"])
def test_the_page_shows_them(facts, shared, tmp_path, window):
    """Two modes, so that there are two pictures; everything is there to be read."""
    mode, = schedules(shared)
    path = tmp_path / "evidence.html"
    path.write_text(page({**facts, "schedules": [mode, {**mode, "mode": "degraded"}]}, []),
                    encoding="utf-8")
    with Browser() as browser:
        browser.size(*window)
        browser.open(path.as_uri())
        drawn = browser.evaluate("""[...document.querySelectorAll('#schedules ~ figure.wide svg')]
            .map((s) => [s.getBoundingClientRect().width, s.querySelectorAll('.part').length])""")
        assert len(drawn) == 2 and all(width > 300 and parts > 20 for width, parts in drawn)
        said = browser.evaluate("""(() => {
            const part = [...document.querySelectorAll('#schedule-1 .part')].find((p) =>
                p.dataset.tip.startsWith('test/1, peer/0'));
            part.dispatchEvent(new PointerEvent('pointerover', { bubbles: true }));
            return part.closest('figure').querySelector('.tip').textContent; })()""")
        assert said.startswith("test/1, peer/0, in turns of 500 us\nwhen these cannot: test/2")
        assert browser.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert browser.evaluate(WIDE) == [] and browser.errors == []
        assert [t for t in browser.evaluate(TEXTS) if t[1] < 10.5] == []
        assert browser.evaluate(CONTRAST) >= 4.5
        assert "6 ms (30.0 %)" in browser.evaluate("document.body.textContent")
        assert browser.evaluate("!!document.querySelector('nav a[href=\"#schedules\"]')")


def test_a_page_without_them_has_no_such_part(facts):
    assert 'id="schedules"' not in page(facts, [])
