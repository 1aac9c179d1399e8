"""The tools that made the image and the evidence: version, Debian package, path and SHA-256.

What stands here is what the build calls, found the way the build finds it. A tool that is missing
is an error, as it would be for the build. The hash of a Python module that is a folder is over the
names and hashes of all its sources and libraries.

@req EVID-6
"""

import hashlib
import importlib
import os
from pathlib import Path
import re
import shutil
import subprocess
import sys

from evidence.build import EvidenceError, sha256_of

CROSS = "aarch64-linux-gnu-"
PLAIN = {**os.environ, "LC_ALL": "C.UTF-8"}  # what tools say does not depend on the user's language
VERSION = re.compile(r"\d+(?:\.\d+)+[^\s(),]*")
# (name, how it is found, what it did). "print:X": the program that the compiler driver runs for X.
PROGRAMS = (
    ("aarch64-linux-gnu-gcc", CROSS + "gcc", "compiler driver of the runtime"),
    ("cc1", "print:cc1", "the C compiler itself"),
    ("as", CROSS + "as", "assembler"),
    ("ld", CROSS + "ld", "linker"),
    ("objcopy", CROSS + "objcopy", "makes the flat image"),
    ("objdump", CROSS + "objdump", "disassembly for the stack analysis"),
    ("gcc", "gcc", "host compiler of the unit tests"),
    ("make", "make", "runs the build"),
    ("bash", "bash", "runs scripts"),
    ("git", "git", "names the sources"),
    ("qemu-system-aarch64", "qemu-system-aarch64", "the machine of system tests and boot check"),
    ("cppcheck", "cppcheck", "MISRA C checks"),
    ("clang-tidy", "clang-tidy", "lint of C"),
    ("shellcheck", "shellcheck", "lint of scripts"),
)
MODULES = (("yaml", "generator: reads descriptions"), ("jinja2", "generator: templates"),
           ("jsonschema", "generator: schema"), ("libfdt", "generator: devicetrees"),
           ("elftools", "verifier and evidence: ELF"), ("pytest", "runs tests"),
           ("hypothesis", "property tests"))


def tools():
    """Rows: every tool."""
    programs = [_program(*row) for row in PROGRAMS]
    programs.append(_row("python3", Path(sys.executable).resolve(), sys.version.split()[0],
                         "runs generator, verifier and evidence"))
    return programs + [_module(*row) for row in MODULES]


def _program(name, how, what):
    if how.startswith("print:"):
        done = subprocess.run([CROSS + "gcc", f"-print-prog-name={how[6:]}"], capture_output=True,
                              text=True, check=True)
        path = done.stdout.strip()
    else:
        path = shutil.which(how)
    if not path or not Path(path).is_file():
        raise EvidenceError(f"{how} is not installed: scripts/install.sh installs what is needed")
    return _row(name, Path(path).resolve(), _version(path), what)


def _version(path):
    done = subprocess.run([path, "--version"], capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, env=PLAIN)
    found = VERSION.search(done.stdout + done.stderr)
    return found[0] if found else ""


def _module(name, what):
    module = importlib.import_module(name)
    path = Path(module.__file__).resolve()
    is_folder = path.name == "__init__.py"
    return _row(f"python3: {name}", path.parent if is_folder else path, "", what)


def _row(name, path, version, what):
    package, packaged = _package(path)
    digest = _folder_sha256(path) if path.is_dir() else sha256_of(path)
    return {"tool": name, "what": what, "version": version or packaged, "package": package,
            "package_version": packaged, "path": str(path), "sha256": digest}


def _folder_sha256(folder):
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.suffix in (".py", ".so")):
        digest.update(f"{sha256_of(path)}  {path.relative_to(folder)}\n".encode())
    return digest.hexdigest()


def _package(path):
    """(name, version) of the Debian package that owns the file; empty when none does."""
    for candidate in (str(path), str(path).removeprefix("/usr")):
        done = subprocess.run(["dpkg-query", "-S", candidate], capture_output=True, text=True,
                              check=False, env=PLAIN)
        if done.returncode == 0:
            package = done.stdout.split(": ", 1)[0].split(",")[0].strip()
            shown = subprocess.run(["dpkg-query", "-W", "-f", "${Package} ${Version}", package],
                                   capture_output=True, text=True, check=True)
            name, version = shown.stdout.split()
            return name, version
    return "", ""
