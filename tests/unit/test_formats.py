"""Every conversion that a format of the runtime uses is one that lib/fmt.h knows: the compiler's check
of formats knows all of printf's.

@req OPS-1
"""

from pathlib import Path
import re

RUNTIME = Path(__file__).resolve().parents[2] / "runtime"
COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*", re.DOTALL)
LITERAL = re.compile(r'"((?:[^"\\\n]|\\.)*)"')
CONVERSION = re.compile(r"%[^a-zA-Z%]*(?:hh|h|ll|l|z|j|t)?[a-zA-Z%]?")
KNOWN = re.compile(r"%[-0]*(?:[0-9]+|\*)?(?:(?:l|ll)?[dux]|[csp])")


def conversions():
    """(file, conversion) of every string literal; arch/ and lib/loop.h have those of the assembler
    instead."""
    for source in sorted(RUNTIME.rglob("*.[ch]")):
        if "arch" not in source.relative_to(RUNTIME).parts and source != RUNTIME / "lib/loop.h":
            for literal in LITERAL.findall(COMMENT.sub("", source.read_text(encoding="utf-8"))):
                for conversion in CONVERSION.findall(literal):
                    yield source.name, conversion


def test_every_conversion_is_known():
    found = list(conversions())
    assert len(found) > 100
    assert [(file, c) for file, c in found if not KNOWN.fullmatch(c)] == []
