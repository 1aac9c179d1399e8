"""Faults and the life of VMs on the page: what is collected of the description, and the tables.

@req EVID-7
"""

import csv
import io

import pytest

from browser import Browser
from conftest import ROOT
from evidence.health import faults, lives
from evidence.page import page
from evidence.tables import files
from test_page import CONTRAST, TEXTS, WIDE
from test_schedule import planned

CLASSES = ["memory", "instruction", "serror", "device", "smc", "watchdog", "overrun", "image",
           "panic", "storm"]


@pytest.fixture(name="system", scope="module")
def system_fixture(tmp_path_factory):
    """Three VMs, of which one rules the others."""
    return planned(ROOT / "tests/evidence/health-test.yaml", tmp_path_factory.mktemp("health"))


@pytest.fixture(name="shown")
def shown_fixture(facts, system):
    """The facts of the page with what this system says."""
    return {**facts, "vm_names": ["test", "peer", "third"], "faults": faults(system),
            "lives": lives(system)}


def test_each_class_has_an_answer_in_each_vm(system):
    rows = faults(system)
    assert [row["fault"] for row in rows] == CLASSES
    assert all(len(row["cells"]) == 3 for row in rows)
    texts = {row["fault"]: [cell["text"] for cell in row["cells"]] for row in rows}
    assert texts["memory"] == ["inject", "switch-mode degraded", "inject"]
    assert texts["watchdog"] == ["restart, 1 time in 10 s, then reset-system",
                                 "restart, 2 times in 1 s, then switch-mode degraded",
                                 "restart, 1 time in 10 s, then reset-system"]
    assert texts["panic"] == ["ignore", "stop", "ignore"]


def test_whose_word_it_is(system):
    rows = {row["fault"]: row["cells"] for row in faults(system)}
    lines = (ROOT / "tests/evidence/health-test.yaml").read_text().splitlines()
    own, common, default = rows["watchdog"][1], rows["watchdog"][0], rows["storm"][0]
    assert "times: 2" in lines[own["line"] - 1] and own["why"] == "as described"
    assert "times: 1" in lines[common["line"] - 1] and common["why"] == "health of every VM"
    assert default == {"text": "ignore", "line": None, "why": "default for storm"}


def test_who_starts_when_and_rules_whom(system):
    test, peer, third = lives(system)
    assert test["autostart"] and test["after"] == [] and test["ruled_by"] == []
    assert test["may"] == ["read-events", "switch-mode"] and test["limit"] == "20 in 10 ms"
    assert peer["after"] == ["test has started", "third is ready"] and peer["ruled_by"] == [0]
    assert peer["heartbeat"] == 50_000_000 and peer["limit"] == ""
    assert not third["autostart"] and third["ruled_by"] == [0] and third["heartbeat"] is None


def test_tables_beside_the_page(shown):
    beside = files(shown)
    rows = list(csv.DictReader(io.StringIO(beside["faults.csv"])))
    assert len(rows) == 30
    assert [rows[1][k] for k in ("fault", "vm", "action", "why")] == [
        "memory", "peer", "switch-mode degraded", "as described"]
    rows = list(csv.DictReader(io.StringIO(beside["lives.csv"])))
    assert [rows[1][k] for k in ("vm", "autostart", "after", "ruled_by", "heartbeat")] == [
        "peer", "True", "test has started; third is ready", "test", "50000000"]


@pytest.mark.parametrize("window", [(400, 800, True), (1600, 1000, False)], ids=["400", "1600"])
def test_the_page_shows_them(facts, system, tmp_path, window):
    """Those of two VMs, in place of what the page's own system has."""
    cut = [{**row, "cells": row["cells"][:2]} for row in faults(system)]
    path = tmp_path / "evidence.html"
    path.write_text(page({**facts, "faults": cut, "lives": lives(system)[:2]}, []),
                    encoding="utf-8")
    with Browser() as browser:
        browser.size(*window)
        browser.open(path.as_uri())
        cells = browser.evaluate("""[...document.querySelectorAll('#matrix-faults td')]
            .map((c) => [c.textContent, c.className, c.title])""")
        assert len(cells) == 2 * len(CLASSES)
        assert cells[1][:2] == ["switch-mode degraded", "act has"]
        assert cells[1][2].startswith("peer: as described, line ")
        assert cells[0] == ["inject", "act soft", "test: default for memory"]
        assert "once test has started and third is ready" in browser.evaluate(
            "document.querySelector('#lives').textContent")
        assert browser.evaluate(WIDE) == [] and browser.errors == []
        assert [t for t in browser.evaluate(TEXTS) if t[1] < 10.5] == []
        assert browser.evaluate(CONTRAST) >= 4.5
        assert browser.evaluate("!!document.querySelector('nav a[href=\"#faults\"]')")
