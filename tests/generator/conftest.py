"""Shared by the generator's tests: a folder for descriptions, with image files and boards."""

from pathlib import Path
import shutil
import sys

import pytest

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
for folder in (str(ROOT), str(HERE)):
    if folder not in sys.path:
        sys.path.insert(0, folder)

from image_files import write_files  # noqa: E402


@pytest.fixture(scope="session")
def bench(tmp_path_factory):
    """A folder with files/ (images), boards/ and the bad descriptions."""
    folder = tmp_path_factory.mktemp("bench")
    write_files(folder)
    shutil.copytree(HERE / "boards", folder / "boards")
    for bad in (HERE / "bad").glob("*.yaml"):
        shutil.copy(bad, folder)
    return folder


@pytest.fixture
def in_bench(bench, monkeypatch):
    """The bench as the current folder, so that places are short."""
    monkeypatch.chdir(bench)
    return bench
