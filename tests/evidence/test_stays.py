"""A measurement has files of its own: two of one system may run at a time, as system tests do.

@req EVID-4
"""

import sys

from conftest import ROOT
from evidence.stays import measure

# In QEMU's place: writes what the plugin would, with a number of its own. The first then measures
# the same system once more before it ends.
QEMU = """
import json, sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from evidence.stays import measure
script, (root, folder, number, _, plugin) = sys.argv[0], sys.argv[1:]
files = dict(part.split("=") for part in plugin.split(",")[1:])
assert "text " in Path(files["config"]).read_text()
row = {"from": int(number), "to": 126, "count": 1, "elsewhere": 0, "own": 0, "first": []}
written = json.dumps({"image_seen": True, "stays": [], "intervals": [row]})
Path(files["out"]).write_text(written)
if number == "1":
    inner = measure(Path(folder), [sys.executable, script, root, folder, "2"])
    assert inner.intervals[0].start == 2
"""


def test_a_measurement_within_another_leaves_it_alone(build, tmp_path):
    script = tmp_path / "qemu.py"
    script.write_text(QEMU)
    before = {path.name for path in build.folder.iterdir()}
    found = measure(build.folder, [sys.executable, str(script), str(ROOT), str(build.folder), "1"])
    assert [interval.start for interval in found.intervals] == [1]
    assert {path.name for path in build.folder.iterdir()} == before
