"""The command line: check, build, explain, diff and schema.

Exit status: 0 all is well, 1 the description has errors (or what was asked is not in it), 2 the
command line is wrong. Of diff: 0 the same meaning, 1 another, 2 anything wrong. Diagnostics go to the standard error as text, or to the standard output as
JSON; results go to the standard output. The phases are imported by the command that needs them, so
that help and the schema are there before libfdt and the other packages are.

@req DESC-3
"""

import argparse
import os
import sys

from generator.diagnostics import Diagnostics

EPILOG = """\
commands by example:
  python3 -m generator check system.yaml
        is the description right? says all that is wrong, and how to mend it
  python3 -m generator check --format json system.yaml
        the same for an editor or a script
  python3 -m generator build system.yaml --out build/default
        writes resolved.json (every default made explicit), plan.json (where everything went,
        and why) and gen/ (tables, devicetrees, linker script)
  python3 -m generator explain system.yaml 0x09000000
        what is at this address, physically and for each VM, and which line says so
  python3 -m generator explain system.yaml 0x40000000 --vm linux0
  python3 -m generator explain system.yaml irq spi:1
  python3 -m generator explain system.yaml cpu 3
  python3 -m generator explain system.yaml why linux0.ram
  python3 -m generator explain system.yaml health --vm linux0
        what is done about each class of fault
  python3 -m generator explain systems/shared.yaml --cpu 1 --at 3ms
        what runs there then, and why; `cpu 1` shows the whole frame
  python3 -m generator diff old.yaml new.yaml
        who gained or lost access to what, what was merely moved or renamed, and which evidence
        to look at again
  python3 -m generator schema > schema.json
        the JSON Schema; `--markdown` for the reference page

exit status: 0 all is well; 1 errors in the description; 2 wrong command line
  of diff:   0 the same meaning; 1 different; 2 errors in a description, wrong command line
"""


def _parser():
    parser = argparse.ArgumentParser(
        prog="python3 -m generator",
        description="Compiles a system description into the constants of a partitioned machine.",
        epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    check = commands.add_parser("check", help="check a description and write nothing")
    build = commands.add_parser("build", help="check a description and write its build folder")
    build.add_argument("--out", metavar="FOLDER", help="default: build/ and the name of the system")
    explain = commands.add_parser(
        "explain", help="say what is somewhere, and why",
        description="Questions: ADDRESS [--vm VM] | irq NUMBER (33, spi:1 or intid:33) | "
                    "cpu NUMBER | health [--vm VM] | why VM.WINDOW (or VM.DEVICE, or the name of "
                    "shared memory) | --cpu NUMBER --at TIME [--mode MODE]")
    for command in (check, build, explain):
        command.add_argument("description", metavar="SYSTEM.yaml", help="the description")
        command.add_argument("--format", choices=("text", "json"), default="text",
                             help="how diagnostics are written (default: text)")
    explain.add_argument("question", nargs="*", metavar="QUESTION",
                         help="an address, or irq N, cpu N, health, why NAME")
    explain.add_argument("--cpu", metavar="NUMBER", help="what runs on this CPU (with --at)")
    explain.add_argument("--at", metavar="TIME", help="this long after the start of a frame: 3ms")
    explain.add_argument("--mode", help="in this mode of the schedule (default: the first)")
    explain.add_argument("--vm", help="only this VM's view of an address, or its faults")
    diff = commands.add_parser(
        "diff", help="compare two descriptions by meaning",
        description="Who gains or loses access to what from the old description to the new one. "
                    "Exit status: 0 the same meaning, 1 different, 2 an error.")
    diff.add_argument("old", metavar="OLD.yaml")
    diff.add_argument("new", metavar="NEW.yaml")
    diff.add_argument("--format", choices=("text", "json"), default="text",
                      help="how the answer is written (default: text)")
    schema = commands.add_parser("schema", help="print the JSON Schema of descriptions")
    schema.add_argument("--markdown", action="store_true", help="print the reference page instead")
    return parser


def main(arguments):
    options = _parser().parse_args(arguments)
    try:
        status = _COMMANDS[options.command](options)
        sys.stdout.flush()
        return status
    except BrokenPipeError:  # the answer was not read to its end, which its reader knows
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except OSError as error:  # a folder that cannot be written, a tool that is not installed
        print(f"generator: {error.filename}: {error.strerror}", file=sys.stderr)
    return 2 if options.command == "diff" else 1


def _check(options):
    from generator.compile import analyse
    diagnostics = Diagnostics()
    analyse(options.description, diagnostics)
    return _finish(options, diagnostics)


def _build(options):
    from generator.compile import build
    diagnostics = Diagnostics()
    build(options.description, options.out, diagnostics)
    return _finish(options, diagnostics)


def _explain(options):
    from generator.compile import analyse
    from generator.explain import QuestionError, answer, answer_at
    diagnostics = Diagnostics()
    analysis = analyse(options.description, diagnostics)
    if diagnostics.has_errors:
        return _finish(options, diagnostics)
    try:
        if options.cpu is not None and options.at is not None and not options.question:
            print(answer_at(analysis, options.cpu, options.at, options.mode))
        else:
            print(answer(analysis, options.question, options.vm))
    except QuestionError as error:
        print(f"explain: {error}", file=sys.stderr)
        return error.status
    return 0


def _diff(options):
    from generator.compile import analyse
    from generator.diff import compare
    from generator.diff_report import as_json, as_text
    from generator.meaning import meaning_of
    diagnostics, meanings = Diagnostics(), []
    for path in (options.old, options.new):
        own = Diagnostics()
        plan = analyse(path, own).plan
        diagnostics.extend(d for d in own if own.has_errors)
        meanings.append(None if own.has_errors else meaning_of(plan, path))
    if diagnostics.has_errors:
        _finish(options, diagnostics)
        return 2
    difference = compare(*meanings)
    sys.stdout.write((as_json if options.format == "json" else as_text)(difference))
    return 0 if difference.is_same_meaning else 1


def _schema(options):
    from generator.schema import SCHEMA_PATH
    from generator.schema_page import page
    text = page() if options.markdown else SCHEMA_PATH.read_text(encoding="utf-8")
    sys.stdout.write(text)
    return 0


def _finish(options, diagnostics):
    """Shows the diagnostics; the exit status."""
    if options.format == "json":
        sys.stdout.write(diagnostics.as_json())
    else:
        sys.stderr.write(diagnostics.as_text())
        errors = sum(1 for d in diagnostics if d.severity == "error")
        if errors:
            sys.stderr.write(f"{errors} error{'s' if errors > 1 else ''}\n")
    return 1 if diagnostics.has_errors else 0


_COMMANDS = {"check": _check, "build": _build, "explain": _explain, "diff": _diff,
             "schema": _schema}
