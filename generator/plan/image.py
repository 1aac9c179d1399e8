"""The slots of the system image: where code, tables, data, stacks and guest images lie.

Promises: each slot starts and ends on 4 KiB and has one permission; the linker script asserts
that what the compiler made fits its slot (INV-SLOT-FIT). Sizes follow from the counts of the
plan, so a description with more VMs gets larger tables and nothing else changes.

@req CORE-2
"""

from dataclasses import dataclass

from generator.model import PAGE, Range
from generator.planned import Image, PlannedCpu, Slot
from generator.units import align_up

KIB = 1 << 10
TEXT_BYTES = 256 * KIB
RODATA_BYTES = 256 * KIB  # of the runtime itself, with its symbol table
DATA_BYTES = 128 * KIB  # of the runtime itself
STACK_BYTES = 16 * KIB
SPI_BYTES = 16  # vGIC state
VCPU_BYTES = KIB  # registers and vGIC state
# What turns move of the vector registers besides (runtime/vm/vcpu_vectors.c), with the longest vectors.
SVE_BYTES = 9 * KIB
SME_BYTES = 65 * KIB
CONSOLE_BYTES = 8 * KIB  # rings of a console source
ROOT_PADDING = PAGE  # before a root that is aligned to 8 KiB
ROW_BYTES = 64  # no row of a generated table is larger, but for those of VMs
VM_ROW_BYTES = 512  # with its strings


@dataclass(frozen=True)
class Counts:
    """How much of everything the tables hold."""

    cpus: int
    vms: int
    vcpus: int
    vector_bytes: int  # of all vCPUs: SVE_BYTES, SME_BYTES
    rows: int  # of all other tables
    spis: int
    intid_limit: int
    consoles: int
    table_bytes: int  # translation tables


def image_layout(board, counts):
    """The slots but for the guest images, whose slot has size 0 still."""
    config = VM_ROW_BYTES * counts.vms + ROW_BYTES * (counts.rows + counts.cpus + counts.vcpus)
    config += 2 * counts.intid_limit
    tables = counts.table_bytes + ROOT_PADDING * (counts.vms + 1)
    rodata = align_up(RODATA_BYTES + tables + config, 64 * KIB)
    data = DATA_BYTES + SPI_BYTES * counts.spis + VCPU_BYTES * counts.vcpus
    data += counts.vector_bytes
    data = align_up(data + CONSOLE_BYTES * (counts.consoles + 1), PAGE)
    stacks = counts.cpus * (PAGE + STACK_BYTES)
    text_end = board.image_base + TEXT_BYTES
    rodata_end = text_end + rodata
    data_end = rodata_end + data
    end = data_end + stacks
    slots = (
        Slot("text", board.image_base, TEXT_BYTES, "rx", "256 KiB for the runtime's code"),
        Slot("rodata", text_end, rodata, "r",
             f"256 KiB for the runtime, {counts.table_bytes} bytes of translation tables, "
             f"{config} for the generated tables"),
        Slot("data", rodata_end, data, "rw",
             f"128 KiB for the runtime; state of {counts.spis} virtual SPIs, {counts.vcpus} "
             f"vCPUs and {counts.consoles + 1} console sources"),
        Slot("stacks", data_end, stacks, "rw",
             f"16 KiB and an unmapped page below for each of {counts.cpus} CPUs"),
        Slot("guests", end, 0, "r", "packed guest images"),
    )
    return Image(board.image_base, end, slots, STACK_BYTES)


def with_blobs(image, blobs):
    """The image with its guest images behind the stacks."""
    guests = image.slots[-1]
    end = align_up(blobs[-1].pa + blobs[-1].size, PAGE) if blobs else guests.base
    last = Slot(guests.name, guests.base, end - guests.base, guests.access, guests.reason)
    return Image(image.base, end, (*image.slots[:-1], last), image.stack_bytes)


def planned_cpus(board, image, vcpus):
    """The CPUs with their stacks and vCPUs."""
    stacks = image.slot("stacks")
    step = PAGE + image.stack_bytes
    return tuple(
        PlannedCpu(cpu.id, cpu.mpidr, tuple(v.id for v in vcpus if v.cpu == cpu.id),
                   Range(stacks.base + cpu.id * step + PAGE, image.stack_bytes))
        for cpu in board.cpus)
