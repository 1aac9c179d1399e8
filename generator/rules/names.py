"""Rules about names and what the board must be."""

from generator.diagnostics import Note

RESERVED = ("bulkhead", "none")


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


def board_without_gicv3(context):
    """board-without-gicv3."""
    if context.board.gic is None:
        context.error("board-without-gicv3", context.place_of("board"),
                      f"`{context.board.name}` has no enabled node `arm,gic-v3` in its "
                      "devicetree; the hypervisor needs a GICv3",
                      remedy="choose another board, such as `qemu-virt`")


def board_without_console(context):
    """board-without-console."""
    if context.board.uart is None:
        context.error("board-without-console", context.place_of("board"),
                      f"the console that `{context.board.name}`'s board.yaml names is not in its "
                      "devicetree", remedy="correct `console` in board.yaml")


RULES = (name_clash, name_reserved, board_without_gicv3, board_without_console)
