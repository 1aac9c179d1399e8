"""Rules about windows and shared memory by themselves: sizes, access, who uses what."""

from generator.diagnostics import Note
from generator.model import PAGE
from generator.units import address_text, align_down, align_up, size_text


def _sized(context):
    """(path, name, size) of each window and shared memory whose size a person wrote."""
    for shared in context.system.shared:
        yield ("shared", shared.name), shared.name, shared.size
    for vm in context.vms:
        for window in vm.windows:
            path = ("vms", vm.name, "memory", window.name)
            if context.node(*path, "size") is not None:
                yield path, window.name, window.size


def size_misaligned(context):
    """size-zero, size-misaligned: whole pages of 4 KiB."""
    for _path, name, size in _sized(context):
        if not size.is_given:
            continue
        if size.value == 0:
            context.error("size-zero", size.place, f"`{name}` has no bytes",
                          remedy="write `4 KiB` or more, or remove it")
        elif size.value % PAGE:
            up, down = align_up(size.value, PAGE), align_down(size.value, PAGE)
            choices = [f"`{size_text(s)}`" for s in (down, up) if s]
            context.error("size-misaligned", size.place,
                          f"`{name}` is {size.value} bytes, which is not a multiple of 4 KiB, the "
                          "smallest page", remedy="write " + " or ".join(choices))


def phys_misaligned(context):
    """phys-misaligned."""
    private = [w for vm in context.vms for w in vm.windows if w.kind != "shared"]
    for thing in (*context.system.shared, *private):
        phys = thing.phys
        if phys.is_given and phys.value % PAGE:
            low = align_down(phys.value, PAGE)
            context.error("phys-misaligned", phys.place,
                          f"`{thing.name}` is at the physical address {address_text(phys.value)}, "
                          "which is not a multiple of 4 KiB",
                          remedy=f"write {address_text(low)} or {address_text(low + PAGE)}")


def access_refused(context):
    """shared-executable, image-in-place-writable: only private memory may be changed and run."""
    for vm in context.vms:
        for window in vm.windows:
            access = window.access
            if window.kind == "shared" and "x" in access.value:
                context.error("shared-executable", access.place,
                              f"`{window.name}` is shared memory and cannot be executable: "
                              "another VM could change the code under it",
                              remedy=f"write `access: {access.value.replace('x', '')}`")
            if window.kind == "image" and "w" in access.value:
                context.error("image-in-place-writable", access.place,
                              f"`{window.name}` is an image in place, which is mapped read-only so "
                              "that a restart finds it unchanged",
                              remedy=f"write `access: {access.value.replace('w', '')}`, or remove "
                              "`in_place: true` to have it copied")


def write_access_nobody_has(context):
    """memory-never-written: private memory that starts empty and that nobody may write."""
    for vm in context.vms:
        filled = {p.window for p in context.plan.pieces_of(vm.id)}
        for window in vm.windows:
            empty = window.kind == "ram" and window.image is None and window.name not in filled
            if empty and "w" not in window.access.value and context.whole("vms", vm.name):
                context.error("memory-never-written", window.access.place,
                              f"`{window.name}` starts empty and nobody may write to it",
                              remedy="write `access: rw`, put an image into it, or remove it")


def _users(context, name):
    return [(vm, w) for vm in context.vms for w in vm.windows
            if w.kind == "shared" and w.shared.value == name]


def shared_users(context):
    """shared-unused, shared-by-one, shared-never-written, shared-twice."""
    if not context.whole("vms") or "vms" not in context.checked.root:
        return
    for shared in context.system.shared:
        users = _users(context, shared.name)
        vms = {vm.name for vm, _window in users}
        if not users:
            context.error("shared-unused", shared.place,
                          f"no VM maps the shared memory `{shared.name}`",
                          remedy=f"add a window `{{ shared: {shared.name}, at: … }}` to two or "
                          "more VMs, or remove it")
        elif len(vms) == 1:
            vm, window = users[0]
            context.error("shared-by-one", shared.place,
                          f"only `{vm.name}` maps the shared memory `{shared.name}`",
                          Note(f"its window `{window.name}` is here", window.place),
                          remedy="map it in another VM, or make it private memory with a `size`")
        elif not any("w" in window.access.value for _vm, window in users):
            notes = [Note(f"`{vm.name}` may only read it", window.access.place or window.place)
                     for vm, window in users]
            context.error("shared-never-written", shared.place,
                          f"nobody may write to the shared memory `{shared.name}`", *notes,
                          remedy="give one of the VMs `access: rw`")
        _shared_twice(context, users)


def _shared_twice(context, users):
    seen = {}
    for vm, window in users:
        first = seen.setdefault(vm.name, window)
        if first is not window:
            context.error("shared-twice", window.place,
                          f"`{vm.name}` maps the shared memory `{window.shared.value}` twice",
                          Note("the first window is here", first.place),
                          remedy="remove one of the two windows")


def shared_size(context):
    """shared-size-differs: a window on shared memory shows all of it."""
    sizes = {shared.name: shared.size for shared in context.system.shared}
    for vm in context.vms:
        for window in vm.windows:
            if window.kind != "shared":
                continue
            path = ("vms", vm.name, "memory", window.name, "size")
            whole = sizes[window.shared.value]
            if context.node(*path) is not None and window.size.value != whole.value \
                    and context.whole("shared", window.shared.value):
                context.error("shared-size-differs", window.size.place,
                              f"the window `{window.name}` is {size_text(window.size.value)}, the "
                              f"shared memory `{window.shared.value}` is {size_text(whole.value)}",
                              Note(f"`{window.shared.value}` is declared here", whole.place),
                              remedy="remove the `size` of the window")


RULES = (size_misaligned, phys_misaligned, access_refused, write_access_nobody_has,
         shared_users, shared_size)
