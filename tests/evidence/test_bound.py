"""The bound of instructions is one: each thing that would make it wrong is a fault, in words.

The samples are assembled or compiled here; what they cost is counted by hand.

@req EVID-4
"""

import subprocess

import pytest

from evidence.bound.a64 import Kind, flow
from evidence.bound.analysis import Bounds
from evidence.bound.classes import classifiers
from evidence.bound.cost import Cost
from evidence.bound.elf import Linked
from evidence.bound.paths import Paths, Recursion
from evidence.bound.report import merged, static, table
from evidence.build import ROOT, EvidenceError
from evidence.image import Image
from evidence.stack.indirect import Site
from evidence.stays import Interval, Measured, Stay, median

GCC = "aarch64-linux-gnu-gcc"
FLAGS = ("-Os", "-g", "-ffreestanding", "-nostdlib", "-static", "-fno-pic", "-mgeneral-regs-only",
         "-mno-outline-atomics", "-fno-asynchronous-unwind-tables", "-Wl,--build-id=none",
         "-Wl,-e,top", f"-I{ROOT / 'runtime'}")
WORK = "static volatile unsigned w; static inline void work(void) { w++; }\n"
HEAD = '#include "lib/loop.h"\n' + WORK


@pytest.fixture
def paths_of(tmp_path):
    """paths_of(source, language, classifiers, sites) -> (Paths of the linked sample, by_name)."""
    def make(source, language="c", classes=(), sites=(), flags=()):
        file = tmp_path / f"sample.{language}"
        file.write_text(source, encoding="utf-8")
        done = subprocess.run([GCC, *FLAGS, *flags, file.name, "-o", "sample.elf"], cwd=tmp_path,
                              capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        linked = Linked(Image(tmp_path / "sample.elf"), sites, tmp_path)
        return Paths(linked.code(), linked.markers,
                     [linked.by_name[c] for c in classes]), linked.by_name
    return make


def _through(found, name="top", allowed=frozenset()):
    paths, by_name = found
    cost = paths.summary(by_name[name], allowed).through
    return cost and cost.total


def _asm(body):
    """A function `top` of assembly; MARK leaves a LOOP_BOUND."""
    marks = 0
    lines = []
    for line in body.strip().splitlines():
        line = line.strip()
        if line.startswith("MARK "):
            marks += 1
            line = (f".Lm{marks}: .pushsection .loopbound\n.quad .Lm{marks}, 0, {line[5:]}\n"
                    ".popsection")
        lines.append(line)
    return (".text\n.global top\n.type top, %function\ntop:\n" + "\n".join(lines)
            + "\n.size top, . - top\n")


# --- counting -------------------------------------------------------------------------------------


def test_the_longer_branch_counts(paths_of):
    found = paths_of(_asm("""
        cbz x0, 1f
        nop
        nop
        ret
     1: ret"""), "S")
    assert _through(found) == 4
    assert not found[0].faults


def test_a_loop_counts_as_often_as_it_says(paths_of):
    """The mark is passed on every way, so the body executes 10 times: 1 + 10 * 2 + 1."""
    found = paths_of(_asm("""
        mov x1, #10
     1: subs x1, x1, #1
        MARK 10
        b.ne 1b
        ret"""), "S")
    assert _through(found) == 22


def test_a_loop_that_looks_first_looks_once_more(paths_of):
    """Header 2, body 2: 10 turns of both, and the header once more."""
    found = paths_of(_asm("""
     1: subs x1, x1, #1
        b.lo 2f
        nop
        MARK 10
        b 1b
     2: ret"""), "S")
    assert _through(found) == 10 * 4 + 2 + 1


def test_nested_loops_multiply(paths_of):
    """Inner: 3 * 2; outer: 5 * (1 + 6 + 1 + 1)."""
    found = paths_of(_asm("""
     1: mov x2, #3
     2: subs x2, x2, #1
        MARK 3
        b.ne 2b
        sub x1, x1, #1
        MARK 5
        cbnz x1, 1b
        ret"""), "S")
    assert _through(found) == 5 * (1 + 6 + 2) + 1


def test_a_bound_survives_inlining(paths_of):
    """Each copy of the loop of an inlined function has its own turns."""
    source = HEAD + """
    static inline __attribute__((always_inline)) void turn(unsigned n) {
        for (unsigned i = 0; i < n; i++) { LOOP_BOUND(7); work(); } }
    void top(unsigned a) { turn(a); }
    void twice(unsigned a, unsigned b) { turn(a); turn(b); }
    """
    found = paths_of(source)
    once, twice = _through(found), _through(found, "twice")
    assert not found[0].faults
    assert 7 * 4 < once < twice < 2 * once + 4


def test_rare_turns_cost_more_only_as_often_as_they_come(paths_of):
    source = HEAD + """
    void top(unsigned n) { for (unsigned i = 0; i < n; i++) { LOOP_BOUND(100);
        if (w) { LOOP_RARE(%s); work(); work(); work(); work(); } } }
    """
    few, all_turns = (_through(paths_of(source % n)) for n in (2, 100))
    assert few < all_turns / 2


def test_turns_of_a_pot_are_shared(paths_of):
    source = HEAD + """
    static __attribute__((noinline)) void part(unsigned n) {
        for (unsigned i = 0; i < n; i++) { LOOP_SHARED(3); work(); } }
    void top(unsigned n) { LOOP_POT(3, %s); part(n); part(n); part(n); part(n); }
    """
    little, much = (_through(paths_of(source % n)) for n in (10, 110))
    assert (much - little) % 100 == 0 and 3 <= (much - little) // 100 <= 7


def test_a_pot_in_a_loop_is_a_fault(paths_of):
    found = paths_of(HEAD + """
    static __attribute__((noinline)) void part(unsigned n) {
        for (unsigned i = 0; i < n; i++) { LOOP_SHARED(0); work(); } }
    void top(unsigned n) {
        for (unsigned i = 0; i < 4; i++) { LOOP_BOUND(4); LOOP_POT(0, 9); part(n); } }
    """, flags=("-fno-unroll-loops",))
    _through(found)
    assert any(f.endswith("LOOP_POT within a loop") for f in found[0].faults)


def test_the_size_of_a_call_bounds_the_callees_loop(paths_of):
    source = HEAD + """
    __attribute__((noinline)) void fill(volatile char *p, int c, unsigned long n) {
        for (; n > 0; n--) { LOOP_BYTES(1); *p++ = (char)c; } }
    char a[100];
    void top(unsigned long n) { %s; fill(a, 0, %s); work(); }
    """
    ten, hundred = (_through(paths_of(source % ("", n))) for n in (10, 100))
    stated = _through(paths_of(source % ("LOOP_SIZE(100)", "n")))
    assert (hundred - ten) % 90 == 0 and hundred > ten and abs(stated - hundred) < 5
    found = paths_of(source % ("", "n"))
    _through(found)
    assert any("a call of fill of unknown size, without LOOP_SIZE" in f for f in found[0].faults)


@pytest.mark.parametrize("model", ["tiny", "small"])
def test_a_switch_is_read_from_its_table(paths_of, model):
    cases = "".join(f"case {i}: w = {i * 7919}; work(); break;\n" for i in range(24))
    found = paths_of(WORK + "void far(void);\nvoid top(unsigned n) { switch (n) { " + cases
                     + "default: break; } }", flags=(f"-mcmodel={model}",))
    assert not found[0].faults
    graph = found[0].shape(found[1]["top"]).graph
    assert max(len(b.edges) for b in graph.blocks.values()) >= 20


def test_a_call_through_a_table_goes_to_its_longest(paths_of):
    source = WORK + """
    static void brief(void) { work(); }
    static void lengthy(void) { work(); work(); work(); work(); work(); work(); }
    void (*const table[])(void) = {brief, lengthy};
    void top(unsigned n) { table[n](); work(); }
    """
    found = paths_of(source, sites=(Site("sample.c", "table[n]", (("", "table"),)),))
    total = _through(found)
    assert not found[0].faults
    assert total > _through(found, "lengthy") > _through(found, "brief")


@pytest.mark.parametrize("once", ["", "LOOP_EACH_ONCE();"])
def test_functions_that_a_loop_calls_once_each_are_added_up(paths_of, once):
    bodies = ("work();", "work(); work();", "work(); work(); work(); work(); work(); work();")
    functions = "".join(f"static void f{i}(void) {{ {body} }}\n" for i, body in enumerate(bodies))
    found = paths_of(HEAD + functions + """
    void (*const table[])(void) = {f0, f1, f2};
    void top(unsigned n) { for (unsigned i = 0; i < n; i++) {
        LOOP_BOUND(30); %s
        table[i](); } }
    """ % once, sites=(Site("sample.c", "table[i]", (("", "table"),)),), flags=("-O2",))
    total = _through(found)
    longest = _through(found, "f2")
    assert not found[0].faults
    assert (total > 30 * longest) == (not once)
    assert total > sum(_through(found, f"f{i}") for i in range(3)) + 30 * 3


def test_calls_through_pointers_that_were_merged_go_to_all(paths_of):
    """Both calls end in the same branch, which has the line of one of them."""
    source = WORK + """
    static void brief(void) { work(); }
    static void lengthy(void) { work(); work(); work(); work(); work(); work(); }
    static void middling(void) { work(); work(); }
    void (*const few[])(void) = {brief, middling};
    void (*const many[])(void) = {middling, lengthy};
    void top(unsigned n, unsigned m) {
        if (m & 1)
            few[n]();
        else
            many[n]();
    }
    """
    found = paths_of(source, flags=("-O2",), sites=(
        Site("sample.c", "few[n]", (("", "few"),)), Site("sample.c", "many[n]", (("", "many"),))))
    assert _through(found) > _through(found, "lengthy")
    graph = found[0].shape(found[1]["top"]).graph
    merged = [e for b in graph.blocks.values() for e in b.edges if e.calls]
    names = ("brief", "middling", "lengthy")
    assert all(set(e.calls) == {found[1][name] for name in names} for e in merged)


def test_a_retry_of_an_exclusive_access_waits(paths_of):
    found = paths_of(_asm("""
     1: ldaxr w1, [x0]
        add w1, w1, #1
        stlxr w2, w1, [x0]
        cbnz w2, 1b
        ret"""), "S")
    assert _through(found) == 5
    assert list(found[0].waits) == [("top", found[1]["top"])]


def test_panic_is_no_end_of_a_stay(paths_of):
    found = paths_of(WORK + """
    __attribute__((noreturn, noinline)) void stop(void) {
        for (;;) { __asm__ volatile("wfi"); } }
    void top(unsigned n) { if (n > 3) { work(); work(); work(); work(); stop(); } }
    """)
    paths, by_name = found
    assert _through(found) < 8
    assert paths.summary(by_name["top"], frozenset()).to_end is None


def test_stays_end_and_begin_at_wfi(paths_of):
    """Entry to WFI: 2; from there round to the next WFI: 3; out: 2."""
    found = paths_of(_asm("""
     1: cbz x0, 2f
        wfi
        b 1b
     2: ret"""), "S")
    paths, by_name = found
    way = paths.summary(by_name["top"], frozenset())
    assert (way.through.total, way.to_end.total, way.out.total, way.within.total) == (2, 2, 3, 3)
    assert not paths.faults


def test_what_a_class_excludes_does_not_count(paths_of):
    source = WORK + """
    __attribute__((noinline)) void often(void) { work(); }
    __attribute__((noinline)) void seldom(void) { work(); work(); work(); work(); work(); }
    void top(unsigned n) { if (n) { often(); } else { seldom(); } work(); }
    """
    found = paths_of(source, classes=("often", "seldom"))
    often, seldom = (frozenset({found[1][n]}) for n in ("often", "seldom"))
    assert _through(found, allowed=often) < _through(found, allowed=seldom)
    assert _through(found, allowed=often | seldom) == _through(found, allowed=seldom)
    assert _through(found) is None


def test_parts_add_up():
    loop = Cost.of("f", 3).plus(Cost.of("g", 5), 10)
    total = Cost.of("f", 2).plus(loop, 4)
    assert total.total == 2 + 4 * 53
    assert total.parts() == {"g": 200, "f": 14}


# --- faults ---------------------------------------------------------------------------------------


def _only_fault(found):
    _through(found)
    assert len(found[0].faults) == 1, found[0].faults
    return found[0].faults[0]


def test_a_loop_without_a_bound_is_a_fault(paths_of):
    found = paths_of(HEAD + """
    void top(unsigned n) {
        for (unsigned i = 0; i < n; i++) { work(); } }
    """)
    assert _only_fault(found) == "top at sample.c:5: a loop without LOOP_BOUND"


def test_a_way_round_that_passes_no_bound_is_a_fault(paths_of):
    found = paths_of(_asm("""
     1: cbz x0, 2f
        MARK 4
        nop
     2: cbnz x1, 1b
        ret"""), "S")
    assert _only_fault(found).endswith("a way round a loop that passes no LOOP_BOUND")


def test_two_bounds_are_a_fault(paths_of):
    found = paths_of(_asm("""
     1: nop
        MARK 4
        nop
        MARK 5
        cbnz x1, 1b
        ret"""), "S")
    assert _only_fault(found).endswith("a loop with more than one bound: 4, 5")


def test_an_irreducible_loop_is_a_fault(paths_of):
    found = paths_of(_asm("""
        cbz x0, 2f
     1: nop
        MARK 4
     2: nop
        MARK 4
        cbnz x1, 1b
        ret"""), "S")
    assert _only_fault(found).startswith("top at ")
    assert found[0].faults[0].endswith("a loop that is entered at two places (irreducible)")


def test_recursion_is_a_fault(paths_of):
    paths, by_name = paths_of(WORK + """
    void top(unsigned n);
    __attribute__((noinline)) void other(unsigned n) { if (n) { top(n - 1); work(); } }
    __attribute__((noinline)) void top(unsigned n) { if (n) { other(n - 1); work(); } }
    """)
    with pytest.raises(Recursion) as found:
        paths.summary(by_name["top"], frozenset())
    assert found.value.path == ["top", "other", "top"]


def test_an_unknown_call_through_a_pointer_is_a_fault(paths_of):
    found = paths_of(WORK + "void top(void (*f)(void)) {\n    f();\n    work();\n}\n")
    assert _only_fault(found) == ("top at sample.c:3: a call through a pointer, and no row of "
                                  "evidence/stack/indirect.py says where to")


def test_a_branch_of_an_unknown_kind_is_a_fault(paths_of):
    found = paths_of(_asm(".inst 0xd71f0801\nret"), "S")  # BRAA x0, x1
    assert "a branch of an unknown kind" in _only_fault(found)


def test_the_decoder_agrees_with_the_disassembler(image):
    """Every branch of the image, by its mnemonic and target."""
    done = subprocess.run(["aarch64-linux-gnu-objdump", "-d", "-j", ".text", str(image.path)],
                          capture_output=True, text=True, check=True)
    kinds = {"b": Kind.JUMP, "bl": Kind.CALL, "ret": Kind.RETURN, "br": Kind.JUMP_REGISTER,
             "blr": Kind.CALL_REGISTER, "eret": Kind.END, "wfi": Kind.END, "cbz": Kind.BRANCH,
             "cbnz": Kind.BRANCH, "tbz": Kind.BRANCH, "tbnz": Kind.BRANCH, "brk": Kind.STOP,
             ".word": None, ".short": None, ".byte": None, "udf": None}
    seen = set()
    for line in done.stdout.splitlines():
        parts = line.split("\t")
        if len(parts) < 3 or not parts[0].strip().endswith(":"):
            continue
        address, word = int(parts[0].strip()[:-1], 16), int(parts[1].split()[0], 16)
        name = parts[2].strip()
        wanted = Kind.BRANCH if name.startswith("b.") else kinds.get(name, Kind.NEXT)
        if wanted is None:
            continue
        found = flow(word, address)
        assert found.kind is wanted, line
        seen.add(wanted)
        if found.target is not None:
            target = parts[3].split("//")[0].split("<")[0].split(",")[-1].strip()
            assert found.target == int(target, 16), line
    assert seen >= {Kind.JUMP, Kind.CALL, Kind.BRANCH, Kind.RETURN, Kind.END, Kind.NEXT,
                    Kind.JUMP_REGISTER, Kind.CALL_REGISTER}


# --- the image ------------------------------------------------------------------------------------


def test_this_system_has_bounds_and_no_fault(image):
    found = static(image)
    assert not found["faults"]
    rows = {row["title"]: row for row in found["rows"]}
    assert len(rows) == len(found["rows"]) > 30
    for row in found["rows"]:
        assert sum(row["parts"].values()) == (row["bound"] or 0)
    # What a call does at least: the registers stored and loaded, and the handler.
    assert 40 < rows["psci_version, short"]["bound"] < rows["psci_version, in full"]["bound"] < 999
    assert rows["interrupt that does anything else, or stops the vCPU"]["bound"] >= max(
        row["bound"] for title, row in rows.items() if title.startswith("interrupt: "))
    assert "mailbox_post" in found["waiting"]  # an exclusive access retries


def test_every_lock_and_loop_of_the_image_is_noted(image):
    """A note taken away makes exactly its loop a fault."""
    linked = Linked(image)
    names = classifiers(linked)
    whole = Paths(linked.code(), linked.markers, [linked.by_name[n] for n in names])
    root = linked.by_name["exit_sync"]
    whole.summary(root, whole.classifiers).to_end
    assert {f.split(" at ")[0] for f in whole.faults} == {"put", "put_raw"}  # the panic's: no stay
    entry = linked.by_name["console_tx_write"]
    end = entry + linked.image.functions[entry].size
    rest = [m for m in linked.markers if not entry <= m.address < end]
    assert len(rest) < len(linked.markers)
    less = Paths(linked.code(), rest, [linked.by_name[n] for n in names])
    less.summary(root, less.classifiers).to_end
    assert {f.split(" at ")[0] for f in set(less.faults) - set(whole.faults)} == {
        "console_tx_write"}


def test_a_class_that_names_nothing_is_an_error(monkeypatch, image):
    monkeypatch.setattr("evidence.bound.classes.REFUSES", "no_such")
    with pytest.raises(EvidenceError, match="that the image does not have: no_such"):
        Bounds(image)


def _stay(entered, longest, start="lower sync"):
    return Stay(start, 0x16, tuple(entered), 3, 3 * longest, longest, 0, {})


def test_a_stay_beyond_its_bound_is_told(image):
    bounds = Bounds(image)
    call = ("psci_call_plain", "psci_version")
    cost = bounds.cost("lower sync", frozenset(call)).total
    assert not bounds.compare(Measured((_stay(call, cost),), (), ""))
    row = next(r for r in bounds.rows if r.title == "psci_version, short")
    assert (row.measured, row.count) == (cost, 3)
    assert bounds.compare(Measured((_stay(call, cost + 1),), (), "")) == [
        f"lower sync (psci_call_plain, psci_version): {cost + 1} instructions were executed, and "
        f"the bound is {cost}"]
    odd = ("hvc", "put")
    assert bounds.compare(Measured((_stay(odd, 9),), (), "")) == [
        "lower sync (hvc, put): a stay of no class"]


def test_the_table_says_what_dominates(image):
    found = static(image)
    text = table("x", found, None)
    assert "psci_version, short" in text and "psci_call_plain" in text and "%" in text
    fuzzed = {"rows": [{**row, "measured": 10, "count": 2} for row in found["rows"]]}
    row = next(r for r in merged(found, fuzzed) if r["title"] == "psci_version, short")
    assert row["ratio"] == round(row["bound"] / 10, 1) and row["count"] == 2


def test_the_median_of_intervals_is_by_occurrence():
    intervals = [Interval(1, 2, 5, 10, 90, {}), Interval(1, 2, 1, 10, 40, {}),
                 Interval(1, 2, 2, 10, 900, {})]
    assert median(intervals).own == 90
