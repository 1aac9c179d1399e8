#!/bin/bash
# Takes U-Boot for QEMU's arm64 virt machine out of Debian's u-boot-qemu, unmodified.
#
# Usage: build.sh OUT      writes OUT/u-boot.bin, and OUT/env.bin: an erased flash of the size of its
#                          environment
#
# @req PLAT-2
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$1
read -r _ deb < <("$here/../../scripts/fetch-debian.sh" u-boot-qemu)
mkdir -p "$out"
head -c 262144 /dev/zero | tr '\0' '\377' >"$out/env.bin"
dpkg-deb --fsys-tarfile "$deb" | tar -x -O ./usr/lib/u-boot/qemu_arm64/u-boot.bin >"$out/u-boot.bin.new"
mv "$out/u-boot.bin.new" "$out/u-boot.bin"
