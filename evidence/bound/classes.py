"""The classes of stays at EL2 that a bound is given for.

A class is a way in and a set of functions: those stays that enter, of all the functions that tell
classes apart, only these. So "reads and writes of the distributor" are the synchronous exits that
of the handlers of exceptions enter data_abort alone, of those of devices vgic_gicd_access alone,
and that neither inject an abort nor leave the guest. What a stay enters is seen when it is
measured (scripts/plugin/stays.c), and excluded when it is bounded, so that both speak of the same.

@req EVID-4
"""

from dataclasses import dataclass

from evidence.build import EvidenceError

# Tables whose functions tell classes apart: (source file of a static table or "", name).
TABLES = {
    "exception": ("", "exception_handlers"),
    "device": ("", "mmio_devices"),
    "service": ("", "smccc_services"),
    "psci": ("psci.c", "functions"),
    "plain": ("psci.c", "plain_functions"),
}
CALLS = ("hvc", "smc")
MMIO = "data_abort"
SYSREG = "sysreg_trap"
PSCI = "psci_call"
# Each tries first whether the exit can be a short one (world/ns/exit.c).
SHORT = {MMIO: "mmio_abort_short", SYSREG: "sysreg_trap_short", PSCI: "psci_call_plain"}
SGI = "vgic_sgi1r_short"
# Further ones: what an exit can end with, and what an interrupt can be.
REFUSES = "apply_rare"
LEAVES = "cpu_next_vcpu"
INTERRUPTS = {
    "vgic_inject_hw": "timer or PMU of the guest",
    "vgic_inject_hw_spi": "passed-through device",
    "vgic_maintenance": "list registers (maintenance)",
    "console_service": "console",
    "timer_interrupt": "EL2 timer",
    "vgic_sync": "message that the virtual GIC has news",
    "serve_messages": "message of another CPU",
}
# What of those one of them can lead to.
LEADS_TO = {"serve_messages": ("vgic_sync", "console_service"),
            "timer_interrupt": ("console_service",)}
LIFE = ("life_follow", "life_start_vcpu", "life_finish")
# Only a machine that stops enters these: what is on their way is no stay.
NEVER = ("put", "power_off")
# What an image without a console need not have, and how one with a console is told.
OF_CONSOLE = ("console_service", "timer_interrupt", "put")
CONSOLE = "console_start"


@dataclass(frozen=True)
class Class:
    """title: for people; start: names of the ways in (a vector, or "wake"); allowed: functions
    that it may enter; needs: those that it does enter, of which `any_of` one."""
    title: str
    start: tuple
    allowed: frozenset
    needs: frozenset = frozenset()
    any_of: frozenset = frozenset()

    def holds(self, start, entered):
        """Is a stay that begins at `start` and enters `entered` of this class?"""
        return (start in self.start and entered <= self.allowed and self.needs <= entered
                and (not self.any_of or bool(self.any_of & entered)))


SYNC = ("lower sync", "lower AArch32 sync")
IRQ = ("lower irq", "lower AArch32 irq", "lower fiq", "lower AArch32 fiq")
SERROR = ("lower serror", "lower AArch32 serror")
WAKE = ("wake",)


def table_names(linked, key):
    """Names of the functions in the const table TABLES[key]."""
    file, name = TABLES[key]
    symbol = linked.image.object(name, file)
    data = linked.image.bytes_at(symbol.address, symbol.size)
    words = {int.from_bytes(data[i:i + 8], "little") for i in range(0, len(data) - 7, 8)}
    return sorted(linked.functions[w] for w in words if w in linked.functions)


def classifiers(linked):
    """Names of all functions that tell classes apart."""
    names = {n for key in TABLES for n in table_names(linked, key)}
    names |= {REFUSES, LEAVES, *SHORT.values(), SGI, *INTERRUPTS, *LIFE, *NEVER}
    if CONSOLE not in linked.by_name:
        names -= {n for n in OF_CONSOLE if n not in linked.by_name}
    missing = sorted(n for n in names if n not in linked.by_name)
    if missing:
        raise EvidenceError("evidence/bound/classes.py names functions that the image does not "
                            f"have: {', '.join(missing)}")
    return tuple(sorted(names))


def classes(linked):
    """Every Class, the narrower before the wider; together they hold every stay of a guest."""
    found = [*_synchronous(linked), *_interrupts(linked)]
    whole = frozenset(classifiers(linked)) - set(NEVER)
    stays = whole - {LEAVES}
    handlers = frozenset(table_names(linked, "exception"))
    found += [
        Class("exception that is refused: one is injected, and a line logged", SYNC,
              stays - set(INTERRUPTS), frozenset({REFUSES})),
        Class("exception of any other kind that ends in the guest", SYNC, stays, any_of=handlers),
        Class("exception that stops or parks the vCPU", SYNC, whole, frozenset({LEAVES})),
        Class("interrupt that does anything else, or stops the vCPU", IRQ, whole),
        Class("SError, which stops the VM", SERROR, whole),
        Class("wake from WFI at EL2: CPU without a guest, sleeping vCPU, restart of a VM", WAKE,
              whole),
    ]
    return found


def _synchronous(linked):
    for device in table_names(linked, "device"):
        both = frozenset({SHORT[MMIO], device})
        yield Class(f"{device}, short", SYNC, both, both)
        yield Class(f"{device}, in full", SYNC, both | {MMIO}, frozenset({MMIO, device}))
    yield Class("access to an address without a device", SYNC, frozenset({MMIO, SHORT[MMIO]}),
                frozenset({MMIO}))
    yield Class("SGI (ICC_SGI1R_EL1), short", SYNC, frozenset({SGI}), frozenset({SGI}))
    yield Class("system register, short", SYNC, frozenset({SHORT[SYSREG]}),
                frozenset({SHORT[SYSREG]}))
    yield Class("system register, in full", SYNC, frozenset({SYSREG, SHORT[SYSREG], SGI}),
                frozenset({SYSREG}))
    yield from _calls(linked)
    others = frozenset(table_names(linked, "exception")) - {MMIO, SYSREG, *CALLS}
    for handler in sorted(others):
        yield Class(f"exception: {handler}", SYNC, frozenset({handler}), frozenset({handler}))


def _calls(linked):
    calls = frozenset(CALLS)
    plain = frozenset({SHORT[PSCI]})
    for function in table_names(linked, "plain"):
        found = plain | {function}
        yield Class(f"{function}, short", SYNC, found, found)
        yield Class(f"{function}, in full", SYNC, calls | found | {PSCI}, found | {PSCI}, calls)
    for service in table_names(linked, "service"):
        allowed = calls | plain | {service}
        if service == PSCI:
            for function in table_names(linked, "psci"):
                yield Class(function, SYNC, allowed | {function}, frozenset({PSCI, function}),
                            calls)
        yield Class(f"{service}: else" if service == PSCI else service, SYNC, allowed,
                    frozenset({service}), calls)
    yield Class("call of no service of ours", SYNC, calls | plain, any_of=calls)


def _interrupts(linked):
    yield Class("interrupt: none pending any more", IRQ, frozenset())
    known = set(classifiers(linked))
    for function, title in ((f, t) for f, t in INTERRUPTS.items() if f in known):
        allowed = frozenset({function, *LEADS_TO.get(function, ())}) & known
        yield Class(f"interrupt: {title}", IRQ, allowed, frozenset({function}))
