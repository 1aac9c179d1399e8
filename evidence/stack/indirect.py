"""Where EL2 calls through a pointer, and what the pointer can be.

One row for each such place. A row about a const table is resolved from the linked ELF: the words
of the table (of one member of its elements, where the row says which) that are function addresses.
A row about a callback lists the functions that are handed over. Nothing is taken on trust: every
function whose address any object takes must be the target of a row.

@req EVID-4
"""

from dataclasses import dataclass

from elftools.elf.elffile import ELFFile

# TSTBR14, CONDBR19, JUMP26, CALL26: branches, by which no address is taken.
R_AARCH64_CALLS = {279, 280, 282, 283}


@dataclass(frozen=True)
class Site:
    """Calls in `file` whose source line contains `text` go to ..."""
    file: str
    text: str
    tables: tuple = ()  # ((source file of a static table or "", name), ...)
    member: tuple = ()  # (struct, member): only this word of each element
    functions: tuple = ()  # titles or names


SITES = (
    Site("runtime/world/ns/exit.c", "exception_handlers[", (("", "exception_handlers"),)),
    Site("runtime/mmio/dispatch.c", "read(m->instance", (("", "mmio_devices"),),
         ("mmio_device", "read")),
    Site("runtime/mmio/dispatch.c", "write(m->instance", (("", "mmio_devices"),),
         ("mmio_device", "write")),
    Site("runtime/smccc/smccc.c", "service->call(", (("", "smccc_services"),)),
    Site("runtime/psci/psci.c", "= call(v)", (("psci.c", "plain_functions"),)),
    Site("runtime/psci/psci.c", "return call(v)", (("psci.c", "functions"),)),
    Site("runtime/sysreg/sysreg_trap.c", "row->access(",
         tuple(("sysreg_trap.c", f"{rows}_rows") for rows in ("instruction", "debug", "system"))),
    Site("runtime/sysreg/id_registers.c", "r->read()", (("id_registers.c", "id_registers"),)),
    Site("runtime/vgic/regs.c", "row->read(", (("regs.c", "rows"),), ("row", "read")),
    Site("runtime/vgic/regs.c", "row->write(", (("regs.c", "rows"),), ("row", "write")),
    Site("runtime/vgic/v2/gicd.c", "row->read(", (("gicd.c", "byte_rows"),), ("byte_row", "read")),
    Site("runtime/vgic/v2/gicd.c", "row->write(", (("gicd.c", "byte_rows"),),
         ("byte_row", "write")),
    Site("runtime/vm/life.c", ".vm_reset(", (("", "life_features"),),
         ("life_feature", "vm_reset")),
    Site("runtime/vm/life.c", ".vcpu_start(", (("", "life_features"),),
         ("life_feature", "vcpu_start")),
    Site("runtime/vm/life.c", ".vcpu_stop(", (("", "life_features"),),
         ("life_feature", "vcpu_stop")),
    Site("runtime/vm/sched.c", ".vcpu_park(", (("", "turn_features"),),
         ("turn_feature", "vcpu_park")),
    Site("runtime/vm/sched.c", ".vcpu_load(", (("", "turn_features"),),
         ("turn_feature", "vcpu_load")),
    Site("runtime/vm/sched.c", "sched_feature.window(", (("", "sched_feature"),),
         ("sched_feature", "window")),
    Site("runtime/vm/sched.c", "sched_feature.due(", (("", "sched_feature"),),
         ("sched_feature", "due")),
    Site("runtime/core/timer.c", "timer_handlers[", (("", "timer_handlers"),)),
    Site("runtime/lib/fmt.c", "sink->put(",
         functions=("runtime/lib/fmt.c:text_put", "runtime/core/panic.c:put")),
    Site("runtime/core/fdt.c", "visit(", functions=("runtime/core/machine_check.c:visit_property",)),
    Site("runtime/psci/psci_suspend.c", "is_woken(",
         functions=("vgic_has_pending", "vgic_has_wake_request")),
)


def table_functions(image, site):
    """The functions (Symbols) that the const tables of `site` hold in the ELF."""
    found = []
    for file, name in site.tables:
        table = image.object(name, file)
        data = image.bytes_at(table.address, table.size)
        step, first = 8, 0
        if site.member:
            step = image.struct_bytes(site.member[0])
            first = image.member_offset(*site.member)
        for place in range(first, len(data) - 7, step):
            word = int.from_bytes(data[place:place + 8], "little")
            if word in image.functions:
                found.append(image.functions[word])
    return sorted(set(found), key=lambda s: (s.name, s.file))


def addresses_taken(objects):
    """{(source file of a static function or "", name)} of the functions whose address the object
    files take: in a relocation that is not a call."""
    found = set()
    for path in objects:
        with open(path, "rb") as file:
            found |= _taken_by(ELFFile(file))
    return found


def _taken_by(elf):
    table = elf.get_section_by_name(".symtab")
    symbols = list(table.iter_symbols()) if table else []
    source = next((s.name for s in symbols if s["st_info"]["type"] == "STT_FILE"), "")
    starts = {(s["st_shndx"], s["st_value"]): s for s in symbols
              if s["st_info"]["type"] == "STT_FUNC"}
    found = set()
    for section in elf.iter_sections():
        if section["sh_type"] != "SHT_RELA" or not _is_loaded(elf, section):
            continue
        for entry in section.iter_relocations():
            if entry["r_info_type"] in R_AARCH64_CALLS:
                continue
            symbol = symbols[entry["r_info_sym"]]
            if symbol["st_info"]["type"] == "STT_SECTION":
                symbol = starts.get((symbol["st_shndx"], entry["r_addend"]))
            if symbol is not None and symbol.name:
                is_local = symbol["st_info"]["bind"] == "STB_LOCAL"
                found.add((source if is_local else "", symbol.name))
    return found


def _is_loaded(elf, relocations):
    return bool(elf.get_section(relocations["sh_info"])["sh_flags"] & 2) \
        and ".eh_frame" not in relocations.name
