"""The stack analysis of one system, from compiler reports, linked code and tables to bounds.

@req EVID-4
"""

from dataclasses import dataclass
import re

from evidence.build import ROOT
from evidence.image import Image
from evidence.stack import machine
from evidence.stack.bound import Recursion, deepest, reachable
from evidence.stack.compile import compile_reporting
from evidence.stack.graph import INDIRECT, name_of, read_graph
from evidence.stack.indirect import SITES, addresses_taken, table_functions
from evidence.values import size

COMPARED = (".text", ".rodata", ".data")


@dataclass(frozen=True)
class Entry:
    """A way into EL2. stack: "cpu" (one for each CPU) or "panic"."""
    title: str
    what: str
    stack: str


# Assembly, and the C function that a fault at EL2 reaches on a stack of its own.
ENTRIES = (
    Entry("exit_short", "synchronous exit of a guest, in short", "cpu"),
    Entry("lower_sync32", "synchronous exit of a guest, in full", "cpu"),
    Entry("exit_irq", "interrupt while a guest runs, in short", "cpu"),
    Entry("irq_in_full", "interrupt while a guest runs, in full", "cpu"),
    Entry("lower_serror", "SError while a guest runs", "cpu"),
    Entry("primary_entry", "boot of the first CPU", "cpu"),
    Entry("secondary_entry", "boot of another CPU", "cpu"),
    Entry("panic_exception", "exception at EL2 itself", "panic"),
)
# Assembly that loads SP with the top of a stack, or with what it is while a guest runs: it stands
# on none before, and puts nothing there itself.
LOADS_SP = ("cpu_to_c", "el2_panic", "lower_sync32", "lower_fiq", "lower_serror", "resume_same",
            "clear_step")
# Functions whose address assembly or a register takes, called by no one in C.
ENTERED_FROM_OUTSIDE = ("_start", "secondary_entry", "vectors")


class Analysis:
    """The call graph of one system with everything resolved."""

    def __init__(self, build, image, folder):
        self.build, self.image, self.folder = build, image, folder
        self.graph = read_graph(p.read_text(encoding="utf-8")
                                for p in sorted(folder.rglob("*.ci")))
        self.faults = list(self.graph.faults)
        self.code = machine.functions_of(build.elf, image.functions)
        self.titles = self._titles()
        self.frames = {t: f.frame for t, f in self.graph.functions.items()}
        self.callees = {}
        self.sites = []
        self._add_assembly()
        self._add_calls()
        self._check_addresses_taken()

    def _titles(self):
        """(source file of a static function or "", name) -> title."""
        found = {}
        for title in self.graph.functions:
            path, _, name = title.rpartition(":")
            key = (path.rsplit("/", 1)[-1], name)
            if key in found:
                self.faults.append(f"{title} and {found[key]} cannot be told apart")
            found[key] = title
        return found

    def title_of(self, symbol):
        """The title of a function Symbol of the ELF, or None."""
        return (self.titles.get((symbol.file, symbol.name)) or self.titles.get(("", symbol.name)))

    def _add_assembly(self):
        """Functions of the ELF that no compiler reported on: their frame and calls are read."""
        self.assembly = {}
        for address, symbol in sorted(self.image.functions.items()):
            if self.title_of(symbol) is None:
                self.assembly[address] = symbol
                self.titles[("", symbol.name)] = symbol.name
        for address, symbol in self.assembly.items():
            code = self.code[address]
            frame = 0 if symbol.name in LOADS_SP else code.frame
            if frame is None:
                self.faults.append(f"{symbol.name}: how far it moves SP cannot be read")
            self.frames[symbol.name] = frame or 0
            self.callees[symbol.name] = {
                self.title_of(self.image.functions[t]) for t in code.leaves
                if t in self.image.functions}

    def _add_calls(self):
        for call in self.graph.calls:
            if call.callee == INDIRECT:
                targets = self._indirect(call)
            else:
                targets = {self._direct(call)}
            self.callees.setdefault(call.caller, set()).update(t for t in targets if t)

    def _direct(self, call):
        if call.callee in self.frames:
            return call.callee
        if self._is_linked(call.caller):
            self.faults.append(f"{call.place}: {call.caller} calls {call.callee}, which is unknown")
        return None

    def _is_linked(self, title):
        names = {(s.file, s.name) for s in self.image.functions.values()}
        path, _, name = title.rpartition(":")
        return (path.rsplit("/", 1)[-1], name) in names

    def _indirect(self, call):
        file, line, _ = call.place.split(":")
        text = source_line(file, int(line))
        rows = [s for s in SITES if s.file == file and s.text in text]
        if len(rows) != 1:
            self.faults.append(f"{call.place}: `{text}` calls through a pointer, and "
                               f"{len(rows)} rows of evidence/stack/indirect.py say where to")
            return set()
        site = rows[0]
        # What the linker has left out may call through a table that it has left out, too.
        is_linked = self._is_linked(call.caller)
        tables = table_functions(self.image, site) if is_linked else []
        targets = {self.title_of(s) for s in tables}
        targets |= {self._declared(n) for n in site.functions if is_linked or n in self.frames}
        targets.discard(None)
        if is_linked and not targets:
            self.faults.append(f"{call.place}: `{text}` can call nothing")
        self.sites.append({"place": call.place, "caller": call.caller, "source": text,
                           "through": [n for _, n in site.tables] or ["callback"],
                           "member": ".".join(site.member[1:]), "targets": sorted(targets)})
        return targets

    def _declared(self, name):
        if name not in self.frames:
            self.faults.append(f"evidence/stack/indirect.py names {name}, which does not exist")
            return None
        return name

    def _check_addresses_taken(self):
        reached = {t for site in self.sites for t in site["targets"]}
        objects = sorted(p for p in self.folder.rglob("*.o") if not p.name.startswith("symbols"))
        for file, name in sorted(addresses_taken(objects)):
            title = self.titles.get((file, name))
            if title and title not in reached and name not in ENTERED_FROM_OUTSIDE:
                self.faults.append(f"the address of {title} is taken, but no call through a "
                                   "pointer is known to reach it")

    def disagreements(self):
        """(title, compiler's frame, code's frame) where they differ; and how many were compared."""
        found, compared = [], 0
        for address, symbol in sorted(self.image.functions.items()):
            title = self.title_of(symbol)
            if title in self.graph.functions:
                compared += 1
                if self.frames[title] != self.code[address].frame:
                    found.append((title, self.frames[title], self.code[address].frame))
        return found, compared


def source_line(file, number):
    """Line `number` of a source file of the project, stripped."""
    return (ROOT / file).read_text(encoding="utf-8").splitlines()[number - 1].strip()


def stack_bytes(build):
    """Bytes of each kind of stack: the plan's for CPUs, the assembly's for a panic."""
    vectors = (ROOT / "runtime/arch/vectors.S").read_text(encoding="utf-8")
    panic = re.search(r"\.skip (\d+)\npanic_stack_top:", vectors)
    return {"cpu": size(build.plan["image"]["stack_bytes"]), "panic": int(panic[1])}


def stack(build, image):
    """The whole analysis, as plain values."""
    folder = compile_reporting(build)
    analysis = Analysis(build, image, folder)
    same = (image.content_hash(COMPARED)
            == Image(folder / "bulkhead.elf").content_hash(COMPARED))
    if not same:
        analysis.faults.append("the objects analysed do not link to the image's code and data: "
                               "build the system again")
    rooms = stack_bytes(build)
    entries = [_entry(analysis, entry, rooms[entry.stack]) for entry in ENTRIES]
    used = set().union(*(e["reaches"] for e in entries))
    for title in sorted(used & analysis.graph.functions.keys()):
        if not analysis.graph.functions[title].is_static:
            analysis.faults.append(f"{title}: its frame has no constant size")
    differ, compared = analysis.disagreements()
    analysis.faults += [f"{t}: the compiler says {a} bytes of stack, the code shows {b}"
                        for t, a, b in differ if b is None or a > b]
    return {
        "entries": [{**e, "reaches": len(e["reaches"])} for e in entries],
        "functions": [_function(analysis, t) for t in sorted(used)],
        "sites": sorted({s["place"]: s for s in analysis.sites}.values(),
                        key=lambda s: s["place"]),
        "faults": sorted(set(analysis.faults)),
        "same_code": same,
        "frames_compared": compared,
        "frames_different": [{"function": t, "compiler": a, "code": b} for t, a, b in differ],
    }


def _entry(analysis, entry, room):
    found = {"entry": entry.title, "what": entry.what, "stack": entry.stack, "room": room,
             "bytes": None, "path": [], "reaches": set()}
    if entry.title not in analysis.frames:
        analysis.faults.append(f"there is no function {entry.title}")
        return found
    found["reaches"] = reachable(entry.title, analysis.callees)
    try:
        bound = deepest(entry.title, analysis.frames, analysis.callees)
    except Recursion as cycle:
        analysis.faults.append(f"recursion: {cycle}")
        return found
    if bound.bytes > room:
        analysis.faults.append(f"{entry.title} needs {bound.bytes} bytes of stack and has {room}")
    found["bytes"] = bound.bytes
    found["path"] = [{"function": t, "frame": analysis.frames[t]} for t in bound.path]
    return found


def _function(analysis, title):
    function = analysis.graph.functions.get(title)
    return {"function": title, "name": name_of(title), "frame": analysis.frames[title],
            "place": function.place if function else "assembly",
            "calls": sorted(analysis.callees.get(title, ()))}
