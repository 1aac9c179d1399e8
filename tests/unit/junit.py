"""Writes the results of tests/unit/run.py as a JUnit file: one suite a program, one case a test.

The names are those of the source's TEST()s (or test functions); a program whose source and output
do not agree on how many there are gets numbered cases, so that the counts are always the output's.
"""
import re
from xml.etree import ElementTree

NAMES = {".c": re.compile(r"^TEST\((\w+)\)", re.M), ".py": re.compile(r"^def test_(\w+)\(", re.M)}
FAILED = re.compile(r"^\S+:\d+: (\w+): ", re.M)


def names_of(source, output, passed, failed):
    """[(name, has it passed)] of one program."""
    names = NAMES[source.suffix].findall(source.read_text(encoding="utf-8"))
    bad = set(FAILED.findall(output)) & set(names)
    if len(names) == passed + failed and len(bad) == failed:
        return [(name, name not in bad) for name in names]
    return [(str(number + 1), number < passed) for number in range(passed + failed)]


def write(path, results, source_of):
    """results: objects with name, passed, failed and output; source_of: name -> source file."""
    root = ElementTree.Element("testsuites")
    for result in results:
        suite = ElementTree.SubElement(root, "testsuite", name=result.name,
                                       tests=str(result.passed + result.failed),
                                       failures=str(result.failed))
        for name, is_good in names_of(source_of[result.name], result.output, result.passed,
                                      result.failed):
            case = ElementTree.SubElement(suite, "testcase", classname=result.name, name=name)
            if not is_good:
                ElementTree.SubElement(case, "failure", message="failed")
    path.parent.mkdir(parents=True, exist_ok=True)
    ElementTree.ElementTree(root).write(path, encoding="utf-8", xml_declaration=True)
