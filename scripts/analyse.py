#!/usr/bin/python3
"""Static analysis of the runtime: cppcheck with its MISRA C:2012 addon, and clang-tidy.

A gate for style, not evidence. Rules in scripts/analysis/deviations.txt are not held, each with
its reason; any other finding fails. Before the runtime, a file that breaks rules on purpose is
analysed: when a rule that must fire does not, the analysers themselves are broken.

    scripts/analyse.py            all of it
    scripts/analyse.py --counts   how often each MISRA rule is broken, deviations included
"""
import argparse
import collections
import concurrent.futures
import json
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[1]
HERE = ROOT / "scripts" / "analysis"
CACHE = ROOT / "build" / "analysis"
# Headers that the build chooses by the board. What is common to the versions is analysed with
# those of the first.
VERSIONS = ("v3", "v2")
# Folders of which a board has one or the other, analysed apart: with the version of the GIC that
# stands here.
OTHER_BOARDS = {"spin-table": "v2", "bcm2835": "v2"}
# The build defines it by a source's folder; what it is makes no difference to a finding.
LOG_MODULE = "-DLOG_MODULE=LOG_CORE"
ASM_INLINE = "-D__inline__="  # cppcheck does not know it between asm and volatile (lib/loop.h)
MISRA = re.compile(r"misra-c2012-(\d+\.\d+)")


def deviations():
    lines = (HERE / "deviations.txt").read_text().splitlines()
    return {line.split()[0] for line in lines if line.strip() and not line.startswith("#")}


def sources():
    return [str(p.relative_to(ROOT)) for p in sorted((ROOT / "runtime").rglob("*.c"))]


def version_of(file):
    folder = pathlib.PurePath(file).parent.name
    return folder if folder in VERSIONS else OTHER_BOARDS.get(folder, VERSIONS[0])


def headers_of(version):
    return [f"-Iruntime/gic/{version}", f"-Iruntime/vgic/{version}"]


def cppcheck(files):
    """The findings of cppcheck, one line each: file:line: [id] text."""
    found = []
    for version in VERSIONS:
        own = [f for f in files if version_of(f) == version]
        found += cppcheck_version(version, own) if own else []
    return found


def cppcheck_version(version, files):
    addon = CACHE / "misra.json"
    addon.write_text(json.dumps({
        "script": "misra.py", "args": [f"--rule-texts={HERE / 'misra_rules.txt'}"]}))
    command = ["cppcheck", "-q", "-j2", "--std=c11", "--platform=unix64-unsigned",
               "--enable=warning,style,performance,portability", "--inline-suppr",
               f"--addon={addon}",
               "--suppress=missingIncludeSystem", "--suppress=unusedStructMember",
               # false: register variables of inline assembly
               "--suppress=constStatement:runtime/platform/psci/smc.c",
               "--suppress=syntaxError:runtime/platform/psci/smc.c",
               # false: newer versions miss declarations of what the compiler has built in
               "--suppress=misra-config",
               "-Iruntime", *headers_of(version), f"-I{CACHE / 'include'}", "-D__aarch64__", LOG_MODULE,
               ASM_INLINE,
               "--template={file}:{line}: [{id}] {severity}: {message}", *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1):
        sys.exit(f"analyse: cppcheck failed:\n{done.stdout}{done.stderr}")
    # Newer versions give MISRA's findings the severity "style"; cppcheck's own opinions on style
    # are not asked for.
    return [line for line in done.stderr.splitlines()
            if re.match(r"\S+:\d+: \[misra", line) or re.match(r"\S+:\d+: \[\w+\] (?!style|information)", line)]


def clang_tidy(file):
    command = ["clang-tidy", "--quiet", "--warnings-as-errors=*", file, "--", "-std=gnu11",
               "--target=aarch64-linux-gnu", "-ffreestanding", "-mgeneral-regs-only", "-Iruntime",
               *headers_of(version_of(file)), f"-I{CACHE / 'include'}", LOG_MODULE]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.splitlines() if done.returncode != 0 else []


def check_analysers_speak():
    found = "\n".join(cppcheck([str(HERE / "dirty.c")]))
    rules = set(MISRA.findall(found))
    silent = set((HERE / "dirty.expected").read_text().split()) - rules
    if silent:
        sys.exit(f"analyse: rules that must fire on dirty.c do not: {', '.join(sorted(silent))}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--counts", action="store_true")
    arguments = parser.parse_args()

    # The runtime's headers need the counts of some system: those of the unit tests.
    (CACHE / "include").mkdir(parents=True, exist_ok=True)
    (CACHE / "include" / "config_sizes.h").write_text(
        (ROOT / "tests/unit/fake/config_sizes.h").read_text())

    check_analysers_speak()
    findings = cppcheck(sources())
    if arguments.counts:
        count = collections.Counter(r for line in findings for r in MISRA.findall(line))
        for rule, n in count.most_common():
            print(f"{n:5} {rule}")
        return 0
    accepted = deviations()
    held = [line for line in findings if not set(MISRA.findall(line)) & accepted]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        tidy = [line for lines in pool.map(clang_tidy, sources()) for line in lines]
    for line in held + tidy:
        print(line)
    print(f"analyse: {len(sources())} files, {len(held)} cppcheck and "
          f"{sum('error:' in t for t in tidy)} clang-tidy findings, "
          f"{len(findings) - len(held)} under recorded deviations")
    return 1 if held or tidy else 0


if __name__ == "__main__":
    sys.exit(main())
