"""The log levels of the hypervisor's modules: from the description to what the runtime's headers make
of config_sizes.h.

@req OPS-1
"""

import json
from pathlib import Path
import re
import subprocess

import pytest

from generator.diagnostics import Diagnostics
from generator.emit import emit
from generator.load import load
from generator.meaning import SYSTEM, meaning_of
from generator.model import LOG_MODULES
from generator.schema import check

from plans import one_vm, planned

RUNTIME = Path(__file__).resolve().parent.parent.parent / "runtime"


def with_log(log):
    """A description with `log` as hypervisor.log, on line 4."""
    return one_vm().replace("vms:", f"hypervisor: {{ log: {log} }}\nvms:")


def log_levels(folder, log):
    """{module: (level, comment)} of CFG_LOG_LEVELS as the runtime's headers see it."""
    plan = planned(folder, with_log(log))
    (folder / "out").mkdir(exist_ok=True)
    emit(plan, folder / "out")
    (folder / "main.c").write_text(
        '#include <stdio.h>\n#include "core/log.h"\n'
        "int main(void)\n{\n    for (unsigned i = 0; i < LOG_MODULE_COUNT; i++) {\n"
        "        unsigned level = LOG_ERROR;\n"
        "        while (log_is_on(i, level + 1U)) { level++; if (level > LOG_DEBUG) return 1; }\n"
        '        printf("%u ", level);\n    }\n    return 0;\n}\n', encoding="utf-8")
    gen = folder / "out" / "gen"
    subprocess.run(["gcc", "-Wall", "-Wextra", "-Werror", f"-I{gen}", f"-I{RUNTIME}",
                    folder / "main.c", "-o", folder / "levels"], check=True)
    printed = subprocess.run([folder / "levels"], check=True, capture_output=True, text=True).stdout
    text = (gen / "config_sizes.h").read_text()
    comments = re.findall(r"\dU, /\* (.*) \*/ \\", text)
    return dict(zip(LOG_MODULES, zip(printed.split(), comments, strict=True), strict=True))


def test_log_modules_are_those_of_the_runtime():
    (body,) = re.findall(r"enum log_module \{(.*?)\};", (RUNTIME / "core/log.h").read_text(), re.S)
    names = [name.strip().removeprefix("LOG_").lower() for name in body.split(",")]
    assert names == [*LOG_MODULES, "module_count"]
    assert all((RUNTIME / module).is_dir() for module in LOG_MODULES)
    speaking = {path.relative_to(RUNTIME).parts[0] for path in RUNTIME.rglob("*.c")
                if re.search(r"\bLOG_(ERR|WRN|INF|DBG)\(|\blog_guest\(", path.read_text())}
    assert speaking <= set(LOG_MODULES)


def test_one_log_level_is_that_of_each_module(tmp_path):
    found = log_levels(tmp_path, "warn")
    assert set(found.values()) == {("1", comment) for _, comment in found.values()}
    assert found["psci"] == ("1", "psci: warn, default: as hypervisor.log")
    assert ".log_level = 1U" in (tmp_path / "out" / "gen" / "config.c").read_text()


def test_log_levels_of_modules(tmp_path):
    found = log_levels(tmp_path, "{ default: error, psci: debug, core: info, world: warn }")
    assert {m: level for m, (level, _) in found.items() if level != "0"} == {
        "core": "2", "psci": "3", "world": "1"}
    assert found["psci"] == ("3", "psci: debug, line 4")
    assert found["vgic"] == ("0", "vgic: error, default: as hypervisor.log")
    assert ".log_level = 0U" in (tmp_path / "out" / "gen" / "config.c").read_text()
    resolved = json.loads((tmp_path / "out" / "resolved.json").read_text())["hypervisor"]
    assert resolved["log"]["value"] == "error"
    assert {"module": "psci", "level": {"value": "debug", "line": 4, "reason": "as described"}} \
        in resolved["log_modules"]


def test_log_levels_without_a_default_are_info(tmp_path):
    found = log_levels(tmp_path, "{ vm: error }")
    assert {level for module, (level, _) in found.items() if module != "vm"} == {"2"}
    assert found["vm"][0] == "0"


@pytest.mark.parametrize("log, said", [
    ("{ psic: debug }", "`psic` is not a key of `hypervisor.log`|did you mean `psci`?"),
    ("{ psci: debgu }", "`psci` is the text \"debgu\", which is not one of|did you mean `debug`?"),
    ("inof", "`log` is the text \"inof\", which is not one of|did you mean `info`?"),
    ("3", "`log` is the number 3; expected: `error`, `warn`, `info`, `debug`, or modules")])
def test_a_wrong_log_level_is_told(tmp_path, log, said):
    (tmp_path / "t.yaml").write_text(with_log(log), encoding="utf-8")
    diagnostics = Diagnostics()
    check(load(tmp_path / "t.yaml", diagnostics), diagnostics)
    assert len(list(diagnostics)) == 1
    for part in said.split("|"):
        assert part in diagnostics.as_text()


def test_a_level_is_part_of_the_meaning_where_it_is_not_the_default(tmp_path):
    def things(log):
        owner = meaning_of(planned(tmp_path, with_log(log)), "t.yaml").owners[SYSTEM][1]
        return {t.name: t.fields for t in owner if t.key[:1] == ("log",)}

    assert things("warn") == things("{ default: warn, psci: warn }")
    assert things("{ psci: debug }") == {
        "log level": (("level", "info"),), "log level of psci": (("level", "debug"),)}
