#!/bin/bash
# Builds Trusted Firmware-A for QEMU's arm64 virt machine from Debian's source, unmodified: BL1,
# BL2 and BL31, which enter what lies at 0x40200000 as BL33 at EL2 with the devicetree in x0.
#
# Usage: build.sh OUT      writes OUT/qemu_fw.bios, for QEMU's -bios
#
# @req CORE-1
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$(mkdir -p "$1" && cd "$1" && pwd)
read -r _ tar < <("$here/../../scripts/fetch-debian.sh" arm-trusted-firmware/source)
rm -rf "$out/source" "$out/build" && mkdir -p "$out/source"
tar -xf "$tar" -C "$out/source" --strip-components=1
# A fixed time of build: the same source gives the same firmware.
if ! make -C "$out/source" -j2 PLAT=qemu CROSS_COMPILE=aarch64-linux-gnu- PYTHON=/usr/bin/python3 \
    BUILD_BASE="$out/build" BUILD_MESSAGE_TIMESTAMP='"00:00:00, Jan  1 2025"' DEBUG=0 \
    QEMU_USE_GIC_DRIVER=QEMU_GICV3 PRELOADED_BL33_BASE=0x40200000 ARM_LINUX_KERNEL_AS_BL33=1 \
    all fip >"$out/build.log" 2>&1; then
    tail -20 "$out/build.log" >&2
    exit 1
fi
# BL1 at 0, the firmware image package at 256 KiB [docs/plat/qemu.rst of TF-A].
cp "$out/build/qemu/release/bl1.bin" "$out/qemu_fw.bios.new"
dd if="$out/build/qemu/release/fip.bin" of="$out/qemu_fw.bios.new" seek=64 bs=4096 conv=notrunc status=none
mv "$out/qemu_fw.bios.new" "$out/qemu_fw.bios"
rm -rf "$out/source" "$out/build"
