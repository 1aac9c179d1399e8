#!/bin/bash
# Starts a built system stopped, and GDB on it: debug.sh build/NAME [QEMU ARGUMENT]...
#
# The consoles go to build/NAME/console.log, since the terminal is GDB's; `tail -f` shows them.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
out=$1
port=${GDB_PORT:-1234}

"$here/qemu.sh" "$@" -S -gdb "tcp:127.0.0.1:$port" -serial "file:$out/console.log" \
    -monitor none </dev/null &
qemu=$!
trap 'kill "$qemu" 2>/dev/null || true' EXIT
echo "  consoles: $out/console.log"
gdb-multiarch -q -ex "file $out/bulkhead${FLAVOUR:+-$FLAVOUR}.elf" -ex "target remote 127.0.0.1:$port" \
    -x "$here/bulkhead.gdb"
