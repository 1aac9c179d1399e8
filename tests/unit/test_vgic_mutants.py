"""The executable specification of the vGIC must be able to fail: each fault below, put into a copy of
the code, is found by tests/unit/test_vgic_spec.c.

Only files off the hot path are changed here, each by one text that must occur once: a mutant that
no longer fits the code is an error, and is to be replaced by one that does.

@req IRQ-1
"""

import os
import pathlib
import subprocess

import pytest
import run

SPEC = run.UNIT / "test_vgic_spec.c"
OUT = run.BUILD / "mutants"
STEPS = "20000"
FLAGS = [f for f in run.COMMON if f not in (*run.SANITIZE, "-Werror")] + ["-w", "-DLOG_MODULE=LOG_VGIC"]

# name: (file, text, what it becomes)
MUTANTS = {
    "icpendr_leaves_the_list_register": (
        "regs_irq.c", "w->drop_pending |= clear & w->listed;", ""),
    "icactiver_leaves_the_list_register": (
        "regs_irq.c", "w->drop_active |= clear & w->listed;", ""),
    "read_does_not_wait_for_the_answer": (
        "regs_irq.c", "a->retry = !is_complete;", "a->retry = false;"),
    "group_of_a_listed_one_does_not_follow": (
        "regs_irq.c", "word_changed(a, changed);", "word_changed(a, 0);"),
    "isactiver_is_not_physical": (
        "regs_irq.c", "        vgic_hw_activate(a->g, a->r, intid);\n", ""),
    "rwp_is_never_1": (
        "v3/gicd.c", "if (r != g->own && r->stale == VGIC_RELIST) {", "if (false) {"),
    "ctlr_forgets_private_interrupts": (
        "route.c", "vgic_private_changed(g, vgic_redist_at(g, i), 0);", ""),
    "clrspi_leaves_the_message": (
        "v3/gicd.c", "w->message &= ~(uint32_t)a.value;", ""),
    "irouter_keeps_the_affinity_of_1_of_n": (
        "v3/gicd.c", "router &= ~ROUTER_AFF3_TO_0;", ""),
    "waker_forgets_the_list_registers": (
        "v3/gicr.c", "        vgic_mark(g, r, VGIC_RELIST);\n", ""),
    "waker_forgets_1_of_n": (
        "v3/gicr.c", "        vgic_spi_routes_follow_power(g);\n", ""),
    "children_are_asleep_at_once": (
        "v3/gicr.c", "r->is_asleep && !is_write_pending(g, r)", "r->is_asleep"),
    "vcpu_goes_off_with_full_list_registers": (
        "reset.c", "        vgic_lists_empty(g, r);\n", ""),
    "timer_of_an_off_vcpu_is_forgotten": (
        "reset.c", "    vgic_hw_ppis_resume(g, r);\n", ""),
    "active_and_pending_physical_one_loses_its_pending": (
        "hw.c", "        w->latch &= ~bit;\n        vgic_hw_set_pending(g, r, intid, true);",
        "        w->latch &= ~bit;"),
}


def compiled(source: pathlib.Path, target: pathlib.Path) -> pathlib.Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([run.COMPILER, *FLAGS, "-c", str(source), "-o", str(target)], cwd=run.ROOT,
                   check=True)
    return target


@pytest.fixture(scope="module", name="objects")
def objects_fixture() -> dict[pathlib.Path, pathlib.Path]:
    """Every source of the test, unchanged, without sanitizers: these take half of the time."""
    fakes = [f for f in (run.UNIT / "fake").glob("*.c") if not f.stem.endswith("_machine")]
    sources = [SPEC, run.UNIT / "test.c", *run.sources_of(SPEC), *fakes]
    return {s: compiled(s, OUT / "obj" / s.relative_to(run.ROOT).with_suffix(".o")) for s in sources}


def outcome(objects: dict[pathlib.Path, pathlib.Path], name: str) -> tuple[int, str]:
    program = OUT / name / "test"
    subprocess.run([run.COMPILER, "-o", str(program), *map(str, objects.values())], check=True)
    environment = {**os.environ, "VGIC_SPEC_STEPS": STEPS}
    done = subprocess.run([str(program)], env=environment, capture_output=True, text=True,
                          timeout=run.TIMEOUT_S, check=False)
    return done.returncode, done.stdout


def test_the_code_as_it_is_passes(objects):
    (OUT / "none").mkdir(parents=True, exist_ok=True)
    status, output = outcome(objects, "none")
    assert status == 0, output


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_found(objects, name):
    file, text, replacement = MUTANTS[name]
    source = run.ROOT / "runtime/vgic" / file
    code = source.read_text(encoding="utf-8")
    assert code.count(text) == 1, f"{file}: the text of this mutant is there {code.count(text)} times"
    mutant = OUT / name / file
    mutant.parent.mkdir(parents=True, exist_ok=True)
    mutant.write_text(code.replace(text, replacement), encoding="utf-8")
    changed = {**objects, source: compiled(mutant, mutant.with_suffix(".o"))}
    status, output = outcome(changed, name)
    assert status != 0, f"not found in {STEPS} steps of each run"
    assert "step " in output, output
