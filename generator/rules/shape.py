"""Rules of form that the schema cannot put well: which keys go together.

They run before anything is resolved, on the tree alone. What breaks one is left out, as with the
schema, because no later phase could tell what it means.
"""

from generator.diagnostics import Note
from generator.load import Mapping, Scalar
from generator.rules import irq_numbers


def check(checked, diagnostics):
    """Reports broken forms; returns a Checked without them."""
    if checked.root is None:
        return checked
    refused = _schedule_kind(checked, diagnostics)
    refused |= _reactions(checked.root.get("health"), checked, diagnostics)
    for vm in _mappings(checked.root.get("vms")):
        refused |= _reactions(vm.get("health"), checked, diagnostics)
        for window in _mappings(vm.get("memory")):
            refused |= _window_kind(window, checked, diagnostics)
        refused |= _boot_kind(vm, checked, diagnostics)
        for device in _mappings(vm.get("devices")):
            refused |= _device_kind(device, checked, diagnostics)
            if "irq" in device:
                refused |= irq_numbers.check(device["irq"], checked, diagnostics)
        for interrupt in vm.get("interrupts") or ():
            refused |= irq_numbers.check(interrupt, checked, diagnostics)
        refused |= _listed_twice(vm, diagnostics)
    return checked.without(refused)


def _mappings(node):
    if node is None:
        return []
    return [child for _key, child in node.items() if isinstance(child, Mapping)]


def _other_keys(mapping, keys):
    return [key for key in keys if key in mapping]


def _is_adrift(window, checked):
    """Does it show shared memory whose declaration was refused? Then that has been said."""
    if "shared" not in window or checked.is_whole("shared") and checked.is_whole(None):
        return False
    return window["shared"].value not in (checked.root.get("shared") or ())


def _window_kind(window, checked, diagnostics):
    """window-kind-mixed, window-without-size."""
    if _is_adrift(window, checked):
        return {window.path}
    if "shared" in window:
        extra = _other_keys(window, ("image", "in_place", "phys"))
    elif "image" in window:
        in_place = window.get("in_place")
        extra = _other_keys(window, ("phys",)) if in_place and in_place.value else []
    else:
        extra = _other_keys(window, ("in_place",))
    if extra and not checked.is_whole(*window.path):
        return {window.path}
    if extra:
        kind = "shared memory" if "shared" in window else (
            "an image in place" if "image" in window else "private memory without an image")
        key = extra[0]
        remedy = f"remove `{key}`"
        if key == "phys" and "shared" in window:
            remedy += f", or write it at `shared: {{ {window['shared'].text}: … }}`"
        diagnostics.error("window-kind-mixed", window.key_place(key),
                          f"`{key}` does not go with a window onto {kind}", remedy=remedy)
        return {window.path}
    has_kind = any(key in window for key in ("shared", "image", "size"))
    if not has_kind and checked.is_whole(*window.path):
        diagnostics.error("window-without-size", window.place,
                          f"the window `{window.path[-1]}` says neither how large it is nor what "
                          "it shows",
                          remedy="add `size: 256 MiB` for private memory, `shared: NAME` or "
                          "`image: FILE`")
        return {window.path}
    return set()


def _schedule_kind(checked, diagnostics):
    """schedule-kind-mixed, schedule-empty, schedule-without-frame."""
    schedule = checked.root.get("schedule")
    if schedule is None:
        return set()
    if "cpus" in schedule and "modes" in schedule:
        diagnostics.error("schedule-kind-mixed", schedule.key_place("cpus"),
                          "`cpus` and `modes` exclude each other",
                          Note("`modes` is here", schedule.key_place("modes")),
                          remedy="write `cpus` inside a mode")
        return {schedule.path}
    if not checked.is_whole(*schedule.path):
        return set()
    if "cpus" not in schedule and "modes" not in schedule:
        diagnostics.error("schedule-empty", schedule.place,
                          "`schedule` has neither `cpus` nor `modes`: there are no slots in it",
                          remedy="write the slots of a CPU under `cpus`, or remove `schedule`: where "
                          "all VMs of a CPU have a `time`, its table is built without it")
        return set()
    if "frame" in schedule:
        return set()
    refused = set()
    for mode in _mappings(schedule.get("modes")) if "modes" in schedule else [schedule]:
        if "cpus" in mode and "frame" not in mode:
            name = f"the mode `{mode.path[-1]}`" if "modes" in schedule else "`schedule`"
            diagnostics.error("schedule-without-frame", mode.key_place("cpus"),
                              f"{name} does not say after what time its slots begin anew",
                              remedy="add its major frame, for example `frame: 10 ms`")
            refused.add(schedule.path)
    return refused


def _boot_kind(vm, checked, diagnostics):
    """boot-kind-mixed, boot-linux-override, cmdline-unseen, vm-without-boot."""
    boot = vm.get("boot")
    if boot is None:
        return set()
    linux, images = "linux" in boot, "images" in boot
    if linux and images:
        diagnostics.error("boot-kind-mixed", boot.key_place("images"),
                          "`images` and `linux` exclude each other",
                          Note("`linux` is here", boot.key_place("linux")),
                          remedy="keep `linux` for the arm64 boot protocol, or `images` for "
                          "anything else")
        return {boot.path}
    if linux:
        return _linux_override(boot, diagnostics)
    if _is_unseen(boot):
        diagnostics.error("cmdline-unseen", boot.key_place("cmdline"),
                          "the guest gets no devicetree, in which it would find `cmdline`",
                          Note("`devicetree: false` is here", boot.key_place("devicetree")),
                          remedy="remove one of the two")
        return {(*boot.path, "cmdline")}
    has_image = any("image" in window for window in _mappings(vm.get("memory")))
    if not images and not has_image and checked.is_whole(*vm.path):
        diagnostics.error("vm-without-boot", vm.key_place("boot"),
                          f"nothing is loaded into `{vm.path[-1]}`: `boot` has neither `linux` "
                          "nor `images`, and no window has an `image`",
                          remedy="add, for example, `images: [{ file: a.elf }]`")
        return {boot.path}
    return set()


def _is_unseen(boot):
    given = boot.get("devicetree")
    return "cmdline" in boot and isinstance(given, Scalar) and given.value is False


def _linux_override(boot, diagnostics):
    extra = _other_keys(boot, ("entry", "x0"))
    for key in extra:
        diagnostics.error("boot-linux-override", boot.key_place(key),
                          f"`{key}` is fixed by the Linux boot protocol",
                          Note("`linux` is here", boot.key_place("linux")),
                          remedy=f"remove `{key}`, or load the kernel under `images`")
    if "cmdline" in boot:
        diagnostics.error("boot-linux-override", boot.key_place("cmdline"),
                          "the command line of Linux stands under `linux`",
                          Note("`linux` is here", boot.key_place("linux")),
                          remedy="move it there: `linux: { cmdline: … }`")
        extra.append("cmdline")
    devicetree = boot.get("devicetree")
    if devicetree is not None and not isinstance(devicetree, Mapping):
        diagnostics.error("boot-linux-override", boot.key_place("devicetree"),
                          "Linux cannot start without a devicetree",
                          Note("`linux` is here", boot.key_place("linux")),
                          remedy="remove `devicetree: false`")
        extra.append("devicetree")
    return {(*boot.path, key) for key in extra}


def _device_kind(device, checked, diagnostics):
    """device-kind, dma-on-emulated, irq-of-pvpanic."""
    name = device.path[-1]
    if "emulate" in device and "assign" in device:
        diagnostics.error("device-kind", device.key_place("assign"),
                          f"`{name}` is both emulated and assigned",
                          Note("`emulate` is here", device.key_place("emulate")),
                          remedy="keep one of the two")
        return {device.path}
    if "emulate" not in device and "assign" not in device:
        if checked.is_whole(*device.path):
            diagnostics.error("device-kind", device.place,
                              f"`{name}` says neither `emulate` nor `assign`",
                              remedy="add `emulate: pl011`, or `assign: /node/path` for a device "
                              "of the board")
        return {device.path}
    if "emulate" in device and "dma" in device:
        diagnostics.error("dma-on-emulated", device.key_place("dma"),
                          f"`{name}` is emulated and makes no DMA", remedy="remove `dma`")
        return {(*device.path, "dma")}
    if "irq" in device and "emulate" in device and device["emulate"].value == "pvpanic":
        diagnostics.error("irq-of-pvpanic", device.key_place("irq"),
                          f"`{name}` is a pvpanic, which has no interrupt: the guest writes to it "
                          "and is not answered", remedy="remove `irq`")
        return {(*device.path, "irq")}
    return set()


def _reactions(section, checked, diagnostics):
    """health-action-kind: each value of `health` is one action."""
    refused = set()
    for reaction in _mappings(section):
        given = _other_keys(reaction, ("restart", "switch-mode"))
        if len(given) == 2:
            diagnostics.error("health-action-kind", reaction.key_place("switch-mode"),
                              "`restart` and `switch-mode` exclude each other",
                              Note("`restart` is here", reaction.key_place("restart")),
                              remedy="keep one of the two; `restart: { then: { switch-mode: NAME "
                              "} }` does the second when the first does not help")
        elif not given and checked.is_whole(*reaction.path):
            diagnostics.error("health-action-kind", reaction.place,
                              f"`{reaction.path[-1]}` says neither `restart` nor `switch-mode`",
                              remedy="write `restart`, or `{ switch-mode: NAME }`")
        else:
            continue
        refused.add(reaction.path)
    return refused


def _listed_twice(vm, diagnostics):
    """listed-twice: `grant`, `smc_allow`, `control` and `may`."""
    refused = set()
    for key in ("grant", "smc_allow", "control", "may"):
        seen = {}
        for item in vm.get(key) or ():
            first = seen.setdefault(item.value, item)
            if first is not item:
                diagnostics.error("listed-twice", item.place,
                                  f"`{item.text}` is listed twice in `{key}`",
                                  Note("the first one is here", first.place),
                                  remedy="remove one of the two")
                refused.add(item.path)
    return refused
