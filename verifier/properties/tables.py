"""PROP-DESCRIPTORS and PROP-TREES: what can be said of tables without knowing what they map.

@req EVID-1
"""

from verifier.translation import ENTRIES
from verifier.verdict import SYSTEM


def _subjects(evidence):
    yield SYSTEM, evidence.trees[0]
    for (_, described), tree in zip(evidence.vms, evidence.trees[1:]):
        yield described.name, tree


def descriptors(evidence, result):
    """Each descriptor of each table that the hardware can reach, legal by itself."""
    for subject, tree in _subjects(evidence):
        result.count(subject, ENTRIES * len(tree.tables))
        for fault in tree.faults:
            result.wrong(subject, fault.sentence, fault.pa,
                         (evidence.pages.name(fault.table), fault.index, fault.value))


def trees(evidence, result):
    """Each table is reached once, from one place; those that nothing reaches are reported too:
    what they hold would not have been looked at."""
    for subject, tree in _subjects(evidence):
        result.count(subject, len(tree.tables))
        for fault in tree.loops:
            table = fault.table if isinstance(fault.table, str) else evidence.pages.name(
                fault.table)
            result.wrong(subject, fault.sentence, fault.pa, (table, fault.index, fault.value))
    system = evidence.config.system
    result.expect(system.el2_root in evidence.pages.users, SYSTEM, "EL2 has no root table",
                  system.at)
    for (vm, described) in evidence.vms:
        result.expect(vm.stage2_root % 8192 == 0, described.name,
                      f"its root 0x{vm.stage2_root:x} is not aligned to its 8 KiB", vm.at)
    for pa, (name, _) in sorted(evidence.pages.names.items()):
        result.expect(pa in evidence.pages.users, SYSTEM,
                      f"the table {name} at 0x{pa:x} is used by nobody", pa)
