"""Rules about image files by themselves: there, readable, and what they are said to be.

[Documentation/arch/arm64/booting], [ELF-64]. What is wrong with a file keeps the rules about its
place in memory quiet.
"""

EM_AARCH64 = 183
MACHINES = {3: "32-bit x86", 40: "32-bit Arm", 62: "x86-64", 243: "RISC-V"}
KERNEL_BIG_ENDIAN = 1
CMDLINE_LIMIT = 2048  # COMMAND_LINE_SIZE of arm64 Linux, with the final zero
PACKED_MAGICS = ((b"\x1f\x8b", "gzip"), (b"\xfd7zXZ", "xz"), (b"(\xb5/\xfd", "zstd"), (b"MZ", ""))


def files(context):
    """(VM, ImageFile, role) of each file that a VM names."""
    for vm in context.vms:
        for window in vm.windows:
            if window.image is not None:
                yield vm, window.image, "image"
        boot = vm.boot
        if boot is None:
            continue
        if boot.linux is not None:
            yield vm, boot.linux.kernel, "kernel"
            if boot.linux.initrd is not None:
                yield vm, boot.linux.initrd, "initrd"
        for piece in boot.pieces:
            yield vm, piece.file, "image"


def image_missing(context):
    """image-missing, image-unusable."""
    for _vm, file, role in files(context):
        if file.data is None:
            context.error("image-missing", file.place, f"`{file.name}` {file.problem}",
                          remedy=_missing_remedy(file))
        elif file.problem and not _is_other_machine(file) and role != "kernel":
            context.error("image-unusable", file.place, f"`{file.name}` {file.problem}",
                          remedy="build it again, or name another file")


def _missing_remedy(file):
    if "build/guests/" in file.name:
        return "run `make guests`, which fetches and builds the guests"
    if "No such file" in file.problem:
        return "paths are relative to the folder of the description"
    return "name a file that can be read"


def elf_machine(context):
    """elf-other-machine."""
    for _vm, file, role in files(context):
        if role == "image" and _is_other_machine(file):
            context.error("elf-other-machine", file.place,
                          f"`{file.name}` is an ELF file for "
                          f"{MACHINES.get(file.elf.machine, f'machine {file.elf.machine}')}; one "
                          "for 64-bit Arm is expected",
                          remedy="build it with an aarch64 compiler")


def _is_other_machine(file):
    return file.elf is not None and file.elf.machine != EM_AARCH64


def elf_in_window(context):
    """elf-in-window: a window holds the bytes of a file as they are, which no ELF file means."""
    for vm in context.vms:
        for window in vm.windows:
            image = window.image
            if image is not None and image.kind == "elf" and is_usable(image):
                context.error("elf-in-window", image.place,
                              f"`{image.name}` is an ELF file, which says itself where its pieces "
                              f"go; the window `{window.name}` would show its headers",
                              remedy=f"write `images: [{{ file: {image.name} }}]` under `boot`, or "
                              "make a flat file of it with `objcopy -O binary`")


def kernel_format(context):
    """kernel-not-image, kernel-big-endian."""
    for _vm, file, role in files(context):
        if role != "kernel" or file.data is None:
            continue
        if file.kind != "linux" or file.linux is None:
            context.error("kernel-not-image", file.place,
                          f"`{file.name}` is not an arm64 Linux Image: {_found_format(file)}",
                          remedy=_format_remedy(file))
        elif file.linux.flags & KERNEL_BIG_ENDIAN:
            context.error("kernel-big-endian", file.place,
                          f"`{file.name}` is a big-endian kernel; the virtual machine and its "
                          "devicetree are little-endian",
                          remedy="build it with CONFIG_CPU_LITTLE_ENDIAN")


def _packing(file):
    return next((name for magic, name in PACKED_MAGICS if file.data.startswith(magic)), "")


def _found_format(file):
    if _packing(file):
        return f"it is packed with {_packing(file)}"
    if file.kind == "elf":
        return "it is an ELF file"
    return "the magic number `ARM\\x64` is not at offset 56"


def _format_remedy(file):
    if _packing(file):
        return f"unpack it first (for example `{_packing(file)} -d`)"
    if file.kind == "elf":
        return "use arch/arm64/boot/Image of the kernel's build, or load it under `images`"
    return "use arch/arm64/boot/Image of the kernel's build"


def cmdline_too_long(context):
    """cmdline-too-long: what Linux would cut off."""
    for vm in context.vms:
        if vm.boot is None or vm.boot.linux is None:
            continue
        cmdline = vm.boot.linux.cmdline
        length = len(cmdline.value.encode("utf-8"))
        if length >= CMDLINE_LIMIT:
            context.error("cmdline-too-long", cmdline.place,
                          f"the command line is {length} bytes; Linux keeps "
                          f"{CMDLINE_LIMIT - 1} and drops the rest",
                          remedy=f"shorten it by {length - CMDLINE_LIMIT + 1} bytes")


def is_usable(file):
    """Is everything right with the file itself?"""
    return file.data is not None and not file.problem and not _is_other_machine(file)


RULES = (image_missing, elf_machine, elf_in_window, kernel_format, cmdline_too_long)
