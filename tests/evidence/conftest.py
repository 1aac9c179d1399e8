"""Fixtures: the small system of evidence-test.yaml, built once, its facts and its page."""

from pathlib import Path
import shutil
import subprocess
import sys

import pytest

ROOT = Path(__file__).resolve().parents[2]
DESCRIPTION = ROOT / "tests" / "evidence" / "evidence-test.yaml"
sys.path.insert(0, str(ROOT))

from evidence.build import Build  # noqa: E402
from evidence.collect import collect  # noqa: E402
from evidence.image import Image  # noqa: E402
from evidence.stack.compile import compile_reporting  # noqa: E402


@pytest.fixture(scope="session")
def build():
    """The built system."""
    done = subprocess.run(["make", "compile", f"SYSTEM={DESCRIPTION}"], cwd=ROOT, check=False,
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return Build(ROOT / "build" / "evidence-test", DESCRIPTION)


@pytest.fixture(scope="session")
def image(build):
    """Its ELF."""
    return Image(build.elf)


@pytest.fixture(scope="session")
def objects(build):
    """The folder with the compiler's reports on it."""
    return compile_reporting(build)


@pytest.fixture(scope="session")
def facts(build):
    """Everything that is collected about it."""
    return collect(build)


@pytest.fixture
def copied(build, tmp_path):
    """A copy of the build folder that a test may damage: (folder, run), where run() collects
    evidence from it by the command line and returns (exit status, output)."""
    folder = tmp_path / build.folder.name
    shutil.copytree(build.folder, folder, ignore=shutil.ignore_patterns("obj*", "evidence"))

    def run():
        done = subprocess.run([sys.executable, "-m", "evidence", "collect", str(folder),
                               "--description", str(DESCRIPTION)], cwd=ROOT, check=False,
                              capture_output=True, text=True)
        return done.returncode, done.stdout + done.stderr

    return folder, run
