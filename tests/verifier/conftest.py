"""Shared by the verifier's tests: images that are built once, and edits of them."""

from pathlib import Path
import sys

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
for folder in (str(ROOT), str(HERE)):
    if folder not in sys.path:
        sys.path.insert(0, folder)

import systems  # noqa: E402
from edits import Image  # noqa: E402


@pytest.fixture(name="small", scope="session")
def small_fixture(tmp_path_factory):
    """(description, ELF) of a small system with something of everything."""
    return systems.build(tmp_path_factory.mktemp("small"), systems.SMALL)


@pytest.fixture(name="image")
def image_fixture(small):
    """The small system's image, to be edited."""
    return Image(*small)


@pytest.fixture(name="schedules", scope="session")
def schedules_fixture(tmp_path_factory):
    """(description, ELF) of systems with shared CPUs: "written" tables in two modes, and a "built"
    one beside a written one."""
    return {name: systems.build(tmp_path_factory.mktemp(name), text)
            for name, text in (("written", systems.SCHEDULED), ("built", systems.BUILT))}


@pytest.fixture(name="monitored", scope="session")
def monitored_fixture(tmp_path_factory):
    """(description, ELF) of a system with a health monitor."""
    return systems.build(tmp_path_factory.mktemp("monitored"), systems.MONITORED)


@pytest.fixture(name="tux_files", scope="session")
def tux_files_fixture(tmp_path_factory):
    """(description, ELF) of a system with one Linux."""
    return systems.build(tmp_path_factory.mktemp("tux"), systems.LINUX)


@pytest.fixture(name="tux")
def tux_fixture(tux_files):
    """The Linux system's image, to be edited."""
    return Image(*tux_files)
