"""Which vCPU runs on which CPU, what affinity the guest sees, and who serves the console.

Promises: a CPU that a description names is used as named; a VM that gives a number gets the
lowest CPUs that neither a VM nor the schedule names, in the order of the description.
INV-CPU-RESIDENTS, INV-VCPU-CPU and INV-VMPIDR hold for every plan that passes the checks.

@req CPU-1
"""

from generator.planned import PlannedVcpu

VMPIDR_RES1 = 1 << 31  # MPIDR_EL1 bit 31 is RES1 [DDI0487 D24.2]
CPUS_IN_AFF1 = 16  # one SGI target list covers 16 values of Aff0 [IHI0069 12.2.22]


def guest_affinity(index):
    """The affinity fields of a VM's vCPU, as the guest's devicetree lists them."""
    return (index // CPUS_IN_AFF1) << 8 | index % CPUS_IN_AFF1


def planned_vcpus(system):
    """Every vCPU, by VM then index."""
    count = len(system.board.cpus)
    named = {cpu.value for vm in system.vms for cpu in vm.cpu_list}
    named |= {table.cpu for mode in system.schedule.modes for table in mode.tables}
    free = [cpu for cpu in range(count) if cpu not in named]
    vcpus = []
    for vm in system.vms:
        for index, (cpu, place, reason) in enumerate(_cpus_of(vm, free, count)):
            vcpus.append(PlannedVcpu(len(vcpus), vm.id, index, cpu,
                                     VMPIDR_RES1 | guest_affinity(index), place, reason))
    return tuple(vcpus)


def _cpus_of(vm, free, count):
    for cpu in vm.cpu_list:
        yield (cpu.value if 0 <= cpu.value < count else None), cpu.place, "as described"
    if not vm.cpu_list:
        place = vm.cpu_count.place or vm.place
        for _ in range(min(vm.cpu_count.value, count)):
            if free:
                yield free.pop(0), place, "the lowest CPU that no VM names"
            else:
                yield None, place, "no CPU is left"


def console_cpu(system, vcpus):
    """(CPU, reason); no CPU where the hypervisor has no console."""
    given = system.hypervisor.console_cpu
    if not system.hypervisor.has_console.value:
        return None, "the hypervisor has no console"
    if given.is_given:
        return given.value, "as described"
    used = {v.cpu for v in vcpus}
    for cpu in range(len(system.board.cpus)):
        if cpu not in used:
            return cpu, "default: the first CPU without a vCPU"
    return 0, "default: every CPU has a vCPU, so CPU 0"
