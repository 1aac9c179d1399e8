"""Rules about what a VM may use of the CPU and of the firmware.

@req CORE-8, DESC-3
"""

from generator.nearest import meant_or_listed

PSCI_IDS = ((0x84000000, 0x8400001F), (0xC4000000, 0xC400001F))  # [DEN0022 5]
TRNG_IDS = ((0x84000050, 0x8400005F), (0xC4000050, 0xC400005F))  # [DEN0098]
ARCH_IDS = ((0x80000000, 0x8000FFFF), (0xC0000000, 0xC000FFFF))  # [DEN0028 7]
FAST_CALL = 1 << 31  # [DEN0028 2.5]


def grant_missing(context):
    """grant-missing: the board's CPUs have it."""
    for vm in context.vms:
        for grant in vm.grants:
            if grant.value not in context.board.grants:
                context.error("grant-missing", grant.place,
                              f"the CPUs of `{context.board.name}` cannot grant `{grant.value}`",
                              remedy=meant_or_listed("", sorted(context.board.grants))
                              or "remove it")


def smc_allow_answered(context):
    """smc-allow-psci, smc-allow-answered, smc-allow-yielding."""
    for vm in context.vms:
        for call in vm.smc_allow:
            if _is_in(call.value, PSCI_IDS):
                context.error("smc-allow-psci", call.place,
                              f"0x{call.value:08x} is a PSCI call: the firmware's would switch off "
                              "real CPUs or the whole machine",
                              remedy="remove it; the VM has a PSCI of its own")
            elif _is_in(call.value, ARCH_IDS) or (
                    vm.has_grant("trng") and _is_in(call.value, TRNG_IDS)):
                context.error("smc-allow-answered", call.place,
                              f"0x{call.value:08x} is answered by the hypervisor itself",
                              remedy="remove it")
            elif not call.value & FAST_CALL:
                context.error("smc-allow-yielding", call.place,
                              f"0x{call.value:08x} is a yielding call (bit 31 is 0): the firmware "
                              "may leave it half done, which only one VM could resume",
                              remedy="use the service's fast calls")


def _is_in(value, ranges):
    return any(first <= value <= last for first, last in ranges)


def smc_allow_nobody(context):
    """smc-allow-nobody: a board whose firmware leaves nothing at EL3."""
    if context.board.firmware == "psci":
        return
    for vm in context.vms:
        for call in vm.smc_allow:
            context.error("smc-allow-nobody", call.place,
                          f"0x{call.value:08x} cannot go on to EL3: `{context.board.name}` has no "
                          "firmware there (its CPUs wait at a spin table)", remedy="remove it")


RULES = (grant_missing, smc_allow_answered, smc_allow_nobody)
