"""The data-flow analysis, on small programs: what it knows must be so, and what it cannot know it
must not claim.

@req EVID-1
"""

import subprocess

import pytest

from verifier.elf import Elf
from verifier.machine_code import MASK64, writes_of

CROSS = "aarch64-linux-gnu-gcc"


def written(tmp_path, body, more=""):
    """(ones, zeros) of the only write to HCR_EL2 of a function with this body."""
    source = tmp_path / "a.S"
    source.write_text(f"""
    .text
    .globl _start
    .type _start, %function
_start:
{body}
    msr hcr_el2, x0
    ret
    .size _start, . - _start
{more}
    .section .rodata
    .balign 8
value: .quad 0x123456789abcdef0
""", encoding="utf-8")
    out = tmp_path / "a.elf"
    subprocess.run([CROSS, "-nostdlib", "-static", str(source), "-o", str(out)], check=True)
    found = [w for w in writes_of(Elf(out.read_bytes())) if w.register == "HCR_EL2"]
    assert len(found) == 1
    return found[0].ones, found[0].zeros


def function(name, body):
    """A second function."""
    return f".type {name}, %function\n{name}:\n{body}\n.size {name}, . - {name}\n"


@pytest.mark.parametrize("body, value", [
    ("mov x0, #0x1234", 0x1234),
    ("mov x0, #-2", MASK64 - 1),
    ("mov w0, #-2", 0xFFFFFFFE),
    ("mov x0, #0x3f\n movk x0, #0x807d, lsl #16", 0x807D003F),
    ("mov x1, #0xff\n orr x0, x1, #0xf000000000000000", 0xF0000000000000FF),
    ("mov x1, #0xff\n and x0, x1, #0x3c", 0x3C),
    ("mov x1, #0xff\n mov x2, #0xf\n eor x0, x1, x2, lsl #4", 0xF),
    ("mov x1, #0xff\n mov x2, #0xf\n bic x0, x1, x2", 0xF0),
    ("mov x1, #0x80\n lsl x0, x1, #56", 1 << 63),
    ("mov x1, #0x80\n lsr x0, x1, #4", 8),
    ("mov w1, #-1\n lsl w0, w1, #4", 0xFFFFFFF0),
    ("mov x1, #5\n add x0, x1, #3, lsl #12", 0x3005),
    ("mov x1, #5\n sub x0, x1, #6", MASK64),
    ("ldr x0, =0x1122334455667788\n b 1f\n .ltorg\n1:", 0x1122334455667788),
    ("adrp x1, value\n ldr x0, [x1, #:lo12:value]", 0x123456789ABCDEF0),
    ("adrp x1, value\n add x1, x1, #:lo12:value\n ldrh w0, [x1, #2]", 0x9ABC),
    ("mov x0, #7\n mrs x1, midr_el1\n tst x1, #1\n ccmp x1, #1, #0, ne", 7),
    ("mov x0, #7\n str x1, [sp, #8]\n dsb sy", 7),
])
def test_known_value(tmp_path, body, value):
    assert written(tmp_path, body) == (value, ~value & MASK64)


@pytest.mark.parametrize("body, ones, zeros", [
    ("mrs x0, midr_el1", 0, 0),
    ("mrs x0, midr_el1\n orr x0, x0, #1", 1, 0),
    ("mrs x0, midr_el1\n and x0, x0, #0xff", 0, MASK64 - 0xFF),
    ("mrs x1, midr_el1\n cmp x1, #3\n cset x0, eq", 0, MASK64 - 1),
    ("mov x1, #6\n mov x2, #3\n csel x0, x1, x2, ne", 2, MASK64 - 7),
    ("mov x0, #6\n tbz x1, #3, 1f\n mov x0, #3\n1:", 2, MASK64 - 7),
    ("mov x0, #6\n cbnz x1, 1f\n mov x0, #3\n1:", 2, MASK64 - 7),
    ("mov x0, #1\n1: lsl x0, x0, #1\n subs x1, x1, #1\n b.ne 1b", 0, 1),
    ("mov x0, #6\n mul x0, x1, x2", 0, 0),
    ("mov x0, #6\n ldr x0, [x1], #8", 0, 0),
    ("mov x0, #6\n ldp x1, x0, [sp]", 0, 0),
    ("mov x0, #6\n ldr x1, [x0, #8]!", 0, 0),
    ("mov x0, #6\n ldxr x0, [x1]", 0, 0),
    ("mov x0, #6\n fmov x0, d0", 0, 0),
    ("mov x0, #6\n smc #0", 0, 0),
    ("mov x0, #6\n blr x1", 0, 0),
    ("mov x19, #6\n blr x1\n mov x0, x19", 6, MASK64 - 6),
    ("mov x9, #6\n blr x1\n mov x0, x9", 0, 0),
])
def test_what_may_be_otherwise_is_not_claimed(tmp_path, body, ones, zeros):
    assert written(tmp_path, body) == (ones, zeros)


def test_calls_are_followed(tmp_path):
    body = "mov x5, #8\n bl callee\n orr x0, x0, x5"
    assert written(tmp_path, body, function("callee", "mov x0, #3\n ret")) == (11, MASK64 - 11)
    assert written(tmp_path, body, function("callee", "mov x0, #3\n mov x5, #4\n ret")) == (
        3, 0)


def test_a_function_that_is_entered_in_its_middle_is_not_trusted(tmp_path):
    body = "mov x0, #6\n inside:"
    assert written(tmp_path, body) == (6, MASK64 - 6)
    assert written(tmp_path, body, function("other", "b inside")) == (0, 0)


def test_recursion_ends(tmp_path):
    more = function("callee", "cbz x1, 1f\n bl callee\n 1: mov x0, #3\n ret")
    assert written(tmp_path, "bl callee", more) == (3, MASK64 - 3)


def test_leaving_a_function_otherwise_is_not_trusted(tmp_path):
    body = "mov x0, #6\n cbz x1, other"
    assert written(tmp_path, body, function("other", "ret")) == (0, 0)
    assert written(tmp_path, "mov x0, #6\n bl other", function("other", "mov x0, #3")) == (0, 0)
