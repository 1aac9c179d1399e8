"""Compiles and links the runtime of one system again, with the compiler's reports of frames and
calls, in a folder of its own (build/<name>/obj-stack), always from nothing.

@req EVID-4
"""

import os
import shutil
import subprocess

from evidence.build import ROOT, EvidenceError

REPORTS = "-fstack-usage -fcallgraph-info=su"
COMPILER = "aarch64-linux-gnu-gcc"


def compile_reporting(build):
    """The folder with the objects, their .ci files and bulkhead.elf."""
    folder = build.folder / "obj-stack"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    done = subprocess.run(
        ["make", "-f", "runtime/build.mk", f"OUT={build.folder}", f"OBJ={folder}",
         f"IMAGE={folder / 'bulkhead'}", f"CC={COMPILER} {REPORTS}", f"{folder / 'bulkhead.elf'}"],
        cwd=ROOT, env={**os.environ, "MAKEFLAGS": "", "FLAVOUR": ""}, capture_output=True,
        text=True, check=False)
    if done.returncode != 0:
        raise EvidenceError(f"compiling for the stack analysis failed:\n{done.stderr.strip()}")
    return folder
