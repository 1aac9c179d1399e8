"""The properties, in the order in which they are looked at: those that the others rest on first.

@req EVID-1
"""

from verifier.properties import (cpus, devices, el2, form, guest_tree, health, images, interrupts,
                                 life, memory, registers, schedule, settings, tables)
from verifier.verdict import Property

# Others index tables by each other's numbers only where these hold.
FOUNDATION = (
    Property("PROP-FORM", "the tables have the form that the runtime indexes", form.tables),
)

PROPERTIES = (
    Property("PROP-REGISTERS", "TCR_EL2, MAIR_EL2 and VTCR_EL2 are what the tables are read under",
             registers.values),
    Property("PROP-CODE", "the code writes these values, the tables' addresses, and HCR_EL2 with "
             "stage 2 on", registers.code),
    Property("PROP-DESCRIPTORS", "every descriptor is legal, its reserved and unused bits zero",
             tables.descriptors, "vm"),
    Property("PROP-TREES", "every table is constant, used once, and by one tree", tables.trees,
             "vm"),
    Property("PROP-EL2-MAP", "EL2 maps what it needs, at its own address, and nothing else",
             el2.exact),
    Property("PROP-EL2-WX", "nothing at EL2 is both writable and executable", el2.write_or_execute),
    Property("PROP-EL2-CONST", "EL2 cannot write its tables and the guests' pristine images",
             el2.constants),
    Property("PROP-EL2-GUARD", "an unmapped page lies below each EL2 stack", el2.guards),
    Property("PROP-VM-MEMORY", "each VM reaches exactly its windows, with their rights and types",
             memory.exact, "vm"),
    Property("PROP-VM-APART", "two VMs meet only in declared shared memory, and in what hardware "
             "banks by CPU", memory.apart, "vm"),
    Property("PROP-EL2-APART", "no VM reaches the hypervisor's memory or devices",
             memory.hypervisor_apart, "vm"),
    Property("PROP-DEVICES", "a VM reaches device registers only of devices that it was assigned",
             devices.registers, "vm"),
    Property("PROP-ATTRIBUTES", "no physical page is cacheable memory to one and device to another",
             memory.attributes),
    Property("PROP-EMULATED", "emulated devices are where they are declared, and nothing is mapped "
             "there", devices.emulated, "vm"),
    Property("PROP-INTERRUPTS", "every interrupt has one owner", interrupts.owners, "vm"),
    Property("PROP-CPUS", "every vCPU lives on one CPU, both tables agreeing", cpus.homes, "vm"),
    Property("PROP-SLOTS", "the slots of a CPU are in order, apart, inside the frame, and of vCPUs "
             "that live there", schedule.slots),
    Property("PROP-SCHEDULE", "modes, frames and written slots are the description's, to the tick",
             schedule.described),
    Property("PROP-TIME", "every vCPU has its CPU always, or slots in every mode, and its budget "
             "in every period", schedule.times, "vm"),
    Property("PROP-LOADS", "each start of a VM clears or fills each byte of its RAM once",
             images.coverage, "vm"),
    Property("PROP-CONTENTS", "a VM starts with the files of the description, inside its windows",
             images.contents, "vm"),
    Property("PROP-ENTRY", "a VM starts where and with what the description says", images.entry,
             "vm"),
    Property("PROP-GUEST-TREE", "the guest's devicetree describes exactly what the tables grant",
             guest_tree.exact, "vm"),
    Property("PROP-SETTINGS", "names, grants and choices are the description's", settings.choices,
             "vm"),
    Property("PROP-HEALTH", "each fault of each VM is answered as the description says",
             health.answers, "vm"),
    Property("PROP-LIFE", "VMs control and wait for one another as the description says",
             life.rights, "vm"),
    Property("PROP-BOARD", "addresses of RAM, CPUs, GIC, console and clock are the board's",
             settings.board),
    Property("PROP-LAYOUT", "the compiler laid the C types out as they are read here", form.layout),
)
