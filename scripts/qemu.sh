#!/bin/bash
# Runs a built system in QEMU: qemu.sh build/NAME [QEMU ARGUMENT]...
#
# The command line is the generated gen/qemu.args, one argument a line; %IMAGE% is the image, that
# of $FLAVOUR when it is set, and %DTB% the board's devicetree.
set -euo pipefail
out=$1
shift
mapfile -t arguments <"$out/gen/qemu.args"
image=$out/bulkhead${FLAVOUR:+-$FLAVOUR}.img
arguments=("${arguments[@]//%IMAGE%/$image}")
exec "${QEMU:-qemu-system-aarch64}" "${arguments[@]//%DTB%/$out/gen/board.dtb}" "$@"
