"""What an exit costs is what the record says, to the instruction (scripts/bench.py).

@req CORE-5, IRQ-3
"""

import subprocess
import sys

import pytest

from conftest import ROOT


@pytest.mark.parametrize("flavour", [""], ids=["plain"], indirect=True)
def test_no_exit_became_longer(build, flavour):
    """Both runs agree, and no figure is worse than docs/bench.json has it. The record is of the
    product: the build that traps undefined behaviour is not measured."""
    out = build("systems/bench.yaml", flavour)
    result = subprocess.run([sys.executable, "scripts/bench.py", str(out)], cwd=ROOT,
                            capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
