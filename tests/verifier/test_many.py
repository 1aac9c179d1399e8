"""64 VMs: in less than a minute, and each VM with a verdict of its own.

@req EVID-1
"""

import time

import systems
from verifier.report import as_json
from verifier.run import read_elf, read_sources, verify


def test_64_vms_in_less_than_a_minute(tmp_path):
    description, path = systems.build(tmp_path, systems.many(64))
    start = time.process_time()
    sources = read_sources(description)
    results = verify(read_elf(path), sources)
    seconds = time.process_time() - start
    assert {r.property.id: [v.text for v in r.violations] for r in results if not r.holds} == {}
    assert list(as_json(results, sources, "", True)["vms"].values()) == ["holds"] * 64
    assert seconds < 20
