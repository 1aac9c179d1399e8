"""Collects everything about one built system into one dictionary of plain values: the page and all
files beside it are made from it, and nothing else. Contains no time, no user and no folder of the
machine other than the paths of tools.

@req EVID-7
"""

from evidence import (health, limits, maps, matrices, repro, results, sbom, schedule, sizes, sources,
                      tools)
from evidence.bound.report import bound
from evidence.build import ROOT
from evidence.canonical import canonical_text
from evidence.identity import identity
from evidence.image import Image
from evidence.stack.analysis import stack
from evidence.summary import summary
from evidence.trace import trace
from evidence.verdicts import verdicts


def collect(build):
    """The facts about `build`."""
    image = Image(build.elf)
    tree = sources.tree_hash()
    used = tools.tools()
    commit = sources.commit()
    who = identity(build, image)
    facts = {
        "system": build.name,
        "board": build.resolved["board"]["name"],
        "vm_names": [vm["name"] for vm in build.vms],
        "commit": commit,
        "tree_sha256": tree,
        "canonical": canonical_text(build.resolved),
        "identity": who,
        "verdicts": verdicts(build),
        "cpus": matrices.cpus(build),
        "schedules": schedule.schedules(build),
        "memory": matrices.memory(build),
        "devices": matrices.devices(build),
        "emulated": matrices.emulated(build),
        "interrupts": matrices.interrupts(build),
        "channels": matrices.channels(build),
        "faults": health.faults(build),
        "lives": health.lives(build),
        "grants": matrices.grants(build),
        "placements": matrices.placements(build),
        "physical_map": maps.plain(maps.physical(build)),
        "guest_maps": [maps.plain(maps.guest(build, vm)) for vm in build.vms],
        "sections": sizes.sections(image),
        "slots": sizes.slots(build, image),
        "by_vm": sizes.by_vm(build),
        "state": sizes.state(image),
        "stack": stack(build, image),
        "bound": bound(build, image),
        "sbom": sbom.sbom(build, sources.tracked_files(), used, who, commit),
        "tools": used,
        "repro": repro.reproducibility(build, who["elf"]["sha256"]),
        "trace": trace(),
        "results": results.results(ROOT / "build" / "results", tree),
        "limits": limits.limits(),
    }
    facts["summary"] = summary(facts)
    return facts
