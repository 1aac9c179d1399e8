"""The evidence of a hypervisor without a console: what is not in the image asks for nothing.

@req EVID-4, DEV-1
"""

import subprocess

import pytest

from evidence import maps, matrices
from evidence.bound.analysis import Bounds
from evidence.build import ROOT, Build
from evidence.image import Image
from evidence.stack.analysis import stack

SYSTEM = ROOT / "systems" / "bench-silent.yaml"
UART = "/pl011@9000000"


@pytest.fixture(name="silent", scope="module")
def silent_fixture():
    """The built system."""
    done = subprocess.run(["make", "compile", f"SYSTEM={SYSTEM}"], cwd=ROOT, check=False,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return Build(ROOT / "build" / SYSTEM.stem, SYSTEM)


def test_the_uart_is_the_vms(silent):
    assert silent.uart is None and UART not in silent.reserved
    device = next(d for d in matrices.devices(silent) if d["path"] == UART)
    assert device["owner"] == 0
    (route,) = [i for i in matrices.interrupts(silent) if i["physical"] == 33]
    assert (route["vm"], route["virtual"]) == (0, 33)
    assert not any(cpu["console"] for cpu in matrices.cpus(silent))
    (part,) = [p for p in maps._devices(silent) if p.label == UART]
    assert part.owner == "bench"


def test_every_exit_has_a_bound(silent):
    bounds = Bounds(Image(silent.elf))
    assert bounds.faults == []
    titles = {row.title for row in bounds.rows}
    assert "interrupt: message of another CPU" in titles
    assert not {"interrupt: console", "interrupt: EL2 timer"} & titles


def test_every_stack_has_a_bound(silent):
    assert stack(silent, Image(silent.elf))["faults"] == []
