"""What the properties look at: image, tables, trees, description and board, made once each.

@req EVID-1
"""

from functools import cached_property

from verifier import expected, machine_code, schedule
from verifier.config import Config
from verifier.debug_data import layout_by_debug_data
from verifier.guest_files import GuestFiles
from verifier.translation import TablePages, coalesced, place_of, walk

TABLE_PREFIXES = ("el2_", "stage2_")
EL2_START_LEVEL = 1  # with T0SZ 25, as PROP-REGISTERS shows
STAGE2_START_LEVEL = 1  # with SL0 1 and T0SZ 24: two concatenated tables
STAGE2_ROOTS = 2


class Sources:
    """What does not depend on the image."""

    def __init__(self, description, board):
        self.description = description
        self.board = board
        self.files = GuestFiles(description.folder)


class Evidence:
    """The image and all that follows from it. Reading the tables may raise Malformed."""

    def __init__(self, elf, sources, code_writes=None):
        self.elf = elf
        self.sources = sources
        self.description, self.board = sources.description, sources.board
        self.files = sources.files
        self.config = Config(elf)
        self._code_writes = code_writes
        self.guest_trees = {}  # devicetrees of guests, by number of the VM

    @property
    def vms(self):
        """(row of cfg_vms, VM of the description) in order; PROP-FORM shows that they pair."""
        return list(zip(self.config.vms, self.description.vms))

    @cached_property
    def code_writes(self):
        """What the code writes into the registers that isolate."""
        return machine_code.writes_of(self.elf) if self._code_writes is None else self._code_writes

    @cached_property
    def pages(self):
        """The table pages, with who uses them once the trees were walked."""
        return TablePages(self.elf, TABLE_PREFIXES)

    @cached_property
    def trees(self):
        """EL2's tree and then each VM's: all walked together, so that sharing shows."""
        found = [walk(self.pages, 1, "EL2", [self.config.system.el2_root], EL2_START_LEVEL)]
        for vm, described in self.vms:
            roots = [vm.stage2_root + i * 4096 for i in range(STAGE2_ROOTS)]
            found.append(walk(self.pages, 2, described.name, roots, STAGE2_START_LEVEL))
        return found

    @cached_property
    def el2_runs(self):
        """EL2's map, joined."""
        return coalesced(self.trees[0].runs)

    @cached_property
    def stage2_runs(self):
        """Each VM's map, joined."""
        return [coalesced(tree.runs) for tree in self.trees[1:]]

    @cached_property
    def windows(self):
        """For each VM the windows that it must have, as expected.Expected."""
        return [expected.windows(self, vm, described) for vm, described in self.vms]

    @cached_property
    def modes(self):
        """The schedules that the description asks for, as schedule.Mode."""
        return schedule.modes(self.description, self.board)

    @cached_property
    def debug_layout(self):
        """Layout of the tables' types by the debugging data; ValueError where it is damaged."""
        return layout_by_debug_data(self.elf)

    def place(self, tree, ia):
        """(table, index, value) of the descriptor that maps `ia` in tree number `tree`."""
        return place_of(self.pages, self.trees[tree], ia)
