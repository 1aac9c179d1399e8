#!/bin/bash
# `make repro`: builds a system twice and compares every output byte by byte.
#
#   repro.sh SYSTEM OUT       e.g. repro.sh system.yaml build/default
#
# Two copies of the work tree (without build/, but with the guests' images) in two folders of
# different length are compiled under all that must not matter: another user (nobody, when run by
# root; else the same, and it says so), umask, language, time zone, date (a year and more ahead, by
# a preloaded library, and with older files), hash seed, home and number of jobs. The result goes to
# OUT/repro.json, where the evidence page finds it; exit status 1 when a byte differs.
#
# @req EVID-6
set -euo pipefail
cd "$(dirname "$0")/.."
system=$1
out=$2
python=/usr/bin/python3
export PYTHONDONTWRITEBYTECODE=1

mkdir -p "$out"
rm -f "$out/repro.json"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
one=$work/one
other=$work/another/folder/of/a/longer/name
mkdir -p "$one" "$other"

tar -c --exclude=./build --exclude=./.git --exclude=./.cache . | tar -x -C "$one"
if [ -d build/guests ]; then
    tar -c --exclude=build/guests/obj build/guests | tar -x -C "$one"
fi
mkdir -p "$one/build"
cp -R "$one/." "$other"
find "$other" -exec touch -h -d '2011-11-11 11:11:11' {} +
gcc -shared -fPIC -O1 -o "$work/clock.so" scripts/repro_clock.c

# build FOLDER UMASK JOBS WRAPPER...: the product's own target, with nothing of this environment
# but PATH. WRAPPER: what sets up the other one.
build() {
    local folder=$1 mask=$2 jobs=$3
    shift 3
    if ! (
        cd "$folder"
        umask "$mask"
        "$@" make -j"$jobs" compile SYSTEM="$system"
    ) >"$work/log" 2>&1; then
        cat "$work/log" >&2
        echo "repro: the build in $folder failed" >&2
        exit 1
    fi
}

printf '  REPRO   first build, by %s\n' "$(id -un)"
build "$one" 022 1 env -i PATH="$PATH" HOME="$HOME" LC_ALL=C TZ=UTC PYTHONHASHSEED=1

second=()
user="$(id -un) again (run by root, it is nobody)"
if [ "$(id -u)" = 0 ]; then
    chown -R 65534:65534 "$other"
    second=(setpriv --reuid=65534 --regid=65534 --clear-groups)
    user=nobody
fi
printf '  REPRO   second build, by %s\n' "$user"
build "$other" 077 3 "${second[@]}" env -i PATH="$PATH" HOME=/nonexistent USER=nobody \
    LANG=C.UTF-8 LANGUAGE=tr TZ=Pacific/Kiritimati PYTHONHASHSEED=4242 \
    LD_PRELOAD="$work/clock.so" REPRO_CLOCK_SHIFT=40000000

"$python" -m evidence compare "$one/$out" "$other/$out" --keep "$out/repro.json"
