"""The stack bound is one: each thing that would make it wrong is a fault.

@req EVID-4
"""

import subprocess

import pytest

from evidence.stack import analysis as analysis_module
from evidence.stack.analysis import ENTRIES, Analysis, stack
from evidence.stack.bound import Recursion, deepest
from evidence.stack.compile import COMPILER, REPORTS
from evidence.stack.graph import INDIRECT, read_graph
from evidence.stack.indirect import SITES


def test_the_deepest_path_wins():
    calls = {"a": {"b", "c"}, "b": {"d"}, "c": {"d"}}
    bound = deepest("a", {"a": 16, "b": 32, "c": 64, "d": 8}, calls)
    assert (bound.bytes, bound.path) == (88, ("a", "c", "d"))


@pytest.mark.parametrize("calls", [{"a": {"a"}}, {"a": {"b"}, "b": {"c"}, "c": {"b"}}])
def test_recursion_has_no_bound(calls):
    with pytest.raises(Recursion):
        deepest("a", {"a": 16, "b": 16, "c": 16}, calls)


def _graph_of(tmp_path, source):
    (tmp_path / "x.c").write_text(source)
    subprocess.run([COMPILER, *REPORTS.split(), "-O1", "-fno-inline", "-c", "x.c"], cwd=tmp_path,
                   check=True)
    return read_graph(p.read_text() for p in tmp_path.glob("*.ci"))


def test_the_compilers_reports_are_read(tmp_path):
    graph = _graph_of(tmp_path, """
        void g(char *);
        static int (*table[1])(void);
        static void deep(void) { char a[256]; g(a); }
        void grows(int n) { char a[n]; g(a); }
        int top(void) { deep(); return table[0](); }
        void set(int (*f)(void)) { table[0] = f; }""")
    assert graph.functions["x.c:deep"].frame >= 256
    assert graph.functions["x.c:deep"].is_static
    assert not graph.functions["grows"].is_static
    assert {c.callee for c in graph.calls if c.caller == "top"} == {"x.c:deep", INDIRECT}


def test_this_system_has_bounds_and_no_fault(monkeypatch, build, image, objects):
    monkeypatch.setattr(analysis_module, "compile_reporting", lambda _: objects)
    found = stack(build, image)
    assert not found["faults"]
    assert found["same_code"] and not found["frames_different"]
    assert found["frames_compared"] > 300
    for entry in found["entries"]:
        assert 0 < entry["bytes"] <= entry["room"]
        assert sum(step["frame"] for step in entry["path"]) == entry["bytes"]
    paths = {e["entry"]: e for e in found["entries"]}
    assert paths.keys() == {e.title for e in ENTRIES}
    assert [s["function"] for s in paths["lower_sync32"]["path"][:2]] == ["lower_sync32",
                                                                          "exit_sync"]
    assert paths["lower_sync32"]["reaches"] > paths["panic_exception"]["reaches"]


def test_tables_of_the_elf_resolve_calls(build, image, objects):
    sites = {s["place"].rsplit(":", 2)[0] + "." + s["member"]: s["targets"]
             for s in Analysis(build, image, objects).sites}
    assert sites["runtime/core/timer.c."] == ["console_service", "pl031_alarm"]
    assert "psci_cpu_off" in sites["runtime/psci/psci.c."]
    assert "vgic_vcpu_stop" in sites["runtime/vm/life.c.vcpu_stop"]
    assert "vgic_vcpu_stop" not in sites["runtime/vm/life.c.vcpu_start"]


def _faults(monkeypatch, build, image, objects, sites):
    monkeypatch.setattr(analysis_module, "SITES", tuple(sites))
    return Analysis(build, image, objects).faults


def test_a_call_that_no_row_resolves_is_a_fault(monkeypatch, build, image, objects):
    rest = [s for s in SITES if s.file != "runtime/world/ns/exit.c"]
    faults = _faults(monkeypatch, build, image, objects, rest)
    assert any("exit.c" in f and "0 rows" in f for f in faults)
    assert any("address of hvc" in f or "exceptions.c:hvc" in f for f in faults)


def test_a_row_that_forgets_a_function_is_a_fault(monkeypatch, build, image, objects):
    short = [type(s)(s.file, s.text, functions=("vgic_has_pending",))
             if "vgic_has_wake_request" in s.functions else s for s in SITES]
    assert _faults(monkeypatch, build, image, objects, short) == [
        "the address of vgic_has_wake_request is taken, but no call through a pointer is known to reach it"]


def test_a_row_that_names_nothing_is_a_fault(monkeypatch, build, image, objects):
    wrong = [*SITES, type(SITES[0])("runtime/core/fdt.c", "visit(", functions=("no_such",))]
    assert any("2 rows" in f for f in _faults(monkeypatch, build, image, objects, wrong))
    wrong[SITES.index(next(s for s in SITES if s.text == "visit("))] = wrong.pop()
    assert any("no_such" in f for f in _faults(monkeypatch, build, image, objects, wrong))


def test_recursion_through_a_pointer_is_a_fault(monkeypatch, build, image, objects):
    """A fmt sink that printed again would be one."""
    loop = [type(s)(s.file, s.text, functions=(*s.functions, "fmt_print"))
            if s.text == "sink->put(" else s for s in SITES]
    monkeypatch.setattr(analysis_module, "SITES", tuple(loop))
    monkeypatch.setattr(analysis_module, "compile_reporting", lambda _: objects)
    found = stack(build, image)
    assert any(f.startswith("recursion: ") and "fmt_print" in f for f in found["faults"])
    entry = next(e for e in found["entries"] if e["entry"] == "lower_sync32")
    assert entry["bytes"] is None


def test_code_that_is_not_the_images_is_a_fault(monkeypatch, build, image, objects, tmp_path):
    other = bytearray((objects / "bulkhead.elf").read_bytes())
    place = other.index(image.bytes_at(image.object("cfg_system").address, 64))
    other[place + 40] ^= 1
    monkeypatch.setattr(analysis_module, "compile_reporting", lambda _: tmp_path)
    (tmp_path / "bulkhead.elf").write_bytes(other)
    for path in [*objects.rglob("*.ci"), *objects.rglob("*.o")]:
        (tmp_path / str(path.relative_to(objects)).replace("/", "-")).symlink_to(path)
    assert any("do not link" in f for f in stack(build, image)["faults"])


def test_a_stack_that_is_too_small_is_a_fault(monkeypatch, build, image, objects):
    monkeypatch.setattr(analysis_module, "compile_reporting", lambda _: objects)
    monkeypatch.setattr(analysis_module, "stack_bytes", lambda _: {"cpu": 1024, "panic": 4096})
    faults = stack(build, image)["faults"]
    assert any(f.startswith("lower_sync32 needs") and f.endswith("has 1024") for f in faults)
