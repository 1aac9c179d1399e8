"""PROP-FORM and PROP-LAYOUT: the tables decode, their slices tile, their ids exist.

Covers INV-SLICE, INV-VMID-UNIQUE, INV-SPI-COUNT and the ids of INV-VCPU-CPU and of the schedules.
[config/config.h]

@req EVID-1
"""

from verifier import layout as types
from verifier.config import SLICES, STRUCTS
from verifier.verdict import SYSTEM

OWNERS = {"vms": "VM", "cpus": "CPU", "cpu_schedules": "schedule", "slots": "slot"}


def tables(evidence, result):
    """Everything by which one table points into another."""
    config = evidence.config
    result.count(SYSTEM, sum(config.sizes.values()))
    _identity(evidence, result)
    _numbers(config, result)
    _slices(config, result)
    _ids(config, result)


def _identity(evidence, result):
    system, config = evidence.config.system, evidence.config
    result.expect(system.magic == types.MAGIC, SYSTEM, "cfg_system.magic is not BULKHEAD",
                  system.at)
    result.expect(system.abi_version == types.ABI_VERSION, SYSTEM,
                  f"the tables have version {system.abi_version}; this verifier reads "
                  f"{types.ABI_VERSION}", system.at)
    described = [vm.name for vm in evidence.description.vms]
    if config.system_name != evidence.description.system or config.vm_names != described:
        result.wrong(SYSTEM, "the image was built from another description: it has system "
                     f"`{config.system_name}` with {_list(config.vm_names)}, the description "
                     f"`{evidence.description.system}` with {_list(described)}")


def _list(names):
    return ", ".join(f"`{n}`" for n in names[:8]) + (", ..." if len(names) > 8 else "")


def _numbers(config, result):
    result.expect(len(config.cpus) < types.NONE, SYSTEM, "there are too many CPUs")
    vmids = {}
    for vm in config.vms:
        other = vmids.setdefault(vm.vmid, vm.id)
        result.expect(0 < vm.vmid < 256 and other == vm.id, SYSTEM,
                      f"cfg_vms[{vm.id}] has VMID {vm.vmid}"
                      + (f", as has cfg_vms[{other}]" if other != vm.id else
                         "; VMIDs are 1 to 255"), vm.at)
        result.expect(vm.spi_count % 32 == 0 and 32 <= vm.spi_count <= 960, SYSTEM,
                      f"cfg_vms[{vm.id}].spi_count is {vm.spi_count}", vm.at)


def _slices(config, result):
    for owner, kinds in SLICES.items():
        for kind, target in kinds.items():
            at = 0
            for row in getattr(config, owner):
                first = getattr(row, f"first_{kind}")
                result.expect(first == at, SYSTEM, f"cfg_{owner}[{row.id}].first_{kind} is "
                              f"{first}, the slice of the {OWNERS[owner]} before ends at {at}",
                              row.at)
                at = first + getattr(row, f"{kind}_count")
            rows = len(getattr(config, target))
            result.expect(at == rows, SYSTEM, f"the {OWNERS[owner]}s use {at} rows of "
                          f"cfg_{target}, it has {rows}", config.places[f"cfg_{target}"])
    places = len(config.modes) * len(config.cpus)
    result.expect(len(config.cpu_schedules) == places, SYSTEM, f"{len(config.cpus)} CPUs have "
                  f"{len(config.cpu_schedules)} schedules in {len(config.modes)} modes",
                  config.places["cfg_cpu_schedules"])
    at = 0
    for vm in config.vms:
        result.expect(vm.first_spi == at, SYSTEM, f"cfg_vms[{vm.id}].first_spi is "
                      f"{vm.first_spi}, the SPIs of the VM before end at {at}", vm.at)
        at = vm.first_spi + vm.spi_count


def _ids(config, result):
    """Every id points at a row that points back."""
    for vm in config.vms:
        for kind in ("vcpu", "irq"):
            for row in config.of_vm(kind, vm):
                result.expect(row.vm == vm.id, SYSTEM, f"cfg_{kind}s[{row.id}].vm is {row.vm}, "
                              f"and it lies in the slice of cfg_vms[{vm.id}]", row.at)
        for index, row in enumerate(config.of_vm("vcpu", vm)):
            result.expect(row.index == index, SYSTEM, f"cfg_vcpus[{row.id}].index is {row.index}, "
                          f"it is number {index} of its VM", row.at)
        result.expect(vm.vcpu_count > 0, SYSTEM, f"cfg_vms[{vm.id}] has no vCPU", vm.at)
    for row in config.windows:
        result.expect(row.kind < len(types.WINDOW_KINDS), SYSTEM, f"cfg_windows[{row.id}].kind is "
                      f"{row.kind}", row.at)
    for what in ("residents", "slot_members"):
        for row in getattr(config, what):
            result.expect(row.value < len(config.vcpus), SYSTEM, f"cfg_{what}[{row.id}] is vCPU "
                          f"{row.value}, there are {len(config.vcpus)}", row.at)
    for row in config.vcpus:
        result.expect(row.cpu < len(config.cpus), SYSTEM, f"cfg_vcpus[{row.id}].cpu is {row.cpu}, "
                      f"there are {len(config.cpus)}", row.at)
    for row in (*config.pl011s, *config.pl031s, *config.sp805s, *config.pvpanics):
        result.expect(row.vm < len(config.vms), SYSTEM, f"an emulated device is of VM {row.vm}",
                      row.at)


def layout(evidence, result):
    """Sizes and offsets of each struct against the debugging data, where there is any."""
    result.count(SYSTEM, len(evidence.config.sizes))
    try:
        found = evidence.debug_layout
    except ValueError as error:
        result.wrong(SYSTEM, str(error))
        return
    if isinstance(found, str):
        return
    for kind in sorted(STRUCTS, key=lambda k: k.tag):
        size, members = found.get(kind.tag, (kind.size, kind.offsets))
        result.expect((size, members) == (kind.size, kind.offsets), SYSTEM,
                      f"struct {kind.tag} is laid out otherwise than this verifier reads it")
