"""The executable specification of the vGIC must be able to fail: each fault below, put into a copy of
the code, is found by tests/unit/test_vgic_spec.c (GICv3) or test_vgic_spec_v2.c (GICv2).

Only files off the hot path are changed here, each by one text that must occur once: a mutant that
no longer fits the code is an error, and is to be replaced by one that does.

@req IRQ-1, IRQ-2
"""

import os
import pathlib
import subprocess

import pytest
import run

SPECS = {"v3": run.UNIT / "test_vgic_spec.c", "v2": run.UNIT / "test_vgic_spec_v2.c"}
OUT = run.BUILD / "mutants"
STEPS = "20000"
FLAGS = [f for f in run.COMMON if f not in (*run.SANITIZE, "-Werror")] + [
    "-w", "-g0", "-DLOG_MODULE=LOG_VGIC"]

# name: (file, text, what it becomes)
MUTANTS_V3 = {
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
        "v3/gicd.c", "if (r != g->own && r->is_loaded && r->stale == VGIC_RELIST) {", "if (false) {"),
    "ctlr_forgets_private_interrupts": (
        "route.c", "vgic_private_written(g, vgic_redist_at(g, i), 0);", ""),
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

MUTANTS_V2 = {
    "dir_is_ignored": (
        "v2/gicc.c", "        vgic_write_clear_active(&a);\n", ""),
    "dir_takes_the_source_for_0": (
        "v2/gicc.c", "== bits_get(value, 12, 10)", "== 0U"),
    "all_private_targets_are_vcpu_0": (
        "v2/gicd.c", "BIT(vgic_index_of(a->g, a->r))", "1U"),
    "targets_that_there_are_not_are_held": (
        "v2/gicd.c", "(a->value >> (8U * i)) & all;", "(a->value >> (8U * i)) & 0xFFU;"),
    "bytes_also_by_halfwords": (
        "v2/gicd.c", "size_bytes == WIDTH_8 || size_bytes == WIDTH_32", "size_bytes <= WIDTH_32"),
    "misaligned_bytes": (
        "v2/gicd.c", "           (offset & (size_bytes - 1U)) == 0U && ", "           "),
    "cpendsgir_lies_elsewhere": (
        "v2/gicd.c", "{0xF10, 0xF20,", "{0xF30, 0xF40,"),
    "group_1_is_never_enabled": (
        "v2/gicd.c", "(uint32_t)value & CTLR_GROUPS", "(uint32_t)value & 1U"),
    "identification_of_a_gicv3": (
        "v2/gicd.c", "0x2B", "0x3B"),
    "off_vcpus_are_targets": (
        "v2/target.c", " && vgic_redist_at(g, i)->is_online", ""),
    "routes_do_not_follow_power": (
        "v2/vgic_variant.h", "return router != 0U;", "return false;"),
    "sgi_to_all_others_goes_to_itself": (
        "v2/sgi.c", "return all & ~(UINT32_C(1) << self);", "return all;"),
    "reserved_filter_is_to_all": (
        "v2/sgi.c", "    case SGI_RESERVED:\n    default:\n        return 0;",
        "    case SGI_RESERVED:\n    default:\n        return all;"),
    "sgi_comes_from_its_receiver": (
        "v2/sgi.c", "(uint8_t)(1U << self));",
        "(uint8_t)(1U << (unsigned)__builtin_ctz(left)));"),
    "waiting_sources_are_not_shown": (
        "v2/sgi.c", "s->waiting[intid] | ((listed", "((listed"),
    "listed_source_is_not_shown": (
        "v2/sgi.c", " | ((listed >> intid & 1U) << s->listed[intid])", ""),
    "list_registers_are_not_looked_at": (
        "v2/sgi.c", "    uint64_t value = 0;\n\n    vgic_lists_look(a->g, a->r);\n",
        "    uint64_t value = 0;\n\n"),
    "sources_that_there_are_not_are_pending": (
        "v2/sgi.c", "a->value >> (8U * i) & all", "a->value >> (8U * i)"),
    "cpendsgir_clears_the_other_sources": (
        "v2/sgi.c", "if (s->waiting[intid] == 0U) {", "if (true) {"),
    "cpendsgir_leaves_the_latch": (
        "v2/sgi.c", "        w->latch &= ~bit;\n", ""),
    "cpendsgir_leaves_the_list_register": (
        "v2/sgi.c", "        w->drop_pending |= w->listed & bit;\n", ""),
    "cpendsgir_of_another_source_than_listed": (
        "v2/sgi.c", "if (bit_is_set(sources, s->listed[intid])) {", "if (true) {"),
    "sgis_are_made_pending_by_ispendr": (
        "v2/vgic_variant.h", "(intid == 0U) ? (uint32_t)FIELD(31, VGIC_SGI_COUNT) : UINT32_MAX",
        "UINT32_MAX"),
    "listed_source_goes_on_waiting": (
        "v2/vgic_variant.h",
        "        s->waiting[intid] &= (uint8_t)(s->waiting[intid] - 1U);\n", ""),
    "unlisted_source_is_forgotten": (
        "v2/vgic_variant.h", "        s->waiting[intid] |= (uint8_t)(1U << s->listed[intid]);\n",
        ""),
    "other_sources_wait_for_ever": (
        "v2/vgic_variant.h", "bits_count(vgic_sources[r->vcpu].waiting[intid]) : 0U", "0U : 0U"),
    "active_sgi_is_pending_in_its_list_register": (
        "v2/vgic_variant.h", "return intid < (unsigned)VGIC_SGI_COUNT;",
        "(void)intid;\n    return false;"),
}
MUTANTS = {"v3": MUTANTS_V3, "v2": MUTANTS_V2}


def compiled(source: pathlib.Path, target: pathlib.Path,
             folders: list[pathlib.Path]) -> pathlib.Path:
    """The object of `source`; headers are looked for in `folders` first."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([run.COMPILER, *(f"-I{f}" for f in folders), *FLAGS, "-c", str(source), "-o",
                    str(target)], cwd=run.ROOT, check=True)
    return target


class Program:
    """The test of one version: its objects, unchanged, without sanitizers, which take half of the
    time."""

    def __init__(self, version: str):
        spec = SPECS[version]
        fakes = [f for f in (run.UNIT / "fake").glob("*.c") if not f.stem.endswith("_machine")]
        self.folder = run.ROOT / "runtime/vgic" / version
        self.out = OUT / version
        sources = [spec, run.UNIT / "test.c", *run.sources_of(spec), *fakes]
        self.objects = {s: compiled(s, self.object_of("obj", s), [self.folder]) for s in sources}

    def object_of(self, name: str, source: pathlib.Path) -> pathlib.Path:
        return self.out / name / source.relative_to(run.ROOT).with_suffix(".o")

    def outcome(self, name: str, changed: dict[pathlib.Path, pathlib.Path]) -> tuple[int, str]:
        program = self.out / name / "test"
        program.parent.mkdir(parents=True, exist_ok=True)
        objects = {**self.objects, **changed}
        subprocess.run([run.COMPILER, "-o", str(program), *map(str, objects.values())], check=True)
        environment = {**os.environ, "VGIC_SPEC_STEPS": STEPS, "TEST_STOP_AT_FIRST": "1"}
        done = subprocess.run([str(program)], env=environment, capture_output=True, text=True,
                              timeout=run.TIMEOUT_S, check=False)
        return done.returncode, done.stdout

    def mutant(self, name: str, source: pathlib.Path, code: str) -> tuple[int, str]:
        """With `code` in the place of `source`; a header's is for all of the vGIC's files."""
        copy = self.out / name / source.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text(code, encoding="utf-8")
        if source.suffix == ".c":
            changed = {source: compiled(copy, copy.with_suffix(".o"), [self.folder])}
        else:
            changed = {s: compiled(s, self.object_of(name, s), [copy.parent, self.folder])
                       for s in self.objects if s.is_relative_to(run.ROOT / "runtime/vgic")}
        return self.outcome(name, changed)


@pytest.fixture(scope="module", name="programs")
def programs_fixture() -> dict[str, Program]:
    return {version: Program(version) for version in SPECS}


@pytest.mark.parametrize("version", SPECS)
def test_the_code_as_it_is_passes(programs, version):
    status, output = programs[version].outcome("none", {})
    assert status == 0, output


@pytest.mark.parametrize("version, name", [(v, n) for v, names in MUTANTS.items() for n in names])
def test_mutant_is_found(programs, version, name):
    file, text, replacement = MUTANTS[version][name]
    source = run.ROOT / "runtime/vgic" / file
    code = source.read_text(encoding="utf-8")
    assert code.count(text) == 1, f"{file}: the text of this mutant is there {code.count(text)} times"
    status, output = programs[version].mutant(name, source, code.replace(text, replacement))
    assert status != 0, f"not found in {STEPS} steps of each run"
    assert "step " in output, output
