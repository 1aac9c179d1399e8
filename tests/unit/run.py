#!/usr/bin/python3
"""Builds and runs the host unit tests: every tests/unit/test_*.c is one program, every test_*.py is
run by pytest.

The first line of a test names the runtime sources that it needs, relative to runtime/
(or to tests/unit/ when they start with "fake/" or "spec/"):

    /* sources: vgic/vgic.c lib/fmt.c */

Where the build chooses a header by the version of the GIC, that of GICv3 is taken; for a test whose
name ends in _v2, that of GICv2, and the runtime's sources are compiled for it once more. So they are
for a test whose name ends in _sched: with schedules.

Everything in tests/unit/fake/*.c is in an archive that each test is linked with, so a fake that
nobody asks for is not linked, and a test that defines a fake's symbols itself replaces it. A
fake/<name>_machine.c is not in the archive, as it builds on a feature's own sources: it is linked
with the tests that include <name>_machine.h.
Objects are kept under build/unit/ and rebuilt when a file that they include, or the command that
made them, changes. Two runs at the same time do not disturb one another.

    tests/unit/run.py                 all tests
    tests/unit/run.py fmt vgic        those whose name contains one of the words
    tests/unit/run.py -v fmt          with the output of each
    tests/unit/run.py --junit FILE    and the results as a JUnit file
"""
import argparse
import concurrent.futures
import dataclasses
import fcntl
import hashlib
import os
import pathlib
import re
import subprocess
import sys
import time

import junit

ROOT = pathlib.Path(__file__).resolve().parents[2]
UNIT = ROOT / "tests" / "unit"
BUILD = ROOT / "build" / "unit"

COMPILER = os.environ.get("HOSTCC", "gcc")
SANITIZE = ["-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
COMMON = ["-std=gnu11", "-g", "-O1", "-fno-omit-frame-pointer", *SANITIZE,
          "-Itests/unit/fake", "-Itests/unit", "-Iruntime",
          "-Wall", "-Wextra", "-Wshadow", "-Wundef", "-Wvla", "-Wstrict-prototypes", "-Werror"]
# The runtime itself is held to the warnings that the product is built with.
RUNTIME_ONLY = ["-Wconversion", "-Wsign-conversion", "-Wmissing-prototypes"]
TIMEOUT_S = 300
SUMMARY = re.compile(r"^(\d+) passed, (\d+) failed$", re.MULTILINE)
PYTEST = ["-m", "pytest", "-q", "-p", "no:cacheprovider"]


@dataclasses.dataclass(frozen=True)
class Result:
    name: str
    passed: int
    failed: int
    seconds: float
    output: str


class BuildError(Exception):
    pass


def source_path(name: str) -> pathlib.Path:
    return (UNIT if name.startswith(("fake/", "spec/")) else ROOT / "runtime") / name


def sources_of(test: pathlib.Path) -> list[pathlib.Path]:
    text = test.read_text(encoding="utf-8")
    match = re.match(r"/\* sources:(.*)\*/\n", text)
    if match is None:
        raise BuildError(f"{test.relative_to(ROOT)}:1: the first line must be "
                         "/* sources: a.c b.c */ (it may name none)")
    machines = [f"fake/{name}.c" for name in re.findall(r'^#include "(\w+_machine)\.h"', text, re.M)]
    return [source_path(name) for name in [*match.group(1).split(), *machines]]


def version_of(test: pathlib.Path) -> str:
    if test.stem.endswith("_sched"):
        return "v3-sched"
    return "v2" if test.stem.endswith("_v2") else "v3"


def command_for(source: pathlib.Path, version: str) -> list[str]:
    # Behind the fakes: where there is one of a header, it is taken.
    gic, _, with_schedules = version.partition("-")
    own = [f"-Iruntime/gic/{gic}", f"-Iruntime/vgic/{gic}"]
    own += ["-DCFG_SCHEDULED=1"] if with_schedules else []
    if source.is_relative_to(ROOT / "runtime"):
        module = source.relative_to(ROOT / "runtime").parts[0].upper()
        own += [*RUNTIME_ONLY, f"-DLOG_MODULE=LOG_{module}"]
    return [COMPILER, *COMMON, *own, "-c", str(source.relative_to(ROOT))]


def is_fresh(target: pathlib.Path, depfile: pathlib.Path, stamp: str) -> bool:
    try:
        made = target.stat().st_mtime_ns
        if depfile.with_suffix(".cmd").read_text() != stamp:
            return False
        text = depfile.read_text().replace("\\\n", " ").split(":", 1)[1]
        return all((ROOT / name).stat().st_mtime_ns < made for name in text.split())
    except (OSError, IndexError):
        return False


def compiled(source: pathlib.Path, version: str) -> pathlib.Path:
    """The object of `source`, made anew only if something that it depends on changed."""
    target = BUILD / f"obj-{version}" / source.relative_to(ROOT).with_suffix(".o")
    depfile = target.with_suffix(".d")
    command = command_for(source, version)
    stamp = hashlib.sha256(" ".join(command).encode()).hexdigest()
    if is_fresh(target, depfile, stamp):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    begun = time.time_ns()
    fresh = target.with_suffix(".new")
    done = subprocess.run([*command, "-o", str(fresh), "-MMD", "-MF", str(depfile)], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(done.stderr)
    os.utime(fresh, ns=(begun, begun))
    fresh.rename(target)
    depfile.with_suffix(".cmd").write_text(stamp)
    return target


def combined(target: pathlib.Path, inputs: list[pathlib.Path], command: list[str]) -> pathlib.Path:
    """`target` from `inputs` by `command`, unless it is newer than each of them."""
    stamp_file = target.with_name(target.name + ".cmd")
    stamp = " ".join([*command, *map(str, inputs)])
    if (target.exists() and stamp_file.exists() and stamp_file.read_text() == stamp
            and all(i.stat().st_mtime_ns < target.stat().st_mtime_ns for i in inputs)):
        return target
    fresh = target.with_name(target.name + ".new")
    fresh.unlink(missing_ok=True)
    done = subprocess.run([*command, str(fresh), *map(str, inputs)], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(done.stderr)
    fresh.rename(target)
    stamp_file.write_text(stamp)
    return target


def output_of(command: list[str]) -> tuple[str, int]:
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, errors="replace",
                              timeout=TIMEOUT_S, check=False)
        return done.stdout + done.stderr, done.returncode
    except subprocess.TimeoutExpired:
        return f"did not end within {TIMEOUT_S} s\n", -1


def run(name: str, program: pathlib.Path) -> Result:
    begun = time.monotonic()
    output, status = output_of([str(program)])
    seconds = time.monotonic() - begun
    match = SUMMARY.search(output)
    if match is None or status != (1 if int(match.group(2)) else 0):
        return Result(name, 0, 1, seconds, f"{output}{name}: ended with status {status}\n")
    return Result(name, int(match.group(1)), int(match.group(2)), seconds, output)


def run_pytest(test: pathlib.Path) -> Result:
    begun = time.monotonic()
    output, status = output_of([sys.executable, *PYTEST, str(test)])
    seconds = time.monotonic() - begun
    counts = {word: int(n) for n, word in re.findall(r"(\d+) (passed|failed|error)", output)}
    failed = counts.get("failed", 0) + counts.get("error", 0)
    return Result(test.stem, counts.get("passed", 0), failed or int(status != 0), seconds, output)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("words", nargs="*", help="run only tests whose name contains one of these")
    parser.add_argument("-v", "--verbose", action="store_true", help="show output of passing tests")
    parser.add_argument("--junit", type=pathlib.Path, metavar="FILE",
                        help="write the results there")
    arguments = parser.parse_args()
    found = sorted([*UNIT.glob("test_*.c"), *UNIT.glob("test_*.py")])
    tests = [t for t in found if not arguments.words or any(w in t.stem for w in arguments.words)]
    if not tests:
        print("no test has a name like that", file=sys.stderr)
        return 2

    BUILD.mkdir(parents=True, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
        with open(BUILD / ".lock", "w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            programs = build_all(pool, [t for t in tests if t.suffix == ".c"])

        def result(test: pathlib.Path) -> Result:
            if test.suffix == ".py":
                return run_pytest(test)
            program = programs[test]
            return program if isinstance(program, Result) else run(test.stem, program)

        results = list(pool.map(result, tests))
    if arguments.junit:
        junit.write(arguments.junit, results, {t.stem: t for t in tests})
    return report(results, arguments.verbose)


def build_all(pool: concurrent.futures.Executor,
              tests: list[pathlib.Path]) -> dict[pathlib.Path, pathlib.Path | Result]:
    """Each test's program, or the result that says why there is none."""
    fakes = [f for f in sorted((UNIT / "fake").glob("*.c")) if not f.stem.endswith("_machine")]
    missing: dict[tuple[pathlib.Path, str], str] = {}  # by source and version
    wanted = set()
    for test in tests:
        version = version_of(test)
        wanted.update((source, version) for source in (UNIT / "test.c", *fakes, test))
        try:
            wanted.update((source, version) for source in sources_of(test))
        except BuildError as error:
            missing[test, version] = str(error)

    def attempt(part: tuple[pathlib.Path, str]) -> tuple[pathlib.Path | None, str]:
        try:
            return compiled(*part), ""
        except BuildError as error:
            return None, str(error)

    objects = {}
    for part, (target, message) in zip(sorted(wanted), pool.map(attempt, sorted(wanted))):
        objects[part] = target
        if target is None:
            missing[part] = message

    def archive_of(version: str) -> pathlib.Path:
        return combined(BUILD / f"libfake-{version}.a",
                        [objects[f, version] for f in fakes if objects[f, version]],
                        ["ar", "rcs"])

    archives = {version: archive_of(version) for version in {v for _, v in wanted}}

    def linked(test: pathlib.Path) -> pathlib.Path | Result:
        version = version_of(test)
        parts = [(test, version), (UNIT / "test.c", version)]
        if (test, version) not in missing:
            parts += [(source, version) for source in sources_of(test)]
        broken = [missing[p] for p in parts if p in missing]
        if broken:
            return Result(test.stem, 0, 1, 0.0, "".join(broken))
        try:
            return combined(BUILD / test.stem, [*(objects[p] for p in parts), archives[version]],
                            [COMPILER, *SANITIZE, "-o"])
        except BuildError as error:
            return Result(test.stem, 0, 1, 0.0, str(error))

    return dict(zip(tests, pool.map(linked, tests)))


def report(results: list[Result], verbose: bool) -> int:
    for result in results:
        verdict = "FAIL" if result.failed else "ok"
        if result.failed or verbose:
            print(result.output, end="")
        print(f"{verdict:4} {result.name}: {result.passed} passed, {result.failed} failed "
              f"({result.seconds:.1f} s)")
    failed = sum(r.failed for r in results)
    print(f"{sum(r.passed for r in results)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
