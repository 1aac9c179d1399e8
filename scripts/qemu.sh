#!/bin/bash
# Runs a built system in QEMU: qemu.sh build/NAME [QEMU ARGUMENT]...
#
# The command line is the generated gen/qemu.args, one argument a line; %IMAGE% is the image.
set -euo pipefail
out=$1
shift
mapfile -t arguments <"$out/gen/qemu.args"
exec "${QEMU:-qemu-system-aarch64}" "${arguments[@]//%IMAGE%/$out/bulkhead.img}" "$@"
