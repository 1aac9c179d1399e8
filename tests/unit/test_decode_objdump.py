"""The load/store decoder against binutils: a random sample of the load/store space, disassembled by
objdump, must mean what runtime/mmio/decode.c says. Run by pytest.

@req CORE-6
"""
import ctypes
import pathlib
import random
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
SAMPLE = 60_000
OFFSET, PRE, POST, REGISTER, LITERAL = range(5)
EXTEND = {"uxtw": 2, "lsl": 3, "sxtw": 6, "sxtx": 7}


class Instruction(ctypes.Structure):
    """struct mmio_instruction"""
    _fields_ = [(n, ctypes.c_bool) for n in
                ("is_write", "is_pair", "is_simd", "is_signed", "is_ordered", "is_64bit")]
    _fields_ += [(n, ctypes.c_uint8) for n in
                 ("size_bytes", "rt", "rt2", "rn", "rm", "extend", "shift", "addressing")]
    _fields_ += [("offset", ctypes.c_int64)]


def decoder(folder):
    library = folder / "decode.so"
    subprocess.run(["gcc", "-std=gnu11", "-shared", "-fPIC", f"-I{ROOT}/runtime",
                    f"{ROOT}/runtime/mmio/decode.c", "-o", str(library)], check=True)
    return ctypes.CDLL(str(library)).mmio_decode


def sample():
    chance = random.Random(1)
    words = []
    while len(words) < SAMPLE:
        word = chance.getrandbits(32) & ~(1 << 25) | 1 << 27
        if word >> 28 & 3 == 0 and chance.random() < 0.7:
            continue  # exclusives and vector structures: fewer
        if word & 0x3FA0_0000 == 0x0880_0000:
            word |= 0x1F << 16 | 0x1F << 10  # LDAR and family: these should be one
        if chance.random() < 0.01:
            word = word & 0xC000_03FF | 0x38BF_C000  # LDAPR, one in a million otherwise
        words.append(word)
    return words


def disassembled(words, folder):
    binary = folder / "words.bin"
    binary.write_bytes(b"".join(w.to_bytes(4, "little") for w in words))
    text = subprocess.run(
        ["aarch64-linux-gnu-objdump", "-D", "-b", "binary", "-m", "aarch64", "-Mno-aliases",
         "-z", str(binary)], check=True, capture_output=True, text=True).stdout
    lines = re.findall(r"^\s*[0-9a-f]+:\t([0-9a-f]{8}) \t(.*)$", text, re.MULTILINE)
    assert len(lines) == len(words)
    return [(int(word, 16), line.strip()) for word, line in lines]


MNEMONIC = re.compile(
    r"(?P<op>ld|st)(?P<kind>r|ur|tr|p|np|ar|lar|lr|llr|apr|apur|lur)(?P<sign>s?)(?P<width>[bhw]?)$")


def register(name):
    number = {"zr": 31, "sp": 31}.get(name[1:] if name[0] in "wx" else name)
    return int(name[1:]) if number is None else number


def expected(line, address):
    """What the disassembly says, as a dict of fields; None when it is no plain load or store."""
    mnemonic, _, operands = line.split("//")[0].strip().partition("\t")
    match = MNEMONIC.match(mnemonic)
    if match is None:
        return None
    memory = re.search(r"\[(.*?)\](!?)(?:, #(-?\w+))?", operands)
    names = re.split(r",\s*", operands[:memory.start()].strip(" ,") if memory else operands)
    if not re.fullmatch(r"[wxbhsdq](\d+|zr)", names[0]):
        return None
    simd = names[0][0] in "bhsdq"
    ordered_single = match["kind"] in ("lr", "apr", "apur", "lur")
    if ordered_single and (simd or (memory and (memory[2] or memory[3] is not None))):
        return None  # FEAT_LRCPC3, which newer disassemblers know: reported, not emulated
    size = {"b": 1, "h": 2, "w": 4}.get(match["width"]) if match["width"] else \
        {"w": 4, "x": 8, "b": 1, "h": 2, "s": 4, "d": 8, "q": 16}[names[0][0]]
    fields = {
        "is_write": match["op"] == "st", "is_simd": simd, "is_signed": match["sign"] == "s",
        "is_pair": match["kind"] in ("p", "np"), "size_bytes": size, "rt": register(names[0]),
        "is_ordered": match["kind"] in ("ar", "lar", "lr", "llr", "apr", "apur", "lur"),
    }
    if not simd:
        fields["is_64bit"] = names[0][0] == "x"
    if fields["is_pair"]:
        fields["rt2"] = register(names[1])
    if memory is None:
        distance = int(names[1], 16) - address
        fields.update(addressing=LITERAL, offset=(distance + (1 << 63)) % (1 << 64) - (1 << 63))
        return fields
    return fields | addressing(memory)


def addressing(memory):
    parts = re.split(r",\s*", memory[1])
    fields = {"rn": register(parts[0])}
    if len(parts) > 1 and parts[1][0] in "wx":
        extend, _, amount = (parts[2] if len(parts) > 2 else "lsl").partition(" #")
        return fields | {"addressing": REGISTER, "rm": register(parts[1]),
                         "extend": EXTEND[extend], "shift": int(amount or "0")}
    inside = int(parts[1][1:], 0) if len(parts) > 1 else 0
    if memory[3] is not None:
        return fields | {"addressing": POST, "offset": int(memory[3], 0)}
    return fields | {"addressing": PRE if memory[2] else OFFSET, "offset": inside}


def is_unpredictable(fields):
    """Write-back to a register that is transferred; a pair loaded into one register."""
    moved = {fields["rt"], fields.get("rt2", fields["rt"])}
    return (fields["addressing"] in (PRE, POST) and not fields["is_simd"] and fields["rn"] != 31
            and fields["rn"] in moved) or \
        (fields["is_pair"] and not fields["is_write"] and fields["rt"] == fields["rt2"])


def test_decoder_agrees_with_objdump(tmp_path):
    decode = decoder(tmp_path)
    instruction = Instruction()
    plain = 0
    for i, (word, line) in enumerate(disassembled(sample(), tmp_path)):
        result = decode(ctypes.c_uint32(word), ctypes.byref(instruction))
        fields = expected(line, 4 * i)
        if fields is None:
            assert result != 0, f"{word:08x} {line}: decoded as a plain load or store"
            continue
        if is_unpredictable(fields):
            assert result != 0, f"{word:08x} {line}: constrained unpredictable, yet decoded"
            continue
        plain += 1
        assert result == 0, f"{word:08x} {line}: not decoded"
        for name, value in fields.items():
            assert getattr(instruction, name) == value, f"{word:08x} {line}: {name}"
    assert plain > SAMPLE // 4
