"""The rows of the table: what they are, our goal, and what others need for the same.

The figures of others are medians of 1000 runs of one bare-metal guest on the same QEMU model and
with the same flags (Bao, Jailhouse, Xen 4.20, KVM). What that guest needed without a hypervisor is
known, too; ours must need the same there, or the two do not measure the same thing.

@req PERF-1
"""

from dataclasses import dataclass

OTHERS = ("Bao", "Jailhouse", "Xen 4.20", "KVM")
ALREADY_ON = 2**64 - 4


@dataclass(frozen=True)
class Row:
    name: str                # in the record: stays as it is
    text: str
    goal: int | None = None
    others: tuple = (None,) * len(OTHERS)
    bare: int | None = None  # what the others' guest needed without a hypervisor
    answer: int | None = None  # what the guest must have got from Bulkhead; None: not checked


COMPARED = (
    Row("null_call_hvc", "null call (PSCI_VERSION by HVC), there and back",
        60, (203, 137, 464, 1695), 1, 0x10001),
    Row("read_gicd_typer", "read GICD_TYPER",
        110, (225, 285, 589, 2443), 1),
    Row("write_gicd_isenabler", "write GICD_ISENABLER of an owned SPI",
        200, (3565, 984, 728, 2589), 1),
    Row("write_gicd_ipriorityr_byte", "write GICD_IPRIORITYR, one byte",
        150, (376, 429, 669, 2496), 1),
    Row("read_gicr_typer", "read GICR_TYPER",
        110, (267, 259, 590, 2447), 1),
    Row("sgi_self_to_handler", "SGI to self, to the handler's first instruction",
        140, (801, 1452, 1027, 3163), 2, 1),
    Row("vtimer_to_handler", "virtual timer deadline to the handler's first instruction",
        100, (200, 207, 1085, 3028), 1, 27),
    Row("wfi_vtimer_to_handler", "WFI, deadline to the handler",
        110, (204, 211, 4350, 10964), 5, 27),
    Row("sgi_other_to_handler", "SGI to the other vCPU, one way (both CPUs' instructions)",
        300, (805, 1456, 1594, 5471), 6),
    Row("lost_in_20_million", "lost in 20 million instructions with nothing due",
        0, (0, 0, 5304, 29199), 0, 0),
    Row("boot", "reset to the guest's first instruction, copying of images aside",
        60000, (382307, 572324, 24700000, None)),
    Row("text_rodata_bytes", "text and rodata, generated tables aside, no console, bytes",
        48 * 1024, (72134, 66782, 713908, 92695)),
)
# Beside the last row: of the image that the other rows are from.
SIZE_WITH_CONSOLE = Row("text_rodata_console_bytes", "the same with EL2's console and log, bytes",
                        None, COMPARED[-1].others)

MORE = (
    Row("psci_features", "PSCI_FEATURES", answer=0),
    Row("psci_affinity_info", "AFFINITY_INFO of itself", answer=0),
    Row("psci_migrate_info_type", "MIGRATE_INFO_TYPE", answer=2),
    Row("psci_cpu_on_running", "CPU_ON of a vCPU that runs", answer=ALREADY_ON),
    Row("smccc_version", "SMCCC_VERSION", answer=0x10002),
    Row("smccc_arch_features", "SMCCC_ARCH_FEATURES", answer=0),
    Row("write_gicd_isenabler_again", "write GICD_ISENABLER of an SPI that is enabled"),
    Row("el0_write_gicd_ipriorityr_byte",
        "write GICD_IPRIORITYR, one byte, unprivileged (EL0)", answer=0x15),
    Row("write_gicd_irouter", "write GICD_IROUTER of an owned SPI"),
    Row("read_gicr_isenabler0", "read GICR_ISENABLER0"),
    Row("read_pl011_fr", "read UARTFR of the emulated PL011"),
    Row("read_id_aa64pfr0", "trapped system register: read ID_AA64PFR0_EL1"),
    Row("end_sgi", "acknowledge and end an SGI (2 instructions of the guest)", answer=0),
    Row("end_passed_through_spi",
        "acknowledge, silence and end a passed-through SPI (3 instructions of the guest)",
        answer=39),
    Row("sgi_masked", "SGI to self while interrupts are masked, there and back"),
    Row("sgi_lists_full", "the same with all list registers in use"),
    Row("take_five_of_four_listed",
        "acknowledge and end five interrupts, four list registers (10 instructions of the guest)",
        answer=4),
    Row("spurious", "SPI made pending, withdrawn, acknowledged as 1023 (3 instructions of the guest)",
        answer=1023),
    Row("spi_device_to_handler", "line of a passed-through device to the handler", answer=39),
    Row("spi_set_pending_to_handler", "owned SPI set pending by register, to the handler", answer=39),
    Row("spi_storm", "a line that stays up: for each interrupt of 1000", answer=39),
    Row("sgi_storm", "16 SGIs sent to self while masked, then taken: for each", answer=15),
)

# Only with several vCPUs.
GROWING = (
    Row("sgi_all_others_to_handlers", "SGI to all other vCPUs, to the last handler"),
)

# Rows of the guest that the main table takes from the VM with two vCPUs.
NEEDS_TWO = ("sgi_other_to_handler",)
# Rows whose largest value QEMU can make larger. When the main loop looks at the machine after WFI
# and before QEMU has counted the last instructions, it moves the clock to the deadline and as many
# further: never less, and not in the same run twice.
SLEEPING = ("wfi_vtimer_to_handler",)
# Rows that depend on the devicetree that QEMU hands over.
OF_THE_START = ("boot", "start")
# The image without a console, and the one with as many vCPUs that it is compared with.
SILENT, SILENT_VCPUS = "silent", 2
VCPU_COUNTS = (1, 2, 4, 8)


def by_name():
    return {row.name: row for row in COMPARED + MORE + GROWING + (SIZE_WITH_CONSOLE,)}


def name_with_vcpus(name, vcpus):
    """How a row of the VM with so many vCPUs is called in the record."""
    return f"{name}@{vcpus}"


def plain_name(name):
    return name.split("@")[0]


def guest_rows(vcpus):
    """The names that the guest must report with so many vCPUs."""
    ours = ("boot", "text_rodata_bytes")
    names = [row.name for row in COMPARED + MORE if row.name not in (*ours, *NEEDS_TWO)]
    return names + ([*NEEDS_TWO, *(row.name for row in GROWING)] if vcpus > 1 else [])
