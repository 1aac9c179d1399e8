#!/bin/bash
# Takes EDK2 for QEMU's arm64 virt machine out of Debian's qemu-efi-aarch64, unmodified.
#
# Usage: build.sh OUT      writes OUT/QEMU_EFI.fd
#
# The package is that of SOURCE_SUITE (trixie): the firmware of Debian 12 writes to its own image,
# which is read-only here, and, given a copy that it may write, goes on to write to address 0.
#
# @req PLAT-2
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$1
export GUEST_SUITE=${SOURCE_SUITE:-trixie}
read -r _ deb < <("$here/../../scripts/fetch-debian.sh" qemu-efi-aarch64)
mkdir -p "$out"
dpkg-deb --fsys-tarfile "$deb" | tar -x -O ./usr/share/qemu-efi-aarch64/QEMU_EFI.fd >"$out/QEMU_EFI.fd.new"
mv "$out/QEMU_EFI.fd.new" "$out/QEMU_EFI.fd"
