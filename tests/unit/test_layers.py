"""Lower layers of the runtime never include upper ones, and only arch/ and platform/ hold
assembly. Run by pytest.

@req PLAT-1
"""
import pathlib
import re

RUNTIME = pathlib.Path(__file__).resolve().parents[2] / "runtime"
LAYER = {
    "lib": 0,
    "arch": 1, "platform": 1,
    "config": 2, "core": 2, "gic": 2,
    "vm": 3, "mmio": 3, "smccc": 3,
    "psci": 4, "vtimer": 4, "vgic": 4, "vdev": 4, "sysreg": 4, "health": 4,
    "world": 5,
}
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.MULTILINE)


def sources():
    return sorted(p for p in RUNTIME.rglob("*") if p.suffix in (".c", ".h", ".S"))


def folder(path):
    return path.relative_to(RUNTIME).parts[0]


def test_every_source_lies_in_a_layer():
    assert {folder(p) for p in sources()} <= set(LAYER)


def test_no_include_goes_upwards():
    wrong = []
    for path in sources():
        for name in INCLUDE.findall(path.read_text()):
            top = name.split("/")[0]
            if top in LAYER and LAYER[top] > LAYER[folder(path)]:
                wrong.append(f"{path.relative_to(RUNTIME)} includes {name}")
    assert not wrong, "\n".join(wrong)


def test_only_arch_and_platform_touch_the_machine():
    """lib/loop.h emits no instruction: its statements are notes for the analysis."""
    wrong = [str(p.relative_to(RUNTIME)) for p in sources()
             if folder(p) not in ("arch", "platform") and p != RUNTIME / "lib/loop.h"
             and re.search(r"\b__asm__\b|\basm\b", p.read_text())]
    assert not wrong, wrong


def test_no_goto_weak_symbol_or_conditional_outside_arch():
    pattern = re.compile(r"\bgoto\b|__attribute__\(\(weak|^\s*#\s*(if|ifdef)\b", re.MULTILINE)
    wrong = [str(p.relative_to(RUNTIME)) for p in sources()
             if folder(p) not in ("arch", "platform") and pattern.search(p.read_text())]
    assert not wrong, wrong
