"""The phases in their order: load, schema, shape, resolve, plan, check, and emit on request.

Promises: every phase reports into the one collector and the next one goes on with what is usable,
so that one run shows all mistakes; nothing is emitted when there was an error, and a build folder
appears whole or not at all.

@req DESC-1, DESC-3
"""

from dataclasses import dataclass
from pathlib import Path
import filecmp
import shutil
import tempfile

from generator import rules, schema
from generator.emit import emit
from generator.load import load
from generator.model import System
from generator.planned import Plan
from generator.plan import make_plan
from generator.resolve import resolve
from generator.rules import shape


@dataclass(frozen=True)
class Analysis:
    """What could be made of a description; None where it was too wrong."""

    checked: schema.Checked | None = None
    system: System | None = None
    plan: Plan | None = None


def analyse(path, diagnostics):
    """All phases up to check."""
    tree = load(path, diagnostics)
    if tree is None:
        return Analysis()
    checked = shape.check(schema.check(tree, diagnostics), diagnostics)
    if checked.root is None:
        return Analysis()
    system = resolve(checked.root, path, diagnostics)
    if system is None:
        return Analysis(checked)
    plan = make_plan(system, diagnostics)
    rules.check(rules.Context(checked, system, plan, diagnostics))
    return Analysis(checked, system, plan)


def build(path, out, diagnostics):
    """Analyses, and when there is no error writes the build folder: `out`, or build/ and the name
    of the system when that is None. Returns the folder, or None when there was an error."""
    analysis = analyse(path, diagnostics)
    if diagnostics.has_errors:
        return None
    folder = Path(out) if out else Path("build", analysis.system.name)
    _replace_folder(folder, lambda fresh: emit(analysis.plan, fresh))
    return folder


def _replace_folder(out, fill):
    """Fills a new folder beside `out` and puts the generated files in place of the old ones.
    Files that others keep in `out` (objects, the linked image) stay."""
    out.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(prefix=f".{out.name}.", dir=out.parent))
    try:
        fill(fresh)
        _keep_times(fresh, out)
        for produced in sorted(fresh.iterdir()):
            _move_over(produced, out / produced.name)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _keep_times(fresh, out):
    """A file with the bytes that it had keeps its times, so that `make` compiles only what has
    changed."""
    for file in fresh.rglob("*"):
        old = out / file.relative_to(fresh)
        if file.is_file() and old.is_file() and filecmp.cmp(file, old, shallow=False):
            shutil.copystat(old, file)


def _move_over(source, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_dir():
        old = target.with_name(f".{target.name}.old")
        shutil.rmtree(old, ignore_errors=True)
        target.rename(old)
        source.rename(target)
        shutil.rmtree(old)
    else:
        source.replace(target)
