"""PROP-CPUS: vCPUs and CPUs. Covers INV-CPU-ONE-VCPU, INV-VCPU-CPU, INV-VMPIDR.

@req EVID-1
"""

from verifier import layout
from verifier.expected import cpu_choice
from verifier.verdict import SYSTEM

VMPIDR_RES1 = 1 << 31


def affinity(index):
    """Affinity of vCPU `index`: 16 to a cluster, as GICv3 can address them [IHI0069 2.3.3]."""
    return index // 16 << 8 | index % 16


def pinned(evidence, result):
    """Both tables say the same, and what the description says."""
    config = evidence.config
    choice = cpu_choice(evidence.description, len(evidence.board.cpus))
    for (vm, described), cpus in zip(evidence.vms, choice):
        rows = config.of_vm("vcpu", vm)
        result.expect([r.cpu for r in rows] == cpus, described.name, f"its vCPUs run on CPUs "
                      f"{[r.cpu for r in rows]}; declared are {cpus}", vm.at)
        for row in rows:
            back = config.cpus[row.cpu].vcpu if row.cpu < len(config.cpus) else None
            result.expect(back == row.id, described.name, f"vCPU {row.index} is pinned to CPU "
                          f"{row.cpu}, which runs vCPU {back} of cfg_vcpus", row.at)
            wanted = VMPIDR_RES1 | affinity(row.index)
            result.expect(row.vmpidr == wanted, described.name, f"vCPU {row.index} has MPIDR "
                          f"0x{row.vmpidr:x}, expected 0x{wanted:x}", row.at)
    for cpu in config.cpus:
        good = cpu.vcpu == layout.NONE or (cpu.vcpu < len(config.vcpus)
                                           and config.vcpus[cpu.vcpu].cpu == cpu.id)
        result.expect(good, SYSTEM, f"CPU {cpu.id} runs vCPU {cpu.vcpu}, which is pinned elsewhere",
                      cpu.at)
        result.expect(cpu.stack_reserved == 0, SYSTEM, f"cfg_cpus[{cpu.id}].stack_reserved is not "
                      "0", cpu.at)
