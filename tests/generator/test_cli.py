"""The command line as a person or a script meets it.

@req DESC-3
"""

import json
import os
from pathlib import Path
import shutil
import subprocess
import sys

import pytest

from generator.board import load_board
from generator.cli import main
from generator.compile import analyse
from generator.diagnostics import Diagnostics

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent


@pytest.fixture
def full(in_bench):
    shutil.copy(HERE / "good" / "full.yaml", in_bench)
    return "full.yaml"


def tree_bytes(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*"))
            if p.is_file()}


def test_help_tells_how(capsys):
    with pytest.raises(SystemExit) as stop:
        main(["--help"])
    assert stop.value.code == 0
    text = capsys.readouterr().out
    for word in ("check", "build", "explain", "schema", "exit status", "system.yaml"):
        assert word in text


@pytest.mark.parametrize("arguments", [[], ["chekc", "a.yaml"], ["check"], ["check", "a", "--xml"]])
def test_wrong_command_line_is_2(arguments, capsys):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2


def test_check_says_nothing_when_all_is_well(full, capsys):
    assert main(["check", full]) == 0
    assert capsys.readouterr() == ("", "")


def test_check_of_a_missing_file_is_1(in_bench, capsys):
    assert main(["check", "none.yaml"]) == 1
    assert "none.yaml" in capsys.readouterr().err


def test_build_goes_to_the_name_of_the_system(full, in_bench):
    assert main(["build", full]) == 0
    assert (in_bench / "build" / "full" / "plan.json").is_file()
    json.loads((in_bench / "build" / "full" / "resolved.json").read_text(encoding="utf-8"))


def test_build_keeps_what_others_put_there_and_drops_its_own_old_files(full, in_bench):
    out = in_bench / "kept"
    assert main(["build", full, "--out", str(out)]) == 0
    (out / "obj").mkdir()
    (out / "obj" / "a.o").write_bytes(b"1")
    (out / "gen" / "old.bin").write_bytes(b"2")
    assert main(["build", full, "--out", str(out)]) == 0
    assert (out / "obj" / "a.o").is_file() and not (out / "gen" / "old.bin").exists()
    assert not list(in_bench.glob(".kept*")) and not list(out.glob(".*"))


def test_build_of_a_bad_description_leaves_everything_as_it_was(full, in_bench, capsys):
    out = in_bench / "untouched"
    assert main(["build", full, "--out", str(out)]) == 0
    before = tree_bytes(out)
    assert main(["build", "cpu-taken.yaml", "--out", str(out)]) == 1
    assert tree_bytes(out) == before
    assert main(["build", "cpu-taken.yaml", "--out", str(in_bench / "never")]) == 1
    assert not (in_bench / "never").exists() and not list(in_bench.glob(".never*"))


def test_same_bytes_whatever_folder_and_hash_seed(full, in_bench, tmp_path):
    """In two folders, with two hash seeds, from two current folders.

    @req DESC-7
    """
    results = []
    for number, (folder, name) in enumerate(((in_bench, full), (tmp_path, "other/full.yaml"))):
        if number:
            shutil.copytree(in_bench / "files", tmp_path / "other" / "files")
            shutil.copy(in_bench / full, tmp_path / "other")
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(number),
                       "USER": f"user{number}", "TZ": f"UTC{number}"}
        out = folder / f"same{number}"
        subprocess.run([sys.executable, "-m", "generator", "build", name, "--out", str(out)],
                       cwd=folder, env=environment, check=True)
        results.append(tree_bytes(out))
    assert results[0].keys() == results[1].keys()
    for name in results[0]:
        assert results[0][name] == results[1][name], name


def test_build_into_what_is_no_folder(full, in_bench, capsys):
    (in_bench / "file").write_bytes(b"")
    assert main(["build", full, "--out", str(in_bench / "file" / "out")]) == 1
    assert str(in_bench / "file") in capsys.readouterr().err


def test_missing_tool_is_an_error(in_bench, full, monkeypatch, capsys):
    monkeypatch.setenv("PATH", str(in_bench))
    load_board.cache_clear()
    assert main(["check", full]) == 1
    assert "dtc" in capsys.readouterr().err


def test_schema_prints_the_file(capsys):
    assert main(["schema"]) == 0
    assert capsys.readouterr().out == (ROOT / "generator" / "schema.json").read_text(
        encoding="utf-8")


def explained(capsys, full, *question):
    status = main(["explain", full, *question])
    return status, capsys.readouterr().out


@pytest.mark.parametrize("question, parts", [
    (["0x09010000"], ["/pl031@9010000 of the board, from which the hypervisor reads the date"]),
    (["0x09000000"], ["/pl011@9000000 of the board, which the hypervisor keeps",
                      "`linux` at 0x09000000: emulated PL011 `uart`", "full.yaml:26:7",
                      "`rt` at 0x09000000: nothing"]),
    (["0x50000100"], ["`rt`'s window `ram`, which it sees at 0x40000100", "full.yaml:40:7"]),
    (["0x40200000"], ["the system image's text"]),
    (["why", "linux.rtc"], ["emulated PL031 `rtc`: 0x09011000..0x09011fff, 4 KiB",
                            "full.yaml:27:34: as described", "raises INTID 40, SPI 8"]),
    (["why", "rt.distributor"], ["`rt`'s emulated GICD `distributor`: 0x08000000..0x0800ffff",
                                 "full.yaml:37:3: default: as QEMU virt"]),
    (["why", "linux.gpio"], ["device", "registers of /pl061@9030000"]),
    (["0x70000004", "--vm", "rt"], ["`rt` at 0x70000004: window `shm`", "shared, r)"]),
    (["irq", "33"], ["INTID 33 is SPI 1", "goes to the hypervisor's console, on CPU 3",
                     "in `linux`: the emulated pl011 `uart`"]),
    (["irq", "spi:7"], ["INTID 39 is SPI 7", "/pl061@9030000", "goes to `linux` as INTID 41"]),
    (["irq", "27"], ["a PPI"]),
    (["irq", "500"], ["no device", "goes nowhere", "in no VM is it anything"]),
    (["cpu", "0"], ["runs vCPU 0 of `linux`", "full.yaml:14:11"]),
    (["health", "--vm", "rt"], ["faults of `rt`:", "  memory: inject\n    default for memory",
                                "  watchdog: restart, 3 times in 10 s, then stop"]),
    (["cpu", "3"], ["runs no vCPU", "services the console"]),
    (["why", "linux.ram"], ["64 MiB", "guest address 0x40000000", "holds kernel", "holds initrd"]),
    (["why", "rt.ram"], ["physical address 0x50000000", "as described"]),
    (["why", "frames"], ["`linux` sees it at 0x70000000 (rw)", "`rt` sees it at 0x70000000 (r)"]),
])
def test_explain(full, capsys, question, parts):
    """@req DESC-9"""
    status, text = explained(capsys, full, *question)
    assert status == 0
    for part in parts:
        assert part in text


def test_explain_names_what_is_packed(full, capsys):
    _, text = explained(capsys, full, "0x40200000")
    assert "there," not in text
    plan = analyse(full, Diagnostics()).plan
    blob = next(b for b in plan.blobs if "initrd" in b.name)
    _, text = explained(capsys, full, hex(blob.pa + blob.size - 1))
    assert f"    there, {blob.name} (0x{blob.pa:08x}.." in text


@pytest.mark.parametrize("question, status", [
    (["explain", "full.yaml", "0x0"], 1), (["diff", "full.yaml", "full.yaml"], 2)])
def test_a_reader_that_stops_reading(full, in_bench, question, status):
    """As `| head` does: nothing is said about it, and nothing is claimed by the status."""
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([sys.executable, "-m", "generator", *question],
                          env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=write,
                          stderr=subprocess.PIPE, text=True, check=False)
    os.close(write)
    assert (done.returncode, done.stderr) == (status, "")


@pytest.mark.parametrize("question, status, words", [
    (["0x1", "--vm", "linxu"], 1, "did you mean `linux`?"), (["why", "rt.rma"], 1, "`rt.ram`"),
    (["cpu", "8"], 1, "0 to 3"), (["what"], 2, "ADDRESS"), (["irq", "x"], 2, "spi:1")])
def test_explain_of_nonsense(full, capsys, question, status, words):
    assert main(["explain", full, *question]) == status
    assert words in capsys.readouterr().err


def test_explain_of_a_bad_description_shows_what_is_wrong(in_bench, capsys):
    assert main(["explain", "cpu-taken.yaml", "cpu", "1"]) == 1
    assert "cpu-taken" in capsys.readouterr().err
