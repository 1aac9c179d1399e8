"""Rules about names, the console's key, and what the board must be."""

from generator.diagnostics import Note

RESERVED = ("bulkhead", "none")
KEYS_IN_USE = {"ctrl-h": "Backspace", "ctrl-i": "Tab", "ctrl-j": "the end of a line",
               "ctrl-m": "Enter"}


def name_clash(context):
    """name-clash: names that become one identifier in the generated tables (VM_A_B)."""
    seen = {}
    for vm in context.vms:
        first = seen.setdefault(vm.name.replace("-", "_"), vm)
        if first is not vm:
            context.error("name-clash", vm.place,
                          f"`{vm.name}` and `{first.name}` differ in `-` and `_` only, so that "
                          "people and generated names take one for the other",
                          Note(f"`{first.name}` is here", first.place),
                          remedy="rename one of the two")


def name_reserved(context):
    """name-reserved: labels that the console uses itself."""
    for vm in context.vms:
        if vm.name in RESERVED:
            context.error("name-reserved", vm.place,
                          f"`{vm.name}` is what the console calls "
                          + ("the hypervisor" if vm.name == "bulkhead" else "no VM"),
                          remedy=f"rename it, for example `{vm.name}0`")


def switch_key_in_use(context):
    """switch-key-in-use: a key that people type for something else, or that never arrives."""
    key = context.system.hypervisor.switch_key
    user = KEYS_IN_USE.get(key.value)
    if key.value == "ctrl-a" and "-nographic" in context.board.qemu:
        user = "what QEMU keeps for its own menu"
    if key.is_given and user:
        context.error("switch-key-in-use", key.place,
                      f"`{key.value}` is {user}, so that it cannot move the console's input",
                      remedy="write `ctrl-]` or `ctrl-t`, or leave it out")


def board_without_gic(context):
    """board-without-gic."""
    if context.board.gic is None:
        context.error("board-without-gic", context.place_of("board"),
                      f"`{context.board.name}` has no enabled node `arm,gic-v3` or `arm,gic-400` "
                      "in its devicetree; the hypervisor needs a GICv3 or a GICv2",
                      remedy="choose another board, such as `qemu-virt`")


def board_without_console(context):
    """board-without-console."""
    if context.board.uart is None and context.system.hypervisor.has_console.value:
        context.error("board-without-console", context.place_of("board"),
                      f"the console that `{context.board.name}`'s board.yaml names is not in its "
                      "devicetree", remedy="correct `console` in board.yaml")


RULES = (name_clash, name_reserved, switch_key_in_use, board_without_gic, board_without_console)
