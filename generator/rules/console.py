"""Rules about a hypervisor without a console: what would need one.

@req DEV-1, DESC-3
"""


def uart_without_console(context):
    """uart-without-console: an emulated PL011 is a view of the hypervisor's console."""
    none = context.system.hypervisor.has_console
    if none.value:
        return
    uart = context.board.uart
    for vm in context.vms:
        for device in vm.emulated:
            if device.model == "pl011":
                context.error("uart-without-console", device.place,
                              f"`{vm.name}`'s `{device.name}` is an emulated pl011, and the "
                              f"hypervisor has no console (line {none.place.line}) that could show "
                              "it",
                              remedy=("" if uart is None else f"write `assign: {uart.path}` in one "
                                      "VM, which then has the board's UART; or ")
                              + "remove it, or `console: none`")


def log_without_console(context):
    """log-without-console: a level of what nobody can see."""
    log = context.node("hypervisor", "log")
    if log is not None and not context.system.hypervisor.has_console.value:
        context.error("log-without-console", context.place_of("hypervisor", "log"),
                      "the hypervisor has no console: nothing of its log is compiled in",
                      remedy="remove `log`, or `console: none`")


RULES = (uart_without_console, log_without_console)
