"""PROP-CPUS: vCPUs and CPUs. Covers INV-CPU-RESIDENTS, INV-VCPU-CPU, INV-VMPIDR.

@req EVID-1
"""

from verifier import layout
from verifier.expected import cpu_choice
from verifier.verdict import SYSTEM

VMPIDR_RES1 = 1 << 31


def affinity(index):
    """Affinity of vCPU `index`: 16 to a cluster, as GICv3 can address them [IHI0069 2.3.3]."""
    return index // 16 << 8 | index % 16


def homes(evidence, result):
    """Both tables say the same, and what the description says."""
    config = evidence.config
    choice = cpu_choice(evidence.description, len(evidence.board.cpus))
    for (vm, described), cpus in zip(evidence.vms, choice):
        rows = config.of_vm("vcpu", vm)
        result.expect([r.cpu for r in rows] == cpus, described.name, f"its vCPUs run on CPUs "
                      f"{[r.cpu for r in rows]}; declared are {cpus}", vm.at)
        for row in rows:
            wanted = VMPIDR_RES1 | affinity(row.index)
            result.expect(row.vmpidr == wanted, described.name, f"vCPU {row.index} has MPIDR "
                          f"0x{row.vmpidr:x}, expected 0x{wanted:x}", row.at)
    for cpu in config.cpus:
        living = [row.id for row in config.vcpus if row.cpu == cpu.id]
        found = config.residents_of(cpu)
        result.expect(found == living, SYSTEM, f"the residents of CPU {cpu.id} are vCPUs {found} "
                      f"of cfg_vcpus; {living} live there", cpu.at)
        first = (living or [layout.NONE])[0]
        result.expect(cpu.vcpu == first, SYSTEM, f"CPU {cpu.id} runs vCPU {cpu.vcpu}, the first "
                      f"that lives there is {first}", cpu.at)
