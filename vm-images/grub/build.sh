#!/bin/bash
# Takes GRUB for UEFI on arm64 out of Debian's grub-efi-arm64-bin, unmodified.
#
# Usage: build.sh OUT      writes OUT/grubaa64.efi, the image with all modules built in
#
# @req PLAT-2
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$1
read -r _ deb < <("$here/../../scripts/fetch-debian.sh" grub-efi-arm64-bin)
mkdir -p "$out"
dpkg-deb --fsys-tarfile "$deb" |
    tar -x -O ./usr/lib/grub/arm64-efi/monolithic/grubaa64.efi >"$out/grubaa64.efi.new"
mv "$out/grubaa64.efi.new" "$out/grubaa64.efi"
