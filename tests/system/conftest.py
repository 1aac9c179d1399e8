"""Fixtures of the system tests: systems are built once per session and flavour, then booted.

Two tests run at a time (`make test`): most of QEMU runs in one thread where it counts instructions.
They share build/, so that one builds a system at a time.
"""

import contextlib
import fcntl
import subprocess
from pathlib import Path

import pytest

from machine import ICOUNT, Machine

ROOT = Path(__file__).resolve().parents[2]
FLAVOURS = ["", "ubsan"]


@contextlib.contextmanager
def alone(name):
    """Nobody else builds the system called `name` meanwhile."""
    (ROOT / "build/locks").mkdir(parents=True, exist_ok=True)
    with (ROOT / "build/locks" / name).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(params=FLAVOURS, ids=["plain", "ubsan"], scope="session")
def flavour(request):
    """Every system test runs on the product and on the build that traps undefined behaviour."""
    return request.param


@pytest.fixture(scope="session")
def build():
    """build(description, flavour) -> output folder; compiles each once."""
    done = {}

    def build_system(description, flavour):
        key = (description, flavour)
        if key not in done:
            command = ["make", "--no-print-directory", "-j2", "compile", f"SYSTEM={description}",
                       f"FLAVOUR={flavour}"]
            with alone(Path(description).stem):
                result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
            assert result.returncode == 0, result.stdout + result.stderr
            done[key] = ROOT / result.stdout.strip().splitlines()[-1].split()[-1]
        return done[key]

    return build_system


@pytest.fixture
def machine(build, flavour, request):
    """machine(description) -> a started Machine, ended with the test."""
    running = []

    def start(description, qemu_flags=ICOUNT, image=None, firmware=None):
        name = request.node.name.replace("/", "_")
        started = Machine(build(description, flavour), flavour, name, qemu_flags, image,
                          firmware)
        running.append(started)
        return started.__enter__()

    yield start
    for started in running:
        started.__exit__()
