"""What an exit costs is what the record says, to the instruction (scripts/bench.py).

@req PERF-1, IRQ-3
"""

import json
import subprocess
import sys

import pytest

from conftest import ROOT

sys.path.insert(0, str(ROOT / "scripts"))
from benchmark.size import code_size  # noqa: E402

SHARED_STRINGS_BYTES = 64  # of names of functions and of ours, kept once
SYSTEMS = ("bench", "bench-2", "bench-4", "bench-8")


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
def test_no_exit_became_longer(build, flavour):
    """Runs agree, the guest needs on the bare machine what it must, and no figure is worse than
    docs/bench.json has it. The record is of the product: the build that traps undefined behaviour
    is not measured."""
    outs = [build(f"systems/{name}.yaml", flavour) for name in SYSTEMS]
    silent = build("systems/bench-silent.yaml", flavour)
    result = subprocess.run([sys.executable, "scripts/bench.py", *map(str, outs), "--silent",
                             str(silent)], cwd=ROOT, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    kept = json.loads((outs[0] / "bench.json").read_text())
    assert set(kept["attribution"]) == set(kept["bare"]) & {n for n in kept["rows"] if "@" not in n}


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
def test_the_table_of_symbols_is_not_counted(build, flavour):
    """The first of the two links has no such table, and else the same code and constants."""
    out = build("systems/bench.yaml", flavour)
    whole, without = code_size(out / "bulkhead.elf"), code_size(out / "obj/first.elf")
    assert whole.text == without.text
    assert 0 <= without.rodata - whole.rodata <= SHARED_STRINGS_BYTES
    assert whole.generated - without.generated > 4096
