"""What is collected is right, complete, deterministic, and says no when something is wrong.

@req EVID-6, EVID-7
"""

import csv
import hashlib
import io
import json
import subprocess
import sys

from evidence import sources
from evidence.collect import collect
from evidence.image import Image
from evidence.page import page
from evidence.tables import files

KIB, MIB = 1 << 10, 1 << 20


def test_the_same_inputs_give_the_same_bytes(build, facts):
    again = collect(build)
    different = [key for key in facts if facts[key] != again[key]]  # never a diff of megabytes
    assert different == []
    is_same_page = page(again, files(again)) == page(facts, files(facts))
    assert is_same_page


def test_one_hash_everywhere(facts):
    assert hashlib.sha256(files(facts)["description.canonical.json"].encode()).hexdigest() \
        == facts["identity"]["canonical_sha256"]
    assert [s["same"] for s in facts["identity"]["says"]] == [True, True, True]


def test_the_verifier_was_asked(facts):
    assert facts["verdicts"]["status"] == "good"
    assert facts["verdicts"]["vms"] == {"test": "holds", "peer": "holds"}


def test_memory_by_who_can_reach_it(facts):
    rows = {row["name"]: row for row in facts["memory"]}
    assert rows.keys() == {"system image", "test.ram", "peer.ram", "forth", "back"}
    assert {vm: cell["access"] for vm, cell in rows["forth"]["access"].items()} == {
        0: "rw", 1: "r"}
    assert rows["test.ram"]["access"].keys() == {0} and rows["test.ram"]["size"] == 4 * MIB


def test_channels_say_who_writes(facts):
    assert [(c["name"], c["writers"], c["readers"]) for c in facts["channels"]] == [
        ("forth", [0], [0, 1]), ("back", [1], [0, 1])]


def test_devices_and_interrupts(facts):
    owners = {d["path"]: d["owner"] for d in facts["devices"]}
    assert owners["/pl061@9030000"] == 0
    assert owners["/pl011@9000000"] == "hypervisor"
    assert owners["/pl031@9010000"] == "hypervisor", "it reads the date there"
    assert owners["/fw-cfg@9020000"] is None
    routes = {(i["physical"], i["vm"], i["virtual"]) for i in facts["interrupts"]}
    assert {(39, 0, 39), (33, None, None), (None, 0, 33), (None, 1, 34)} <= routes


def test_maps_are_whole_and_do_not_overlap(facts):
    for parts in [facts["physical_map"], *facts["guest_maps"]]:
        for before, part in zip(parts, parts[1:]):
            assert before["base"] + before["size"] == part["base"], (before, part)
    free = sum(p["size"] for p in facts["physical_map"] if p["owner"] == "free")
    taken = sum(row["size"] for row in facts["memory"])
    assert free + taken == 2 << 30  # all of the board's RAM


def test_sizes_add_up(facts, image):
    costs = {facts["vm_names"][row["vm"]]: row for row in facts["by_vm"]}
    assert costs["test"]["stack_bytes"] == 32 * KIB and costs["peer"]["stack_bytes"] == 16 * KIB
    assert costs["test"]["memory"] == 4 * MIB
    sizes = {s["section"]: s["size"] for s in facts["sections"]}
    assert sizes[".text"] == next(s.size for s in image.sections if s.name == ".text")
    assert all(row["used"] <= row["size"] for row in facts["slots"])


def test_every_placement_has_a_reason(facts):
    assert len(facts["placements"]) > 20
    assert all(row["why"] and row["where"] for row in facts["placements"])


def test_bill_of_materials(facts):
    document = json.loads(files(facts)["sbom.spdx.json"])
    assert document["spdxVersion"] == "SPDX-2.3" and document["dataLicense"] == "CC0-1.0"
    ids = [e["SPDXID"] for e in document["packages"] + document["files"]]
    assert len(ids) == len(set(ids))
    known = {*ids, "SPDXRef-DOCUMENT"}
    for relation in document["relationships"]:
        assert {relation["spdxElementId"], relation["relatedSpdxElement"]} <= known
    listed = {f["fileName"]: {c["algorithm"]: c["checksumValue"] for c in f["checksums"]}
              for f in document["files"]}
    tracked = dict(sources.tracked_files())
    assert sorted({f"./{name}" for name in tracked} ^ listed.keys()) == []
    assert listed["./Makefile"] == {"SHA1": hashlib.sha1(tracked["Makefile"]).hexdigest(),
                                    "SHA256": hashlib.sha256(tracked["Makefile"]).hexdigest()}
    tools = {r["spdxElementId"] for r in document["relationships"]
             if r["relationshipType"] == "BUILD_TOOL_OF"}
    names = {p["name"] for p in document["packages"] if p["SPDXID"] in tools}
    assert {"cc1", "ld", "aarch64-linux-gnu-gcc"} <= names


def test_tools_have_versions_and_hashes(facts):
    for tool in facts["tools"]:
        assert tool["version"] and len(tool["sha256"]) == 64, tool


def test_tables_can_be_read_by_others(facts):
    beside = files(facts)
    for name, text in beside.items():
        if name.endswith(".json"):
            json.loads(text)
        else:
            rows = list(csv.reader(io.StringIO(text)))
            assert rows and len({len(row) for row in rows}) == 1, name
    memory = list(csv.DictReader(io.StringIO(beside["memory.csv"])))
    assert {row["name"]: (row["test"], row["peer"]) for row in memory}["back"] == ("r", "rw")


def test_limits_are_those_of_the_architecture(facts):
    assert any("without LPIs and ITS" in text for text in facts["limits"])


def _damage(path, place, bit):
    data = bytearray(path.read_bytes())
    data[place // 8 + bit // 8] ^= 1 << (bit % 8)
    path.write_bytes(data)


def test_a_table_that_grants_more_makes_the_page_red(copied):
    """Write permission for `peer` in its read-only window."""
    folder, run = copied
    elf = folder / "bulkhead.elf"
    image = Image(elf)
    name = next(s for s in image.symbols if s.name == "stage2_vm1_l3_70000000")
    leaf = image.bytes_at(name.address, 8)
    _damage(elf, elf.read_bytes().index(leaf) * 8, 7)
    status, output = run()
    page_text = (folder / "evidence" / "evidence.html").read_text(encoding="utf-8")
    assert status == 1
    assert "BAD   Does the image isolate" in output
    assert 'id="verdict" data-status="bad"' in page_text and "peer" in page_text


def test_another_hash_in_the_elf_makes_the_page_red(copied, build):
    folder, run = copied
    elf = folder / "bulkhead.elf"
    digest = bytes.fromhex(build.plan["description_hash"])
    _damage(elf, elf.read_bytes().index(digest) * 8, 0)
    status, output = run()
    assert status == 1 and "BAD   Is it one description everywhere?" in output


def test_nothing_built_is_said_in_words(tmp_path):
    done = subprocess.run([sys.executable, "-m", "evidence", "collect", str(tmp_path),
                           "--description", "system.yaml"], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.startswith("evidence: ") and "build the system first: make" in done.stderr
