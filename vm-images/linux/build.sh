#!/bin/bash
# Builds the Linux guest: Debian's stock arm64 kernel, and an initramfs of Debian's busybox-static.
#
# Usage: build.sh OUT      writes OUT/Image and OUT/initramfs.cpio.gz
#
# The kernel is taken as it is: /boot/vmlinuz of Debian's arm64 packages is an uncompressed arm64
# Image. The initramfs is written by ../lib/newc.py from ./root and needs neither root nor mknod; of
# the kernel's modules it has the driver of the SP805 watchdog, which nothing loads by itself.
#
# @req PLAT-2
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

declare -A deb
while read -r name file; do
    deb[$name]=$file
done < <("$here/../../scripts/fetch-debian.sh" 'linux-image-cloud-arm64!' busybox-static)

mkdir -p "$out"
dpkg-deb --fsys-tarfile "${deb[linux-image-cloud-arm64]}" |
    tar -x -C "$work" --wildcards './boot/vmlinuz-*' '*/drivers/watchdog/watchdog.ko' \
        '*/drivers/watchdog/sp805_wdt.ko'
modules=("$work"/lib/modules/*/kernel/drivers/watchdog)
dpkg-deb --fsys-tarfile "${deb[busybox-static]}" | tar -x -C "$work" ./bin/busybox

# The applets that the scripts and a person at the shell need; busybox finds the others by itself
# (`busybox APPLET`), and its ash runs any applet by name.
links=(init=bin/busybox)
for applet in sh mount umount login getty hostname poweroff reboot halt sync; do
    links+=("bin/$applet=busybox")
done
for path in sbin/poweroff sbin/reboot sbin/halt sbin/getty sbin/init; do
    links+=("$path=../bin/busybox")
done

/usr/bin/python3 "$here/../lib/newc.py" "$work/initramfs" --tree "$here/root" \
    --file "bin/busybox=$work/bin/busybox:755" \
    --file "lib/watchdog.ko=${modules[0]}/watchdog.ko:644" \
    --file "lib/sp805_wdt.ko=${modules[0]}/sp805_wdt.ko:644" --node dev/console=c:5:1:600 \
    --node dev/null=c:1:3:666 --node dev/ttyAMA0=c:204:64:600 "${links[@]/#/--link=}"
mv "$work"/boot/vmlinuz-* "$out/Image"
mv "$work/initramfs" "$out/initramfs.cpio.gz"
