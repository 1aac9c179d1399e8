"""Plans for tests: a description as text, small image files beside it, a walk of the tables.

The walker is written from the architecture, not from generator/plan/pages.py, and only decodes.
"""

from generator.diagnostics import Diagnostics
from generator.load import load
from generator.plan import make_plan
from generator.resolve import resolve

from image_files import write_files

ADDRESS = 0x0000FFFFFFFFF000
LEVEL_SHIFT = {0: 39, 1: 30, 2: 21, 3: 12}

ONE_VM = """
system: one
board: {board}
vms:
  a:
    cpus: [1]
    memory:
      ram: {{ size: {size} }}
{more_memory}
    boot:
{boot}
    devices:
      uart: {{ emulate: pl011 }}
{more}
"""
FLAT_BOOT = "      images: [ { file: files/flat.bin } ]"
LINUX_BOOT = "      linux: { kernel: files/Image, initrd: files/initrd, cmdline: console=ttyAMA0 }"


def one_vm(size="64 MiB", boot=FLAT_BOOT, more_memory="", more="", board="qemu-virt"):
    """A description of one VM."""
    return ONE_VM.format(size=size, boot=boot, more_memory=more_memory, more=more, board=board)


def resolved(folder, text):
    """(System, Diagnostics) of a description in `folder`."""
    if not (folder / "files").exists():
        write_files(folder)
    path = folder / "t.yaml"
    path.write_text(text, encoding="utf-8")
    diagnostics = Diagnostics()
    tree = load(path, diagnostics)
    return resolve(tree, path, diagnostics), diagnostics


def planned(folder, text):
    system, diagnostics = resolved(folder, text)
    assert not diagnostics.has_errors, diagnostics.as_text()
    return make_plan(system, diagnostics)


def walk(tables):
    """Every leaf of a table tree as (input address, output address, size, attributes)."""
    by_name = {t.name: t for t in tables}

    def leaves(table, base):
        for descriptor in table.descriptors:
            at = base + (descriptor.idx << LEVEL_SHIFT[table.level])
            if descriptor.table is not None:
                assert descriptor.value == 3 and table.level < 3
                yield from leaves(by_name[descriptor.table], at)
                continue
            assert descriptor.value & 3 == (3 if table.level == 3 else 1)
            size = 1 << LEVEL_SHIFT[table.level]
            pa = descriptor.value & ADDRESS
            assert pa % size == 0, "a block's low address bits are RES0"
            yield at, pa, size, descriptor.value & ~ADDRESS & ~3

    return list(leaves(tables[0], 0))


def merged(leaves):
    """Leaves with neighbours of equal attributes and offset as one."""
    out = []
    for at, pa, size, attributes in sorted(leaves):
        last = out[-1] if out else None
        if last and last[0] + last[2] == at and last[1] + last[2] == pa and last[3] == attributes:
            out[-1] = (last[0], last[1], last[2] + size, attributes)
        else:
            out.append((at, pa, size, attributes))
    return out


def tables_of(plan, vm_id):
    return [t for t in plan.stage2_tables if t.name.startswith(f"stage2_vm{vm_id}_")]
