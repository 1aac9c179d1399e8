"""The emitted files: compiled, linked and read back, so that the C says what the plan says.

@req DESC-1, DESC-6
"""

from dataclasses import replace
import json
from pathlib import Path
import shutil
import subprocess

from elftools.elf.elffile import ELFFile
import pytest

from generator.emit import emit
from generator.invariants import InvariantError
from generator.rows import code_model, control_character, flags_any

from plans import LINUX_BOOT, one_vm, planned

RUNTIME = Path(__file__).resolve().parent.parent.parent / "runtime"
CROSS = "aarch64-linux-gnu-"
EVERYTHING = one_vm(
    boot=LINUX_BOOT, more_memory="      pool: { shared: pool, at: 0x70000000 }\n"
    "      rom: { image: files/flat.bin, in_place: true, at: 0 }",
    more="      gpio: { assign: /pl061@9030000 }\n      rtc: { emulate: pl031 }\n"
         "    smc_allow: [0x84000050]\n    grant: [pmu, debug]\n"
         "    interrupts: [ { spi: 40, trigger: edge } ]",
).replace("vms:", 'hypervisor: { log: warn, console: { cpu: 2, switch_key: ctrl-a } }\n'
                  'shared: { pool: { size: 8 KiB } }\nvms:')

PRINTER = r"""
#include <stdio.h>
#include "config/config.h"
#define N(x) printf("%s\t%llu\n", #x, (unsigned long long)(x))
#define S(x) printf("%s\t%s\n", #x, x)
int main(void)
{
    N(CFG_VM_COUNT); N(CFG_VCPU_COUNT); N(CFG_WINDOW_COUNT); N(CFG_LOAD_COUNT); N(CFG_IRQ_COUNT);
    N(CFG_SPI_TOTAL); N(CFG_VM_SPI_MAX); N(CFG_VM_VCPU_MAX);
    N(CFG_NAME_WIDTH); N(CFG_INTID_LIMIT); N(CFG_CONSOLE_COUNT);
    N(CFG_BOOT_LOAD_COUNT); N(CFG_SMC_COUNT); N(CFG_MMIO_COUNT); N(CFG_RAM_COUNT);
    S(cfg_system.name); S(cfg_system.board); N(cfg_system.console_cpu); N(cfg_system.log_level);
    N(cfg_system.console_switch_key); N(cfg_system.image_end); N(cfg_system.uart_intid);
    N(cfg_system.el2_root == (uintptr_t)el2_root); N(cfg_system.gicr_size);
    N(cfg_system.magic == CFG_MAGIC); N(cfg_system.abi_version == CFG_ABI_VERSION);
    N(cfg_vms[0].stage2_root == (uintptr_t)stage2_vm0_root); S(cfg_vms[0].name);
    N(cfg_vms[0].flags); N(cfg_vms[0].entry_ipa); N(cfg_vms[0].boot_x[0]); N(cfg_vms[0].boot_x[1]);
    N(CFG_VM_FLAGS_ANY);
    N(cfg_vms[0].spi_count); N(cfg_vms[0].console); N(cfg_vms[0].vmid); N(cfg_vms[0].load_count);
    N(cfg_vcpus[0].cpu); N(cfg_vcpus[0].vmpidr); N(cfg_cpus[1].vcpu); N(cfg_cpus[0].vcpu);
    N(cfg_cpus[3].stack_top); N(cfg_ram[0].size); N(cfg_irq_of_intid[0]);
    for (unsigned i = 0; i < CFG_WINDOW_COUNT; i++) {
        printf("window %s %llx %llx %llx %u %u\n", cfg_windows[i].name,
               (unsigned long long)cfg_windows[i].ipa, (unsigned long long)cfg_windows[i].pa,
               (unsigned long long)cfg_windows[i].size, cfg_windows[i].access, cfg_windows[i].kind);
    }
    for (unsigned i = 0; i < CFG_LOAD_COUNT; i++) {
        printf("load %llx %llx %llx\n", (unsigned long long)cfg_loads[i].src_pa,
               (unsigned long long)cfg_loads[i].dst_pa, (unsigned long long)cfg_loads[i].size);
    }
    for (unsigned i = 0; i < CFG_IRQ_COUNT; i++) {
        printf("irq %u %u %u %u %u\n", cfg_irqs[i].pintid, cfg_irqs[i].vm, cfg_irqs[i].vintid,
               cfg_irqs[i].edge, cfg_irq_of_intid[cfg_irqs[i].pintid - 32]);
    }
    for (unsigned i = 0; i < CFG_MMIO_COUNT; i++) {
        printf("mmio %llx %llx %u %u\n", (unsigned long long)cfg_mmios[i].ipa,
               (unsigned long long)cfg_mmios[i].size, cfg_mmios[i].kind, cfg_mmios[i].instance);
    }
    printf("pl011\t%u %u %u\n", cfg_pl011s[0].vm, cfg_pl011s[0].intid, cfg_pl011s[0].console);
    printf("pl031\t%u %u\n", cfg_pl031s[0].vm, cfg_pl031s[0].intid);
    printf("smc\t%x console %s\n", cfg_smcs[0], cfg_console_names[0]);
    return 0;
}
"""


def run(*command):
    done = subprocess.run([str(c) for c in command], check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture(name="built", scope="module")
def built_fixture(tmp_path_factory):
    """(plan, folder) of a description with everything in it."""
    folder = tmp_path_factory.mktemp("emit")
    plan = planned(folder, EVERYTHING)
    out = folder / "out"
    out.mkdir()
    emit(plan, out)
    return plan, out


def test_c_says_what_the_plan_says(built, tmp_path):
    plan, out = built
    gen = out / "gen"
    (tmp_path / "main.c").write_text(PRINTER.replace(
        '#include "config/config.h"', '#include "config/config.h"\n#include "tables.h"'),
        encoding="utf-8")
    run("gcc", "-Wall", "-Werror", "-O0", f"-I{gen}", f"-I{RUNTIME}", tmp_path / "main.c",
        gen / "config.c", gen / "stage2.c", gen / "el2_map.c", "-o", tmp_path / "print")
    lines = run(tmp_path / "print").splitlines()
    values = dict(line.split("\t") for line in lines if "\t" in line)
    vm = plan.vms[0]
    expected = {
        "CFG_VM_COUNT": 1, "CFG_VCPU_COUNT": 1, "CFG_WINDOW_COUNT": 4, "CFG_IRQ_COUNT": 2,
        "CFG_LOAD_COUNT": len(plan.loads), "CFG_SPI_TOTAL": 64,
        "CFG_VM_SPI_MAX": 64, "CFG_VM_VCPU_MAX": 1, "CFG_NAME_WIDTH": 8,
        "CFG_INTID_LIMIT": 73, "CFG_CONSOLE_COUNT": 1, "CFG_BOOT_LOAD_COUNT": 1,
        "CFG_SMC_COUNT": 1, "CFG_MMIO_COUNT": 4, "CFG_RAM_COUNT": 1,
        "cfg_system.name": "one", "cfg_system.board": "qemu-virt", "cfg_system.console_cpu": 2,
        "cfg_system.log_level": 1, "cfg_system.console_switch_key": 1,
        "cfg_system.image_end": plan.image.end, "cfg_system.uart_intid": 33,
        "cfg_system.el2_root == (uintptr_t)el2_root": 1, "cfg_system.gicr_size": 0xF60000,
        "cfg_system.magic == CFG_MAGIC": 1, "cfg_system.abi_version == CFG_ABI_VERSION": 1,
        "cfg_vms[0].stage2_root == (uintptr_t)stage2_vm0_root": 1, "cfg_vms[0].name": "a",
        "CFG_VM_FLAGS_ANY": 1 | 2 | 128, "cfg_vms[0].flags": 1 | 2 | 128, "cfg_vms[0].entry_ipa": 0x40000000,
        "cfg_vms[0].boot_x[0]": 0x40600000, "cfg_vms[0].boot_x[1]": 0, "cfg_vms[0].spi_count": 64,
        "cfg_vms[0].console": 0, "cfg_vms[0].vmid": 1, "cfg_vms[0].load_count": vm.loads.count,
        "cfg_vcpus[0].cpu": 1, "cfg_vcpus[0].vmpidr": 0x80000000, "cfg_cpus[1].vcpu": 0,
        "cfg_cpus[0].vcpu": 0xFFFF, "cfg_cpus[3].stack_top": plan.cpus[3].stack.end,
        "cfg_ram[0].size": 0x80000000, "cfg_irq_of_intid[0]": 0xFFFF,
        "pl011": "0 33 0", "pl031": "0 34", "smc": "84000050 console a"}
    assert values == {k: str(v) for k, v in expected.items()}
    assert [l for l in lines if l.startswith("window")] == [
        f"window {w.name} {w.ipa:x} {w.pa:x} {w.size:x} {access} {kind}" for w, access, kind in
        zip(plan.windows, (5, 3, 7, 3), (1, 3, 0, 2), strict=True)]
    assert [l for l in lines if l.startswith("load")] == [
        f"load {0 if s.blob is None else plan.blobs[s.blob].pa:x} {s.dst:x} {s.size:x}"
        for s in plan.loads]
    assert [l for l in lines if l.startswith("irq")] == ["irq 39 0 39 0 0", "irq 72 0 72 1 1"]
    assert [l for l in lines if l.startswith("mmio")] == [
        "mmio 8000000 10000 0 0", "mmio 80a0000 20000 1 0", "mmio 9000000 1000 2 0",
        "mmio 9010000 1000 3 0"]


def test_flags_of_any_vm_are_those_of_all(tmp_path):
    plan = planned(tmp_path, one_vm(more="    grant: [pmu]\n"))
    vm = plan.vms[0]
    both = replace(plan, vms=(replace(vm, flags=("pmu", "autostart")),
                              replace(vm, flags=("trng", "pmu"))))
    assert flags_any(plan) == "CFG_VM_AUTOSTART | CFG_VM_PMU"
    assert flags_any(both) == "CFG_VM_AUTOSTART | CFG_VM_PMU | CFG_VM_TRNG"
    assert flags_any(replace(plan, vms=(replace(vm, flags=()),))) == "0U"


def test_code_model_follows_what_an_adr_reaches(tmp_path):
    """1 MiB from the first instruction to the last byte of the stacks, and not a byte more."""
    image = planned(tmp_path, one_vm()).image
    text, stacks = image.slot("text"), image.slot("stacks")
    room = text.base + (1 << 20) - stacks.base
    for size, model in ((room, "tiny"), (room + 1, "small")):
        slots = [replace(s, size=size) if s.name == "stacks" else s for s in image.slots]
        assert code_model(replace(image, slots=tuple(slots))) == model


FLAGS = ("-std=gnu11", "-ffreestanding", "-fno-pic", "-fno-builtin", "-Wall", "-Wextra",
         "-Wconversion", "-Wsign-conversion", "-Wshadow", "-Wundef", "-Wredundant-decls", "-Wmissing-prototypes",
         "-Wcast-qual", "-Werror", "-O2")


def linked(gen, folder, main="_start: b .\n.quad __image_size\n"):
    """The ELF of the generated files with a stub for the runtime; raises on a failed link."""
    entry = f'.section .text.entry,"ax"\n.globl _start\n{main}'
    (folder / "s.S").write_text(entry, encoding="utf-8")
    objects = []
    for source in (folder / "s.S", gen / "config.c", gen / "stage2.c", gen / "el2_map.c",
                   gen / "images.S"):
        objects.append(folder / f"{source.stem}.o")
        run(f"{CROSS}gcc", *FLAGS, f"-I{gen}", f"-I{RUNTIME}", "-c", source, "-o", objects[-1])
    run(f"{CROSS}ld", "-T", gen / "link.ld", "--fatal-warnings", "--build-id=none",
        *objects, "-o", folder / "b.elf")
    return folder / "b.elf"


def test_linked_image_is_where_it_was_planned(built, tmp_path):
    plan, out = built
    with open(linked(out / "gen", tmp_path), "rb") as file:
        elf = ELFFile(file)
        assert elf.header.e_entry == plan.image.base
        table = elf.get_section_by_name(".symtab")
        symbols = {s.name: s.entry.st_value for s in table.iter_symbols()}
        assert symbols["__image_size"] == plan.image.range.size
        assert symbols["__image_end"] == plan.image.end
        for table in (*plan.stage2_tables, *plan.el2_tables):
            assert symbols[table.name] % table.size == 0
            assert plan.image.slot("rodata").range.base <= symbols[table.name]
        segments = [(s.header.p_vaddr, s.header.p_flags) for s in elf.iter_segments("PT_LOAD")]
        assert [flags for _, flags in segments] == [5, 4, 6, 4], "nothing writable and executable"
        for blob in plan.blobs:
            section = elf.get_section_by_name(f".guest.{blob.id}")
            assert section.header.sh_addr == blob.pa
            assert section.data() == blob.data + bytes(-len(blob.data) % 0x1000)
        rodata = elf.get_section_by_name(".rodata")
        at = symbols["stage2_vm0_root"] - rodata.header.sh_addr + 8
        assert int.from_bytes(rodata.data()[at:at + 8], "little") == (
            symbols["stage2_vm0_l2_40000000"] + 3)


@pytest.mark.parametrize("section, sentence", [
    (".text", "the code does not fit its 256 KiB: raise TEXT_BYTES"),
    (".rodata", "read-only data and tables do not fit"),
    (".bss", "variables do not fit")])
def test_what_does_not_fit_its_slot_is_said(built, tmp_path, section, sentence):
    main = f"_start: b .\n.section {section}.big\n.skip 0x200000\n"
    with pytest.raises(subprocess.CalledProcessError) as error:
        linked(built[1] / "gen", tmp_path, main)
    assert sentence in error.value.stderr


def test_intermediate_files_are_json(built):
    _, out = built
    resolved = json.loads((out / "resolved.json").read_text())
    plan = json.loads((out / "plan.json").read_text())
    size = resolved["vms"][0]["windows"][0]["size"]
    assert size == {"value": "64 MiB", "line": size["line"], "reason": "as described"}
    uart = resolved["vms"][0]["emulated"][0]
    assert uart["at"] == {"value": "0x9000000", "reason": "default: as QEMU virt"}
    ram = next(w for w in plan["windows"] if w["name"] == "ram")
    assert ram["ipa"] == "0x40000000" and "2 MiB" in ram["pa_reason"]
    text = (out / "resolved.json").read_text()
    assert '"size": {"value": "64 MiB", "line": ' in text, "what fits a line stands on one"
    assert max(len(line) for line in text.splitlines()) <= 120


def test_same_bytes_wherever_the_description_lies(built, tmp_path):
    other = tmp_path / "elsewhere" / "deeper"
    other.mkdir(parents=True)
    plan = planned(other, EVERYTHING)
    emit(plan, tmp_path)
    for path in sorted(built[1].rglob("*")):
        if path.is_file():
            again = tmp_path / path.relative_to(built[1])
            assert again.read_bytes() == path.read_bytes(), path.name
    assert str(tmp_path) not in (tmp_path / "plan.json").read_text()


def test_the_hash_is_over_what_is_said_not_how(tmp_path):
    text = one_vm()
    plain = planned(tmp_path, text).description_hash
    assert planned(tmp_path, "# a comment\n\n" + text).description_hash == plain
    assert planned(tmp_path, text.replace("64 MiB", "65 MiB")).description_hash != plain
    shutil.copy(tmp_path / "files" / "rt.elf", tmp_path / "files" / "flat.bin")
    from generator import images
    images._read.cache_clear()
    assert planned(tmp_path, text).description_hash != plain


def test_nothing_is_written_from_a_plan_that_breaks_a_promise(built, tmp_path):
    plan = replace(built[0], console_cpu=99)
    with pytest.raises(InvariantError, match="INV-VCPU-CPU"):
        emit(plan, tmp_path)
    assert not list(tmp_path.iterdir())


def test_qemu_arguments(built):
    lines = (built[1] / "gen" / "qemu.args").read_text().splitlines()
    assert lines[lines.index("-kernel") + 1] == "%IMAGE%"
    assert "virt,virtualization=on,gic-version=3" in lines


def test_text_from_the_description_stays_text(tmp_path):
    text = one_vm(boot='      linux: { kernel: files/Image, cmdline: "*/ \\" \\\\ ??/ end" }')
    plan = planned(tmp_path, text.replace("system: one", 'system: "a\\" */ b"'))
    out = tmp_path / "out"
    out.mkdir()
    emit(plan, out)
    run("gcc", "-fsyntax-only", "-Wall", "-Werror", f"-I{RUNTIME}", f"-I{out / 'gen'}",
        out / "gen" / "config.c")


@pytest.mark.parametrize("key, code", [("ctrl-]", 0x1D), ("ctrl-a", 1), ("ctrl-\\", 0x1C)])
def test_control_characters(key, code):
    assert control_character(key) == code
