"""PROP-GUEST-TREE: the devicetree that a guest finds, node by node.

Everything in it that has addresses, interrupts or CPUs must be something that the tables grant,
and everything that the tables grant and a guest finds by devicetree must be in it. An image in
place is part of what the guest is built of and is not described. [DTSPEC 3]

@req EVID-1
"""

from verifier import fdt, layout
from verifier.expected import board_device
from verifier.faults import Malformed
from verifier.properties.images import tree_address, tree_of

AFFINITY = 0xFF00FFFFFF
SPI, PPI, EDGE, LEVEL = 0, 1, 1, 4
TIMER_PPIS, PMU_PPIS = (13, 14, 11, 10), (7,)
COMPATIBLE = {"pl011": "arm,pl011", "pl031": "arm,pl031", "sp805": "arm,sp805",
              "pvpanic": "qemu,pvpanic-mmio"}


def exact(evidence, result):
    """Each VM's devicetree, or that it has none."""
    for number, (vm, described) in enumerate(evidence.vms):
        result.count(described.name)
        if tree_address(evidence, number) is None:
            continue
        try:
            _Check(evidence, number, vm, described, result).run()
        except Malformed as fault:
            result.wrong(described.name, fault.sentence, fault.pa)


class _Check:
    """One devicetree. `known` are the nodes that something of the tables explains."""

    def __init__(self, evidence, number, vm, described, result):
        self.evidence, self.number, self.vm = evidence, number, vm
        self.described, self.result = described, result
        self.root = tree_of(evidence, number)
        self.known = {self.root}

    def run(self):
        """All of it."""
        self.expect(self.root.cell("#address-cells", 0) == 2
                    and self.root.cell("#size-cells", 0) == 2, "its cell counts are not 2 and 2")
        self.cpus()
        self.memory()
        self.shared()
        self.gic()
        self.emulated()
        self.assigned()
        self.fixed()
        for node in self.root.walk():
            if node not in self.known and ("reg" in node.properties
                                           or "interrupts" in node.properties
                                           or "interrupts-extended" in node.properties):
                self.expect(False, f"{node.path} is nothing that the tables grant")

    def expect(self, good, sentence):
        """Counts, and reports under the VM."""
        self.result.expect(good, self.described.name, "in its devicetree, " + sentence)

    def of_kind(self, compatible):
        """Nodes below the root with this `compatible`."""
        return [n for n in self.root.walk() if compatible in n.texts("compatible")]

    def cpus(self):
        """reg of each CPU, in order of vCPU, as VMPIDR_EL2 has it."""
        cpus = self.root.child("cpus")
        nodes = [n for n in (cpus.children if cpus else []) if n.texts("device_type") == ["cpu"]]
        wanted = [r.vmpidr & AFFINITY for r in self.evidence.config.of_vm("vcpu", self.vm)]
        found = [fdt.number(n.cells("reg")) for n in nodes]
        self.expect(found == wanted, f"the CPUs are {found}, expected {wanted}")
        self.expect(all(n.texts("enable-method") == ["psci"] for n in nodes),
                    "a CPU is not started by PSCI")
        self.known |= {*nodes, *([cpus] if cpus else [])}

    def memory(self):
        """Memory nodes are the RAM windows that the guest may read and write."""
        nodes = [n for n in self.root.children if n.texts("device_type") == ["memory"]]
        found = sorted(r for n in nodes for r in n.ranges_of())
        both = layout.ACCESS_R | layout.ACCESS_W
        wanted = [(w.ipa, w.size) for w in self.evidence.windows[self.number]
                  if w.kind == layout.WINDOW_RAM and w.access & both == both]
        self.expect(found == wanted, f"the memory is {_hex(found)}, granted is {_hex(wanted)}")
        self.known |= set(nodes)

    def shared(self):
        """Shared windows, by the name of the shared memory."""
        nodes = self.of_kind("bulkhead,shared-memory")
        found = [(n.texts("label"), n.ranges_of(), "read-only" in n.properties) for n in nodes]
        wanted = [([w.shared], [(w.ipa, w.size)], not w.access & layout.ACCESS_W)
                  for w in self.evidence.windows[self.number] if w.shared]
        self.expect(sorted(found) == sorted(wanted),
                    "the shared memory is not that of the tables")
        self.known |= set(nodes)

    def gic(self):
        """Distributor and redistributors where the VM's emulated GIC is; with a GICv2 the CPU
        interface, the first page of which is mapped."""
        if self.evidence.board.gic_version == 3:
            nodes = self.of_kind("arm,gic-v3")
            wanted = [(self.vm.gicd_ipa, 0x10000),
                      (self.vm.gicr_ipa, 0x20000 * self.vm.vcpu_count)]
        else:
            nodes = self.of_kind("arm,cortex-a15-gic")
            wanted = [(self.vm.gicd_ipa, 0x1000),
                      *((w.ipa, 0x2000) for w in self.evidence.windows[self.number]
                        if w.kind == layout.WINDOW_GICV)]
        self.expect(len(nodes) == 1 and nodes[0].ranges_of() == wanted
                    and "interrupt-controller" in nodes[0].properties
                    and self.root.cell("interrupt-parent", 0) == nodes[0].cell("phandle", -1),
                    "the GIC is not that of the tables")
        self.known |= set(nodes)

    def emulated(self):
        """Emulated devices with address and interrupt."""
        wanted = sorted(([(d.at, 2 if d.kind == "pvpanic" else 0x1000)],
                         [] if d.intid is None else [SPI, d.intid - 32, LEVEL],
                         COMPATIBLE[d.kind]) for d in self.described.emulated)
        nodes = [n for compatible in COMPATIBLE.values() for n in self.of_kind(compatible)
                 if n not in self.passed_through()]
        found = sorted((n.ranges_of(), n.cells("interrupts"), n.texts("compatible")[0])
                       for n in nodes)
        self.expect(found == wanted, "the emulated devices are not those of the tables")
        self.known |= set(nodes)

    def passed_through(self):
        """{node: Assigned} of the devices of the board, found by their guest address."""
        found = {}
        windows = {w.name: w for w in reversed(self.evidence.windows[self.number])
                   if w.kind == layout.WINDOW_DEVICE}
        for assigned in self.described.assigned:
            device = board_device(self.evidence, assigned)
            shift = windows[assigned.name].ipa - windows[assigned.name].pa
            wanted = [(base + shift, size) for base, size in device.ranges]
            for node in self.root.children:
                if "reg" in node.properties and node.ranges_of() == wanted \
                        and node.texts("compatible") == device.node.texts("compatible"):
                    found[node] = assigned
        return found

    def assigned(self):
        """Devices of the board: registers, kind and interrupts."""
        found = self.passed_through()
        self.expect(sorted(a.name for a in found.values()) ==
                    sorted(a.name for a in self.described.assigned),
                    "the assigned devices are not those of the tables")
        for node, assigned in found.items():
            interrupts = board_device(self.evidence, assigned).interrupts
            shift = 0 if assigned.intid is None or not interrupts else (
                assigned.intid - interrupts[0][0])
            wanted = [(intid - 32 + shift, edge) for intid, edge in interrupts]
            cells = node.cells("interrupts")
            got = [(cells[i + 1], cells[i + 2] in (1, 2)) for i in range(0, len(cells) - 2, 3)
                   if cells[i] == SPI]
            self.expect(got == wanted and len(cells) == 3 * len(wanted),
                        f"{node.path} has other interrupts than the tables grant")
            self.known.add(node)
            self.known |= {n for n in node.walk() if "reg" in n.properties and n is not node
                           and "interrupts" not in n.properties}

    def ppis(self, numbers):
        """Their cells; with a GICv2 the flags name the CPU interfaces that have them, from bit 8."""
        mask = (1 << self.vm.vcpu_count) - 1 if self.evidence.board.gic_version == 2 else 0
        return [cell for number in numbers for cell in (PPI, number, LEVEL | mask << 8)]

    def fixed(self):
        """Timer, PMU, PSCI and the command line."""
        timers, pmus = self.of_kind("arm,armv8-timer"), self.of_kind("arm,armv8-pmuv3")
        self.expect([n.cells("interrupts") for n in timers] == [self.ppis(TIMER_PPIS)],
                    "the timer's interrupts are not those that the hypervisor gives")
        has_pmu = self.described.flags >> layout.VM_FLAGS.index("pmu") & 1
        self.expect([n.cells("interrupts") for n in pmus] ==
                    ([self.ppis(PMU_PPIS)] if has_pmu else []),
                    "the PMU is not as granted")
        self.expect([n.texts("method") for n in self.of_kind("arm,psci-1.0")] ==
                    [[self.described.conduit]], "PSCI is not called as described")
        self.known |= {*timers, *pmus}
        chosen = self.root.child("chosen")
        bootargs = chosen.texts("bootargs") if chosen is not None else []
        self.expect((bootargs or [""]) == [self.described.boot.cmdline],
                    "the command line is not the described one")
        self.initrd(chosen)

    def initrd(self, chosen):
        """Its size; that its bytes are there is PROP-CONTENTS."""
        name = self.described.boot.initrd
        bounds = [fdt.number(chosen.cells(f"linux,initrd-{w}")) for w in ("start", "end")
                  if f"linux,initrd-{w}" in chosen.properties] if chosen else []
        if name is None:
            self.expect(not bounds, "there is an initrd that is not described")
        else:
            self.expect(len(bounds) == 2 and bounds[1] - bounds[0] ==
                        len(self.evidence.files.data(name)), "the initrd has another size")


def _hex(pairs):
    return ", ".join(f"0x{base:x}+0x{size:x}" for base, size in pairs) or "nothing"
