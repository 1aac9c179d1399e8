"""Inputs that cannot be judged: a clear sentence, status 2, never a traceback; and random damage to
a right image: always a verdict.

@req EVID-1
"""

import json
import random
import subprocess

import pytest

from systems import PYTHON, ROOT, SMALL, write_inputs
from verifier.cli import main
from verifier.elf import Elf
from verifier.faults import Unreadable
from verifier.run import UNFINISHED, read_sources, verify

FUZZ_ROUNDS = 300
HEADERS = 64 + 16 * 56


def answer(capsys, elf, description, *more):
    """(status, what is printed) of the command."""
    status = main(["--elf", str(elf), "--description", str(description), *more])
    output = capsys.readouterr()
    assert "Traceback" not in output.out + output.err
    return status, (output.out + output.err).strip()


def changed(small, tmp_path, change):
    """A copy of the small system's ELF, its bytes changed by a function."""
    path = tmp_path / "bad.elf"
    path.write_bytes(bytes(change(bytearray(small[1].read_bytes()))))
    return path


def patched(at, data):
    """Puts bytes at an offset of the file."""
    def change(contents):
        contents[at:at + len(data)] = data
        return contents
    return change


@pytest.mark.parametrize("change, sentence", [
    (lambda data: data[:0], "is no ELF file"),
    (lambda data: b"MZ" + data[2:], "is no ELF file"),
    (lambda data: data[:40], "is cut off: an ELF header has 64 bytes"),
    (lambda data: data[:4096], "is cut off: "),
    (lambda data: data[:len(data) // 2], "is cut off: "),
    (lambda data: data[:-1000], "is cut off: "),
    (patched(4, b"\1"), "is no 64-bit little-endian ELF file"),
    (patched(5, b"\2"), "is no 64-bit little-endian ELF file"),
    (patched(18, b"\x3e\0"), "is for another machine (e_machine 62; 64-bit Arm is 183)"),
    (patched(16, b"\1\0"), "is not a linked program (e_type 1; expected 2)"),
    (patched(56, b"\0\0"), "has nothing to load"),
    (patched(54, b"\7\0"), "has program headers of 7 bytes each; they have 56"),
    (patched(60, b"\0\0\0\0"), "has no names of sections"),
], ids=["empty", "magic", "header", "4096", "half", "tail", "32-bit", "big-endian", "x86", "object",
        "no-segments", "header-size", "no-sections"])
def test_elf_that_cannot_be_read(small, tmp_path, capsys, change, sentence):
    path = changed(small, tmp_path, change)
    status, said = answer(capsys, path, small[0])
    assert (status, said.startswith(f"not verified: {path} {sentence}")) == (2, True), said
    status, said = answer(capsys, path, small[0], "--json")
    assert status == 2 and json.loads(said)["verdict"] == "unreadable"


def test_elf_without_tables(small, tmp_path, capsys):
    source = tmp_path / "a.S"
    source.write_text('.text\n.globl _start\n_start: b .\n', encoding="utf-8")
    path = tmp_path / "a.elf"
    subprocess.run(["aarch64-linux-gnu-gcc", "-nostdlib", "-static", str(source), "-o", str(path)],
                   check=True)
    status, said = answer(capsys, path, small[0])
    assert (status, said) == (2, f"not verified: {path} has no tables: there is no `cfg_system` "
                              "in it")


def test_stripped_elf(small, tmp_path, capsys):
    path = tmp_path / "stripped.elf"
    subprocess.run(["aarch64-linux-gnu-strip", str(small[1]), "-o", str(path)], check=True)
    status, said = answer(capsys, path, small[0])
    assert (status, said) == (2, f"not verified: {path} has no symbol table: the tables cannot be "
                              "found in a stripped image")


def test_elf_without_debugging_data_is_judged(small, tmp_path, capsys):
    path = tmp_path / "stripped.elf"
    subprocess.run(["aarch64-linux-gnu-strip", "-g", str(small[1]), "-o", str(path)], check=True)
    assert answer(capsys, path, small[0])[0] == 0


def test_files_that_are_not_there(small, tmp_path, capsys):
    status, said = answer(capsys, tmp_path / "none.elf", small[0])
    assert (status, said) == (2, f"not verified: {tmp_path / 'none.elf'} cannot be read: No such "
                              "file or directory")
    status, said = answer(capsys, small[1], tmp_path / "none.yaml")
    assert (status, said) == (2, f"not verified: {tmp_path / 'none.yaml'} cannot be read: No such "
                              "file or directory")


def test_files_that_have_no_end(small, tmp_path, capsys):
    status, said = answer(capsys, "/dev/zero", small[0])
    assert (status, said) == (2, "not verified: /dev/zero is a device or a pipe; a file is expected")
    assert answer(capsys, small[1], "/dev/zero") == (status, said)


@pytest.mark.parametrize("text, sentence", [
    ("", "is not a description: it has no keys"),
    ("- a\n", "is not a description: it has no keys"),
    ("system: [\n", "is not a description: "),
    ("\xff\xfe", "is not a description: "),
    ("[" * 5000, "is not a description: "),
    ("a: &x 1\nb: *x\n", "is not a description: anchors and aliases are not part"),
    ("system: a\nsystem: b\n", "is not a description: `system` cannot be a key, or is one twice"),
], ids=["empty", "list", "syntax", "encoding", "deep", "alias", "twice"])
def test_text_that_is_no_description(small, tmp_path, capsys, text, sentence):
    path = tmp_path / "bad.yaml"
    path.write_bytes(text.encode("latin-1"))
    status, said = answer(capsys, small[1], path)
    assert (status, said.startswith(f"not verified: {path} {sentence}")) == (2, True), said


@pytest.mark.parametrize("old, new, sentence", [
    ("board: ./tiny", "board: ./huge", "the board `./huge` is not at "),
    ("board: ./tiny", "board: ./tiny\nhypervisor: { log: loud }",
     "hypervisor.log: the verifier does not know `default: loud`"),
    ("system: small\n", "", "system.yaml has no `system`"),
    ("cpus: [1]", "cpus: [one]", "vms.one: `cpus` are numbers"),
    ("size: 64 KiB", "size: 64 KB", "vms.one.memory.ram: `64 KB` is no size"),
    ("file: flat.bin, at: 0x40008000", "file: none.bin, at: 0x40008000",
     "the description names `none.bin`, which cannot be read"),
    ("file: flat.bin, at: 0x40008000", "file: /dev/zero, at: 0x40008000",
     "the description names `/dev/zero`, which is a device or a pipe; a file is expected"),
    ("file: flat.bin, at: 0x40008000", 'file: "\\ud83d", at: 0x40008000',
     "the description names `\\ud83d`, which cannot be read: it is no name of a file"),
    ("grant: [pmu]", "grant: [fpu]", "vms.two: the verifier does not know the grant `fpu`"),
    ("emulate: pl031", "emulate: ns16550", "vms.two.devices.rtc: the verifier does not know"),
    ('assign: "&gpio"', 'assign: "&none"', "the board `tiny` has no device `&none`"),
    ("access: rx", "acess: rx", "vms.one.memory.rom: the verifier does not know `acess`"),
    ("shared: frames, at: 0x70000000, access: r", "shared: fames, at: 0x70000000",
     "vms.two: there is no shared memory `fames`"),
])
def test_description_that_cannot_be_understood(small, tmp_path, capsys, old, new, sentence):
    assert old in SMALL
    path = write_inputs(tmp_path / "in", SMALL.replace(old, new, 1))
    status, said = answer(capsys, small[1], path)
    assert (status, said.startswith(f"not verified: {sentence}")) == (2, True), said


@pytest.mark.parametrize("old, new, name, sentence", [
    ("system: small", "system: other", "PROP-FORM",
     "system: the image was built from another description: it has system `small` with `one`, "
     "`two`, the description `other` with `one`, `two`"),
    ("  two:", "  three:", "PROP-FORM",
     "system: the image was built from another description: it has system `small` with `one`, "
     "`two`, the description `small` with `one`, `three`"),
    ("size: 64 KiB", "size: 128 KiB", "PROP-VM-MEMORY",
     "one: guest addresses 0x40010000..0x4001ffff of its window `ram` are not mapped"),
    ("cpus: [0]", "cpus: [2]", "PROP-CPUS", "two: its vCPUs run on CPUs [0]; declared are [2]"),
    ("access: r }", "access: rw }", "PROP-VM-MEMORY", "two: its window `shm` is read-only as "
     "Normal write-back at guest addresses 0x70000000..0x70001fff; declared is read-write"),
    ("      gpio: { assign: \"&gpio\" }\n", "", "PROP-DEVICES",
     "one: it reaches device registers that it was not assigned"),
    ("board: ./tiny", "board: ./tiny\nhypervisor: { log: { default: warn, psci: debug } }",
     "PROP-SETTINGS", "system: cfg_system.log_level is 2, described is warn"),
    ('assign: "&gpio"', 'assign: "&gic"', "PROP-DEVICES",
     "one: /intc@8000000 is the hypervisor's; first byte 0x8000000"),
    ("trigger: edge", "trigger: level", "PROP-INTERRUPTS",
     "one: its physical interrupts in cfg_irqs"),
])
def test_other_description(small, tmp_path, old, new, name, sentence):
    assert old in SMALL
    path = write_inputs(tmp_path / "in", SMALL.replace(old, new, 1))
    found = {r.property.id: r for r in verify(Elf(small[1].read_bytes()), read_sources(path))}
    texts = [v.text for v in found[name].violations]
    assert any(t.startswith(sentence) for t in texts), texts


def test_command_line(small):
    command = [PYTHON, "-m", "verifier", "--elf", str(small[1]), "--description", str(small[0])]
    done = subprocess.run([*command, "--json"], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    found = json.loads(done.stdout)
    assert (done.returncode, found["verdict"], found["vms"]) == (
        0, "holds", {"one": "holds", "two": "holds"})
    assert all(p["checked"] > 0 for p in found["properties"])
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "verdict: all" in done.stdout
    assert subprocess.run(command[:3], cwd=ROOT, capture_output=True, check=False).returncode == 2


def damage(random_bits, data, elf):
    """Random bytes over some place of the file."""
    kind = random_bits.randrange(5)
    if kind == 0:  # headers
        start, end = 0, HEADERS
    elif kind == 1:  # symbols and what follows them
        table = next(s for s in elf.sections if s.name == ".symtab")
        start, end = table.offset, len(data)
    elif kind == 2:  # tables
        start = elf.offset_of(elf.symbols["el2_root"].base, 1)
        end = elf.offset_of(elf.symbols["cfg_system"].base, 160) + 160
    else:
        start, end = 0, len(data)
    for _ in range(random_bits.choice((1, 1, 4, 64))):
        at = random_bits.randrange(start, end)
        size = random_bits.choice((1, 2, 8, 64))
        data[at:at + size] = random_bits.randbytes(min(size, len(data) - at))
    if kind == 4:
        del data[random_bits.randrange(len(data)):]


@pytest.mark.parametrize("part", range(4))
def test_random_damage_always_ends_with_a_verdict(small, part):
    contents, sources = small[1].read_bytes(), read_sources(small[0])
    elf, verdicts = Elf(contents), {}
    for seed in range(part * FUZZ_ROUNDS // 4, (part + 1) * FUZZ_ROUNDS // 4):
        data = bytearray(contents)
        damage(random.Random(seed), data, elf)
        try:
            results = verify(Elf(data), sources)
            texts = [v.text for r in results for v in r.violations]
            assert not [t for t in texts if UNFINISHED in t]
            verdict = "holds" if all(r.holds for r in results) else "violated"
        except Unreadable as error:
            assert str(error)
            verdict = "unreadable"
        verdicts[verdict] = verdicts.get(verdict, 0) + 1
    assert verdicts["violated"] > 10 and verdicts["unreadable"] > 3, verdicts
