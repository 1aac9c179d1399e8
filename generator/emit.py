"""Writes a build folder from a plan: bytes only, every decision was made before.

Owns the names of the files in <out>: resolved.json, plan.json, gen/*. Promises: the same plan
gives the same bytes; nothing depends on time, path, user or hash order. Templates hold the shape
of each file, rows.py the text of each row.

@req DESC-1, DESC-6, DESC-7
"""

from pathlib import Path

import jinja2

from generator import rows
from generator.document import plan_text, resolved_text
from generator.invariants import require_invariants
from generator.model import PAGE
from generator.units import size_text

TEMPLATES = Path(__file__).resolve().parent / "templates"


def emit(plan, out):
    """Fills the existing folder `out`; raises InvariantError when the compiler is at fault."""
    require_invariants(plan)
    out = Path(out)
    gen = out / "gen"
    gen.mkdir(exist_ok=True)
    _write(out / "resolved.json", resolved_text(plan.system))
    _write(out / "plan.json", plan_text(plan))
    for name, text in _rendered(plan):
        _write(gen / name, text)
    for blob in plan.blobs:
        (gen / f"{blob.symbol}.bin").write_bytes(blob.data)
    for vm in plan.vms:
        if vm.devicetree is not None:
            (gen / f"guest-{vm.name}.dtb").write_bytes(vm.devicetree)
    _write(gen / "qemu.args", "".join(f"{arg}\n" for arg in plan.system.board.qemu))


def _write(path, text):
    path.write_text(text, encoding="utf-8", newline="\n")


def _environment():
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), undefined=jinja2.StrictUndefined,
        keep_trailing_newline=True, autoescape=False)
    environment.filters["hex"] = lambda value: f"{value:x}"
    environment.filters["hexc"] = lambda value: f"0x{value:x}"
    environment.filters["size"] = size_text
    environment.filters["note"] = rows.note_text
    return environment


def _rendered(plan):
    """(file name, text) of every text file in gen/."""
    environment = _environment()

    def render(template, **values):
        return environment.get_template(f"{template}.j2").render(plan=plan, **values)

    stage2 = rows.translation_tables(plan.stage2_tables)
    el2 = rows.translation_tables(plan.el2_tables)
    slots = {slot.name: slot for slot in plan.image.slots}
    yield "build.mk", render("build.mk")
    yield "config_sizes.h", render("config_sizes.h", sizes=rows.sizes(plan),
                                   log_levels=rows.log_levels(plan))
    yield "config.c", render("config.c", system_fields=rows.system_fields(plan),
                             config_tables=rows.config_tables(plan))
    yield "tables.h", render("tables.h", roots=[t for t in (*el2, *stage2) if t.is_root])
    yield "stage2.c", render("tables.c", what="the stage-2 tables of every VM", tables=stage2,
                             section=".rodata.stage2")
    yield "el2_map.c", render("tables.c", what="EL2's own translation tables", tables=el2,
                              section=".rodata.el2map")
    yield "images.S", render("images.S", page=PAGE)
    yield "link.ld", render("link.ld", image_size=plan.image.range.size, text=slots["text"],
                            rodata=slots["rodata"], data=slots["data"], stacks=slots["stacks"])
